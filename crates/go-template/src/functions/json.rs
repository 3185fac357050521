//! JSON in and out, with the texts of Go's `encoding/json`.

use crate::error::CallError;
use crate::function::{Call, Function};
use crate::value::{List, Map, Type, Value};

mod read;
mod write;

pub(super) use read::{Wanted, kind, parse};
pub(super) use write::{Data, data};
use write::{Style, write};

const ANY: Type = Type::Any;
const S: Type = Type::String;

/// The functions of this module. The plain writers answer nothing where a value cannot be written, the others fail.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("toJson", &[ANY], |_, a| Ok(text(a.value(0), Style::COMPACT).unwrap_or_else(|_| "".into()))),
    Function::new("mustToJson", &[ANY], |_, a| text(a.value(0), Style::COMPACT)),
    Function::new("toPrettyJson", &[ANY], |_, a| Ok(text(a.value(0), Style::PRETTY).unwrap_or_else(|_| "".into()))),
    Function::new("mustToPrettyJson", &[ANY], |_, a| text(a.value(0), Style::PRETTY)),
    Function::new("toRawJson", &[ANY], |_, a| text(a.value(0), Style::RAW)),
    Function::new("mustToRawJson", &[ANY], |_, a| text(a.value(0), Style::RAW)),
    Function::new("fromJson", &[S], FROM_JSON),
    Function::new("fromJsonArray", &[S], FROM_JSON_ARRAY),
    Function::new("mustFromJson", &[S], MUST_FROM_JSON),
];

/// An object; an error stands in it under `Error`.
const FROM_JSON: Call = |_, a| {
    let (value, error) = parse(a.bytes(0), Wanted::Object);
    if let (Value::Map(map), Some(error)) = (&value, error) {
        map.insert("Error", error.to_string().into());
    }
    Ok(value)
};

/// A list; an error is its only item.
const FROM_JSON_ARRAY: Call = |_, a| match parse(a.bytes(0), Wanted::Array) {
    (_, Some(error)) => Ok(Value::list(vec![error.to_string().into()])),
    (value, None) => Ok(value),
};

const MUST_FROM_JSON: Call = |_, a| match parse(a.bytes(0), Wanted::Anything) {
    (_, Some(error)) => Err(error),
    (value, None) => Ok(value),
};

fn text(value: &Value, style: Style) -> Result<Value, CallError> {
    let mut out = Vec::new();
    write(&mut out, value, style)?;
    Ok(Value::string(out))
}

/// The nil map or list that `null` leaves in a variable of that type.
fn null_of(wanted: Wanted) -> Value {
    match wanted {
        Wanted::Anything => Value::Nil,
        Wanted::Object => Value::Map(Map::nil(Type::MAP)),
        Wanted::Array => Value::List(List::nil(Type::LIST)),
    }
}

/// The value of a variable of that type before anything is read.
pub(super) fn empty_of(wanted: Wanted) -> Value {
    match wanted {
        Wanted::Anything => Value::Nil,
        Wanted::Object => Value::Map(Map::new()),
        Wanted::Array => Value::list(Vec::new()),
    }
}
