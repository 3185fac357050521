//! JSON: building `serde_json` values, and JSON text as Go's encoder prints it.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use crate::build::{BuildOptions, Builder, build};
use crate::error::Error;
use crate::number::format_json;
use crate::resolve::Scalar;

/// Builds `serde_json` values. Infinities and not-a-number are errors, since JSON has none.
#[derive(Debug, Default, Clone, Copy)]
pub struct JsonBuilder;

impl Builder for JsonBuilder {
    type Value = Value;
    type Map = Map<String, Value>;
    type Seq = Vec<Value>;

    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<Value, String> {
        Ok(match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(v) => Value::Bool(v),
            Scalar::Int(v) => v.into(),
            Scalar::Uint(v) => v.into(),
            Scalar::Float(v) => {
                Value::Number(Number::from_f64(v).ok_or_else(|| format!("json: unsupported value: {}", crate::number::format_g(v)))?)
            }
            Scalar::Str(s) => Value::String(s.into_owned()),
            Scalar::Timestamp(t) => Value::String(t.to_rfc3339()),
        })
    }

    fn map(&mut self) -> Self::Map {
        Map::new()
    }

    fn insert(&mut self, map: &mut Self::Map, key: Cow<'_, str>, value: Value) {
        map.insert(key.into_owned(), value);
    }

    fn contains(&self, map: &Self::Map, key: &str) -> bool {
        map.contains_key(key)
    }

    fn merge(&mut self, map: &mut Self::Map, from: &Value, keep: bool) -> bool {
        let Value::Object(from) = from else { return false };
        for (key, value) in from {
            if !(keep && map.contains_key(key)) {
                map.insert(key.clone(), value.clone());
            }
        }
        true
    }

    fn keys(&self, value: &Value) -> Option<Vec<String>> {
        Some(value.as_object()?.keys().cloned().collect())
    }

    fn items<'v>(&self, value: &'v Value) -> Option<&'v [Value]> {
        value.as_array().map(Vec::as_slice)
    }

    fn finish_map(&mut self, map: Self::Map) -> Value {
        Value::Object(map)
    }

    fn seq(&mut self) -> Vec<Value> {
        Vec::new()
    }

    fn push(&mut self, seq: &mut Vec<Value>, value: Value) {
        seq.push(value);
    }

    fn finish_seq(&mut self, seq: Vec<Value>) -> Value {
        Value::Array(seq)
    }
}

/// The first document as a `serde_json` value, as sigs.k8s.io/yaml `Unmarshal` (or, with `strict`, `UnmarshalStrict`)
/// sees it.
pub fn to_json(text: &str, options: BuildOptions) -> Result<Value, Error> {
    build(text, &mut JsonBuilder, options)
}

/// The first document as JSON text, byte for byte what sigs.k8s.io/yaml `YAMLToJSON` gives.
pub fn to_json_text(text: &str, options: BuildOptions) -> Result<String, Error> {
    let mut out = String::with_capacity(text.len());
    write_json(&mut out, &to_json(text, options)?);
    Ok(out)
}

/// Writes JSON as Go's `json.Marshal` does: compact, keys sorted by bytes, `<`, `>`, `&` and the line separators escaped,
/// floats in Go's form.
pub fn write_json(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(v) => out.push_str(if *v { "true" } else { "false" }),
        Value::Number(n) => write_json_number(out, n),
        Value::String(s) => write_json_string(out, s),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_json(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            if !keys.is_sorted() {
                keys.sort_unstable();
            }
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_json_string(out, key);
                out.push(':');
                write_json(out, &map[key]);
            }
            out.push('}');
        }
    }
}

fn write_json_number(out: &mut String, n: &Number) {
    match n.as_f64() {
        Some(v) if n.is_f64() => out.push_str(&format_json(v)),
        _ => out.push_str(&n.to_string()),
    }
}

/// Writes a JSON string literal as Go's `json.Marshal` does.
pub fn write_json_string(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (i, c) in text.char_indices() {
        let plain = match c {
            '"' | '\\' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => false,
            c => c >= ' ',
        };
        if plain {
            continue;
        }
        out.push_str(&text[from..i]);
        from = i + c.len_utf8();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    out.push_str(&text[from..]);
    out.push('"');
}
