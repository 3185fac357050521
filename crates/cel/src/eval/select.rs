//! Fields, keys and indices of values.

use std::sync::Arc;

use crate::ast::Access;
use crate::budget::Budget;
use crate::error::Cause;
use crate::value::{List, Text, Value};

/// `target.field`. Of an optional target the result is optional too.
pub(super) fn field<'a>(budget: &Budget, target: Value<'a>, field: &'a Arc<str>, access: Access) -> Result<Value<'a>, Cause> {
    let key = Value::String(Text::Borrowed(field));
    match (target, access) {
        (Value::Optional(None), Access::Presence) => Ok(Value::Bool(false)),
        (Value::Optional(None), _) => Ok(Value::Optional(None)),
        (Value::Optional(Some(target)), access) => {
            let found = find(budget, &target, &key)?;
            Ok(if access == Access::Presence { Value::Bool(found.is_some()) } else { Value::Optional(found.map(Arc::new)) })
        }
        (target, Access::Presence) => Ok(Value::Bool(find(budget, &target, &key)?.is_some())),
        (target, Access::Optional) => Ok(Value::Optional(find(budget, &target, &key)?.map(Arc::new))),
        (target, Access::Value) => must(find(budget, &target, &key)?, &target, &key),
    }
}

/// Whether a value of this type can be an index or a key at all.
pub(crate) fn is_index(value: &Value<'_>) -> bool {
    matches!(value, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::String(_))
}

/// `target[index]`
pub(super) fn index<'a>(budget: &Budget, target: Value<'a>, index: &Value<'a>, optional: bool) -> Result<Value<'a>, Cause> {
    if !is_index(index) {
        return Err(Cause::new(format!("invalid qualifier type: {}", index.type_name())));
    }
    match target {
        Value::Optional(None) => Ok(Value::Optional(None)),
        Value::Optional(Some(target)) => Ok(Value::Optional(find(budget, &target, index)?.map(Arc::new))),
        target if optional => Ok(Value::Optional(find(budget, &target, index)?.map(Arc::new))),
        target => must(find(budget, &target, index)?, &target, index),
    }
}

fn must<'a>(found: Option<Value<'a>>, target: &Value<'a>, key: &Value<'_>) -> Result<Value<'a>, Cause> {
    found.ok_or_else(|| {
        let shown = match key {
            Value::Bool(b) => b.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Uint(n) => n.to_string(),
            Value::Double(n) => n.to_string(),
            Value::String(text) => text.to_string(),
            other => other.type_name().to_owned(),
        };
        if matches!(target, Value::List(_)) { Cause::Index(shown) } else { Cause::Key(shown) }
    })
}

/// What is found under a key. A value without keys has none of this name.
fn find<'a>(budget: &Budget, target: &Value<'a>, key: &Value<'_>) -> Result<Option<Value<'a>>, Cause> {
    match target {
        Value::Map(map) => {
            budget.spend(map.search_length())?;
            Ok(map.find(key))
        }
        Value::List(list) => element(list, key),
        _ => Ok(None),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "only whole numbers are used")]
fn element<'a>(list: &List<'a>, index: &Value<'_>) -> Result<Option<Value<'a>>, Cause> {
    let index = match index {
        Value::Int(n) => *n,
        Value::Uint(n) => i64::try_from(*n).unwrap_or(i64::MAX),
        Value::Double(n) if n.fract() == 0.0 && n.abs() < i64::MAX as f64 => *n as i64,
        Value::Double(n) => return Err(Cause::new(format!("unsupported index value {n} in list"))),
        other => return Err(Cause::new(format!("unsupported index type '{}' in list", other.type_name()))),
    };
    Ok(usize::try_from(index).ok().and_then(|n| list.get(n)))
}
