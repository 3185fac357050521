//! Defaults and logic.

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Type, Value};

const ANY: Type = Type::Any;

/// The functions of this module.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("default", &[ANY, ANY], default),
    Function::new("empty", &[ANY], |_, a| Ok(is_empty(a.value(0)).into())),
    Function::variadic("coalesce", &[ANY], coalesce),
    Function::variadic("all", &[ANY], |_, a| Ok(first(a.all(), true).is_none().into())),
    Function::variadic("any", &[ANY], |_, a| Ok(first(a.all(), false).is_some().into())),
    Function::new("ternary", &[ANY, ANY, Type::Bool], |_, a| Ok(a.value(usize::from(!a.bool(2))).clone())),
];

/// Whether a value counts as not given: zero, false, nil, or without elements. A struct never does.
pub(super) fn is_empty(value: &Value) -> bool {
    !value.truth()
}

fn default(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    match args.rest(1).first() {
        Some(given) if !is_empty(given) => Ok(given.clone()),
        _ => Ok(args.value(0).clone()),
    }
}

/// The first value whose emptiness is `empty`.
fn first(values: &[Value], empty: bool) -> Option<&Value> {
    values.iter().find(|v| is_empty(v) == empty)
}

fn coalesce(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    Ok(first(args.all(), false).cloned().unwrap_or_default())
}
