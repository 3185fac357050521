//! Wrapping and abbreviating. The libraries behind Sprig count bytes here.

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Type, Value};

use super::S;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("wrap", &[Type::Int, S], |ctx, a| wrap(ctx, a.bytes(1), a.int(0), b"", false)),
    Function::new("wrapWith", &[Type::Int, S, S], |ctx, a| wrap(ctx, a.bytes(2), a.int(0), a.bytes(1), true)),
    Function::new("abbrev", &[Type::Int, S], |_, a| Ok(abbrev(a, 1, 0, a.int(0)))),
    Function::new("abbrevboth", &[Type::Int, Type::Int, S], abbrevboth),
];

/// Breaks the text at the last space within the width. A longer word is cut if `cut_words`, else it sticks out.
fn wrap(ctx: &Context<'_>, text: &[u8], width: i64, line_break: &[u8], cut_words: bool) -> Result<Value, CallError> {
    let line_break = if line_break.is_empty() { b"\n" } else { line_break };
    let width = usize::try_from(width).unwrap_or(0).max(1);
    ctx.reserve(text.len().saturating_add((text.len() / width).saturating_mul(line_break.len())))?;
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while rest.len() > width {
        if rest[0] == b' ' {
            rest = &rest[1..];
            continue;
        }
        let (line, skip) = match memchr::memrchr(b' ', &rest[..=width]) {
            Some(space) => (space, 1),
            None if cut_words => (width, 0),
            None => match memchr::memchr(b' ', &rest[width..]) {
                Some(space) => (width + space, 1),
                None => break,
            },
        };
        out.extend_from_slice(&rest[..line]);
        out.extend_from_slice(line_break);
        rest = &rest[line + skip..];
    }
    out.extend_from_slice(rest);
    Ok(Value::string(out))
}

fn abbrevboth(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let (left, right) = (args.int(0), args.int(1));
    if left > 0 && right < 7 {
        return Ok(args.value(2).clone());
    }
    Ok(abbrev(args, 2, left, right))
}

/// At most `width` bytes of argument `index` from `offset` on, with `...` for what is left out on either side.
fn abbrev(args: &Args<'_>, index: usize, offset: i64, width: i64) -> Value {
    let text = args.bytes(index);
    match usize::try_from(width) {
        Ok(width) if width >= 4 && text.len() > width => Value::string(abbreviated(text, offset, width)),
        _ => args.value(index).clone(),
    }
}

fn abbreviated(text: &[u8], offset: i64, width: usize) -> Vec<u8> {
    const MARK: &[u8] = b"...";
    let room = width - MARK.len();
    let offset = usize::try_from(offset).unwrap_or(0).min(text.len() - room.min(text.len()));
    if offset <= 4 {
        return [&text[..room], MARK].concat();
    }
    let tail = &text[offset..];
    if tail.len() > room && room > MARK.len() {
        return [MARK, &tail[..room - MARK.len()], MARK].concat();
    }
    [MARK, &text[text.len() - room..]].concat()
}
