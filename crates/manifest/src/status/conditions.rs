//! Reading `status.conditions`.

use serde_json::Value;

use super::{HealthError, type_name};

/// The parts of a condition that health is read from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Condition<'a> {
    pub(super) type_: &'a str,
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
}

/// The conditions of an object. Absent and null parts are empty; parts of another type are an error, since then nobody
/// can tell what the object says of itself.
pub(super) fn of(object: &Value) -> Result<Vec<Condition<'_>>, HealthError> {
    let status = match object.get("status") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(map)) => map,
        Some(other) => return Err(HealthError::Conditions { expected: "struct", found: type_name(other) }),
    };
    let items = match status.get("conditions") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(other) => return Err(HealthError::Conditions { expected: "slice", found: type_name(other) }),
    };
    items.iter().map(one).collect()
}

fn one(item: &Value) -> Result<Condition<'_>, HealthError> {
    let map = match item {
        Value::Null => return Ok(Condition::default()),
        Value::Object(map) => map,
        other => return Err(HealthError::Conditions { expected: "struct", found: type_name(other) }),
    };
    let text = |key: &str| match map.get(key) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(s)) => Ok(s.as_str()),
        Some(other) => Err(HealthError::Conditions { expected: "string", found: type_name(other) }),
    };
    Ok(Condition { type_: text("type")?, status: text("status")?, reason: text("reason")?, message: text("message")? })
}
