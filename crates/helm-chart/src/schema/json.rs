//! JSON as Go's `encoding/json` reads it, with the texts of its errors.

use std::borrow::Cow;

use serde_json::Value;

use crate::surrogates::without_halves;

/// Reads a text that holds one value. Halves of surrogate pairs are U+FFFD, and a number that is too large is the largest one:
/// no value of a chart goes beyond it.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let text = &*without_halves(text);
    let text = &*within_range(text);
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match stream.next() {
        None => Err("EOF".to_owned()),
        Some(Err(error)) => Err(fault(text).unwrap_or_else(|| error.to_string())),
        Some(Ok(_)) if !text[stream.byte_offset()..].trim_ascii().is_empty() => Err("invalid character after top-level value".to_owned()),
        Some(Ok(value)) => Ok(value),
    }
}

/// The same JSON without numbers that are too large for a float.
fn within_range(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut quoted = false;
    let mut at = 0;
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'-' | b'0'..=b'9' if !quoted => {
                let length = bytes[at..].iter().take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count();
                let number = &text[at..at + length];
                if number.parse::<f64>().is_ok_and(f64::is_infinite) {
                    out.push_str(&text[copied..at]);
                    out.push_str(if number.starts_with('-') { "-1.7976931348623157e308" } else { "1.7976931348623157e308" });
                    copied = at + length;
                }
                at += length - 1;
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// What Go says about the first byte that no value goes on with.
fn fault(text: &str) -> Option<String> {
    let mut scan = Scan { rest: text.as_bytes() };
    match scan.document() {
        Ok(()) => None,
        Err(None) => Some("unexpected EOF".to_owned()),
        Err(Some((byte, place))) => Some(format!("invalid character {} {place}", quoted(byte))),
    }
}

/// The byte that does not fit and where that is; `None` for the end of the text.
type Fault = Option<(u8, String)>;

struct Scan<'t> {
    rest: &'t [u8],
}

impl Scan<'_> {
    /// Reads a value; collections are on a list of their own, so that no depth uses the stack.
    fn document(&mut self) -> Result<(), Fault> {
        const VALUE: &str = "looking for beginning of value";
        let mut open: Vec<u8> = Vec::new();
        loop {
            // a value, or the end of a collection that has just begun
            match self.next()? {
                b'{' => {
                    if self.peek()? == b'}' {
                        self.next()?;
                    } else {
                        open.push(b'}');
                        self.key()?;
                        continue;
                    }
                }
                b'[' => {
                    if self.peek()? == b']' {
                        self.next()?;
                    } else {
                        open.push(b']');
                        continue;
                    }
                }
                b'"' => self.text()?,
                digit @ (b'-' | b'0'..=b'9') => self.number(digit)?,
                b't' => self.literal("true")?,
                b'f' => self.literal("false")?,
                b'n' => self.literal("null")?,
                other => return Err(Some((other, VALUE.to_owned()))),
            }
            // what comes behind a value
            loop {
                let Some(close) = open.last().copied() else { return Ok(()) };
                match self.next()? {
                    b',' if close == b']' => break,
                    b',' => {
                        self.key()?;
                        break;
                    }
                    c if c == close => {
                        open.pop();
                    }
                    other => {
                        let place = if close == b']' { "after array element" } else { "after object key:value pair" };
                        return Err(Some((other, place.to_owned())));
                    }
                }
            }
        }
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<(), Fault> {
        match self.next()? {
            b'"' => self.text()?,
            other => return Err(Some((other, "looking for beginning of object key string".to_owned()))),
        }
        match self.next()? {
            b':' => Ok(()),
            other => Err(Some((other, "after object key".to_owned()))),
        }
    }

    fn text(&mut self) -> Result<(), Fault> {
        loop {
            match self.byte()? {
                b'"' => return Ok(()),
                b'\\' => match self.byte()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let digit = self.byte()?;
                            if !digit.is_ascii_hexdigit() {
                                return Err(Some((digit, "in \\u hexadecimal character escape".to_owned())));
                            }
                        }
                    }
                    other => return Err(Some((other, "in string escape code".to_owned()))),
                },
                control @ 0..=0x1f => return Err(Some((control, "in string literal".to_owned()))),
                _ => {}
            }
        }
    }

    fn number(&mut self, first: u8) -> Result<(), Fault> {
        let first = if first == b'-' { self.digit("in numeric literal")? } else { first };
        if first != b'0' {
            self.digits();
        }
        if self.rest.first() == Some(&b'.') {
            self.byte()?;
            self.digit("after decimal point in numeric literal")?;
            self.digits();
        }
        if let Some(b'e' | b'E') = self.rest.first() {
            self.byte()?;
            if let Some(b'+' | b'-') = self.rest.first() {
                self.byte()?;
            }
            self.digit("in exponent of numeric literal")?;
            self.digits();
        }
        Ok(())
    }

    fn digit(&mut self, place: &str) -> Result<u8, Fault> {
        match self.byte()? {
            digit @ b'0'..=b'9' => Ok(digit),
            other => Err(Some((other, place.to_owned()))),
        }
    }

    fn digits(&mut self) {
        let length = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.rest = &self.rest[length..];
    }

    /// The rest of a word, whose first letter was read.
    fn literal(&mut self, word: &str) -> Result<(), Fault> {
        for wanted in word.bytes().skip(1) {
            let found = self.byte()?;
            if found != wanted {
                return Err(Some((found, format!("in literal {word} (expecting {})", quoted(wanted)))));
            }
        }
        Ok(())
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Result<u8, Fault> {
        self.peek()?;
        self.byte()
    }

    fn peek(&mut self) -> Result<u8, Fault> {
        let blank = self.rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.rest = &self.rest[blank..];
        self.rest.first().copied().ok_or(None)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let (first, rest) = self.rest.split_first().ok_or(None)?;
        self.rest = rest;
        Ok(*first)
    }
}

/// A byte in single quotes, as the character of that number, with Go's escapes.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".to_owned(),
        b'\\' => "'\\\\'".to_owned(),
        b'\n' => "'\\n'".to_owned(),
        b'\r' => "'\\r'".to_owned(),
        b'\t' => "'\\t'".to_owned(),
        0x07 => "'\\a'".to_owned(),
        0x08 => "'\\b'".to_owned(),
        0x0b => "'\\v'".to_owned(),
        0x0c => "'\\f'".to_owned(),
        0x00..=0x1f | 0x7f => format!("'\\x{byte:02x}'"),
        0x80..=0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        byte => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// HE-SCH-02: a schema that is no JSON is refused with the byte and the place that Go names.
    #[test]
    fn faults_in_go_words() {
        for (text, words) in [
            (" \n", "EOF"),
            ("{\"a\": [1, {", "unexpected EOF"),
            ("{\"a\": 'x'}", "invalid character '\\'' looking for beginning of value"),
            ("{\"a\": \"x\n\"}", "invalid character '\\n' in string literal"),
            ("{\"a\": \"\\q\"}", "invalid character 'q' in string escape code"),
            ("{\"a\": \"\\u12x\"}", "invalid character 'x' in \\u hexadecimal character escape"),
            ("{\"a\": nall}", "invalid character 'a' in literal null (expecting 'u')"),
            ("{\"a\": -x}", "invalid character 'x' in numeric literal"),
            ("{\"a\": 1.}", "invalid character '}' after decimal point in numeric literal"),
            ("{\"a\": 1ex}", "invalid character 'x' in exponent of numeric literal"),
            ("{\"a\": 01}", "invalid character '1' after object key:value pair"),
            ("{a: 1}", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
            ("{} {", "invalid character after top-level value"),
            ("{}x", "invalid character after top-level value"),
        ] {
            assert_eq!(parse(text).unwrap_err(), words, "{text:?}");
        }
        assert!(parse(" {}\n").is_ok());
        let odd = r#"{"a": [1e400, -1E+999, 1e308], "1e400": "\"1e400", "b": "\ud800"}"#;
        let read = serde_json::json!({"a": [f64::MAX, f64::MIN, 1e308], "1e400": "\"1e400", "b": "\u{fffd}"});
        assert_eq!(parse(odd), Ok(read));
    }
}
