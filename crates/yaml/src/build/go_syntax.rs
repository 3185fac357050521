//! Values as Go prints them in the messages about keys that JSON cannot hold.

use serde_json::Value;

use crate::number::format_g;

/// The value as `%#v` prints it.
pub(super) fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        other => nested(other),
    }
}

fn nested(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(v) => v.to_string(),
        Value::Number(n) => n.as_f64().filter(|_| n.is_f64()).map_or_else(|| n.to_string(), format_g),
        Value::String(s) => format!("{s:?}"),
        Value::Array(items) => format!("[]interface {{}}{{{}}}", items.iter().map(nested).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let mut pairs: Vec<String> = map.iter().map(|(k, v)| format!("{k:?}:{}", nested(v))).collect();
            pairs.sort_unstable();
            format!("map[interface {{}}]interface {{}}{{{}}}", pairs.join(", "))
        }
    }
}
