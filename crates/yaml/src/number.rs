//! Numbers as Go reads and prints them.

use std::borrow::Cow;

/// A number of a scalar, in the smallest of the kinds that Go picks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Fits 64 bits with a sign.
    Int(i64),
    /// Only fits 64 bits without a sign.
    Uint(u64),
    /// Everything else.
    Float(f64),
}

/// A float with the fewest digits that read back as the same value, in the exponent form below 1e-4 and from 1e+06 on,
/// as `strconv.FormatFloat(v, 'g', -1, 64)` (and `fmt`'s `%v`) print it. Infinities are `+Inf` and `-Inf`,
/// not-a-number is `NaN`.
pub fn format_g(v: f64) -> String {
    if let Some(s) = special(v) {
        return s.to_owned();
    }
    let (negative, digits, exp) = shortest(v);
    layout(negative, &digits, exp, !(-4..EXPONENT_FROM).contains(&exp), true)
}

/// As [`format_g`] with the precision of 32 bits (the way keys that are floats become text).
pub fn format_g32(v: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "the original narrows as well")]
    let v = v as f32;
    if let Some(s) = special(f64::from(v)) {
        return s.to_owned();
    }
    let (negative, digits, exp) = split(&format!("{v:e}"));
    layout(negative, &digits, exp, !(-4..EXPONENT_FROM).contains(&exp), true)
}

/// A float as Go's `encoding/json` prints it: plain digits, the exponent form (`1e+21`, `1e-7`) only below 1e-6 and from
/// 1e21 on. The caller has ruled out infinities and not-a-number, which JSON does not have.
pub fn format_json(v: f64) -> String {
    let (negative, digits, exp) = shortest(v);
    let magnitude = v.abs();
    let exponent = magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude);
    layout(negative, &digits, exp, exponent, false)
}

/// The decimal exponent from which the shortest form of `'g'` switches to the exponent form.
const EXPONENT_FROM: i32 = 6;

fn special(v: f64) -> Option<&'static str> {
    match v {
        v if v.is_nan() => Some("NaN"),
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

/// Sign, digits without a point, and the decimal exponent of the first digit.
fn shortest(v: f64) -> (bool, String, i32) {
    split(&format!("{v:e}"))
}

fn split(text: &str) -> (bool, String, i32) {
    let (mantissa, exp) = text.split_once('e').unwrap_or((text, "0"));
    let negative = mantissa.starts_with('-');
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    (negative, digits, exp.parse().unwrap_or(0))
}

fn layout(negative: bool, digits: &str, exp: i32, exponent: bool, two_digits: bool) -> String {
    let mut out = String::with_capacity(digits.len() + 8);
    if negative {
        out.push('-');
    }
    if exponent {
        out.push_str(&digits[..1]);
        if digits.len() > 1 {
            out.push('.');
            out.push_str(&digits[1..]);
        }
        out.push('e');
        out.push(if exp < 0 { '-' } else { '+' });
        let exp = exp.unsigned_abs();
        // encoding/json shortens e-09 to e-9 and leaves the positive ones, which have two digits anyway
        if exp < 10 && two_digits {
            out.push('0');
        }
        out.push_str(&exp.to_string());
    } else if exp < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', usize::try_from(-exp - 1).unwrap_or(0)));
        out.push_str(digits);
    } else {
        let whole = usize::try_from(exp).unwrap_or(0) + 1;
        if digits.len() > whole {
            out.push_str(&digits[..whole]);
            out.push('.');
            out.push_str(&digits[whole..]);
        } else {
            out.push_str(digits);
            out.extend(std::iter::repeat_n('0', whole - digits.len()));
        }
    }
    out
}

/// Reads a plain scalar that starts with a sign or a digit as go-yaml does: underscores dropped, bases by prefix (`0x`,
/// `0o`, `0b`, a leading `0` is octal), integers beyond 64 bits and everything with a point or an exponent as a float.
/// A float that overflows is no number.
pub fn parse(text: &str) -> Option<Number> {
    let plain: Cow<'_, str> = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    if let Some(v) = go_int(&plain, 0) {
        return Some(v);
    }
    if is_float(&plain) {
        let v: f64 = plain.parse().ok()?;
        if v.is_finite() {
            return Some(Number::Float(v));
        }
    }
    // a sign may follow these prefixes: the original strips them and reads the rest in that base
    for (prefix, base) in [("0b", 2), ("0o", 8)] {
        if let Some(rest) = plain.strip_prefix(prefix) {
            return go_int(rest, base);
        }
        if let Some(rest) = plain.strip_prefix('-').and_then(|p| p.strip_prefix(prefix)) {
            return go_int(&format!("-{rest}"), base).filter(|n| matches!(n, Number::Int(_)));
        }
    }
    None
}

/// Reads a plain scalar that starts with a point as a float.
pub fn parse_point(text: &str) -> Option<f64> {
    is_float(text).then(|| text.parse::<f64>().ok()).flatten().filter(|v| v.is_finite())
}

/// `strconv.ParseInt`, then `ParseUint` (which takes no sign), base 0 = by prefix.
fn go_int(text: &str, base: u32) -> Option<Number> {
    let (negative, signed, rest) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let (digits, radix) = match (base, rest.as_bytes()) {
        (0, [b'0', b'x' | b'X', ..]) => (&rest[2..], 16),
        (0, [b'0', b'o' | b'O', ..]) => (&rest[2..], 8),
        (0, [b'0', b'b' | b'B', ..]) => (&rest[2..], 2),
        (0, [b'0', _, ..]) => (&rest[1..], 8),
        (0, _) => (rest, 10),
        (b, _) => (rest, b),
    };
    if digits.is_empty() {
        return None;
    }
    let mut v: u64 = 0;
    for c in digits.bytes() {
        let d = char::from(c).to_digit(radix)?;
        v = v.checked_mul(u64::from(radix))?.checked_add(u64::from(d))?;
    }
    if negative {
        // i64::MIN has no positive twin
        return if v == 1 << 63 { Some(Number::Int(i64::MIN)) } else { i64::try_from(v).ok().map(|v| Number::Int(-v)) };
    }
    match i64::try_from(v) {
        Ok(v) => Some(Number::Int(v)),
        Err(_) if signed => None,
        Err(_) => Some(Number::Uint(v)),
    }
}

/// The float syntax that go-yaml accepts: `[-+]?(.d+|d+(.d*)?)([eE][-+]?d+)?`.
fn is_float(text: &str) -> bool {
    let b = text.as_bytes();
    let mut i = usize::from(matches!(b.first(), Some(b'-' | b'+')));
    let run = |from: usize| b[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let whole = run(i);
    i += whole;
    if b.get(i) == Some(&b'.') {
        let fraction = run(i + 1);
        if whole == 0 && fraction == 0 {
            return false;
        }
        i += 1 + fraction;
    } else if whole == 0 {
        return false;
    }
    if matches!(b.get(i), Some(b'e' | b'E')) {
        i += 1 + usize::from(matches!(b.get(i + 1), Some(b'-' | b'+')));
        let digits = if i <= b.len() { run(i) } else { 0 };
        if digits == 0 {
            return false;
        }
        i += digits;
    }
    i == b.len()
}
