//! Sizes, sets, first and last elements, and optional values.

use std::sync::Arc;

use super::operators::has;
use super::{Decl, Function, LIST_OF_A, MAP_OF_A_B, OPTIONAL_A, Overload, Run, global, member};
use crate::budget::Budget;
use crate::error::Cause;
use crate::value::{List, Value};

static SIZE: [Overload; 8] = [
    global(&[Decl::Bytes], Decl::Int),
    member(&[Decl::Bytes], Decl::Int),
    global(&[LIST_OF_A], Decl::Int),
    member(&[LIST_OF_A], Decl::Int),
    global(&[MAP_OF_A_B], Decl::Int),
    member(&[MAP_OF_A_B], Decl::Int),
    global(&[Decl::String], Decl::Int),
    member(&[Decl::String], Decl::Int),
];
static SETS: [Overload; 1] = [global(&[LIST_OF_A, LIST_OF_A], Decl::Bool)];
static ELEMENT: [Overload; 1] = [member(&[LIST_OF_A], OPTIONAL_A)];
static OPTIONAL_OF: [Overload; 1] = [global(&[Decl::A], OPTIONAL_A)];
static OPTIONAL_NONE: [Overload; 1] = [global(&[], OPTIONAL_A)];
static VALUE: [Overload; 1] = [member(&[OPTIONAL_A], Decl::A)];
static HAS_VALUE: [Overload; 1] = [member(&[OPTIONAL_A], Decl::Bool)];
static OR: [Overload; 1] = [member(&[OPTIONAL_A, OPTIONAL_A], OPTIONAL_A)];
static OR_VALUE: [Overload; 1] = [member(&[OPTIONAL_A, Decl::A], Decl::A)];
static UNWRAP: [Overload; 1] = [global(&[Decl::List(&OPTIONAL_A)], LIST_OF_A)];
static UNWRAP_MEMBER: [Overload; 1] = [member(&[Decl::List(&OPTIONAL_A)], LIST_OF_A)];

pub(super) static FUNCTIONS: &[Function] = &[
    Function { name: "size", overloads: &SIZE, run: Run::Values(size) },
    Function { name: "sets.contains", overloads: &SETS, run: Run::Values(sets_contains) },
    Function { name: "sets.equivalent", overloads: &SETS, run: Run::Values(sets_equivalent) },
    Function { name: "sets.intersects", overloads: &SETS, run: Run::Values(sets_intersects) },
    Function { name: "first", overloads: &ELEMENT, run: Run::Values(first) },
    Function { name: "last", overloads: &ELEMENT, run: Run::Values(last) },
    Function { name: "optional.of", overloads: &OPTIONAL_OF, run: Run::Values(optional_of) },
    Function { name: "optional.ofNonZeroValue", overloads: &OPTIONAL_OF, run: Run::Values(optional_of_non_zero) },
    Function { name: "optional.none", overloads: &OPTIONAL_NONE, run: Run::Values(optional_none) },
    Function { name: "value", overloads: &VALUE, run: Run::Values(value) },
    Function { name: "hasValue", overloads: &HAS_VALUE, run: Run::Values(has_value) },
    Function { name: "or", overloads: &OR, run: Run::Or },
    Function { name: "orValue", overloads: &OR_VALUE, run: Run::OrValue },
    Function { name: "optional.unwrap", overloads: &UNWRAP, run: Run::Values(unwrap) },
    Function { name: "unwrapOpt", overloads: &UNWRAP_MEMBER, run: Run::Values(unwrap) },
];

fn size<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let size = match args {
        [Value::String(text)] => {
            budget.spend_bytes(text.len())?;
            text.chars().count()
        }
        [Value::Bytes(bytes)] => bytes.len(),
        [Value::List(list)] => list.len(),
        [Value::Map(map)] => map.len(),
        _ => return Err(Cause::Overload),
    };
    Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

fn all_in(budget: &Budget, list: &List<'_>, part: &List<'_>) -> Result<bool, Cause> {
    for element in part.iter() {
        if !has(budget, list, &element)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn sets_contains<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::List(list), Value::List(part)] => all_in(budget, list, part).map(Value::Bool),
        _ => Err(Cause::Overload),
    }
}

fn sets_equivalent<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::List(a), Value::List(b)] => Ok(Value::Bool(all_in(budget, a, b)? && all_in(budget, b, a)?)),
        _ => Err(Cause::Overload),
    }
}

fn sets_intersects<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let [Value::List(a), Value::List(b)] = args else { return Err(Cause::Overload) };
    for element in a.iter() {
        if has(budget, b, &element)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn first<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::List(list)] => Ok(Value::Optional(list.get(0).map(Arc::new))),
        _ => Err(Cause::Overload),
    }
}

fn last<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::List(list)] => Ok(Value::Optional(list.len().checked_sub(1).and_then(|n| list.get(n)).map(Arc::new))),
        _ => Err(Cause::Overload),
    }
}

fn optional_of<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [value] => Ok(Value::Optional(Some(Arc::new(value.clone())))),
        _ => Err(Cause::Overload),
    }
}

fn optional_of_non_zero<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [value] => Ok(Value::Optional((!value.is_zero()).then(|| Arc::new(value.clone())))),
        _ => Err(Cause::Overload),
    }
}

fn optional_none<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    if args.is_empty() { Ok(Value::Optional(None)) } else { Err(Cause::Overload) }
}

fn value<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::Optional(Some(value))] => Ok(value.as_ref().clone()),
        [Value::Optional(None)] => Err(Cause::new("optional.none() dereference")),
        _ => Err(Cause::Overload),
    }
}

fn has_value<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::Optional(value)] => Ok(Value::Bool(value.is_some())),
        _ => Err(Cause::Overload),
    }
}

fn unwrap<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let [Value::List(list)] = args else { return Err(Cause::Overload) };
    budget.spend(list.len())?;
    let mut out = Vec::new();
    for element in list.iter() {
        match element {
            Value::Optional(value) => out.extend(value.map(|v| v.as_ref().clone())),
            _ => return Err(Cause::Overload),
        }
    }
    Ok(Value::from(out))
}
