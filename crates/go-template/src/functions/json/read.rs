//! Reading JSON.

use crate::error::CallError;
use crate::functions::deeper;
use crate::strconv;
use crate::value::{MAX_DEPTH, Value};

use super::{empty_of, null_of};

/// The Go type of the variable that is read into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::functions) enum Wanted {
    /// `interface {}`.
    Anything,
    /// `map[string]interface {}`.
    Object,
    /// `[]interface {}`.
    Array,
}

/// Parses one JSON value. Beside an error about a number that no float holds comes what else was read, with nil in
/// its place; beside every other error comes an empty value of the wanted type.
pub(in crate::functions) fn parse(text: &[u8], wanted: Wanted) -> (Value, Option<CallError>) {
    let mut reader = Reader { text, at: 0, depth: 0, out_of_range: None };
    let value = match reader.document() {
        Ok(Value::Nil) if reader.out_of_range.is_none() => return (null_of(wanted), None),
        Ok(value) => value,
        Err(e) => return (empty_of(wanted), Some(e)),
    };
    let target = match (&value, wanted) {
        (_, Wanted::Anything) | (Value::Map(_), Wanted::Object) | (Value::List(_), Wanted::Array) => None,
        (_, Wanted::Object) => Some("map[string]interface {}"),
        (_, Wanted::Array) => Some("[]interface {}"),
    };
    if let Some(target) = target {
        let error = format!("json: cannot unmarshal {} into Go value of type {target}", kind(&value));
        return (empty_of(wanted), Some(error.into()));
    }
    let error = reader.out_of_range.map(|n| format!("json: cannot unmarshal number {n} into Go value of type float64").into());
    (value, error)
}

/// The name of a JSON kind in error texts.
pub(in crate::functions) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        _ => "number",
    }
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    depth: usize,
    /// The first number that no float holds; an error only once the text turns out to be well-formed.
    out_of_range: Option<String>,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Value, CallError> {
        let value = self.value("looking for beginning of value")?;
        self.skip_space();
        if self.at < self.text.len() { Err(self.unexpected("after top-level value")) } else { Ok(value) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The error about the current byte, or about the end of the text.
    fn unexpected(&self, context: &str) -> CallError {
        match self.peek() {
            None => "unexpected end of JSON input".into(),
            Some(b'\'') => format!("invalid character '\\'' {context}").into(),
            Some(b'"') => format!("invalid character '\"' {context}").into(),
            Some(byte) => {
                let quoted = strconv::quote(char::from(byte).encode_utf8(&mut [0; 4]));
                format!("invalid character '{}' {context}", quoted.trim_matches('"')).into()
            }
        }
    }

    /// The error inside of a token, where Go takes the end of the text for a space.
    fn unexpected_inside(&self, context: &str) -> CallError {
        if self.at < self.text.len() { self.unexpected(context) } else { format!("invalid character ' ' {context}").into() }
    }

    fn value(&mut self, context: &str) -> Result<Value, CallError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Value::string(self.string()?)),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Nil),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.unexpected(context)),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, CallError>) -> Result<Value, CallError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("exceeded max depth".into());
        }
        self.at += 1;
        let value = deeper(|| read(self));
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, CallError> {
        let mut entries = Vec::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::map(entries));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("after object key"));
            }
            self.at += 1;
            entries.push((key, self.value("looking for beginning of value")?));
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::map(entries));
                }
                _ => return Err(self.unexpected("after object key:value pair")),
            }
        }
    }

    fn array(&mut self) -> Result<Value, CallError> {
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value("looking for beginning of value")?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::list(items));
                }
                _ => return Err(self.unexpected("after array element")),
            }
        }
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, CallError> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return Err(self.unexpected_inside(&format!("in literal {word} (expecting '{}')", char::from(expected))));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn digits(&mut self, context: &str) -> Result<(), CallError> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(self.unexpected_inside(context));
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value, CallError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = String::from_utf8_lossy(&self.text[start..self.at]);
        let number: f64 = text.parse().unwrap_or(f64::INFINITY);
        if number.is_infinite() {
            self.out_of_range.get_or_insert_with(|| text.into_owned());
            return Ok(Value::Nil);
        }
        Ok(number.into())
    }

    /// Reads a string; what is not UTF-8 and lone surrogates become U+FFFD.
    fn string(&mut self) -> Result<String, CallError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.iter().take_while(|b| (b' '..0x80).contains(*b) && !matches!(b, b'"' | b'\\')).count();
            out.push_str(&String::from_utf8_lossy(&rest[..plain]));
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(byte) if byte >= 0x80 => {
                    let (c, len) = strconv::decode_rune(&self.text[self.at..]);
                    out.push(c);
                    self.at += len;
                }
                _ => return Err(self.unexpected("in string literal")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, CallError> {
        let c = match self.peek() {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.unexpected_inside("in string escape code")),
        };
        self.at += 1;
        Ok(c)
    }

    /// `\uXXXX`, or two of them for one character; the reader stands at the `u`.
    fn unicode_escape(&mut self) -> Result<char, CallError> {
        let high = self.hex4()?;
        if !(0xd800..0xe000).contains(&high) {
            return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if high < 0xdc00 && self.text[self.at..].starts_with(b"\\u") {
            self.at += 1;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        // The second escape is read again on its own.
        self.at = before;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u32, CallError> {
        self.at += 1;
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(16)) else {
                return Err(self.unexpected_inside("in \\u hexadecimal character escape"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}
