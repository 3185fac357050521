//! Texts. Positions count characters, not bytes.

use super::{Decl, Function, Overload, Run, global, member};
use crate::budget::Budget;
use crate::error::Cause;
use crate::format;
use crate::value::Value;
use ferroflux_regex_go::Regex;

static TWO_TO_BOOL: [Overload; 1] = [member(&[Decl::String, Decl::String], Decl::Bool)];
static MATCHES: [Overload; 2] = [global(&[Decl::String, Decl::String], Decl::Bool), member(&[Decl::String, Decl::String], Decl::Bool)];
static TO_STRING: [Overload; 1] = [member(&[Decl::String], Decl::String)];
static CHAR_AT: [Overload; 1] = [member(&[Decl::String, Decl::Int], Decl::String)];
static INDEX_OF: [Overload; 2] =
    [member(&[Decl::String, Decl::String], Decl::Int), member(&[Decl::String, Decl::String, Decl::Int], Decl::Int)];
static REPLACE: [Overload; 2] = [
    member(&[Decl::String, Decl::String, Decl::String], Decl::String),
    member(&[Decl::String, Decl::String, Decl::String, Decl::Int], Decl::String),
];
static SPLIT: [Overload; 2] = [
    member(&[Decl::String, Decl::String], Decl::List(&Decl::String)),
    member(&[Decl::String, Decl::String, Decl::Int], Decl::List(&Decl::String)),
];
static SUBSTRING: [Overload; 2] =
    [member(&[Decl::String, Decl::Int], Decl::String), member(&[Decl::String, Decl::Int, Decl::Int], Decl::String)];
static JOIN: [Overload; 2] =
    [member(&[Decl::List(&Decl::String)], Decl::String), member(&[Decl::List(&Decl::String), Decl::String], Decl::String)];
static FORMAT: [Overload; 1] = [member(&[Decl::String, Decl::List(&Decl::Dyn)], Decl::String)];
static QUOTE: [Overload; 1] = [global(&[Decl::String], Decl::String)];

pub(super) static FUNCTIONS: &[Function] = &[
    Function { name: "contains", overloads: &TWO_TO_BOOL, run: Run::Values(contains) },
    Function { name: "startsWith", overloads: &TWO_TO_BOOL, run: Run::Values(starts_with) },
    Function { name: "endsWith", overloads: &TWO_TO_BOOL, run: Run::Values(ends_with) },
    Function { name: "matches", overloads: &MATCHES, run: Run::Values(matches) },
    Function { name: "charAt", overloads: &CHAR_AT, run: Run::Values(char_at) },
    Function { name: "indexOf", overloads: &INDEX_OF, run: Run::Values(index_of) },
    Function { name: "lastIndexOf", overloads: &INDEX_OF, run: Run::Values(last_index_of) },
    Function { name: "join", overloads: &JOIN, run: Run::Values(join) },
    Function { name: "lowerAscii", overloads: &TO_STRING, run: Run::Values(lower) },
    Function { name: "upperAscii", overloads: &TO_STRING, run: Run::Values(upper) },
    Function { name: "replace", overloads: &REPLACE, run: Run::Values(replace) },
    Function { name: "reverse", overloads: &TO_STRING, run: Run::Values(reverse) },
    Function { name: "split", overloads: &SPLIT, run: Run::Values(split) },
    Function { name: "substring", overloads: &SUBSTRING, run: Run::Values(substring) },
    Function { name: "trim", overloads: &TO_STRING, run: Run::Values(trim) },
    Function { name: "format", overloads: &FORMAT, run: Run::Values(format_call) },
    Function { name: "strings.quote", overloads: &QUOTE, run: Run::Values(quote) },
];

/// A test of two texts.
fn test<'a>(budget: &Budget, args: &[Value<'a>], holds: fn(&str, &str) -> bool) -> Result<Value<'a>, Cause> {
    match args {
        [Value::String(text), Value::String(part)] => {
            budget.spend_bytes(text.len() + part.len())?;
            Ok(Value::Bool(holds(text, part)))
        }
        _ => Err(Cause::Overload),
    }
}

fn contains<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    test(budget, args, |text, part| text.contains(part))
}

fn starts_with<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    test(budget, args, |text, part| text.starts_with(part))
}

fn ends_with<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    test(budget, args, |text, part| text.ends_with(part))
}

/// A pattern that is only known when there are values.
fn matches<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let [Value::String(text), Value::String(pattern)] = args else { return Err(Cause::Overload) };
    // Building a matcher takes thousands of steps: repetitions are written out in it.
    budget.spend(5_000 + 10 * pattern.len())?;
    let regex = Regex::new(&**pattern).map_err(|error| Cause::new(error.to_string()))?;
    is_match(budget, &regex, text, pattern.len())
}

/// Matching takes time in the product of both lengths.
fn is_match<'a>(budget: &Budget, regex: &Regex, text: &str, pattern: usize) -> Result<Value<'a>, Cause> {
    budget.spend_bytes(text.len().saturating_mul(1 + pattern / 16))?;
    Ok(Value::Bool(regex.is_match(text)))
}

/// `matches` with a pattern that is constant.
pub(crate) fn matches_pattern<'a>(budget: &Budget, regex: &Regex, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::String(text), Value::String(pattern)] => is_match(budget, regex, text, pattern.len()),
        _ => Err(Cause::Overload),
    }
}

fn out_of_range(index: i64) -> Cause {
    Cause::new(format!("index out of range: {index}"))
}

/// Byte offset of a character, or of the end of the text.
fn offset(text: &str, index: i64) -> Option<usize> {
    let index = usize::try_from(index).ok()?;
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index)
}

fn char_at<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let [Value::String(text), Value::Int(index)] = args else { return Err(Cause::Overload) };
    budget.spend_bytes(text.len())?;
    let at = offset(text, *index).ok_or_else(|| out_of_range(*index))?;
    Ok(Value::from(text[at..].chars().next().map(String::from).unwrap_or_default()))
}

fn to_index(count: usize) -> Value<'static> {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

fn index_of<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let (text, part, start) = match args {
        [Value::String(text), Value::String(part)] => (text, part, 0),
        [Value::String(text), Value::String(part), Value::Int(start)] => (text, part, *start),
        _ => return Err(Cause::Overload),
    };
    budget.spend_bytes(text.len() + part.len())?;
    if part.is_empty() {
        return Ok(Value::Int(start));
    }
    if start < 0 {
        return Err(out_of_range(start));
    }
    let found = offset(text, start).and_then(|from| text[from..].find(&**part).map(|at| from + at));
    Ok(found.map_or(Value::Int(-1), |at| to_index(text[..at].chars().count())))
}

fn last_index_of<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let (text, part, last) = match args {
        [Value::String(text), Value::String(part)] => (text, part, None),
        [Value::String(text), Value::String(part), Value::Int(last)] => (text, part, Some(*last)),
        _ => return Err(Cause::Overload),
    };
    budget.spend_bytes(text.len() + part.len())?;
    if part.is_empty() {
        return Ok(last.map_or_else(|| to_index(text.chars().count()), Value::Int));
    }
    let end = match last {
        None => text.len(),
        Some(last) if last < 0 => return Err(out_of_range(last)),
        // A match begins at this character at the latest.
        Some(last) => match offset(text, last).filter(|at| *at < text.len()) {
            Some(at) => (at + part.len()).min(text.len()),
            None => return Ok(Value::Int(-1)),
        },
    };
    let end = (0..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Ok(text[..end].rfind(&**part).map_or(Value::Int(-1), |at| to_index(text[..at].chars().count())))
}

fn join<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let (list, separator) = match args {
        [Value::List(list)] => (list, ""),
        [Value::List(list), Value::String(separator)] => (list, &**separator),
        _ => return Err(Cause::Overload),
    };
    // The original looks at the first element to tell whether this is a list of texts.
    if list.get(0).is_some_and(|first| !matches!(first, Value::String(_))) {
        return Err(Cause::Overload);
    }
    let mut out = String::new();
    for (n, element) in list.iter().enumerate() {
        let Value::String(text) = &element else {
            return Err(Cause::new(format!("join: invalid input: a value of type {}, not a string", element.type_name())));
        };
        budget.spend_bytes(text.len() + separator.len())?;
        out.push_str(if n > 0 { separator } else { "" });
        out.push_str(text);
    }
    Ok(Value::from(out))
}

/// Makes a text of another.
fn changed<'a>(budget: &Budget, args: &[Value<'a>], change: fn(&str) -> String) -> Result<Value<'a>, Cause> {
    match args {
        [Value::String(text)] => {
            budget.spend_bytes(text.len())?;
            Ok(Value::from(change(text)))
        }
        _ => Err(Cause::Overload),
    }
}

fn lower<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    changed(budget, args, str::to_ascii_lowercase)
}

fn upper<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    changed(budget, args, str::to_ascii_uppercase)
}

fn reverse<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    changed(budget, args, |text| text.chars().rev().collect())
}

fn trim<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    changed(budget, args, |text| text.trim().to_owned())
}

fn quote<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    changed(budget, args, |text| {
        let mut out = String::from('"');
        for c in text.chars() {
            match c {
                '\x07' => out.push_str("\\a"),
                '\x08' => out.push_str("\\b"),
                '\x0c' => out.push_str("\\f"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\x0b' => out.push_str("\\v"),
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                c => out.push(c),
            }
        }
        out.push('"');
        out
    })
}

fn replace<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let (text, old, new, limit) = match args {
        [Value::String(text), Value::String(old), Value::String(new)] => (text, old, new, usize::MAX),
        // A negative number is no limit.
        [Value::String(text), Value::String(old), Value::String(new), Value::Int(limit)] => {
            (text, old, new, usize::try_from(*limit).unwrap_or(usize::MAX))
        }
        _ => return Err(Cause::Overload),
    };
    budget.spend_bytes(text.len())?;
    let places = if old.is_empty() { text.chars().count() + 1 } else { text.matches(&**old).count() }.min(limit);
    budget.spend_bytes(text.len().saturating_add(places.saturating_mul(new.len())))?;
    Ok(Value::from(text.replacen(&**old, new, places)))
}

fn split<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let (text, separator, limit) = match args {
        [Value::String(text), Value::String(separator)] => (text, separator, usize::MAX),
        [Value::String(text), Value::String(separator), Value::Int(limit)] => {
            (text, separator, usize::try_from(*limit).unwrap_or(usize::MAX))
        }
        _ => return Err(Cause::Overload),
    };
    budget.spend_bytes(text.len())?;
    let mut parts = Vec::new();
    let mut add = |part: &str| {
        budget.spend(1)?;
        budget.spend_bytes(part.len())?;
        parts.push(Value::from(part.to_owned()));
        Ok::<_, Cause>(())
    };
    if limit > 0 && separator.is_empty() {
        // Into characters; the last part is what is left.
        let mut rest = &**text;
        let mut count = 0;
        while let Some(c) = rest.chars().next() {
            count += 1;
            let (part, behind) = if count == limit { (rest, "") } else { rest.split_at(c.len_utf8()) };
            add(part)?;
            rest = behind;
        }
    } else if limit > 0 {
        text.splitn(limit, &**separator).try_for_each(add)?;
    }
    Ok(Value::from(parts))
}

fn substring<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let (text, start, end) = match args {
        [Value::String(text), Value::Int(start)] => (text, *start, None),
        [Value::String(text), Value::Int(start), Value::Int(end)] => (text, *start, Some(*end)),
        _ => return Err(Cause::Overload),
    };
    budget.spend_bytes(text.len())?;
    if let Some(end) = end.filter(|end| start > *end) {
        return Err(Cause::new(format!("invalid substring range. start: {start}, end: {end}")));
    }
    let at = |index| offset(text, index).ok_or_else(|| out_of_range(index));
    let from = at(start)?;
    let to = end.map_or(Ok(text.len()), at)?;
    Ok(Value::from(text.get(from..to).unwrap_or_default().to_owned()))
}

fn format_call<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::String(template), Value::List(arguments)] => format::print(budget, template, arguments).map(Value::from),
        _ => Err(Cause::Overload),
    }
}
