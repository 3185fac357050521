//! From bytes to text: encoding, and the characters that YAML forbids.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};
use crate::limits::Limits;

/// The text of `bytes`: a byte order mark is dropped (UTF-16 is converted), characters that YAML forbids are refused.
pub(crate) fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, str>, Error> {
    if bytes.len() > limits.bytes {
        return Err(Error::nowhere(ErrorKind::TooLarge(limits.bytes)));
    }
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        _ => Cow::Borrowed(utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))?),
    };
    check_characters(&text)?;
    Ok(text)
}

/// As [`decode`] for what is text already.
pub(crate) fn decode_str<'a>(text: &'a str, limits: &Limits) -> Result<&'a str, Error> {
    if text.len() > limits.bytes {
        return Err(Error::nowhere(ErrorKind::TooLarge(limits.bytes)));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    check_characters(text)?;
    Ok(text)
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|e| {
        let at = e.valid_up_to();
        let (line, column) = position(&bytes[..at]);
        let byte = bytes.get(at).copied().unwrap_or(0);
        let error = Error::new(line, column, ErrorKind::Syntax(format!("invalid UTF-8: byte 0x{byte:02x}")));
        error.with_original(0, original(&bytes[at..]).into())
    })
}

/// What go-yaml says about bytes that start with none of a character; it names no line.
fn original(bytes: &[u8]) -> &'static str {
    let length = match bytes.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => return "invalid leading UTF-8 octet",
    };
    let Some(character) = bytes.get(..length) else { return "incomplete UTF-8 octet sequence" };
    if character[1..].iter().any(|b| b & 0xc0 != 0x80) {
        return "invalid trailing UTF-8 octet";
    }
    match character {
        [0xc0 | 0xc1, ..] | [0xe0, 0x80..=0x9f, ..] | [0xf0, 0x80..=0x8f, ..] => "invalid length of a UTF-8 sequence",
        _ => "invalid Unicode character",
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Error> {
    let units = bytes.chunks(2).map(|c| if let [a, b] = *c { unit([a, b]) } else { 0xd800 });
    char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| Error::nowhere(ErrorKind::Syntax("invalid UTF-16".to_owned())))
}

/// Line and column, from 1, of the end of `before`.
pub(super) fn position(before: &[u8]) -> (usize, usize) {
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    // continuation bytes are not characters
    (line, before[line_start..].iter().filter(|b| **b & 0xc0 != 0x80).count() + 1)
}

fn check_characters(text: &str) -> Result<(), Error> {
    let b = text.as_bytes();
    // Candidates first: a byte below a blank that is no tab or line break, DEL, and the lead bytes of C1 and U+FFxx.
    let suspect = |c: u8| (c < 0x20 && c != b'\n' && c != b'\t' && c != b'\r') || c == 0x7f || c == 0xc2 || c == 0xef;
    let mut from = 0;
    while let Some(found) = first_suspect(&b[from..], suspect) {
        let at = from + found;
        let forbidden = match b[at] {
            0xc2 => matches!(b[at + 1], 0x80..=0x84 | 0x86..=0x9f),
            0xef => matches!((b[at + 1], b[at + 2]), (0xbf, 0xbe | 0xbf)),
            _ => true,
        };
        if forbidden {
            let (line, column) = position(&b[..at]);
            let c = text[at..].chars().next().map_or(0, u32::from);
            return Err(Error::new(line, column, ErrorKind::Syntax(format!("control characters are not allowed: found U+{c:04X}")))
                .with_original(0, "control characters are not allowed".into()));
        }
        from = at + 1;
    }
    Ok(())
}

/// The position of the first byte that `suspect` picks. Whole pieces are tested without a branch for each byte, which
/// the compiler turns into vector instructions.
fn first_suspect(bytes: &[u8], suspect: impl Fn(u8) -> bool) -> Option<usize> {
    const PIECE: usize = 128;
    let mut passed = 0;
    for piece in bytes.chunks(PIECE) {
        if piece.iter().fold(false, |any, b| any | suspect(*b)) {
            return piece.iter().position(|b| suspect(*b)).map(|at| passed + at);
        }
        passed += piece.len();
    }
    None
}
