//! Regular expressions.

use std::cell::RefCell;
use std::rc::Rc;

use ferroflux_regex_go::{Error, Regex, quote_meta};
use rustc_hash::FxHashMap;

use crate::error::CallError;
use crate::function::{Args, Function};
use crate::strconv;
use crate::value::{List, Str, Type, Value};

const S: Type = Type::String;
const I: Type = Type::Int;

/// The functions of this module. The plain form panics with a longer text where the `must` form answers the error.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("regexMatch", &[S, S], |_, a| Ok(compiled(a).is_ok_and(|re| re.is_match(a.bytes(1))).into())),
    Function::new("mustRegexMatch", &[S, S], |_, a| Ok(must(a)?.is_match(a.bytes(1)).into())),
    Function::new("regexFind", &[S, S], |_, a| Ok(find(plain(a)?, a))),
    Function::new("mustRegexFind", &[S, S], |_, a| Ok(find(must(a)?, a))),
    Function::new("regexFindAll", &[S, S, I], |_, a| Ok(find_all(plain(a)?, a))),
    Function::new("mustRegexFindAll", &[S, S, I], |_, a| Ok(find_all(must(a)?, a))),
    Function::new("regexReplaceAll", &[S, S, S], |_, a| Ok(Value::string(plain(a)?.replace_all(a.bytes(1), a.bytes(2))))),
    Function::new("mustRegexReplaceAll", &[S, S, S], |_, a| Ok(Value::string(must(a)?.replace_all(a.bytes(1), a.bytes(2))))),
    Function::new("regexReplaceAllLiteral", &[S, S, S], |_, a| Ok(replace_literal(plain(a)?, a))),
    Function::new("mustRegexReplaceAllLiteral", &[S, S, S], |_, a| Ok(replace_literal(must(a)?, a))),
    Function::new("regexSplit", &[S, S, I], |_, a| Ok(split(plain(a)?, a))),
    Function::new("mustRegexSplit", &[S, S, I], |_, a| Ok(split(must(a)?, a))),
    Function::new("regexQuoteMeta", &[S], |_, a| Ok(Value::string(quoted(a.bytes(0))))),
];

/// Patterns that a thread keeps compiled. Charts use a few dozen, most of them in loops.
const CACHED: usize = 128;

thread_local! {
    static CACHE: RefCell<FxHashMap<Str, Rc<Regex>>> = RefCell::default();
}

/// The pattern in argument 0, compiled.
fn compiled(args: &Args<'_>) -> Result<Rc<Regex>, Error> {
    let pattern = args.string(0);
    CACHE.with_borrow_mut(|cache| {
        if let Some(regex) = cache.get(&pattern) {
            return Ok(Rc::clone(regex));
        }
        let regex = Rc::new(Regex::new(pattern.as_bytes())?);
        if cache.len() >= CACHED {
            cache.clear();
        }
        cache.insert(pattern, Rc::clone(&regex));
        Ok(regex)
    })
}

fn must(args: &Args<'_>) -> Result<Rc<Regex>, CallError> {
    compiled(args).map_err(|e| CallError::new(e.to_string()))
}

fn plain(args: &Args<'_>) -> Result<Rc<Regex>, CallError> {
    let quoted = || {
        let pattern = args.bytes(0);
        if strconv::can_backquote(pattern) { format!("`{}`", args.text(0)) } else { strconv::quote(pattern) }
    };
    compiled(args).map_err(|e| CallError::new(format!("regexp: Compile({}): {e}", quoted())))
}

fn limit(args: &Args<'_>) -> Option<usize> {
    usize::try_from(args.int(2)).ok()
}

fn find(regex: Rc<Regex>, args: &Args<'_>) -> Value {
    let text = args.bytes(1);
    Value::string(regex.find(text).and_then(|r| text.get(r)).unwrap_or_default())
}

fn find_all(regex: Rc<Regex>, args: &Args<'_>) -> Value {
    let text = args.bytes(1);
    let found = regex.find_all(text, limit(args));
    if found.is_empty() {
        return Value::List(List::nil(Type::STRINGS));
    }
    Value::strings(found.into_iter().filter_map(|r| text.get(r)))
}

fn replace_literal(regex: Rc<Regex>, args: &Args<'_>) -> Value {
    Value::string(regex.replace_all_literal(args.bytes(1), args.bytes(2)))
}

fn split(regex: Rc<Regex>, args: &Args<'_>) -> Value {
    if limit(args) == Some(0) {
        return Value::List(List::nil(Type::STRINGS));
    }
    let text = args.bytes(1);
    Value::strings(regex.split(text, limit(args)).into_iter().filter_map(|r| text.get(r)))
}

/// Escapes what has a meaning in patterns; bytes that are not UTF-8 have none.
fn quoted(text: &[u8]) -> Vec<u8> {
    text.utf8_chunks().flat_map(|chunk| [quote_meta(chunk.valid()).into_bytes(), chunk.invalid().to_vec()].concat()).collect()
}
