//! `toYamlPretty`: go-yaml v3 with an indent of two, straight from Go values: floats keep their form, struct fields
//! are in lower case, keys have an order of their own.

use std::borrow::Cow;

use ferroflux_yaml::{Dialect, Node, SequenceIndent, Style, Tag, WriteOptions, plain_tag, write_document};

use crate::error::CallError;
use crate::functions::deeper;
use crate::functions::encoding::base64;
use crate::strconv;
use crate::value::{Kind, MAX_DEPTH, Object, Value};

/// The YAML text of a value, with its final line break.
pub(super) fn write(value: &Value) -> Result<String, CallError> {
    let options = WriteOptions { indent: 2, sequences: SequenceIndent::Wide };
    Ok(write_document(&node(value, 0)?, options, String::new()))
}

fn node(value: &Value, depth: usize) -> Result<Node, CallError> {
    if depth > MAX_DEPTH {
        return Err(CallError::new(format!("yaml: the value is nested more than {MAX_DEPTH} deep")));
    }
    Ok(match value {
        Value::Nil => Node::null(),
        Value::Bool(b) => Node::bool(*b),
        Value::Int(i) | Value::Int64(i) | Value::Sint(_, i) => Node::int(*i),
        Value::Uint(_, u) => Node::plain(Dialect::GoYamlV3, u.to_string()),
        Value::Float(f) => Node::plain(Dialect::GoYamlV3, float(*f)),
        Value::Complex(..) => return Err("yaml: cannot marshal type: complex128".into()),
        Value::String(s) => string(s.as_bytes()),
        Value::Bytes(_) | Value::List(_) => {
            let items = value.items().unwrap_or_default();
            Node::sequence(items.iter().map(|item| deeper(|| node(item, depth + 1))).collect::<Result<_, _>>()?)
        }
        Value::Map(map) => {
            let mut entries = map.entries();
            sort(&mut entries, |(key, _)| key.to_text());
            let pairs = entries.iter().map(|(key, value)| Ok((string(key.as_bytes()), deeper(|| node(value, depth + 1))?)));
            Node::mapping(pairs.collect::<Result<_, CallError>>()?)
        }
        Value::Object(object) => self::object(object.as_ref(), depth)?,
    })
}

fn object(object: &dyn Object, depth: usize) -> Result<Node, CallError> {
    let name = object.go_type().to_string();
    if let Some(Value::String(text)) = object.json() {
        // Times are timestamps, everything else that writes itself is text.
        return Ok(if name == "time.Time" { Node::plain(Dialect::GoYamlV3, text.to_string()) } else { string(text.as_bytes()) });
    }
    if name == "time.Duration" {
        return Ok(string(object.stringer().unwrap_or_default().as_bytes()));
    }
    if let Some(plain) = object.underlying() {
        return node(plain, depth + 1);
    }
    if !matches!(object.go_type().kind(), Kind::Struct | Kind::Pointer) {
        return Err(format!("yaml: cannot marshal type: {name}").into());
    }
    let fields = object.fields().into_iter().map(|(name, value)| Ok((string(name.to_lowercase().as_bytes()), node(&value, depth + 1)?)));
    Ok(Node::mapping(fields.collect::<Result<_, CallError>>()?))
}

fn float(f: f64) -> String {
    match f {
        f if f.is_nan() => ".nan".to_owned(),
        f if f.is_infinite() => if f > 0.0 { ".inf" } else { "-.inf" }.to_owned(),
        f => strconv::format_float(f, 'g', None),
    }
}

/// A text in the style that go-yaml chooses: literal if it has lines, plain if it reads back as text, else quoted. What
/// is not UTF-8 is written in base 64.
fn string(bytes: &[u8]) -> Node {
    let Ok(text) = std::str::from_utf8(bytes) else {
        let mut node = Node::string(base64::encode(bytes));
        node.meta_mut().explicit_tag = "!!binary".into();
        return node;
    };
    let mut node = Node::string(text);
    let text_in = |dialect| plain_tag(dialect, text) == Tag::Str;
    let plain = text_in(Dialect::GoYamlV3) && text_in(Dialect::SigsYaml) && !is_base60(text);
    node.set_style(if text.contains('\n') {
        Style::Literal
    } else if plain {
        Style::Plain
    } else {
        Style::DoubleQuoted
    });
    node
}

/// Whether YAML 1.1 would read a number of base 60, such as `1:30.5`.
fn is_base60(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut places = whole.split(':');
    let first = places.next().unwrap_or_default();
    let place = |p: &str| matches!(p.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    let digit = |b: u8| b.is_ascii_digit() || b == b'_';
    whole.contains(':')
        && first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(digit)
        && places.all(place)
        && fraction.bytes().all(digit)
}

/// Sorts by go-yaml v3's order. It is not transitive for some mixes of digits and letters, so this is a merge sort over
/// a byte order: it always answers the same and asks for nothing more.
fn sort<T: Clone>(items: &mut Vec<T>, key: impl Fn(&T) -> Cow<'_, str>) {
    let mut runs: Vec<Vec<T>> = items.drain(..).map(|item| vec![item]).collect();
    while runs.len() > 1 {
        runs = runs.chunks(2).map(|pair| if let [a, b] = pair { merged(a, b, &key) } else { pair.concat() }).collect();
    }
    *items = runs.pop().unwrap_or_default();
}

fn merged<T: Clone>(a: &[T], b: &[T], key: &impl Fn(&T) -> Cow<'_, str>) -> Vec<T> {
    let (mut a, mut b) = (a, b);
    let mut out = Vec::with_capacity(a.len() + b.len());
    while let ([x, after_x @ ..], [y, after_y @ ..]) = (a, b) {
        if less(&key(y), &key(x)) {
            out.push(y.clone());
            b = after_y;
        } else {
            out.push(x.clone());
            a = after_x;
        }
    }
    out.extend_from_slice(a);
    out.extend_from_slice(b);
    out
}

/// Character by character: numbers by value; letters behind other characters, but before them behind a digit.
fn less(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else { return a.len() < b.len() };
    let (x, y) = (a[at], b[at]);
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x < y,
        (x_letter, y_letter) if x_letter || y_letter => {
            let after_digit = at > 0 && a[at - 1].is_ascii_digit();
            return if after_digit { x_letter } else { y_letter };
        }
        _ => {}
    }
    // Zeros inside a number count, leading ones do not.
    let inside = (x == '0' || y == '0') && a[..at].iter().rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
    let number = |chars: &[char]| {
        let digits = chars[at..].iter().take_while(|c| c.is_ascii_digit());
        digits.fold((i64::from(inside), 0), |(n, len), c| (n.wrapping_mul(10).wrapping_add(i64::from(u32::from(*c) - 48)), len + 1))
    };
    let (x_number, y_number) = (number(&a), number(&b));
    if x_number == y_number { x < y } else { x_number < y_number }
}
