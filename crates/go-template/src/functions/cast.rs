//! The conversions that Sprig's functions apply to arguments of any type.

use crate::format;
use crate::strconv;
use crate::value::{Str, Value};

/// The number that `int64` and the integer functions see: floats lose their fraction, texts are read with base
/// prefixes, `true` is 1; everything else is 0.
pub(super) fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(i) | Value::Int64(i) | Value::Sint(_, i) => *i,
        Value::Uint(_, u) => *u as i64,
        Value::Float(f) => float_to_int(*f),
        Value::Bool(b) => i64::from(*b),
        Value::String(s) => s.as_utf8().and_then(|s| strconv::parse_int(without_zero_fraction(s))).unwrap_or(0),
        Value::Object(_) => named_int(value).unwrap_or(0),
        _ => 0,
    }
}

/// The number that `float64` and the float functions see; what is no number is 0.
pub(super) fn to_float64(value: &Value) -> f64 {
    match value {
        Value::Int(i) | Value::Int64(i) | Value::Sint(_, i) => *i as f64,
        Value::Uint(_, u) => *u as f64,
        Value::Float(f) => *f,
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::String(s) => s.as_utf8().and_then(strconv::parse_float).unwrap_or(0.0),
        Value::Object(_) => named_int(value).unwrap_or(0) as f64,
        _ => 0.0,
    }
}

/// Months and weekdays are the only named numbers that the conversions know.
fn named_int(value: &Value) -> Option<i64> {
    match value.type_name().as_str() {
        "time.Month" | "time.Weekday" => value.as_int(),
        _ => None,
    }
}

/// Go's conversion on amd64, where the original's answers were recorded: what does not fit, and NaN, is the least number.
pub(super) fn float_to_int(f: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&f) { f as i64 } else { i64::MIN }
}

/// `12.00` is read as `12`; a text of other digits behind the point is left alone (and no integer).
fn without_zero_fraction(text: &str) -> &str {
    match text.rfind('.') {
        Some(point) if point + 1 < text.len() && text[point + 1..].bytes().all(|b| b == b'0') => &text[..point],
        _ => text,
    }
}

/// Go's `strconv.ParseInt(text, radix, 64)` for a fixed radix, with what Go answers beside an error: the nearest number
/// where it does not fit, 0 where it is malformed.
pub(super) fn parse_int_lossy(text: &str, radix: u32) -> i64 {
    match i64::from_str_radix(text, radix) {
        Ok(n) => n,
        Err(e) => match e.kind() {
            std::num::IntErrorKind::PosOverflow => i64::MAX,
            std::num::IntErrorKind::NegOverflow => i64::MIN,
            _ => 0,
        },
    }
}

/// The text of a value as `toString` gives it.
pub(super) fn to_text(value: &Value) -> Str {
    match value {
        Value::String(s) | Value::Bytes(s) => s.clone(),
        other => format::sprint(other).into(),
    }
}

/// A list of texts as `toStrings` gives it: nil items are left out, what is no list is a list of one, nil of none.
pub(super) fn to_texts(value: &Value) -> Vec<Str> {
    match (value, value.items()) {
        (_, Some(items)) => items.iter().filter(|v| !v.is_nil()).map(to_text).collect(),
        (Value::Nil, None) => Vec::new(),
        (other, None) => vec![to_text(other)],
    }
}
