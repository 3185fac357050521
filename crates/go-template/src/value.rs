//! Values as Go's `reflect` sees them: every value knows its Go type, because the type decides equality, argument
//! checks and printed form (HE-TYP-01).
//!
//! Cloning is a reference count. Lists are immutable; maps are shared by reference, so a `set` through one alias is
//! visible through all (`.Values` is shared by templates and subcharts). A value belongs to one thread: renders run
//! side by side on several threads, each with its own values, and share the parsed templates.

use std::rc::Rc;

mod list;
mod map;
mod object;
mod text;
mod types;

pub use list::List;
pub(crate) use map::CycleGuard;
pub use map::Map;
pub use object::Object;
pub use text::Str;
pub use types::{Kind, Named, Type};

/// Functions that walk a value stop with an error at this nesting, so that a list or map that holds itself cannot
/// exhaust the stack. It counts containers inside containers.
pub const MAX_DEPTH: usize = 1000;

/// A Go value.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// A nil `interface {}`.
    #[default]
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`: an integer literal of a template, `len`, elements of `until`.
    Int(i64),
    /// `int64`: a `--set` integer, the result of `add`.
    Int64(i64),
    /// Any other signed integer type (`int8`, `int16`, `int32`), named by its kind.
    Sint(Kind, i64),
    /// Any unsigned integer type (`uint`, `uint8` … `uint64`), named by its kind.
    Uint(Kind, u64),
    /// `float64`: every number that was read from YAML or JSON.
    Float(f64),
    /// `complex128`: only from an imaginary literal.
    Complex(f64, f64),
    /// `string`: any bytes, as in Go.
    String(Str),
    /// `[]uint8`.
    Bytes(Str),
    /// A slice of any other element type.
    List(List),
    /// A map with string keys, of plain or named type.
    Map(Map),
    /// Anything else: a struct, a pointer, a time, a named number; an error.
    Object(Rc<dyn Object>),
}

impl Value {
    /// A `string`.
    pub fn string(text: impl Into<Str>) -> Self {
        Self::String(text.into())
    }

    /// A `[]interface {}`.
    pub fn list(items: Vec<Value>) -> Self {
        Self::List(List::new(Type::LIST, items))
    }

    /// A `[]string`.
    pub fn strings<T: Into<Str>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(List::new(Type::STRINGS, items.into_iter().map(Self::string).collect()))
    }

    /// A `map[string]interface {}`; a later entry replaces an earlier one of the same key.
    pub fn map<K: Into<Str>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(Map::from_entries(Type::MAP, entries))
    }

    /// The Go type, as `reflect.TypeOf` gives it; `None` for nil.
    pub fn type_of(&self) -> Option<Type> {
        Some(match self {
            Self::Nil => return None,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Int64(_) => Type::Int64,
            Self::Sint(kind, _) | Self::Uint(kind, _) => Type::of_number(*kind),
            Self::Float(_) => Type::Float64,
            Self::Complex(..) => Type::Complex128,
            Self::String(_) => Type::String,
            Self::Bytes(_) => *Type::BYTES,
            Self::List(list) => *list.go_type(),
            Self::Map(map) => *map.go_type(),
            Self::Object(object) => object.go_type(),
        })
    }

    /// The name of the type as `%T` and `typeOf` print it; `<nil>` for nil.
    pub fn type_name(&self) -> String {
        self.type_of().map_or_else(|| "<nil>".to_owned(), |t| t.to_string())
    }

    /// The reflect kind (`kindOf`).
    pub fn kind(&self) -> Kind {
        match self {
            Self::Nil => Kind::Invalid,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Int64(_) => Kind::Int64,
            Self::Sint(kind, _) | Self::Uint(kind, _) => *kind,
            Self::Float(_) => Kind::Float64,
            Self::Complex(..) => Kind::Complex128,
            Self::String(_) => Kind::String,
            Self::Bytes(_) | Self::List(_) => Kind::Slice,
            Self::Map(_) => Kind::Map,
            Self::Object(object) => object.go_type().kind(),
        }
    }

    /// Whether this is a nil interface.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// The text of a `string` or of a named string type; `None` for every other type (also for `[]uint8`).
    pub fn as_str(&self) -> Option<&Str> {
        match self {
            Self::String(s) => Some(s),
            Self::Object(o) => o.underlying().and_then(Self::as_str),
            _ => None,
        }
    }

    /// The number of any signed integer type.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(i) | Self::Int64(i) | Self::Sint(_, i) => Some(*i),
            Self::Object(o) => o.underlying().and_then(Self::as_int),
            _ => None,
        }
    }

    /// The number of any unsigned integer type.
    pub fn as_uint(&self) -> Option<u64> {
        match self {
            Self::Uint(_, u) => Some(*u),
            Self::Object(o) => o.underlying().and_then(Self::as_uint),
            _ => None,
        }
    }

    /// The number of a float type.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(f) => Some(*f),
            Self::Object(o) => o.underlying().and_then(Self::as_float),
            _ => None,
        }
    }

    /// The truth value of a `bool`; `None` for every other type. For Go's notion of truth see [`Value::truth`].
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            Self::Object(o) => o.underlying().and_then(Self::as_bool),
            _ => None,
        }
    }

    /// The items of any slice; those of `[]uint8` are made on the way. `None` for everything that is not a slice.
    pub fn items(&self) -> Option<std::borrow::Cow<'_, [Value]>> {
        match self {
            Self::List(list) => Some(std::borrow::Cow::Borrowed(list.items())),
            Self::Bytes(bytes) => {
                Some(std::borrow::Cow::Owned(bytes.as_bytes().iter().map(|b| Self::Uint(Kind::Uint8, u64::from(*b))).collect()))
            }
            _ => None,
        }
    }

    /// The map of any map type.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Truth as `if`, `and` and `not` see it (HE-TPL-06): false, zero, nil and the empty string, list and map are
    /// false. A struct is always true.
    pub fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(b) => *b,
            Self::Int(i) | Self::Int64(i) | Self::Sint(_, i) => *i != 0,
            Self::Uint(_, u) => *u != 0,
            Self::Float(f) => *f != 0.0,
            Self::Complex(re, im) => *re != 0.0 || *im != 0.0,
            Self::String(s) | Self::Bytes(s) => !s.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(o) => o.underlying().is_none_or(Self::truth),
        }
    }

    /// Whether `reflect.DeepEqual` holds: same types, same content; `1` and `1.0` differ. A nil list differs from an
    /// empty one. Nesting beyond [`MAX_DEPTH`] counts as different.
    pub fn deep_equal(&self, other: &Value) -> bool {
        deep_equal(self, other, 0)
    }
}

fn deep_equal(a: &Value, b: &Value, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match (a, b) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Int(x), Value::Int(y)) | (Value::Int64(x), Value::Int64(y)) => x == y,
        (Value::Sint(k, x), Value::Sint(l, y)) => k == l && x == y,
        (Value::Uint(k, x), Value::Uint(l, y)) => k == l && x == y,
        (Value::Float(x), Value::Float(y)) => x == y,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::String(x), Value::String(y)) | (Value::Bytes(x), Value::Bytes(y)) => x == y,
        (Value::List(x), Value::List(y)) => {
            x.go_type() == y.go_type()
                && x.is_nil() == y.is_nil()
                && x.len() == y.len()
                && (x.same(y) || x.items().iter().zip(y.items()).all(|(p, q)| deep_equal(p, q, depth + 1)))
        }
        (Value::Map(x), Value::Map(y)) => {
            x.go_type() == y.go_type()
                && x.is_nil() == y.is_nil()
                && x.len() == y.len()
                && (x.same(y) || x.entries().into_iter().all(|(k, v)| y.get(&k).is_some_and(|w| deep_equal(&v, &w, depth + 1))))
        }
        (Value::Object(x), Value::Object(y)) => Rc::ptr_eq(x, y) || x.equals(y.as_ref()),
        _ => false,
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Self::Float(f)
    }
}

impl From<Str> for Value {
    fn from(s: Str) -> Self {
        Self::String(s)
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::String(s.into())
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::String(s.into())
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::list(items)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}
