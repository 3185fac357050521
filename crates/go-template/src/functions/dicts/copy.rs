//! `deepCopy`.

use crate::error::CallError;
use crate::function::Function;
use crate::functions::deeper;
use crate::value::{List, MAX_DEPTH, Map, Type, Value};

pub(super) const FUNCTIONS: &[Function] =
    &[Function::new("deepCopy", &[Type::Any], |_, a| top(a.value(0))), Function::new("mustDeepCopy", &[Type::Any], |_, a| top(a.value(0)))];

fn top(value: &Value) -> Result<Value, CallError> {
    if value.is_nil() {
        return Err("reflect: call of reflect.Value.Type on zero Value".into());
    }
    Ok(copied(value, 0)?.unwrap_or_else(|| value.clone()))
}

/// A copy that shares no map with the original, or `None` where there is no map inside: nothing else can change, so it
/// is shared.
fn copied(value: &Value, depth: usize) -> Result<Option<Value>, CallError> {
    if depth > MAX_DEPTH {
        return Err(CallError::limit(format!("deepCopy: the value is nested more than {MAX_DEPTH} deep")));
    }
    match value {
        Value::Map(map) if !map.is_nil() => {
            let mut entries = map.entries();
            for (_, value) in &mut entries {
                if let Some(copy) = deeper(|| copied(value, depth + 1))? {
                    *value = copy;
                }
            }
            Ok(Some(Value::Map(Map::from_entries(map.go_type(), entries))))
        }
        Value::List(list) => {
            let mut copy: Option<Vec<Value>> = None;
            for (i, item) in list.items().iter().enumerate() {
                if let Some(item) = deeper(|| copied(item, depth + 1))? {
                    copy.get_or_insert_with(|| list.items().to_vec())[i] = item;
                }
            }
            Ok(copy.map(|items| Value::List(List::new(list.go_type(), items))))
        }
        _ => Ok(None),
    }
}
