//! Sprig's functions that Helm takes away from the templates of charts, or replaces.

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("fail", &[Type::String], |_, args| Err(CallError::new(args.text(0)))),
    Function::new("env", &[Type::String], |ctx, args| Ok(ctx.host().variable(&args.text(0)).into())),
    Function::new("expandenv", &[Type::String], expand),
];

/// Replaces `$NAME` and `${NAME}` as Go's `os.ExpandEnv` does.
fn expand(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let text = args.text(0);
    let mut out = String::new();
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, used) = name(after);
        match name {
            // A dollar before what can be no name stays.
            "" if used == 0 => out.push('$'),
            name => out.push_str(&ctx.host().variable(name)),
        }
        rest = &after[used..];
    }
    out.push_str(rest);
    ctx.reserve(out.len())?;
    Ok(out.into())
}

/// The name behind a dollar, and how many bytes belong to it; `${}` and an open brace are eaten.
fn name(text: &str) -> (&str, usize) {
    let special = |c: char| c.is_ascii_digit() || "*#$@!?-".contains(c);
    let end = |text: &str| text.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    match text.strip_prefix('{') {
        Some(inner) => match inner.split_once('}') {
            Some((name, _)) if end(name) == name.len() || name.len() == 1 && name.starts_with(special) => (name, name.len() + 2),
            Some((name, _)) if !name.is_empty() => ("", name.len() + 2),
            Some(_) => ("", 2),
            None => ("", 1),
        },
        None if text.starts_with(special) => (&text[..1], 1),
        None => (&text[..end(text)], end(text)),
    }
}
