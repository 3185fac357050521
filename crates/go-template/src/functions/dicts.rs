//! Maps. `set`, `unset` and the merges change their argument, so every alias of it sees the change.

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Map, Type, Value};

use super::cast::to_text;

mod copy;
mod merge;

const ANY: Type = Type::Any;
const S: Type = Type::String;
const MAP: Type = *Type::MAP;

/// The functions of this module and its parts.
pub(super) const TABLES: [&[Function]; 3] = [FUNCTIONS, merge::FUNCTIONS, copy::FUNCTIONS];

const FUNCTIONS: &[Function] = &[
    Function::variadic("dict", &[ANY], dict),
    Function::new("get", &[MAP, S], |_, a| Ok(a.map(0).get(a.bytes(1)).unwrap_or_else(|| "".into()))),
    Function::new("set", &[MAP, S, ANY], set),
    Function::new("unset", &[MAP, S], unset),
    Function::new("hasKey", &[MAP, S], |_, a| Ok(a.map(0).contains_key(a.bytes(1)).into())),
    Function::variadic("pluck", &[S, MAP], pluck),
    Function::variadic("keys", &[MAP], keys),
    Function::new("values", &[MAP], |_, a| Ok(Value::list(a.map(0).entries().into_iter().map(|(_, v)| v).collect()))),
    Function::variadic("pick", &[MAP, S], pick),
    Function::variadic("omit", &[MAP, S], omit),
    Function::variadic("dig", &[ANY], dig),
];

/// A map as an argument of the type `map[string]interface {}` sees it.
fn plain(map: &Map) -> Map {
    map.with_type(Type::MAP)
}

/// Keys and values in turn; a last key without a value gets the empty string.
fn dict(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let pairs = args.all().chunks(2).map(|pair| match pair {
        [key, value] => (to_text(key), value.clone()),
        pair => (pair.first().map(to_text).unwrap_or_default(), "".into()),
    });
    Ok(Value::map(pairs))
}

fn set(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let map = args.map(0);
    if !map.insert(args.string(1), args.value(2).clone()) {
        return Err("assignment to entry in nil map".into());
    }
    Ok(Value::Map(plain(&map)))
}

fn unset(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let map = args.map(0);
    map.remove(args.bytes(1));
    Ok(Value::Map(plain(&map)))
}

fn pluck(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let found = args.rest(1).iter().filter_map(|v| v.as_map()?.get(args.bytes(0)));
    Ok(Value::list(found.collect()))
}

/// The keys of all maps, sorted by map: Go's order is random.
fn keys(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    Ok(Value::strings(args.all().iter().filter_map(Value::as_map).flat_map(Map::keys)))
}

fn pick(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let map = args.map(0);
    let keys = args.rest(1).iter().filter_map(Value::as_str);
    Ok(Value::map(keys.filter_map(|key| Some((key.clone(), map.get(key)?)))))
}

fn omit(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let left_out = |key: &[u8]| args.rest(1).iter().filter_map(Value::as_str).any(|k| k.as_bytes() == key);
    Ok(Value::map(args.map(0).entries().into_iter().filter(|(key, _)| !left_out(key.as_bytes()))))
}

/// `dig "a" "b" default dict`: the value under a path of keys, or the default where a key is missing. Every map on the
/// way must be a plain `map[string]interface {}`.
fn dig(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let [keys @ .., default, dict] = args.all() else { return Err("dig needs at least three arguments".into()) };
    if keys.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let mut map = assert_type(dict, Type::MAP)?.as_map();
    for key in keys {
        assert_type(key, &S)?;
    }
    let mut found;
    for (i, key) in keys.iter().enumerate() {
        let Some(value) = map.and_then(|m| m.get(key.as_str()?)) else { return Ok(default.clone()) };
        if i + 1 == keys.len() {
            return Ok(value);
        }
        found = value;
        map = assert_type(&found, Type::MAP)?.as_map();
    }
    Ok(default.clone())
}

/// Go's type assertion with its panic text.
fn assert_type<'v>(value: &'v Value, wanted: &Type) -> Result<&'v Value, CallError> {
    match value.type_of() {
        Some(actual) if actual == *wanted => Ok(value),
        Some(actual) => Err(format!("interface conversion: interface {{}} is {actual}, not {wanted}").into()),
        None => Err(format!("interface conversion: interface {{}} is nil, not {wanted}").into()),
    }
}
