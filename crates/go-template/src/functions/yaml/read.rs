//! Reading YAML as sigs.k8s.io/yaml does: every number is a `float64`.

use std::borrow::Cow;

use ferroflux_yaml::{BuildOptions, Builder, ErrorKind, Scalar, build};

use crate::error::CallError;
use crate::strconv;
use crate::value::{Map, Value};

/// Reads one document.
pub(super) fn read(text: &str) -> Result<Value, CallError> {
    build(text, &mut Values, BuildOptions::default()).map_err(|e| {
        CallError::new(match e.kind() {
            // Found while writing JSON, where no place is known any more.
            ErrorKind::Value(what) if what.starts_with("json: ") => format!("error converting YAML to JSON: {what}"),
            _ => format!("error converting YAML to JSON: {e}"),
        })
    })
}

/// Builds template values.
struct Values;

impl Builder for Values {
    type Value = Value;
    type Map = Vec<(crate::value::Str, Value)>;
    type Seq = Vec<Value>;

    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<Value, String> {
        Ok(match scalar {
            Scalar::Null => Value::Nil,
            Scalar::Bool(b) => Value::Bool(b),
            Scalar::Int(i) => Value::Float(i as f64),
            Scalar::Uint(u) => Value::Float(u as f64),
            Scalar::Float(f) if f.is_finite() => Value::Float(f),
            Scalar::Float(f) => return Err(format!("json: unsupported value: {}", strconv::format_float(f, 'g', None))),
            Scalar::Str(s) => s.into_owned().into(),
            Scalar::Timestamp(t) => t.to_rfc3339().into(),
        })
    }

    fn map(&mut self) -> Self::Map {
        Vec::new()
    }

    fn insert(&mut self, map: &mut Self::Map, key: Cow<'_, str>, value: Value) {
        map.push((key.as_ref().into(), value));
    }

    fn contains(&self, map: &Self::Map, key: &str) -> bool {
        map.iter().any(|(k, _)| *k == *key)
    }

    fn merge(&mut self, map: &mut Self::Map, from: &Value, keep: bool) -> bool {
        let Value::Map(from) = from else { return false };
        for (key, value) in from.entries() {
            if !(keep && map.iter().any(|(k, _)| *k == key)) {
                map.push((key, value));
            }
        }
        true
    }

    fn items<'v>(&self, value: &'v Value) -> Option<&'v [Value]> {
        match value {
            Value::List(list) => Some(list.items()),
            _ => None,
        }
    }

    fn finish_map(&mut self, map: Self::Map) -> Value {
        Value::Map(Map::from_entries(crate::value::Type::MAP, map))
    }

    fn seq(&mut self) -> Vec<Value> {
        Vec::new()
    }

    fn push(&mut self, seq: &mut Vec<Value>, value: Value) {
        seq.push(value);
    }

    fn finish_seq(&mut self, seq: Vec<Value>) -> Value {
        Value::list(seq)
    }
}
