//! A value read into a Go type and written back.

use base64::Engine as _;
use jiff::Timestamp;
use serde_json::{Map, Number, Value};

use super::quantity;
use super::table::{self, Presence};

/// The value does not fit the type: the object is then left as it is.
#[derive(Debug)]
pub(super) struct Mismatch;

/// How deep objects may nest; the types of built-in kinds nest far less, except for schemas in raw fields, which are not
/// walked.
const MAX_DEPTH: usize = 64;

/// How many dropped fields of an object are named.
const MAX_NOTES: usize = 20;

/// Converts an object. `dropped` collects the paths of fields that the type does not have.
pub(super) fn convert(type_name: &str, object: &Value, dropped: &mut Vec<String>) -> Result<Value, Mismatch> {
    let mut walk = Walk { dropped, path: Vec::new() };
    walk.value(type_name, object)
}

struct Walk<'a> {
    dropped: &'a mut Vec<String>,
    path: Vec<String>,
}

impl Walk<'_> {
    /// The value as Go would write it after reading it. Null reads as the zero value.
    fn value(&mut self, type_: &str, value: &Value) -> Result<Value, Mismatch> {
        if let Some(inner) = type_.strip_prefix('*') {
            return if value.is_null() { Ok(Value::Null) } else { self.value(inner, value) };
        }
        if let Some(inner) = type_.strip_prefix("[]") {
            return match value {
                Value::Null => Ok(Value::Null),
                Value::Array(items) => self.list(inner, items),
                _ => Err(Mismatch),
            };
        }
        if let Some(inner) = type_.strip_prefix("{}") {
            return match value {
                Value::Null => Ok(Value::Null),
                Value::Object(map) => self.map(inner, map),
                _ => Err(Mismatch),
            };
        }
        if let Some(fields) = table::fields(type_) {
            let empty = Map::new();
            return match value {
                Value::Null => self.structure(fields, &empty),
                Value::Object(map) => self.structure(fields, map),
                _ => Err(Mismatch),
            };
        }
        scalar(type_, value)
    }

    fn list(&mut self, inner: &str, items: &[Value]) -> Result<Value, Mismatch> {
        let mut out = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            out.push(self.child(|| i.to_string(), inner, item)?);
        }
        Ok(Value::Array(out))
    }

    fn map(&mut self, inner: &str, map: &Map<String, Value>) -> Result<Value, Mismatch> {
        let mut out = Map::new();
        for (key, value) in map {
            out.insert(key.clone(), self.child(|| key.clone(), inner, value)?);
        }
        Ok(Value::Object(out))
    }

    fn structure(&mut self, fields: impl Iterator<Item = table::Field>, map: &Map<String, Value>) -> Result<Value, Mismatch> {
        let mut out = Map::new();
        let mut known = Vec::with_capacity(map.len());
        for field in fields {
            let given = map.get(field.name);
            if given.is_some() {
                known.push(field.name);
            }
            if given.is_none_or(Value::is_null) && field.presence != Presence::Always && !is_structure(field.type_) {
                continue;
            }
            let value = self.child(|| field.name.to_owned(), field.type_, given.unwrap_or(&Value::Null))?;
            let left_out = match field.presence {
                Presence::Always => false,
                Presence::UnlessEmpty => is_empty(field.type_, &value),
                Presence::UnlessZero => value.is_null() || value == self.value(field.type_, &Value::Null)?,
            };
            if !left_out {
                out.insert(field.name.to_owned(), value);
            }
        }
        if known.len() < map.len() {
            map.keys().filter(|key| !known.contains(&key.as_str())).for_each(|key| self.note_unknown(key));
        }
        Ok(Value::Object(out))
    }

    /// Notes a key that the struct does not have.
    fn note_unknown(&mut self, key: &str) {
        if self.dropped.len() < MAX_NOTES {
            self.dropped.push(self.path.iter().map(String::as_str).chain([key]).collect::<Vec<_>>().join("."));
        }
    }

    fn child(&mut self, name: impl Fn() -> String, type_: &str, value: &Value) -> Result<Value, Mismatch> {
        if self.path.len() >= MAX_DEPTH {
            return Err(Mismatch);
        }
        self.path.push(name());
        let out = self.value(type_, value);
        self.path.pop();
        out
    }
}

/// Structs by value are never empty in Go: they are written even when all their fields are left out.
fn is_structure(type_: &str) -> bool {
    !type_.starts_with(['*', '[', '{'])
        && (type_.contains('.') || matches!(type_, "time" | "microtime" | "quantity" | "intorstring" | "raw"))
}

fn is_empty(type_: &str, value: &Value) -> bool {
    if type_.starts_with('*') {
        return value.is_null();
    }
    if is_structure(type_) {
        return false;
    }
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

fn scalar(type_: &str, value: &Value) -> Result<Value, Mismatch> {
    match (type_, value) {
        ("raw", any) => Ok(any.clone()),
        ("string", Value::Null) => Ok(Value::String(String::new())),
        ("string", Value::String(_)) | ("bool", Value::Bool(_)) => Ok(value.clone()),
        ("bool", Value::Null) => Ok(Value::Bool(false)),
        ("int32" | "int64" | "float", Value::Null) => Ok(Value::from(0)),
        ("int32", Value::Number(n)) => whole(n).filter(|n| i32::try_from(*n).is_ok()).map(Value::from).ok_or(Mismatch),
        ("int64", Value::Number(n)) => whole(n).map(Value::from).ok_or(Mismatch),
        ("float", Value::Number(_)) => Ok(value.clone()),
        ("bytes", Value::Null) => Ok(Value::Null),
        ("bytes", Value::String(text)) => {
            // Go skips line ends within base64.
            let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
            let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| Mismatch)?;
            Ok(Value::String(base64::engine::general_purpose::STANDARD.encode(bytes)))
        }
        ("intorstring", Value::Null) => Ok(Value::from(0)),
        ("intorstring", Value::String(_)) => Ok(value.clone()),
        ("intorstring", Value::Number(n)) => whole(n).filter(|n| i32::try_from(*n).is_ok()).map(Value::from).ok_or(Mismatch),
        ("quantity", Value::Null) => Ok(Value::String("0".into())),
        ("quantity", Value::String(text)) => quantity::canonical(text.trim()).map(Value::String).ok_or(Mismatch),
        ("quantity", Value::Number(n)) => quantity::canonical(&n.to_string()).map(Value::String).ok_or(Mismatch),
        ("time" | "microtime", Value::Null) => Ok(Value::Null),
        ("time" | "microtime", Value::String(text)) => {
            let at: Timestamp = text.parse().map_err(|_| Mismatch)?;
            let format = if type_ == "time" { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S.%6fZ" };
            Ok(Value::String(at.strftime(format).to_string()))
        }
        _ => Err(Mismatch),
    }
}

/// A number without a fraction.
#[allow(clippy::cast_possible_truncation, reason = "the range is checked, and 2^53 is beyond every field's limit")]
fn whole(n: &Number) -> Option<i64> {
    n.as_i64().or_else(|| n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9.0e15).map(|f| f as i64))
}
