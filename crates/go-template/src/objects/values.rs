//! The methods of `.Values`.

use super::VALUES_TYPE;
use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Map, Str, Type, Value};

pub(super) const METHODS: &[&Function] = &[&AS_MAP, &TABLE, &PATH_VALUE, &YAML, &ENCODE];

static AS_MAP: Function = Function::new("AsMap", &[], as_map);
static TABLE: Function = Function::new("Table", &[Type::String], table);
static PATH_VALUE: Function = Function::new("PathValue", &[Type::String], path_value);
static YAML: Function = Function::new("YAML", &[], yaml);
static ENCODE: Function = Function::new("Encode", &[Type::Named(&WRITER)], |_, _| Ok(Value::Nil));

/// `io.Writer`: no value of ours is one, so that `Encode` always refuses its argument.
static WRITER: crate::value::Named =
    crate::value::Named { name: "io.Writer", underlying: Type::Opaque(crate::value::Kind::Interface, "io.Writer"), methods: &[] };

fn as_map(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let map = args.map(0);
    Ok(Value::Map(if map.is_empty() { Map::new() } else { map.with_type(Type::MAP) }))
}

fn yaml(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let text = crate::engine::to_yaml(ctx, args.value(0))?;
    Ok(Value::string([text.as_str().map_or(&[][..], Str::as_bytes), b"\n"].concat()))
}

/// The table of one name inside a table.
fn step(table: &Map, name: &str) -> Result<Map, CallError> {
    match table.get(name) {
        Some(Value::Map(inner)) if *inner.go_type() == *Type::MAP || *inner.go_type() == *VALUES_TYPE => Ok(inner),
        _ => Err(format!("{} is not a table", crate::strconv::quote(name)).into()),
    }
}

fn table(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let table = args.text(1).split('.').try_fold(args.map(0), |table, name| step(&table, name))?;
    Ok(Value::Map(table.with_type(VALUES_TYPE)))
}

fn path_value(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let path = args.text(1);
    if path.is_empty() {
        return Err("YAML path cannot be empty".into());
    }
    let (tables, key) = path.rsplit_once('.').map_or((None, &*path), |(tables, key)| (Some(tables), key));
    let missing = || CallError::new(format!("{} is not a value", crate::strconv::quote(key)));
    let table = match tables {
        Some(tables) => tables.split('.').try_fold(args.map(0), |table, name| step(&table, name)).map_err(|_| missing())?,
        None => args.map(0),
    };
    match table.get(Str::from(key)) {
        Some(Value::Map(inner)) if *inner.go_type() == *Type::MAP => Err(missing()),
        Some(value) => Ok(value),
        None => Err(missing()),
    }
}
