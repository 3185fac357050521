//! `format`: its directives, their check when an expression is compiled, and what they print.

use crate::ast::{Expr, Node};
use crate::budget::Budget;
use crate::error::Cause;
use crate::functions::print_duration;
use crate::number;
use crate::types::Type;
use crate::value::{List, Value};

/// A part of a template.
enum Part<'t> {
    Text(&'t str),
    Directive(Directive),
}

/// `%s`, `%.2f` and so on.
#[derive(Clone, Copy)]
struct Directive {
    letter: char,
    precision: usize,
}

/// Digits behind the point where none are asked for.
const PRECISION: usize = 6;

/// No number has more digits than this that say something.
const MAX_PRECISION: usize = 1_100;

impl Directive {
    /// What it takes, for messages.
    fn takes(self) -> &'static str {
        match self.letter {
            's' => "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
            'd' => "decimal clause can only be used on ints, uints, and doubles",
            'f' => "fixed-point clause can only be used on ints, uints, and doubles",
            'e' => "scientific clause can only be used on ints, uints, and doubles",
            'b' => "only ints, uints, and bools can be formatted as binary",
            'o' => "octal clause can only be used on ints and uints",
            _ => "only ints, uints, bytes, and strings can be formatted as hex",
        }
    }
}

/// The parts of a template, until the first mistake.
fn parts(template: &str) -> impl Iterator<Item = Result<Part<'_>, String>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(behind) = rest.strip_prefix('%') else {
            let end = rest.find('%').unwrap_or(rest.len());
            let (text, behind) = rest.split_at(end);
            rest = behind;
            return Some(Ok(Part::Text(text)));
        };
        if let Some(behind) = behind.strip_prefix('%') {
            rest = behind;
            return Some(Ok(Part::Text("%")));
        }
        rest = "";
        Some(directive(behind).map(|(directive, behind)| {
            rest = behind;
            Part::Directive(directive)
        }))
    })
}

/// A directive behind its `%`, and what follows it.
fn directive(text: &str) -> Result<(Directive, &str), String> {
    let mut rest = text;
    let mut precision = PRECISION;
    if let Some(behind) = rest.strip_prefix('.') {
        let end = behind.find(|c: char| !c.is_ascii_digit()).ok_or("could not find end of precision specifier")?;
        precision = behind[..end].parse().map_err(|_| "error while converting precision to integer")?;
        if precision > MAX_PRECISION {
            return Err(format!("a precision of {precision} digits is too large"));
        }
        rest = &behind[end..];
    }
    let letter = rest.chars().next().ok_or("unexpected end of string")?;
    if !"sdfebxXo".contains(letter) {
        return Err(format!("could not parse formatting clause: unrecognized formatting clause \"{letter}\""));
    }
    Ok((Directive { letter, precision }, &rest[1..]))
}

/// Checks a constant template against arguments that are written out, by the types of all parts of the expression.
pub(crate) fn check(template: &str, arguments: &[&Expr], types: &[Type]) -> Result<(), String> {
    let mut used = 0;
    for part in parts(template) {
        let Part::Directive(directive) = part? else { continue };
        let argument = arguments.get(used).ok_or_else(|| format!("index {used} out of range"))?;
        used += 1;
        if let Some(wrong) = unfit(directive, argument, types) {
            return Err(format!("error during formatting: {}, was given {wrong}", directive.takes()));
        }
    }
    if arguments.len() > used {
        return Err(format!("too many arguments supplied to string.format (expected {used}, got {})", arguments.len()));
    }
    Ok(())
}

/// The type that a directive does not take, of an argument or of a part of it.
fn unfit(directive: Directive, argument: &Expr, types: &[Type]) -> Option<Type> {
    let found = types.get(argument.id).unwrap_or(&Type::Dyn);
    let fits = match (directive.letter, found) {
        (_, Type::Dyn) | ('d' | 'f' | 'e' | 'b' | 'x' | 'X' | 'o', Type::Int | Type::Uint) => true,
        ('s', found) => !matches!(found, Type::Optional(_)),
        ('d' | 'f' | 'e', found) => *found == Type::Double,
        ('b', found) => *found == Type::Bool,
        ('x' | 'X', found) => matches!(found, Type::String | Type::Bytes),
        _ => false,
    };
    if !fits {
        return Some(found.clone());
    }
    if directive.letter != 's' {
        return None;
    }
    match &argument.node {
        Node::List(elements) => elements.iter().find_map(|e| unfit(directive, &e.value, types)),
        Node::Map(entries) => entries.iter().find_map(|e| unfit(directive, &e.key, types).or_else(|| unfit(directive, &e.value, types))),
        _ => None,
    }
}

/// Prints arguments by a template. Arguments that no directive asks for are left out.
pub(crate) fn print(budget: &Budget, template: &str, arguments: &List<'_>) -> Result<String, Cause> {
    budget.spend_bytes(template.len())?;
    let mut out = Vec::new();
    let mut used = 0;
    for part in parts(template) {
        match part.map_err(Cause::new)? {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Directive(directive) => {
                let argument = arguments.get(used).ok_or_else(|| Cause::new(format!("index {used} out of range")))?;
                used += 1;
                let before = out.len();
                argument_text(budget, directive, &argument, &mut out)?;
                budget.spend_bytes(out.len() - before)?;
            }
        }
    }
    // The original keeps bytes that are no text; a text of ours has a replacement character for them.
    Ok(String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn argument_text(budget: &Budget, directive: Directive, argument: &Value<'_>, out: &mut Vec<u8>) -> Result<(), Cause> {
    let unfit = || Cause::new(format!("error during formatting: {}, was given {}", directive.takes(), argument.type_name()));
    let precision = directive.precision;
    let signed = |n: i64, digits: String| if n < 0 { format!("-{digits}") } else { digits };
    let text = match (directive.letter, argument) {
        ('s', value) => return plain(budget, value, out),
        ('d', Value::Int(_) | Value::Uint(_) | Value::Double(_)) => return plain(budget, argument, out),
        // Go prints an integer with a verb for doubles as a mistake, and so does the original.
        ('f' | 'e', Value::Int(n)) => format!("%!{}(int64={})", directive.letter, padded(&n.to_string(), precision)),
        ('f' | 'e', Value::Uint(n)) => format!("%!{}(uint64={})", directive.letter, padded(&n.to_string(), precision)),
        ('f' | 'e', Value::Double(n)) => match number::special(*n, "Infinity", "-Infinity") {
            Some(text) => text.to_owned(),
            None if directive.letter == 'f' => format!("{n:.precision$}"),
            None => number::scientific(*n, precision),
        },
        ('b', Value::Bool(b)) => if *b { "1" } else { "0" }.to_owned(),
        ('b', Value::Int(n)) => signed(*n, format!("{:b}", n.unsigned_abs())),
        ('b', Value::Uint(n)) => format!("{n:b}"),
        ('o', Value::Int(n)) => signed(*n, format!("{:o}", n.unsigned_abs())),
        ('o', Value::Uint(n)) => format!("{n:o}"),
        ('x', Value::Int(n)) => signed(*n, format!("{:x}", n.unsigned_abs())),
        ('X', Value::Int(n)) => signed(*n, format!("{:X}", n.unsigned_abs())),
        ('x', Value::Uint(n)) => format!("{n:x}"),
        ('X', Value::Uint(n)) => format!("{n:X}"),
        (letter @ ('x' | 'X'), Value::String(text)) => hexadecimal(budget, text.as_bytes(), letter)?,
        (letter @ ('x' | 'X'), Value::Bytes(bytes)) => hexadecimal(budget, bytes, letter)?,
        _ => return Err(unfit()),
    };
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// An integer with at least so many digits; zero with none has none.
fn padded(digits: &str, precision: usize) -> String {
    match digits.strip_prefix('-') {
        None if digits == "0" && precision == 0 => String::new(),
        Some(digits) => format!("-{digits:0>precision$}"),
        None => format!("{digits:0>precision$}"),
    }
}

fn hexadecimal(budget: &Budget, bytes: &[u8], letter: char) -> Result<String, Cause> {
    use std::fmt::Write;
    budget.spend_bytes(2 * bytes.len())?;
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = if letter == 'x' { write!(out, "{byte:02x}") } else { write!(out, "{byte:02X}") };
    }
    Ok(out)
}

/// A value as `%s` prints it.
fn plain(budget: &Budget, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), Cause> {
    budget.spend(1)?;
    let text = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Uint(n) => n.to_string(),
        Value::Double(n) => number::special(*n, "Infinity", "-Infinity").map_or_else(|| n.to_string(), str::to_owned),
        Value::String(text) => {
            budget.spend_bytes(text.len())?;
            out.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        Value::Bytes(bytes) => {
            budget.spend_bytes(bytes.len())?;
            out.extend_from_slice(bytes);
            return Ok(());
        }
        Value::Timestamp(time) => time.to_string(),
        Value::Duration(nanos) => print_duration(*nanos),
        Value::Type(name) => (*name).to_owned(),
        Value::List(list) => {
            out.push(b'[');
            for (n, element) in list.iter().enumerate() {
                out.extend_from_slice(if n > 0 { b", " } else { b"" });
                budget.deeper(|| plain(budget, &element, out))?;
            }
            out.push(b']');
            return Ok(());
        }
        Value::Map(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for (key, value) in map.entries() {
                let (mut name, mut text) = (Vec::new(), Vec::new());
                plain(budget, &key, &mut name)?;
                budget.deeper(|| plain(budget, &value, &mut text))?;
                entries.push((name, text));
            }
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            out.push(b'{');
            for (n, (name, text)) in entries.iter().enumerate() {
                out.extend_from_slice(if n > 0 { b", " } else { b"" });
                out.extend_from_slice(name);
                out.extend_from_slice(b": ");
                out.extend_from_slice(text);
            }
            out.push(b'}');
            return Ok(());
        }
        Value::Optional(_) => {
            return Err(Cause::new("error during formatting: string clause cannot be used on optional_type"));
        }
    };
    out.extend_from_slice(text.as_bytes());
    Ok(())
}
