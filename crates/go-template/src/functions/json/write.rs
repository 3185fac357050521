//! Writing JSON.

use std::borrow::Cow;

use ferroflux_yaml::number::format_json;

use crate::error::CallError;
use crate::functions::deeper;
use crate::functions::encoding::base64;
use crate::strconv;
use crate::value::{MAX_DEPTH, Object, Str, Value};

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::functions) struct Style {
    /// One member a line, two spaces a level.
    pretty: bool,
    /// `<`, `>` and `&` as escapes.
    escape_html: bool,
}

impl Style {
    pub(in crate::functions) const COMPACT: Self = Self { pretty: false, escape_html: true };
    pub(in crate::functions) const PRETTY: Self = Self { pretty: true, escape_html: true };
    pub(in crate::functions) const RAW: Self = Self { pretty: false, escape_html: false };
}

/// A value as data formats see it.
pub(in crate::functions) enum Data<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    String(&'v Str),
    /// Bytes, in base 64.
    Bytes(&'v Str),
    List(&'v [Value]),
    Map(&'v crate::value::Map),
    /// Fields of a struct in their order.
    Struct(Vec<(&'static str, Value)>),
    /// What an object writes instead of itself.
    Other(Cow<'v, Value>),
}

/// What `encoding/json` sees in a value.
pub(in crate::functions) fn data(value: &Value) -> Result<Data<'_>, CallError> {
    Ok(match value {
        Value::Nil => Data::Null,
        Value::Bool(b) => Data::Bool(*b),
        Value::Int(i) | Value::Int64(i) | Value::Sint(_, i) => Data::Int(*i),
        Value::Uint(_, u) => Data::Uint(*u),
        Value::Float(f) if f.is_finite() => Data::Float(*f),
        Value::Float(f) => return Err(format!("json: unsupported value: {}", strconv::format_float(*f, 'g', None)).into()),
        Value::Complex(..) => return Err("json: unsupported type: complex128".into()),
        Value::String(s) => Data::String(s),
        Value::Bytes(b) => Data::Bytes(b),
        Value::List(list) if list.is_nil() => Data::Null,
        Value::List(list) => Data::List(list.items()),
        Value::Map(map) if map.is_nil() => Data::Null,
        Value::Map(map) => Data::Map(map),
        Value::Object(object) => of_object(object.as_ref()),
    })
}

fn of_object(object: &dyn Object) -> Data<'_> {
    match (object.json(), object.underlying()) {
        (Some(json), _) => Data::Other(Cow::Owned(json)),
        (None, Some(plain)) => Data::Other(Cow::Borrowed(plain)),
        (None, None) => Data::Struct(object.json_fields()),
    }
}

/// Appends the value's JSON.
pub(in crate::functions) fn write(out: &mut Vec<u8>, value: &Value, style: Style) -> Result<(), CallError> {
    Writer { out, style, depth: 0 }.value(value)
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    style: Style,
    depth: usize,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value) -> Result<(), CallError> {
        match data(value)? {
            Data::Null => self.text("null"),
            Data::Bool(b) => self.text(if b { "true" } else { "false" }),
            Data::Int(i) => self.text(&i.to_string()),
            Data::Uint(u) => self.text(&u.to_string()),
            Data::Float(f) => self.text(&format_json(f)),
            Data::String(s) => self.string(s.as_bytes()),
            Data::Bytes(b) => self.string(base64::encode(b.as_bytes()).as_bytes()),
            Data::List(items) => self.list(items)?,
            Data::Map(map) => {
                self.open(b'{')?;
                let mut empty = true;
                map.try_for_each(|key, value| {
                    self.separate(std::mem::take(&mut empty));
                    self.member(key.as_bytes(), value)
                })?;
                self.close(b'}', empty);
            }
            Data::Struct(fields) => {
                self.open(b'{')?;
                for (i, (name, value)) in fields.iter().enumerate() {
                    self.separate(i == 0);
                    self.member(name.as_bytes(), value)?;
                }
                self.close(b'}', fields.is_empty());
            }
            Data::Other(value) => self.value(&value)?,
        }
        Ok(())
    }

    fn list(&mut self, items: &[Value]) -> Result<(), CallError> {
        self.open(b'[')?;
        for (i, item) in items.iter().enumerate() {
            self.separate(i == 0);
            deeper(|| self.value(item))?;
        }
        self.close(b']', items.is_empty());
        Ok(())
    }

    fn member(&mut self, key: &[u8], value: &Value) -> Result<(), CallError> {
        self.string(key);
        self.text(if self.style.pretty { ": " } else { ":" });
        deeper(|| self.value(value))
    }

    fn open(&mut self, bracket: u8) -> Result<(), CallError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(CallError::new(format!("json: unsupported value: nested more than {MAX_DEPTH} deep")));
        }
        self.out.push(bracket);
        Ok(())
    }

    fn separate(&mut self, first: bool) {
        if !first {
            self.out.push(b',');
        }
        self.line_break();
    }

    fn close(&mut self, bracket: u8, empty: bool) {
        self.depth -= 1;
        if !empty {
            self.line_break();
        }
        self.out.push(bracket);
    }

    fn line_break(&mut self) {
        if self.style.pretty {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + 2 * self.depth, b' ');
        }
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn string(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        let mut rest = bytes;
        loop {
            let plain = rest.iter().take_while(|b| b.is_ascii() && self.is_plain(**b)).count();
            self.out.extend_from_slice(&rest[..plain]);
            rest = &rest[plain..];
            let Some(&byte) = rest.first() else { break };
            let (c, len) = strconv::decode_rune(rest);
            match c {
                '"' | '\\' => self.out.extend_from_slice(&[b'\\', byte]),
                '\n' => self.text("\\n"),
                '\r' => self.text("\\r"),
                '\t' => self.text("\\t"),
                '\u{8}' => self.text("\\b"),
                '\u{c}' => self.text("\\f"),
                char::REPLACEMENT_CHARACTER if len == 1 => self.text("\\ufffd"),
                c if c.is_ascii() || c == '\u{2028}' || c == '\u{2029}' => self.text(&format!("\\u{:04x}", u32::from(c))),
                _ => self.out.extend_from_slice(&rest[..len]),
            }
            rest = &rest[len..];
        }
        self.out.push(b'"');
    }

    /// Whether an ASCII character needs no escape.
    fn is_plain(&self, byte: u8) -> bool {
        byte >= b' ' && !matches!(byte, b'"' | b'\\') && !(self.style.escape_html && matches!(byte, b'<' | b'>' | b'&'))
    }
}
