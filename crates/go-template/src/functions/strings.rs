//! Strings.

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Type, Value};

/// The functions of this module.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("upper", &[Type::String], upper),
    Function::new("repeat", &[Type::Int, Type::String], repeat),
    Function::variadic("list", &[Type::Any], list),
];

fn upper(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    Ok(args.text(0).to_uppercase().into())
}

fn repeat(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let count = usize::try_from(args.int(0)).map_err(|_| "strings: negative Repeat count")?;
    let text = args.bytes(1);
    ctx.reserve(text.len().saturating_mul(count))?;
    Ok(Value::string(text.repeat(count)))
}

fn list(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    Ok(Value::list(args.all().to_vec()))
}
