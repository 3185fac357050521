//! Strings: trimming, cutting, joining, quoting. Case is in [`case`], line wrapping in [`wrap`].

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::strconv;
use crate::value::{Map, Str, Type, Value};

use super::cast::{to_text, to_texts};
use super::runes::{map_runes, runes, to_lower, to_upper};

mod case;
mod wrap;

const S: Type = Type::String;

/// The functions of this module and its parts.
pub(super) const TABLES: [&[Function]; 3] = [FUNCTIONS, case::FUNCTIONS, wrap::FUNCTIONS];

const FUNCTIONS: &[Function] = &[
    Function::new("hello", &[], |_, _| Ok("Hello!".into())),
    Function::new("trim", &[S], |_, a| Ok(trimmed(a.bytes(0), char::is_whitespace))),
    Function::new("trimAll", &[S, S], trim_all),
    Function::new("trimall", &[S, S], trim_all),
    Function::new("trimPrefix", &[S, S], |_, a| Ok(cut(a, 1, a.bytes(1).strip_prefix(a.bytes(0))))),
    Function::new("trimSuffix", &[S, S], |_, a| Ok(cut(a, 1, a.bytes(1).strip_suffix(a.bytes(0))))),
    Function::new("upper", &[S], |_, a| Ok(map_runes(a.bytes(0), to_upper).into())),
    Function::new("lower", &[S], |_, a| Ok(map_runes(a.bytes(0), to_lower).into())),
    Function::new("repeat", &[Type::Int, S], |ctx, a| repeat(ctx, a.bytes(1), a.int(0)).map(Value::string)),
    Function::new("substr", &[Type::Int, Type::Int, S], substr),
    Function::new("nospace", &[S], nospace),
    Function::new("trunc", &[Type::Int, S], trunc),
    Function::new("contains", &[S, S], |_, a| Ok(memchr::memmem::find(a.bytes(1), a.bytes(0)).is_some().into())),
    Function::new("hasPrefix", &[S, S], |_, a| Ok(a.bytes(1).starts_with(a.bytes(0)).into())),
    Function::new("hasSuffix", &[S, S], |_, a| Ok(a.bytes(1).ends_with(a.bytes(0)).into())),
    Function::variadic("quote", &[Type::Any], quote),
    Function::variadic("squote", &[Type::Any], squote),
    Function::variadic("cat", &[Type::Any], |_, a| Ok(joined(a.all().iter().filter(|v| !v.is_nil()).map(crate::format::sprint), b" "))),
    Function::new("indent", &[Type::Int, S], |ctx, a| indent(ctx, a, false)),
    Function::new("nindent", &[Type::Int, S], |ctx, a| indent(ctx, a, true)),
    Function::new("replace", &[S, S, S], replace),
    Function::new("plural", &[S, S, Type::Int], |_, a| Ok(a.value(usize::from(a.int(2) != 1)).clone())),
    Function::new("toString", &[Type::Any], |_, a| Ok(Value::String(to_text(a.value(0))))),
    Function::new("toStrings", &[Type::Any], |_, a| Ok(Value::strings(to_texts(a.value(0))))),
    Function::new("join", &[S, Type::Any], |_, a| Ok(joined(to_texts(a.value(1)), a.bytes(0)))),
    Function::new("split", &[S, S], |_, a| Ok(numbered(split(a.bytes(0), a.bytes(1), None)))),
    Function::new("splitn", &[S, Type::Int, S], |_, a| Ok(numbered(split(a.bytes(0), a.bytes(2), usize::try_from(a.int(1)).ok())))),
    Function::new("splitList", &[S, S], |_, a| Ok(Value::strings(split(a.bytes(0), a.bytes(1), None)))),
    Function::new("sortAlpha", &[Type::Any], sort_alpha),
];

fn trimmed(bytes: &[u8], drop: impl Fn(char) -> bool) -> Value {
    let start: usize = runes(bytes).take_while(|(c, _)| drop(*c)).map(|(_, b)| b.len()).sum();
    let mut end = bytes.len();
    while end > start {
        let (c, len) = last_rune(&bytes[start..end]);
        if !drop(c) {
            break;
        }
        end -= len;
    }
    Value::string(&bytes[start..end])
}

/// The last character and its length; an invalid byte is U+FFFD.
fn last_rune(bytes: &[u8]) -> (char, usize) {
    let floor = bytes.len().saturating_sub(4);
    for start in (floor..bytes.len()).rev() {
        let (c, len) = strconv::decode_rune(&bytes[start..]);
        if start + len == bytes.len() && (len > 1 || c.is_ascii()) {
            return (c, len);
        }
    }
    (char::REPLACEMENT_CHARACTER, 1)
}

fn trim_all(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let cutset: Vec<char> = runes(args.bytes(0)).map(|(c, _)| c).collect();
    Ok(trimmed(args.bytes(1), |c| cutset.contains(&c)))
}

/// The cut text, or argument `index` unchanged.
fn cut(args: &Args<'_>, index: usize, cut: Option<&[u8]>) -> Value {
    cut.map_or_else(|| Value::String(args.string(index)), Value::string)
}

/// Go's `strings.Repeat`.
pub(super) fn repeat(ctx: &Context<'_>, text: &[u8], count: i64) -> Result<Vec<u8>, CallError> {
    let count = usize::try_from(count).map_err(|_| "strings: negative Repeat count")?;
    ctx.reserve(text.len().saturating_mul(count))?;
    Ok(text.repeat(count))
}

fn substr(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let (start, end, text) = (args.int(0), args.int(1), args.bytes(2));
    let len = text.len();
    let out_of_range = |bounds: String| CallError::new(format!("runtime error: slice bounds out of range {bounds}"));
    let index = |i: i64| usize::try_from(i).unwrap_or(usize::MAX);
    let part = if start < 0 {
        match usize::try_from(end) {
            Err(_) => return Err(out_of_range(format!("[:{end}]"))),
            Ok(end) => text.get(..end).ok_or_else(|| out_of_range(format!("[:{end}] with length {len}")))?,
        }
    } else if end < 0 || index(end) > len {
        text.get(index(start)..).ok_or_else(|| out_of_range(format!("[{start}:{len}]")))?
    } else {
        text.get(index(start)..index(end)).ok_or_else(|| out_of_range(format!("[{start}:{end}]")))?
    };
    Ok(Value::string(part))
}

/// The original looks at bytes: once there is a space, every other byte above 0x7f comes out as the character of that
/// number.
fn nospace(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let text = args.bytes(0);
    if !text.iter().any(|b| char::from(*b).is_whitespace()) {
        return Ok(Value::String(args.string(0)));
    }
    Ok(text.iter().map(|b| char::from(*b)).filter(|c| !c.is_whitespace()).collect::<String>().into())
}

fn trunc(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let (count, text) = (args.int(0), args.bytes(1));
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(match text.len() > size {
        true if count < 0 => Value::string(&text[text.len() - size..]),
        true => Value::string(&text[..size]),
        false => Value::String(args.string(1)),
    })
}

fn quote(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let quoted = args.all().iter().filter(|v| !v.is_nil()).map(|v| strconv::quote(to_text(v)));
    Ok(joined(quoted, b" "))
}

fn squote(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let quoted = args.all().iter().filter(|v| !v.is_nil()).map(|v| [b"'", &*crate::format::sprint(v), b"'"].concat());
    Ok(joined(quoted, b" "))
}

fn joined<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>, separator: &[u8]) -> Value {
    let mut out = Vec::new();
    for (i, part) in parts.into_iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(part.as_ref());
    }
    Value::string(out)
}

/// Every line gets the padding, an empty one too; `newline` puts a line break in front.
fn indent(ctx: &Context<'_>, args: &Args<'_>, newline: bool) -> Result<Value, CallError> {
    let text = args.bytes(1);
    let width = usize::try_from(args.int(0)).map_err(|_| "strings: negative Repeat count")?;
    let breaks = memchr::memchr_iter(b'\n', text).count();
    let size = text.len().saturating_add(width.saturating_mul(breaks + 1)).saturating_add(usize::from(newline));
    ctx.reserve(size)?;
    let mut out = Vec::with_capacity(size);
    if newline {
        out.push(b'\n');
    }
    let mut rest = text;
    loop {
        out.resize(out.len() + width, b' ');
        match memchr::memchr(b'\n', rest) {
            Some(at) => {
                out.extend_from_slice(&rest[..=at]);
                rest = &rest[at + 1..];
            }
            None => {
                out.extend_from_slice(rest);
                return Ok(Value::string(out));
            }
        }
    }
}

fn replace(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let (old, new, text) = (args.bytes(0), args.bytes(1), args.bytes(2));
    if old.is_empty() {
        // Between all characters, and around them.
        ctx.reserve(text.len().saturating_mul(1 + new.len()))?;
        let mut out = new.to_vec();
        for (_, bytes) in runes(text) {
            out.extend_from_slice(bytes);
            out.extend_from_slice(new);
        }
        return Ok(Value::string(out));
    }
    let found: Vec<usize> = memchr::memmem::find_iter(text, old).collect();
    if found.is_empty() {
        return Ok(Value::String(args.string(2)));
    }
    ctx.reserve(text.len().saturating_add(found.len().saturating_mul(new.len())))?;
    let (mut out, mut last) = (Vec::with_capacity(text.len()), 0);
    for at in found {
        out.extend_from_slice(&text[last..at]);
        out.extend_from_slice(new);
        last = at + old.len();
    }
    out.extend_from_slice(&text[last..]);
    Ok(Value::string(out))
}

/// Go's `strings.SplitN`: an empty separator splits into characters, a limit leaves the rest in the last part.
fn split<'t>(separator: &[u8], text: &'t [u8], limit: Option<usize>) -> Vec<&'t [u8]> {
    let limit = limit.unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = text;
    if limit == 0 || separator.is_empty() && text.is_empty() {
        return parts;
    }
    while parts.len() + 1 < limit {
        let (end, skip) = if separator.is_empty() {
            let (_, len) = strconv::decode_rune(rest);
            (Some(len).filter(|len| *len < rest.len()), 0)
        } else {
            (memchr::memmem::find(rest, separator), separator.len())
        };
        let Some(end) = end else { break };
        parts.push(&rest[..end]);
        rest = &rest[end + skip..];
    }
    parts.push(rest);
    parts
}

/// `split` and `splitn` answer a `map[string]string` with the keys `_0`, `_1` …
fn numbered(parts: Vec<&[u8]>) -> Value {
    let entries = parts.into_iter().enumerate().map(|(i, part)| (format!("_{i}"), Value::string(part)));
    Value::Map(Map::from_entries(Type::STRING_MAP, entries))
}

fn sort_alpha(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let value = args.value(0);
    let mut texts: Vec<Str> = if value.items().is_some() { to_texts(value) } else { vec![to_text(value)] };
    texts.sort_unstable();
    Ok(Value::strings(texts))
}
