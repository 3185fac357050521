//! The functions that Go's `text/template` itself brings (HE-TPL-10, HE-TPL-11). Its `slice` is missing: Helm replaces
//! it with Sprig's.

use crate::context::Context;
use crate::error::CallError;
use crate::exec::Slot;
use crate::format;
use crate::function::{Args, Body, Function};
use crate::value::{Kind, Str, Type, Value};

mod compare;
mod escape;

/// The table of built-ins.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function::builtin("and", &[Type::Reflect, Type::Reflect], true, Body::And),
    Function::builtin("or", &[Type::Reflect, Type::Reflect], true, Body::Or),
    Function::builtin("not", &[Type::Reflect], false, Body::Reflect(not)),
    Function::builtin("call", &[Type::Reflect, Type::Reflect], true, Body::Call),
    Function::builtin("index", &[Type::Reflect, Type::Reflect], true, Body::Reflect(index)),
    Function::builtin("len", &[Type::Reflect], false, Body::Reflect(length)),
    Function::builtin("eq", &[Type::Reflect, Type::Reflect], true, Body::Reflect(compare::eq)),
    Function::builtin("ne", &[Type::Reflect, Type::Reflect], false, Body::Reflect(compare::ne)),
    Function::builtin("lt", &[Type::Reflect, Type::Reflect], false, Body::Reflect(compare::lt)),
    Function::builtin("le", &[Type::Reflect, Type::Reflect], false, Body::Reflect(compare::le)),
    Function::builtin("gt", &[Type::Reflect, Type::Reflect], false, Body::Reflect(compare::gt)),
    Function::builtin("ge", &[Type::Reflect, Type::Reflect], false, Body::Reflect(compare::ge)),
    Function::variadic("print", &[Type::Any], print),
    Function::variadic("println", &[Type::Any], println),
    Function::variadic("printf", &[Type::String, Type::Any], printf),
    Function::variadic("html", &[Type::Any], |_, args| Ok(Value::string(escape::html(&text_of(args))))),
    Function::variadic("js", &[Type::Any], |_, args| Ok(Value::string(escape::js(&text_of(args))))),
    Function::variadic("urlquery", &[Type::Any], |_, args| Ok(Value::string(escape::url_query(&text_of(args))))),
];

fn not(args: &[Slot]) -> Result<Slot, CallError> {
    Ok(Slot::concrete(Value::Bool(!args.first().is_some_and(|s| s.value.truth()))))
}

fn print(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    Ok(Value::string(format::sprint_all(args.all())))
}

fn println(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    Ok(Value::string(format::sprintln(args.all())))
}

fn printf(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let text = format::sprintf(args.bytes(0), args.rest(1));
    ctx.reserve(text.len())?;
    Ok(Value::string(text))
}

/// The arguments as the escaping functions see them: printed as an action would print them.
fn text_of(args: &Args<'_>) -> Vec<u8> {
    let shown: Vec<Value> = args
        .all()
        .iter()
        .map(|value| match value {
            Value::Nil => Value::from("<no value>"),
            other => other.clone(),
        })
        .collect();
    format::sprint_all(&shown)
}

fn length(args: &[Slot]) -> Result<Slot, CallError> {
    let Some(slot) = args.first() else { return Err("len of nothing".into()) };
    let len = match &slot.value {
        Value::Nil if slot.iface => return Err("len of nil pointer".into()),
        Value::Nil => return Err("reflect: call of reflect.Value.Type on zero Value".into()),
        Value::String(s) | Value::Bytes(s) => s.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        other => match other.as_str() {
            Some(s) => s.len(),
            None => return Err(format!("len of type {}", other.type_name().trim_start_matches('*')).into()),
        },
    };
    Ok(Slot::concrete(Value::Int(i64::try_from(len).unwrap_or(i64::MAX))))
}

/// `index x 1 "a"`: one step for each further argument.
fn index(args: &[Slot]) -> Result<Slot, CallError> {
    let Some((first, indexes)) = args.split_first() else { return Err("index of nothing".into()) };
    if first.value.is_nil() {
        return Err("index of untyped nil".into());
    }
    let mut item = Slot::concrete(first.value.clone());
    for index in indexes {
        item = match &item.value {
            Value::Nil => return Err("index of nil pointer".into()),
            Value::Map(map) => {
                let element = map.go_type().element();
                let iface = matches!(element, Type::Any);
                match &index.value {
                    Value::String(key) => map.get(key).map_or_else(|| crate::exec::zero(&element), |value| Slot { value, iface }),
                    Value::Nil => return Err("value is nil; should be of type string".into()),
                    other => return Err(format!("value has type {}; should be string", other.type_name()).into()),
                }
            }
            Value::List(list) => {
                let iface = matches!(list.go_type().element(), Type::Any);
                let at = position(&index.value, list.len())?;
                let value = list.items().get(at).cloned().ok_or("reflect: slice index out of range")?;
                Slot { value, iface }
            }
            Value::String(s) => byte_at(s, &index.value, "reflect: string index out of range")?,
            Value::Bytes(s) => byte_at(s, &index.value, "reflect: slice index out of range")?,
            // the original looks through pointers first
            other => return Err(format!("can't index item of type {}", other.type_name().trim_start_matches('*')).into()),
        };
    }
    Ok(item)
}

fn byte_at(text: &Str, index: &Value, beyond: &str) -> Result<Slot, CallError> {
    let at = position(index, text.len())?;
    let byte = text.as_bytes().get(at).ok_or(beyond)?;
    Ok(Slot::concrete(Value::Uint(Kind::Uint8, u64::from(*byte))))
}

fn position(index: &Value, len: usize) -> Result<usize, CallError> {
    let number = match (index.as_int(), index.as_uint()) {
        (Some(i), _) => i,
        (_, Some(u)) => u.cast_signed(),
        _ if index.is_nil() => return Err("cannot index slice/array with nil".into()),
        _ => return Err(format!("cannot index slice/array with type {}", index.type_name()).into()),
    };
    usize::try_from(number).ok().filter(|at| *at <= len).ok_or_else(|| format!("index out of range: {number}").into())
}
