//! Texts that a substitution turned into something else (KC-UX-02).
//!
//! After substitution an object is read as YAML 1.1 again, where an unquoted `yes`, `0777` or `1e3` is no text. A number or
//! a boolean that reads as it was written, such as `3` or `true`, is what users mean by `replicas: ${REPLICAS}`; that needs
//! no warning.

use ferroflux_envsubst::{Mode, Variables, substitute};
use serde_json::Value;

/// The fields, as RFC 6901 pointers, whose text became a value that reads differently, and what they became.
pub(super) fn fields(before: &Value, after: &Value, variables: &Variables, mode: Mode) -> Vec<(String, &'static str)> {
    let mut out = Vec::new();
    walk(before, after, &mut String::new(), &mut |path, text, now| {
        let kind = match now {
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::Null => "null",
            Value::Array(_) => "list",
            Value::Object(_) => "map",
            Value::String(_) => return,
        };
        let Ok(written) = substitute(text, variables, mode) else { return };
        // A null stands for nothing; a variable that is empty is meant so.
        if written != now.to_string().as_bytes() && !written.is_empty() {
            out.push((path.to_owned(), kind));
        }
    });
    out
}

/// Visits texts with a variable in `before` together with what stands in their place in `after`.
fn walk(before: &Value, after: &Value, path: &mut String, found: &mut impl FnMut(&str, &str, &Value)) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (key, value) in before {
                let Some(now) = after.get(key) else { continue };
                below(path, &key.replace('~', "~0").replace('/', "~1"), |path| walk(value, now, path, found));
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for (at, (value, now)) in before.iter().zip(after).enumerate() {
                below(path, &at.to_string(), |path| walk(value, now, path, found));
            }
        }
        (Value::String(text), now) if text.contains("${") => found(path, text, now),
        _ => {}
    }
}

fn below(path: &mut String, part: &str, inside: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push('/');
    path.push_str(part);
    inside(path);
    path.truncate(length);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// KC-UX-02: what reads otherwise than it was written is named, what reads the same is not.
    #[test]
    fn surprising_types() {
        let mut variables = Variables::new();
        for (name, value) in [("yes", "yes"), ("mode", "0777"), ("three", "3"), ("on", "true"), ("map", "a: b"), ("empty", "")] {
            variables.set(name, value);
        }
        let before = json!({
            "data": {"a": "${yes}", "b/c": "${mode}", "text": "x${three}", "empty": "${empty}"},
            "list": ["${three}", "${on}", "${map}"],
        });
        let after = json!({
            "data": {"a": true, "b/c": 511, "text": "x3", "empty": null},
            "list": [3, true, {"a": "b"}],
        });
        let found = fields(&before, &after, &variables, Mode::Strict);
        assert_eq!(found, [("/data/a".to_owned(), "boolean"), ("/data/b~1c".to_owned(), "number"), ("/list/2".to_owned(), "map")]);
    }
}
