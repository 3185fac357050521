//! The functions that run templates or end the render: `include`, `tpl`, `required`, `fail`, `lookup` (HE-RND-03).

use super::{ROOT, presentation, without_no_value};
use crate::context::Context;
use crate::error::CallError;
use crate::exec::{self, Scope};
use crate::function::{Args, Function};
use crate::strconv;
use crate::value::{Str, Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("include", &[Type::String, Type::Any], include),
    Function::new("tpl", &[Type::String, Type::Any], tpl),
    Function::new("required", &[Type::String, Type::Any], required),
    Function::new("fail", &[Type::String], fail),
    Function::new("lookup", &[Type::String, Type::String, Type::String, Type::String], lookup),
];

/// A template may be included inside itself this often.
const MAX_NESTED_INCLUDES: u32 = 1000;

const OUTSIDE: &str = "templates can only be run from a template";

fn include(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let (run, scope) = ctx.render().ok_or(OUTSIDE)?;
    let name = args.string(0);
    {
        let mut included = run.included.borrow_mut();
        match included.get_mut(&name) {
            Some(count) if *count > MAX_NESTED_INCLUDES => {
                return Err(CallError::new("unable to execute template")
                    .context(format!("rendering template has a nested reference name: {name}: ")));
            }
            Some(count) => *count += 1,
            None => {
                included.insert(name.clone(), 1);
            }
        }
    }
    let result = match scope.lookup(name.as_bytes()) {
        Some(template) => exec::execute(run, scope, template, args.value(1).clone()),
        None => {
            let (name, root) = (strconv::quote(&name), strconv::quote(ROOT));
            Err(CallError::new(format!("template: no template {name} associated with template {root}")))
        }
    };
    if let Some(count) = run.included.borrow_mut().get_mut(&name) {
        *count = count.saturating_sub(1);
    }
    Ok(Value::string(result?))
}

fn tpl(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let (run, scope) = ctx.render().ok_or(OUTSIDE)?;
    let text = args.string(0);
    if memchr::memmem::find(text.as_bytes(), b"{{").is_none() {
        ctx.reserve(text.len())?;
        return Ok(Value::string(without_no_value(text.as_bytes().to_vec())));
    }
    let parsed = scope
        .texts
        .parse(&text)
        .map_err(|error| CallError::new(error).context(format!("cannot parse template {}: ", strconv::quote(&text))))?;
    let inner = Scope { outer: Some(scope), templates: &parsed.templates, texts: scope.texts };
    let result = exec::execute(run, &inner, &parsed.main, args.value(1).clone());
    let out = result.map_err(|error| {
        if error.is_limit() {
            return error;
        }
        error.context(format!("error during tpl function execution for {}: ", strconv::quote(&text)))
    })?;
    Ok(Value::string(without_no_value(out)))
}

fn required(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let value = args.value(1);
    let missing = match value {
        Value::Nil => true,
        Value::String(s) => s.is_empty(),
        _ => false,
    };
    if !missing {
        return Ok(value.clone());
    }
    end(ctx, args.string(0))
}

fn fail(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    end(ctx, args.string(0))
}

/// Ends the render with a message that replaces the whole chain of errors.
fn end(ctx: &Context<'_>, message: Str) -> Result<Value, CallError> {
    if ctx.render().is_some_and(|(run, _)| run.lint) {
        return Ok(Value::string(""));
    }
    Err(CallError::new(presentation::marked(&message.to_text())))
}

fn lookup(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    ctx.host().lookup(&args.text(0), &args.text(1), &args.text(2), &args.text(3))
}
