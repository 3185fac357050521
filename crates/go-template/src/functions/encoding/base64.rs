//! Standard base 64 with padding. Line breaks are skipped on reading, as Go does.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Where the input stops to be base 64.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("illegal base64 data at input byte {0}")]
pub(in crate::functions) struct CorruptInput(usize);

pub(in crate::functions) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(in crate::functions) fn decode(text: &[u8]) -> Result<Vec<u8>, CorruptInput> {
    // The fast decoder knows no line breaks and names other places; whatever it refuses is read again by Go's rules.
    STANDARD.decode(text).or_else(|_| decode_slowly(text))
}

fn decode_slowly(text: &[u8]) -> Result<Vec<u8>, CorruptInput> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut at = 0;
    let is_break = |b: u8| b == b'\n' || b == b'\r';
    let after_breaks = |mut at: usize| {
        while text.get(at).is_some_and(|b| is_break(*b)) {
            at += 1;
        }
        at
    };
    loop {
        let (mut bits, mut digits) = (0u32, 0);
        while digits < 4 {
            let Some(&byte) = text.get(at) else {
                return if digits == 0 { Ok(out) } else { Err(CorruptInput(at - digits)) };
            };
            at += 1;
            if let Some(digit) = digit(byte) {
                bits = bits << 6 | digit;
                digits += 1;
            } else if byte == b'=' {
                at = end_of_padding(text, at, digits, after_breaks)?;
                if at < text.len() {
                    return Err(CorruptInput(at));
                }
                break;
            } else if !is_break(byte) {
                return Err(CorruptInput(at - 1));
            }
        }
        let [_, a, b, c] = (bits << (6 * (4 - digits))).to_be_bytes();
        out.extend_from_slice(&[a, b, c][..digits - 1]);
        if digits < 4 {
            return Ok(out);
        }
    }
}

/// The offset behind the padding and the line breaks after it; `at` is behind its first `=`.
fn end_of_padding(text: &[u8], at: usize, digits: usize, after_breaks: impl Fn(usize) -> usize) -> Result<usize, CorruptInput> {
    match digits {
        0 | 1 => Err(CorruptInput(at - 1)),
        2 => {
            let at = after_breaks(at);
            match text.get(at) {
                None => Err(CorruptInput(text.len())),
                Some(b'=') => Ok(after_breaks(at + 1)),
                Some(_) => Err(CorruptInput(at - 1)),
            }
        }
        _ => Ok(after_breaks(at)),
    }
}

fn digit(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
