//! The `--set` family: `path=value` texts (HE-VAL-06, HC-VAL-04).
//!
//! A path is keys joined by dots, each with list indexes in brackets; `\` takes the next character literally. The five
//! forms differ in what they make of the value:
//!
//! | form | value |
//! |---|---|
//! | [`set`] | `true`, `false`, `null` in any case, integers without a leading zero; anything else is text; `{a,b}` is a list |
//! | [`set_string`] | text; `{a,b}` is a list of texts |
//! | [`set_json`] | JSON; nothing is null |
//! | [`set_file`] | what a callback makes of the text (a file's content) |
//! | [`set_literal`] | the rest of the argument, verbatim |
//!
//! All but the last take several pairs separated by commas. The order of checks and the odd corners (a trailing
//! `a[0].b=` sets nothing below the index) are Helm's.

use ferroflux_go_template::strconv::quote;
use std::sync::Arc;

use super::{Table, Tree};

/// The highest list index.
const MAX_INDEX: usize = 65_536;
/// The deepest path in keys, and in list indexes directly after each other.
const MAX_NESTING: usize = 30;
const MAX_NESTED_LISTS: usize = 100;

/// Why a `--set` argument was refused. The texts are Helm's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// A key without `=`.
    #[error("key {} has no value", quote(.0))]
    NoValue(String),
    /// A key that ends in a comma.
    #[error("key {} has no value (cannot end with ,)", quote(.0))]
    EndsWithComma(String),
    /// A dot with nothing behind it.
    #[error("key map {} has no value", quote(.0))]
    EmptyMap(String),
    /// The path goes through a value of another type.
    #[error("unable to parse key: interface conversion: interface {{}} is {found}, not {wanted}")]
    WrongType {
        /// The Go type that is there.
        found: &'static str,
        /// The Go type that the path needs.
        wanted: &'static str,
    },
    /// What stands in the brackets is no index.
    #[error("error parsing index: {0}")]
    BadIndex(String),
    /// An index below zero.
    #[error("negative {0} index not allowed")]
    NegativeIndex(i64),
    /// An index above the limit.
    #[error("index of {0} is greater than maximum supported index of {MAX_INDEX}")]
    IndexTooLarge(usize),
    /// Something between `]` and the next `.`, `[` or `=`.
    #[error("unexpected data at end of array index: [{}]", characters(.0))]
    AfterIndex(String),
    /// A path that is too deep.
    #[error("value name nested level is greater than maximum supported nested level of {0}")]
    TooDeep(usize),
    /// A list without its closing brace.
    #[error("list must terminate with '}}'")]
    OpenList,
    /// A value that is not JSON.
    #[error("invalid JSON value: {0}")]
    Json(String),
    /// A file that could not be read.
    #[error("{0}")]
    File(String),
}

/// Applies `argument` to `values`; integers become [`Tree::Int`].
pub fn set(values: &mut Table, argument: &str) -> Result<(), SetError> {
    parse(values, argument, Form::Typed)
}

/// Applies `argument` to `values`; every value is a text.
pub fn set_string(values: &mut Table, argument: &str) -> Result<(), SetError> {
    parse(values, argument, Form::Text)
}

/// Applies `argument` to `values`; every value is JSON.
pub fn set_json(values: &mut Table, argument: &str) -> Result<(), SetError> {
    parse(values, argument, Form::Json)
}

/// Applies `argument` to `values`; `read` gives the content of the file that a value names.
pub fn set_file(values: &mut Table, argument: &str, mut read: impl FnMut(&str) -> Result<String, String>) -> Result<(), SetError> {
    parse(values, argument, Form::File(&mut read))
}

/// Applies `argument` to `values`; everything after the first `=` is the value.
pub fn set_literal(values: &mut Table, argument: &str) -> Result<(), SetError> {
    parse(values, argument, Form::Literal)
}

/// The characters of a text one by one, quoted.
fn characters(text: &str) -> String {
    text.chars().map(|c| format!("{c:?}")).collect::<Vec<_>>().join(" ")
}

enum Form<'f> {
    Typed,
    Text,
    Json,
    File(&'f mut dyn FnMut(&str) -> Result<String, String>),
    Literal,
}

/// Why a part of the walk stopped.
enum Stop {
    /// The argument is used up.
    End,
    Failed(SetError),
}

impl From<SetError> for Stop {
    fn from(error: SetError) -> Self {
        Self::Failed(error)
    }
}

struct Parser<'a, 'f> {
    rest: &'a str,
    form: Form<'f>,
}

fn parse(values: &mut Table, argument: &str, form: Form<'_>) -> Result<(), SetError> {
    let mut parser = Parser { rest: argument, form };
    loop {
        match parser.key(values, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

impl Parser<'_, '_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// Text up to one of `stops`, with escapes resolved, and the stop that ended it (`None`: the argument's end).
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(c) = self.next() {
            if stops.contains(&c) {
                return (text, Some(c));
            }
            match c {
                '\\' if !matches!(self.form, Form::Literal) => match self.next() {
                    Some(escaped) => text.push(escaped),
                    None => return (text, None),
                },
                c => text.push(c),
            }
        }
        (text, None)
    }

    fn key(&mut self, data: &mut Table, depth: usize) -> Result<(), Stop> {
        let stops: &[char] = if matches!(self.form, Form::Literal) { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let (key, stop) = self.until(stops);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => Err(SetError::NoValue(key).into()),
            Some('[') => {
                let index = self.index()?;
                let mut list = match data.get(key.as_bytes()) {
                    None => Vec::new(),
                    Some(Tree::List(items)) => items.to_vec(),
                    Some(other) => return Err(SetError::WrongType { found: go_type(other), wanted: "[]interface {}" }.into()),
                };
                let done = self.item(&mut list, index, depth, 0);
                put(data, key, Tree::List(list.into()));
                done
            }
            Some('=') => {
                let value = self.value();
                match value {
                    Ok(value) => {
                        put(data, key, value);
                        Ok(())
                    }
                    Err(Stop::End) => {
                        put(data, key, Tree::String("".into()));
                        Err(Stop::End)
                    }
                    Err(stop) => Err(stop),
                }
            }
            Some(',') => Err(SetError::EndsWithComma(key).into()),
            Some(_) => {
                if depth + 1 > MAX_NESTING {
                    return Err(SetError::TooDeep(MAX_NESTING).into());
                }
                let mut fresh = Table::new();
                let inner = match data.get_mut(key.as_bytes()) {
                    None => &mut fresh,
                    Some(Tree::Table(table)) => Arc::make_mut(table),
                    Some(other) => return Err(SetError::WrongType { found: go_type(other), wanted: "map[string]interface {}" }.into()),
                };
                let done = self.key(inner, depth + 1);
                if done.is_ok() && inner.is_empty() {
                    return Err(SetError::EmptyMap(key).into());
                }
                if !fresh.is_empty() {
                    put(data, key, Tree::Table(Arc::new(fresh)));
                }
                done
            }
        }
    }

    fn index(&mut self) -> Result<i64, Stop> {
        let (text, stop) = self.until(&[']']);
        // the original takes any end of the argument for the end of its work, even inside an index
        if stop.is_none() {
            return Err(Stop::End);
        }
        text.parse().map_err(|e: std::num::ParseIntError| {
            use std::num::IntErrorKind::{NegOverflow, PosOverflow};
            let why = if matches!(e.kind(), PosOverflow | NegOverflow) { "value out of range" } else { "invalid syntax" };
            SetError::BadIndex(format!("strconv.Atoi: parsing {text:?}: {why}")).into()
        })
    }

    /// What follows the `]` of a list index: a value, another index or a path below the item.
    fn item(&mut self, list: &mut Vec<Tree>, index: i64, depth: usize, lists: usize) -> Result<(), Stop> {
        let Ok(at) = usize::try_from(index) else { return Err(SetError::NegativeIndex(index).into()) };
        let (extra, stop) = self.until(&['[', '.', '=']);
        if !extra.is_empty() {
            return Err(SetError::AfterIndex(extra).into());
        }
        match stop {
            None => Err(Stop::End),
            Some('=') => {
                let value = match self.value() {
                    Ok(value) => value,
                    Err(Stop::End) => Tree::String("".into()),
                    Err(stop) => return Err(stop),
                };
                put_at(list, at, value)
            }
            Some('[') => {
                if lists >= MAX_NESTED_LISTS {
                    return Err(SetError::TooDeep(MAX_NESTED_LISTS).into());
                }
                let next = self.index()?;
                let mut inner = match list.get(at) {
                    None | Some(Tree::Null) => Vec::new(),
                    Some(Tree::List(items)) => items.to_vec(),
                    Some(other) => return Err(SetError::WrongType { found: go_type(other), wanted: "[]interface {}" }.into()),
                };
                self.item(&mut inner, next, depth, lists + 1)?;
                put_at(list, at, Tree::List(inner.into()))
            }
            Some(_) => match list.get_mut(at) {
                Some(existing) => {
                    if existing.as_table().is_none() {
                        *existing = Tree::empty_table();
                    }
                    match existing {
                        Tree::Table(table) => self.key(Arc::make_mut(table), depth),
                        _ => Ok(()),
                    }
                }
                None => {
                    let mut inner = Table::new();
                    self.key(&mut inner, depth)?;
                    put_at(list, at, Tree::Table(Arc::new(inner)))
                }
            },
        }
    }

    /// The value after `=`, with the comma behind it. [`Stop::End`] says that there is none.
    fn value(&mut self) -> Result<Tree, Stop> {
        match self.form {
            Form::Literal => Ok(Tree::String(std::mem::take(&mut self.rest).into())),
            Form::Json => {
                if self.blank_until_comma() {
                    return Ok(Tree::Null);
                }
                let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<serde_json::Value>();
                let value = match values.next() {
                    Some(Ok(value)) => Tree::from_json(&value),
                    Some(Err(e)) => return Err(SetError::Json(e.to_string()).into()),
                    None => return Err(SetError::Json("EOF".to_owned()).into()),
                };
                let used = values.byte_offset();
                self.rest = &self.rest[used..];
                self.blank_until_comma();
                Ok(value)
            }
            Form::Typed | Form::Text | Form::File(_) => {
                if self.rest.is_empty() {
                    return Err(Stop::End);
                }
                if self.rest.starts_with('{') {
                    self.next();
                    return self.list();
                }
                let (text, _) = self.until(&[',']);
                Ok(self.read(text)?)
            }
        }
    }

    fn list(&mut self) -> Result<Tree, Stop> {
        let mut items = Vec::new();
        loop {
            let (text, stop) = self.until(&[',', '}']);
            match stop {
                None => return Err(SetError::OpenList.into()),
                Some(',') => items.push(self.read(text)?),
                Some(_) => {
                    if self.rest.starts_with(',') {
                        self.next();
                    }
                    items.push(self.read(text)?);
                    return Ok(Tree::List(items.into()));
                }
            }
        }
    }

    fn read(&mut self, text: String) -> Result<Tree, SetError> {
        match &mut self.form {
            Form::Typed => Ok(typed(text)),
            Form::File(read) => Ok(Tree::String(read(&text).map_err(SetError::File)?.into())),
            Form::Text | Form::Json | Form::Literal => Ok(Tree::String(text.into())),
        }
    }

    /// Skips blanks; true where nothing or a comma (skipped too) follows.
    fn blank_until_comma(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        if let Some(after) = self.rest.strip_prefix(',') {
            self.rest = after;
            return true;
        }
        self.rest.is_empty()
    }
}

fn typed(text: String) -> Tree {
    if text.eq_ignore_ascii_case("true") {
        return Tree::Bool(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Tree::Bool(false);
    }
    if text.eq_ignore_ascii_case("null") {
        return Tree::Null;
    }
    if text == "0" {
        return Tree::Int(0);
    }
    if !text.starts_with('0')
        && let Ok(number) = text.parse()
    {
        return Tree::Int(number);
    }
    Tree::String(text.into())
}

/// Sets a key; an empty key is dropped.
fn put(data: &mut Table, key: String, value: Tree) {
    if !key.is_empty() {
        data.insert(key.into(), value);
    }
}

fn put_at(list: &mut Vec<Tree>, at: usize, value: Tree) -> Result<(), Stop> {
    if at > MAX_INDEX {
        return Err(SetError::IndexTooLarge(at).into());
    }
    if list.len() <= at {
        list.resize(at + 1, Tree::Null);
    }
    list[at] = value;
    Ok(())
}

fn go_type(value: &Tree) -> &'static str {
    match value {
        Tree::Null => "nil",
        Tree::Bool(_) => "bool",
        Tree::Int(_) => "int64",
        Tree::Float(_) => "float64",
        Tree::String(_) => "string",
        Tree::List(_) => "[]interface {}",
        Tree::Table(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(apply: impl Fn(&mut Table) -> Result<(), SetError>) -> Result<String, SetError> {
        let mut table = Table::new();
        apply(&mut table)?;
        Ok(Tree::Table(Arc::new(table)).to_json().to_string())
    }

    /// HE-VAL-06, HC-VAL-04: typing, lists, escapes, indexes, several pairs.
    #[test]
    fn grammar() {
        for (argument, want) in [
            ("a=1,b=x", r#"{"a":1,"b":"x"}"#),
            ("a=TRUE,b=Null,c=007,d=0,e=1.5,f=-3", r#"{"a":true,"b":null,"c":"007","d":0,"e":"1.5","f":-3}"#),
            ("a={1,x,true},b=2", r#"{"a":[1,"x",true],"b":2}"#),
            ("a={}", r#"{"a":[""]}"#),
            (r"a\.b.c=x\,y", r#"{"a.b":{"c":"x,y"}}"#),
            ("a[1]=x", r#"{"a":[null,"x"]}"#),
            ("a[0].b=1,a[0].c=2", r#"{"a":[{"b":1,"c":2}]}"#),
            ("a[0][1]=z", r#"{"a":[[null,"z"]]}"#),
            ("a[0].b=", r#"{"a":[]}"#),
            ("a=", r#"{"a":""}"#),
            ("=x", "{}"),
        ] {
            assert_eq!(json(|t| set(t, argument)).as_deref(), Ok(want), "{argument}");
        }
        assert_eq!(json(|t| set_string(t, "a=1,b=null")).as_deref(), Ok(r#"{"a":"1","b":"null"}"#));
        assert_eq!(json(|t| set_literal(t, r"a.b={x,\y}")).as_deref(), Ok(r#"{"a":{"b":"{x,\\y}"}}"#));
        assert_eq!(json(|t| set_json(t, r#"a={"x":[1,null]} , b="y",c="#)).as_deref(), Ok(r#"{" b":"y","a":{"x":[1,null]},"c":null}"#));
        assert_eq!(json(|t| set_file(t, "a=f", |name| Ok(format!("<{name}>")))).as_deref(), Ok(r#"{"a":"<f>"}"#));
    }

    /// HE-VAL-06: the texts of refusals.
    #[test]
    fn refusals() {
        for (argument, want) in [
            ("a", r#"key "a" has no value"#),
            ("a,b=1", r#"key "a" has no value (cannot end with ,)"#),
            ("a.=1", r#"key map "a" has no value"#),
            ("a={1,2", "list must terminate with '}'"),
            ("a[x]=1", r#"error parsing index: strconv.Atoi: parsing "x": invalid syntax"#),
            ("a[-1]=1", "negative -1 index not allowed"),
            ("a[65537]=1", "index of 65537 is greater than maximum supported index of 65536"),
            ("a[0]x=1", "unexpected data at end of array index: ['x']"),
            ("a[0]x' =1", r"unexpected data at end of array index: ['x' '\'' ' ']"),
            ("a=1,a.b=2", "unable to parse key: interface conversion: interface {} is int64, not map[string]interface {}"),
            ("a=1,a[0]=2", "unable to parse key: interface conversion: interface {} is int64, not []interface {}"),
        ] {
            assert_eq!(json(|t| set(t, argument)).map_err(|e| e.to_string()), Err(want.to_owned()), "{argument}");
        }
        assert!(matches!(json(|t| set(t, &format!("{}=1", vec!["a"; 32].join(".")))), Err(SetError::TooDeep(30))));
        assert!(matches!(json(|t| set(t, &format!("a{}=1", "[0]".repeat(5000)))), Err(SetError::TooDeep(_))));
    }

    proptest! {
        /// HE-VAL-06: no argument panics, and setting the same twice changes nothing.
        #[test]
        fn any_argument_ends(argument in r#"[a-c.=,\[\]{}\\0-9"-]{0,40}"#) {
            let mut table = Table::new();
            if set_string(&mut table, &argument).is_ok() {
                let first = table.clone();
                if set_string(&mut table, &argument).is_ok() {
                    prop_assert_eq!(first, table.clone());
                }
            }
            let _ = set(&mut table, &argument);
            let _ = set_json(&mut table, &argument);
            let _ = set_literal(&mut table, &argument);
        }
    }
}
