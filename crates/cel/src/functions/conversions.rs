//! Conversions between types. They are called like the types.

use super::{Decl, Function, Overload, Run, global};
use crate::budget::Budget;
use crate::error::Cause;
use crate::functions::times;
use crate::moment::Moment;
use crate::number;
use crate::value::{Text, Value};

static BOOL: [Overload; 2] = [global(&[Decl::Bool], Decl::Bool), global(&[Decl::String], Decl::Bool)];
static BYTES: [Overload; 2] = [global(&[Decl::Bytes], Decl::Bytes), global(&[Decl::String], Decl::Bytes)];
static DOUBLE: [Overload; 4] = [
    global(&[Decl::Double], Decl::Double),
    global(&[Decl::Int], Decl::Double),
    global(&[Decl::String], Decl::Double),
    global(&[Decl::Uint], Decl::Double),
];
static DURATION: [Overload; 3] =
    [global(&[Decl::Duration], Decl::Duration), global(&[Decl::Int], Decl::Duration), global(&[Decl::String], Decl::Duration)];
static DYN: [Overload; 1] = [global(&[Decl::A], Decl::Dyn)];
static INT: [Overload; 6] = [
    global(&[Decl::Int], Decl::Int),
    global(&[Decl::Double], Decl::Int),
    global(&[Decl::Duration], Decl::Int),
    global(&[Decl::String], Decl::Int),
    global(&[Decl::Timestamp], Decl::Int),
    global(&[Decl::Uint], Decl::Int),
];
static STRING: [Overload; 8] = [
    global(&[Decl::String], Decl::String),
    global(&[Decl::Bool], Decl::String),
    global(&[Decl::Bytes], Decl::String),
    global(&[Decl::Double], Decl::String),
    global(&[Decl::Duration], Decl::String),
    global(&[Decl::Int], Decl::String),
    global(&[Decl::Timestamp], Decl::String),
    global(&[Decl::Uint], Decl::String),
];
static TIMESTAMP: [Overload; 3] =
    [global(&[Decl::Timestamp], Decl::Timestamp), global(&[Decl::Int], Decl::Timestamp), global(&[Decl::String], Decl::Timestamp)];
static TYPE: [Overload; 1] = [global(&[Decl::A], Decl::TypeOf(&Decl::A))];
static UINT: [Overload; 4] = [
    global(&[Decl::Uint], Decl::Uint),
    global(&[Decl::Double], Decl::Uint),
    global(&[Decl::Int], Decl::Uint),
    global(&[Decl::String], Decl::Uint),
];

pub(super) static FUNCTIONS: &[Function] = &[
    Function { name: "bool", overloads: &BOOL, run: Run::Values(to_bool) },
    Function { name: "bytes", overloads: &BYTES, run: Run::Values(to_bytes) },
    Function { name: "double", overloads: &DOUBLE, run: Run::Values(to_double) },
    Function { name: "duration", overloads: &DURATION, run: Run::Values(to_duration) },
    Function { name: "dyn", overloads: &DYN, run: Run::Values(to_dyn) },
    Function { name: "int", overloads: &INT, run: Run::Values(to_int) },
    Function { name: "string", overloads: &STRING, run: Run::Values(to_string) },
    Function { name: "timestamp", overloads: &TIMESTAMP, run: Run::Values(to_timestamp) },
    Function { name: "type", overloads: &TYPE, run: Run::Values(to_type) },
    Function { name: "uint", overloads: &UINT, run: Run::Values(to_uint) },
];

fn not_convertible(from: &str, to: &str) -> Cause {
    Cause::new(format!("type conversion error from '{from}' to '{to}'"))
}

fn to_bool<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [value @ Value::Bool(_)] => Ok(value.clone()),
        [Value::String(text)] => match &**text {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(Value::Bool(false)),
            _ => Err(not_convertible("string", "bool")),
        },
        _ => Err(Cause::Overload),
    }
}

fn to_bytes<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [value @ Value::Bytes(_)] => Ok(value.clone()),
        [Value::String(text)] => {
            budget.spend_bytes(text.len())?;
            Ok(Value::Bytes(text.as_bytes().into()))
        }
        _ => Err(Cause::Overload),
    }
}

#[allow(clippy::cast_precision_loss, reason = "that is the conversion")]
fn to_double<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [value @ Value::Double(_)] => Ok(value.clone()),
        [Value::Int(n)] => Ok(Value::Double(*n as f64)),
        [Value::Uint(n)] => Ok(Value::Double(*n as f64)),
        [Value::String(text)] => number::parse_double(text).map(Value::Double).ok_or_else(|| not_convertible("string", "double")),
        _ => Err(Cause::Overload),
    }
}

fn to_duration<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [value @ Value::Duration(_)] => Ok(value.clone()),
        // Declared, but the original has no such conversion.
        [Value::Int(_)] => Err(not_convertible("int", "google.protobuf.Duration")),
        [Value::String(text)] => {
            times::parse_duration(text).map(Value::Duration).ok_or_else(|| not_convertible("string", "google.protobuf.Duration"))
        }
        _ => Err(Cause::Overload),
    }
}

fn to_dyn<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [value] => Ok(value.clone()),
        _ => Err(Cause::Overload),
    }
}

fn to_type<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [value] => Ok(Value::Type(value.type_name())),
        _ => Err(Cause::Overload),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the range is checked")]
fn to_int<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let overflow = || Cause::new("integer overflow");
    match args {
        [value @ Value::Int(_)] => Ok(value.clone()),
        [Value::Uint(n)] => i64::try_from(*n).map(Value::Int).map_err(|_| overflow()),
        // The least integer is refused too, as in the original.
        [Value::Double(n)] if *n > i64::MIN as f64 && *n < i64::MAX as f64 => Ok(Value::Int(*n as i64)),
        [Value::Double(_)] => Err(overflow()),
        [Value::String(text)] => text.parse().map(Value::Int).map_err(|_| not_convertible("string", "int")),
        [Value::Timestamp(time)] => Ok(Value::Int(time.seconds())),
        [Value::Duration(n)] => Ok(Value::Int(*n)),
        _ => Err(Cause::Overload),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "the range is checked")]
fn to_uint<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let overflow = || Cause::new("unsigned integer overflow");
    match args {
        [value @ Value::Uint(_)] => Ok(value.clone()),
        [Value::Int(n)] => u64::try_from(*n).map(Value::Uint).map_err(|_| overflow()),
        [Value::Double(n)] if *n >= 0.0 && *n < u64::MAX as f64 => Ok(Value::Uint(*n as u64)),
        [Value::Double(_)] => Err(overflow()),
        [Value::String(text)] => {
            let digits = Some(&**text).filter(|text| !text.starts_with('+'));
            digits.and_then(|d| d.parse().ok()).map(Value::Uint).ok_or_else(|| not_convertible("string", "uint"))
        }
        _ => Err(Cause::Overload),
    }
}

fn to_string<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    Ok(match args {
        [value @ Value::String(_)] => value.clone(),
        [Value::Bool(b)] => Value::String(Text::Borrowed(if *b { "true" } else { "false" })),
        [Value::Int(n)] => Value::from(n.to_string()),
        [Value::Uint(n)] => Value::from(n.to_string()),
        [Value::Double(n)] => Value::from(number::shortest(*n)),
        [Value::Bytes(bytes)] => {
            budget.spend_bytes(bytes.len())?;
            let text = std::str::from_utf8(bytes).map_err(|_| Cause::new("invalid UTF-8 in bytes, cannot convert to string"))?;
            Value::from(text.to_owned())
        }
        [Value::Timestamp(time)] => Value::from(time.as_read()),
        [Value::Duration(n)] => Value::from(times::print_duration(*n)),
        _ => return Err(Cause::Overload),
    })
}

fn to_timestamp<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let overflow = || Cause::new("timestamp overflow");
    match args {
        [value @ Value::Timestamp(_)] => Ok(value.clone()),
        [Value::Int(seconds)] => Moment::new(*seconds, 0).map(Value::Timestamp).ok_or_else(overflow),
        [Value::String(text)] => Moment::parse(text)
            .map(Value::Timestamp)
            .map_err(|out_of_range| if out_of_range { overflow() } else { not_convertible("string", "google.protobuf.Timestamp") }),
        _ => Err(Cause::Overload),
    }
}
