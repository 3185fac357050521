//! The messages that can be written in an expression: those of protobuf that stand for values of CEL.

use crate::error::Cause;
use crate::functions::Decl;
use crate::moment::Moment;
use crate::value::{Map, Value};

/// A message type.
#[derive(Debug)]
pub(crate) struct Message {
    name: &'static str,
    pub(crate) fields: &'static [(&'static str, Decl)],
    /// Type of the value that it stands for. Wrappers may be null, so theirs is open.
    pub(crate) result: Decl,
}

const TIME: &[(&str, Decl)] = &[("seconds", Decl::Int), ("nanos", Decl::Int)];
const fn wrapper(name: &'static str, fields: &'static [(&'static str, Decl)]) -> Message {
    Message { name, fields, result: Decl::Dyn }
}

static MESSAGES: [Message; 14] = [
    Message { name: "google.protobuf.Timestamp", fields: TIME, result: Decl::Timestamp },
    Message { name: "google.protobuf.Duration", fields: TIME, result: Decl::Duration },
    wrapper("google.protobuf.BoolValue", &[("value", Decl::Bool)]),
    wrapper("google.protobuf.BytesValue", &[("value", Decl::Bytes)]),
    wrapper("google.protobuf.DoubleValue", &[("value", Decl::Double)]),
    wrapper("google.protobuf.FloatValue", &[("value", Decl::Double)]),
    wrapper("google.protobuf.Int32Value", &[("value", Decl::Int)]),
    wrapper("google.protobuf.Int64Value", &[("value", Decl::Int)]),
    wrapper("google.protobuf.StringValue", &[("value", Decl::String)]),
    wrapper("google.protobuf.UInt32Value", &[("value", Decl::Uint)]),
    wrapper("google.protobuf.UInt64Value", &[("value", Decl::Uint)]),
    Message {
        name: "google.protobuf.Struct",
        fields: &[("fields", Decl::Map(&Decl::String, &Decl::Dyn))],
        result: Decl::Map(&Decl::String, &Decl::Dyn),
    },
    Message { name: "google.protobuf.ListValue", fields: &[("values", Decl::List(&Decl::Dyn))], result: Decl::List(&Decl::Dyn) },
    Message {
        name: "google.protobuf.Value",
        fields: &[
            ("number_value", Decl::Double),
            ("string_value", Decl::String),
            ("bool_value", Decl::Bool),
            ("struct_value", Decl::Map(&Decl::String, &Decl::Dyn)),
            ("list_value", Decl::List(&Decl::Dyn)),
        ],
        result: Decl::Dyn,
    },
];

/// A message type by its full name.
pub(crate) fn find(name: &str) -> Option<&'static Message> {
    MESSAGES.iter().find(|m| m.name == name)
}

/// The value that a message with these fields stands for.
pub(crate) fn build<'a>(name: &str, mut fields: Vec<(&str, Value<'a>)>) -> Result<Value<'a>, Cause> {
    let message = find(name).ok_or_else(|| Cause::new(format!("unknown type: {name}")))?;
    if let Some((unknown, _)) = fields.iter().find(|(field, _)| !message.fields.iter().any(|(known, _)| known == field)) {
        return Err(Cause::Key((*unknown).to_owned()));
    }
    let last = fields.pop();
    Ok(match (name.rsplit('.').next().unwrap_or_default(), last) {
        ("Timestamp", last) => {
            let (seconds, nanos) = time(fields.into_iter().chain(last))?;
            Moment::new(seconds, nanos).map(Value::Timestamp).ok_or_else(|| Cause::new("timestamp overflow"))?
        }
        ("Duration", last) => {
            let (seconds, nanos) = time(fields.into_iter().chain(last))?;
            let nanos = seconds.checked_mul(1_000_000_000).and_then(|n| n.checked_add(nanos));
            Value::Duration(nanos.ok_or_else(|| Cause::new("duration overflow"))?)
        }
        (_, Some((_, value))) => value,
        ("BoolValue", None) => Value::Bool(false),
        ("BytesValue", None) => Value::Bytes([].into()),
        ("DoubleValue" | "FloatValue", None) => Value::Double(0.0),
        ("Int32Value" | "Int64Value", None) => Value::Int(0),
        ("UInt32Value" | "UInt64Value", None) => Value::Uint(0),
        ("StringValue", None) => Value::from(String::new()),
        ("Struct", None) => Value::Map(Map::of(Vec::new())),
        ("ListValue", None) => Value::from(Vec::new()),
        (_, None) => Value::Null,
    })
}

fn time<'v, 'a: 'v>(fields: impl Iterator<Item = (&'v str, Value<'a>)>) -> Result<(i64, i64), Cause> {
    let (mut seconds, mut nanos) = (0, 0);
    for field in fields {
        match field {
            ("seconds", Value::Int(n)) => seconds = n,
            (_, Value::Int(n)) => nanos = n,
            _ => return Err(Cause::Overload),
        }
    }
    Ok((seconds, nanos))
}
