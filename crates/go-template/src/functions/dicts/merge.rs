//! `merge` and `mergeOverwrite` with the rules of the mergo library.

use crate::error::CallError;
use crate::function::{Args, Function};
use crate::functions::deeper;
use crate::value::{MAX_DEPTH, Map, Type, Value};

use super::MAP;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("merge", &[MAP, MAP], |_, a| merge_all(a, false)),
    Function::variadic("mustMerge", &[MAP, MAP], |_, a| merge_all(a, false)),
    Function::variadic("mergeOverwrite", &[MAP, MAP], |_, a| merge_all(a, true)),
    Function::variadic("mustMergeOverwrite", &[MAP, MAP], |_, a| merge_all(a, true)),
];

/// Merges every further map into the first, which is changed and answered.
fn merge_all(args: &Args<'_>, overwrite: bool) -> Result<Value, CallError> {
    let mut destination = args.map(0).with_type(Type::MAP);
    for source in args.rest(1).iter().filter_map(Value::as_map) {
        if destination.is_nil() && !source.is_nil() {
            destination = Map::new();
        }
        merge(&destination, source, overwrite, 0)?;
    }
    Ok(Value::Map(destination))
}

/// Merges `source` into `destination`: maps are merged key by key, everything else is taken whole from the source if
/// the destination has an empty value or `overwrite` is set. What is taken is shared, not copied.
fn merge(destination: &Map, source: &Map, overwrite: bool, depth: usize) -> Result<(), CallError> {
    if depth > MAX_DEPTH {
        return Err(CallError::limit(format!("merge: maps are nested more than {MAX_DEPTH} deep")));
    }
    if destination.same(source) {
        return Ok(());
    }
    for (key, theirs) in source.entries() {
        let ours = destination.get(&key);
        let take = match (&theirs, &ours) {
            (Value::Nil, _) => overwrite,
            (Value::Map(from), Some(Value::Map(into))) => {
                if !into.is_nil() {
                    deeper(|| merge(into, from, overwrite, depth + 1))?;
                }
                into.is_empty()
            }
            _ => overwrite || !ours.is_some_and(|v| v.truth()),
        };
        if take {
            destination.insert(key, theirs);
        }
    }
    Ok(())
}
