//! Lists. Every function answers a new list; only `slice` keeps the type of its argument.

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Call, Function};
use crate::value::{List, Type, Value};

use super::NIL_DEREFERENCE;
use super::cast::to_int64;
use super::defaults::is_empty;

const ANY: Type = Type::Any;

/// `[][]interface {}`.
const CHUNKS: &Type = &Type::Slice(Type::LIST);

/// The functions of this module. The plain form of a function panics where the `must` form answers an error; a template
/// cannot tell them apart.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("list", &[ANY], |_, a| Ok(Value::list(a.all().to_vec()))),
    Function::variadic("tuple", &[ANY], |_, a| Ok(Value::list(a.all().to_vec()))),
    Function::new("first", &[ANY], FIRST),
    Function::new("mustFirst", &[ANY], FIRST),
    Function::new("last", &[ANY], LAST),
    Function::new("mustLast", &[ANY], LAST),
    Function::new("rest", &[ANY], REST),
    Function::new("mustRest", &[ANY], REST),
    Function::new("initial", &[ANY], INITIAL),
    Function::new("mustInitial", &[ANY], INITIAL),
    Function::new("append", &[ANY, ANY], push),
    Function::new("push", &[ANY, ANY], push),
    Function::new("mustAppend", &[ANY, ANY], push),
    Function::new("mustPush", &[ANY, ANY], push),
    Function::new("prepend", &[ANY, ANY], prepend),
    Function::new("mustPrepend", &[ANY, ANY], prepend),
    Function::variadic("concat", &[ANY], concat),
    Function::new("reverse", &[ANY], reverse),
    Function::new("mustReverse", &[ANY], reverse),
    Function::new("uniq", &[ANY], uniq),
    Function::new("mustUniq", &[ANY], uniq),
    Function::variadic("without", &[ANY, ANY], without),
    Function::variadic("mustWithout", &[ANY, ANY], without),
    Function::new("has", &[ANY, ANY], has),
    Function::new("mustHas", &[ANY, ANY], has),
    Function::new("compact", &[ANY], compact),
    Function::new("mustCompact", &[ANY], compact),
    Function::variadic("slice", &[ANY, ANY], slice),
    Function::variadic("mustSlice", &[ANY, ANY], slice),
    Function::new("chunk", &[Type::Int, ANY], chunk),
    Function::new("mustChunk", &[Type::Int, ANY], chunk),
];

const FIRST: Call = |_, a| Ok(items(a.value(0), "find first on")?.first().cloned().unwrap_or_default());
const LAST: Call = |_, a| Ok(items(a.value(0), "find last on")?.last().cloned().unwrap_or_default());
const REST: Call = |_, a| Ok(part(items(a.value(0), "find rest on")?.split_first().map(|(_, rest)| rest)));
const INITIAL: Call = |_, a| Ok(part(items(a.value(0), "find initial on")?.split_last().map(|(_, initial)| initial)));

/// The items of a slice of any type, or the original's refusal.
fn items<'v>(value: &'v Value, doing: &str) -> Result<std::borrow::Cow<'v, [Value]>, CallError> {
    match value.items() {
        Some(items) => Ok(items),
        None if value.is_nil() => Err(NIL_DEREFERENCE.into()),
        None => Err(format!("Cannot {doing} type {}", value.kind().name()).into()),
    }
}

/// A part of a list; of an empty list there is none, which is the nil list.
fn part(items: Option<&[Value]>) -> Value {
    items.map_or_else(|| Value::List(List::nil(Type::LIST)), |items| Value::list(items.to_vec()))
}

fn push(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let items = items(args.value(0), "push on")?;
    Ok(Value::list(items.iter().chain([args.value(1)]).cloned().collect()))
}

fn prepend(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let items = items(args.value(0), "prepend on")?;
    Ok(Value::list(std::iter::once(args.value(1)).chain(items.iter()).cloned().collect()))
}

fn concat(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let mut all = Vec::new();
    for list in args.all() {
        if list.is_nil() {
            return Err(NIL_DEREFERENCE.into());
        }
        let items = list.items().ok_or_else(|| CallError::new(format!("Cannot concat type {} as list", list.kind().name())))?;
        ctx.reserve(size_of_val(&*items))?;
        all.extend_from_slice(&items);
    }
    Ok(if all.is_empty() { Value::List(List::nil(Type::LIST)) } else { Value::list(all) })
}

fn reverse(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    Ok(Value::list(items(args.value(0), "find reverse on")?.iter().rev().cloned().collect()))
}

fn contains(list: &[Value], value: &Value) -> bool {
    list.iter().any(|v| v.deep_equal(value))
}

fn uniq(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let mut unique = Vec::new();
    for item in items(args.value(0), "find uniq on")?.iter() {
        if !contains(&unique, item) {
            unique.push(item.clone());
        }
    }
    Ok(Value::list(unique))
}

fn without(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let items = items(args.value(0), "find without on")?;
    Ok(Value::list(items.iter().filter(|v| !contains(args.rest(1), v)).cloned().collect()))
}

fn has(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    if args.value(1).is_nil() {
        return Ok(false.into());
    }
    Ok(contains(&items(args.value(1), "find has on")?, args.value(0)).into())
}

fn compact(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let items = items(args.value(0), "compact on")?;
    Ok(Value::list(items.iter().filter(|v| !is_empty(v)).cloned().collect()))
}

/// `slice list [start [end]]`; the result has the list's type. Of an empty list it is nil.
fn slice(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let list = args.value(0);
    let Some(items) = list.items() else {
        if list.is_nil() {
            return Err(NIL_DEREFERENCE.into());
        }
        return Err(format!("list should be type of slice or array but {}", list.kind().name()).into());
    };
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let index = |i: usize, default: usize| args.rest(1).get(i).map_or(Some(default), |v| usize::try_from(to_int64(v)).ok());
    let range = index(0, 0).zip(index(1, items.len()));
    let part = range.and_then(|(start, end)| items.get(start..end)).ok_or("reflect.Value.Slice: slice index out of bounds")?;
    Ok(match list {
        Value::List(list) => Value::List(List::new(list.go_type(), part.to_vec())),
        _ => Value::Bytes(part.iter().filter_map(|v| v.as_uint().and_then(|b| u8::try_from(b).ok())).collect::<Vec<u8>>().into()),
    })
}

/// Lists of `size` items, the last one shorter.
fn chunk(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let list = args.value(1);
    let Some(items) = list.items() else {
        return if list.is_nil() { Err(NIL_DEREFERENCE.into()) } else { Err(format!("Cannot chunk type {}", list.kind().name()).into()) };
    };
    // The original's count, ⌊(length-1)/size⌋+1, is zero for an empty list and for some negative sizes, and one for one
    // item and any negative size.
    if args.int(0) < 0 && items.len() == 1 {
        return Ok(Value::List(List::new(CHUNKS, vec![Value::list(items.to_vec())])));
    }
    let none =
        args.int(0) > 0 && items.is_empty() || args.int(0) < 0 && (2..=args.int(0).unsigned_abs() + 1).contains(&(items.len() as u64));
    if none {
        return Ok(Value::List(List::new(CHUNKS, Vec::new())));
    }
    let size = usize::try_from(args.int(0)).ok().filter(|n| *n > 0).ok_or("runtime error: makeslice: len out of range")?;
    Ok(Value::List(List::new(CHUNKS, items.chunks(size).map(|c| Value::list(c.to_vec())).collect())))
}
