//! Backslash escapes that stand for one character.

use super::consumed;
use crate::error::{Error, ErrorKind};

/// Parses one escape; `text` starts at the backslash. Answers the code point (it may be a surrogate half) and the rest.
pub(super) fn single(text: &str) -> Result<(u32, &str), Error> {
    let mut rest = &text[1..];
    let Some(c) = next(&mut rest) else {
        return Err(Error::new(ErrorKind::TrailingBackslash, ""));
    };
    let code = match c {
        '1'..='7' if !rest.starts_with(|d| matches!(d, '0'..='7')) => None,
        '0'..='7' => {
            let more = rest.bytes().take(2).take_while(|b| matches!(b, b'0'..=b'7')).count();
            let digits = &text[1..2 + more];
            rest = &rest[more..];
            u32::from_str_radix(digits, 8).ok()
        }
        'x' => hex(&mut rest)?,
        'a' => Some(0x07),
        'f' => Some(0x0c),
        'n' => Some(0x0a),
        'r' => Some(0x0d),
        't' => Some(0x09),
        'v' => Some(0x0b),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(u32::from(c)),
        _ => None,
    };
    code.map(|code| (code, rest)).ok_or_else(|| Error::new(ErrorKind::InvalidEscape, consumed(text, rest)))
}

/// The digits behind `\x`: two, or any number in braces. `rest` ends up where Go stops reading, for the error text.
fn hex(rest: &mut &str) -> Result<Option<u32>, Error> {
    let Some(first) = next(rest) else { return Ok(None) };
    if first != '{' {
        let second = next(rest);
        let digits = first.to_digit(16).zip(second.and_then(|c| c.to_digit(16)));
        return Ok(digits.map(|(a, b)| a * 16 + b));
    }
    let mut code: Option<u32> = None;
    while let Some(c) = next(rest) {
        if c == '}' {
            return Ok(code);
        }
        let Some(digit) = c.to_digit(16) else { return Ok(None) };
        let value = code.unwrap_or(0) * 16 + digit;
        if value > u32::from(char::MAX) {
            return Ok(None);
        }
        code = Some(value);
    }
    Ok(None)
}

fn next(rest: &mut &str) -> Option<char> {
    let c = rest.chars().next()?;
    *rest = &rest[c.len_utf8()..];
    Some(c)
}
