//! Numeric literals (HE-TPL-03).

use super::tree::Number;
use crate::strconv::{self, Unquoted};

/// A character constant `'x'`: a number.
pub(super) fn character(text: &[u8]) -> Result<Number, String> {
    let shown = || String::from_utf8_lossy(text).into_owned();
    let inner = text.get(1..).unwrap_or(&[]);
    let (c, len) = strconv::unquote_char(inner, b'\'').ok_or("invalid syntax")?;
    if inner.get(len..) != Some(b"'") {
        return Err(format!("malformed character constant: {}", shown()));
    }
    let code = match c {
        Unquoted::Char(c) => u32::from(c),
        Unquoted::Byte(b) => u32::from(b),
    };
    Ok(Number { text: shown(), int: Some(i64::from(code)), uint: Some(u64::from(code)), float: Some(f64::from(code)), complex: None })
}

/// A complex constant `1+2i`.
pub(super) fn complex(text: &str) -> Result<Number, String> {
    let body = text.strip_suffix('i').unwrap_or(text);
    let bytes = body.as_bytes();
    let split = (1..bytes.len())
        .rev()
        .find(|at| matches!(bytes.get(*at), Some(b'+' | b'-')) && !matches!(bytes.get(at - 1), Some(b'e' | b'E' | b'p' | b'P')))
        .ok_or("syntax error scanning complex number")?;
    let (re, im) = body.split_at(split);
    let parse = |t: &str| strconv::parse_float(t).ok_or_else(|| "syntax error scanning complex number".to_owned());
    Ok(from_complex(text, parse(re)?, parse(im)?))
}

/// Any other number.
pub(super) fn number(text: &str) -> Result<Number, String> {
    if let Some(f) = text.strip_suffix('i').and_then(strconv::parse_float) {
        return Ok(from_complex(text, 0.0, f));
    }
    let uint = strconv::parse_uint(text);
    let int = strconv::parse_int(text);
    let mut number = Number { text: text.to_owned(), int, uint: if int == Some(0) { Some(0) } else { uint }, ..Number::default() };
    #[allow(clippy::cast_precision_loss, reason = "Go converts the same way")]
    match (int, uint) {
        (Some(i), _) => number.float = Some(i as f64),
        (None, Some(u)) => number.float = Some(u as f64),
        (None, None) => {
            if let Some(f) = strconv::parse_float(text) {
                if !text.contains(['.', 'e', 'E', 'p', 'P']) {
                    return Err(format!("integer overflow: {}", strconv::quote(text)));
                }
                number.float = Some(f);
                number.int = exact_int(f);
                number.uint = exact_uint(f);
            }
        }
    }
    if number.int.is_none() && number.uint.is_none() && number.float.is_none() {
        return Err(format!("illegal number syntax: {}", strconv::quote(text)));
    }
    Ok(number)
}

fn from_complex(text: &str, re: f64, im: f64) -> Number {
    let mut number = Number { text: text.to_owned(), complex: Some((re, im)), ..Number::default() };
    if im == 0.0 {
        number.float = Some(re);
        number.int = exact_int(re);
        number.uint = exact_uint(re);
    }
    number
}

#[allow(clippy::cast_possible_truncation, reason = "checked by converting back")]
fn exact_int(f: f64) -> Option<i64> {
    (f.abs() < 9.3e18 && (f as i64) as f64 == f).then_some(f as i64)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked by converting back")]
fn exact_uint(f: f64) -> Option<u64> {
    ((0.0..1.9e19).contains(&f) && (f as u64) as f64 == f).then_some(f as u64)
}
