//! JSON pointers (RFC 6901), as `spec.ignore` names fields with them.

use serde_json::Value;

/// The keys of a pointer, unescaped. `None` if it does not start with `/`.
pub fn segments(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    pointer.strip_prefix('/').map(|rest| rest.split('/').map(|s| s.replace("~1", "/").replace("~0", "~")).collect())
}

/// A key as it is written in a pointer.
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The value at a pointer.
pub fn get<'a>(root: &'a Value, pointer: &str) -> Option<&'a Value> {
    segments(pointer)?.iter().try_fold(root, |at, key| step(at, key))
}

/// Removes the value at a pointer; nothing happens where there is none.
pub fn remove(root: &mut Value, pointer: &str) -> Option<Value> {
    let keys = segments(pointer)?;
    let (last, parents) = keys.split_last()?;
    match parents.iter().try_fold(root, |at, key| step_mut(at, key))? {
        Value::Object(map) => map.remove(last),
        Value::Array(items) => index(last, items.len()).map(|i| items.remove(i)),
        _ => None,
    }
}

/// Replaces the value at a pointer. `false` if there is no such value: nothing is created.
pub fn replace(root: &mut Value, pointer: &str, value: Value) -> bool {
    let slot = segments(pointer).and_then(|keys| keys.iter().try_fold(root, |at, key| step_mut(at, key)));
    match slot {
        Some(slot) => {
            *slot = value;
            true
        }
        None => false,
    }
}

fn index(key: &str, len: usize) -> Option<usize> {
    let canonical = key == "0" || (!key.starts_with('0') && key.bytes().all(|b| b.is_ascii_digit()));
    key.parse().ok().filter(|i| canonical && *i < len)
}

fn step<'a>(at: &'a Value, key: &str) -> Option<&'a Value> {
    match at {
        Value::Object(map) => map.get(key),
        Value::Array(items) => items.get(index(key, items.len())?),
        _ => None,
    }
}

fn step_mut<'a>(at: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    match at {
        Value::Object(map) => map.get_mut(key),
        Value::Array(items) => {
            let i = index(key, items.len())?;
            items.get_mut(i)
        }
        _ => None,
    }
}
