//! The values that expressions compute with.

use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::moment::Moment;

/// A value. Data is not copied: what came in as JSON is read where it lies, for the time `'a`.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer, `1u`.
    Uint(u64),
    /// A floating point number.
    Double(f64),
    /// Text.
    String(Text<'a>),
    /// Bytes, `b'...'`.
    Bytes(Arc<[u8]>),
    /// A list.
    List(List<'a>),
    /// A map.
    Map(Map<'a>),
    /// A moment.
    Timestamp(Moment),
    /// A length of time, in nanoseconds.
    Duration(i64),
    /// A value that may be absent.
    Optional(Option<Arc<Value<'a>>>),
    /// A type, by its name.
    Type(&'static str),
}

/// A text.
#[derive(Debug, Clone)]
pub enum Text<'a> {
    /// Of the data.
    Borrowed(&'a str),
    /// Computed.
    Shared(Arc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::String(Text::Shared(text.into()))
    }
}

/// A list of values.
#[derive(Debug, Clone)]
pub struct List<'a>(Items<'a>);

#[derive(Debug, Clone)]
enum Items<'a> {
    Json(&'a [Json]),
    Built(Arc<[Value<'a>]>),
}

impl<'a> List<'a> {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Items::Json(items) => items.len(),
            Items::Built(items) => items.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at an index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        match &self.0 {
            Items::Json(items) => items.get(index).map(Value::from),
            Items::Built(items) => items.get(index).cloned(),
        }
    }

    /// The values in order.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl<'a> From<Vec<Value<'a>>> for Value<'a> {
    fn from(items: Vec<Value<'a>>) -> Self {
        Self::List(List(Items::Built(items.into())))
    }
}

/// A map of values.
#[derive(Debug, Clone)]
pub struct Map<'a>(Entries<'a>);

#[derive(Debug, Clone)]
enum Entries<'a> {
    Json(&'a serde_json::Map<String, Json>),
    Built(Arc<[(Value<'a>, Value<'a>)]>),
}

impl<'a> Map<'a> {
    /// A map of entries that were written in an expression. Of two entries with one key the later holds.
    pub(crate) fn of(entries: Vec<(Value<'a>, Value<'a>)>) -> Self {
        Self(Entries::Built(entries.into()))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Entries::Json(entries) => entries.len(),
            Entries::Built(entries) => entries.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries a search may look at.
    pub(crate) fn search_length(&self) -> usize {
        match &self.0 {
            Entries::Json(_) => 1,
            Entries::Built(entries) => entries.len(),
        }
    }

    /// The value of a text key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        match &self.0 {
            Entries::Json(entries) => entries.get(key).map(Value::from),
            Entries::Built(entries) => {
                entries.iter().find(|(k, _)| matches!(k, Value::String(k) if **k == *key)).map(|(_, value)| value.clone())
            }
        }
    }

    /// The value of a key. Numbers that are equal are one key, whatever their type.
    pub(crate) fn find(&self, key: &Value<'_>) -> Option<Value<'a>> {
        if let Value::String(key) = key {
            return self.get(key);
        }
        let Entries::Built(entries) = &self.0 else { return None };
        let same = |wanted: fn(&Value<'_>, &Value<'_>) -> bool| entries.iter().find(|(k, _)| wanted(k, key));
        same(same_key).or_else(|| same(equal_numbers)).map(|(_, value)| value.clone())
    }

    /// The keys.
    pub fn keys(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        self.entries().map(|(key, _)| key)
    }

    /// The entries.
    pub fn entries(&self) -> Box<dyn Iterator<Item = (Value<'a>, Value<'a>)> + '_> {
        match &self.0 {
            Entries::Json(entries) => Box::new(entries.iter().map(|(key, value)| (Value::String(Text::Borrowed(key)), Value::from(value)))),
            Entries::Built(entries) => Box::new(entries.iter().cloned()),
        }
    }
}

impl<'a> From<&'a Json> for Value<'a> {
    /// Numbers that fit are integers, all others floating point, as the original's decoder of objects has it.
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => n.as_i64().map_or_else(|| Self::Double(n.as_f64().unwrap_or(f64::NAN)), Self::Int),
            Json::String(s) => Self::String(Text::Borrowed(s)),
            Json::Array(items) => Self::List(List(Items::Json(items))),
            Json::Object(entries) => Self::Map(Map(Entries::Json(entries))),
        }
    }
}

/// Data whose numbers are all floating point: the body of a webhook is read by a plain decoder (NC-57).
#[must_use]
pub fn with_double_numbers(mut data: Json) -> Json {
    fn convert(value: &mut Json) {
        match value {
            Json::Number(n) => {
                if let Some(double) = n.as_f64().and_then(serde_json::Number::from_f64) {
                    *n = double;
                }
            }
            Json::Array(items) => items.iter_mut().for_each(convert),
            Json::Object(entries) => entries.values_mut().for_each(convert),
            _ => {}
        }
    }
    convert(&mut data);
    data
}

impl Value<'_> {
    /// Name of the value's type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Optional(_) => "optional_type",
            Self::Type(_) => "type",
        }
    }

    /// Whether it is the zero or empty value of its type.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(b) => !b,
            Self::Int(n) | Self::Duration(n) => *n == 0,
            Self::Uint(n) => *n == 0,
            Self::Double(n) => *n == 0.0,
            Self::String(s) => s.is_empty(),
            Self::Bytes(b) => b.is_empty(),
            Self::List(l) => l.is_empty(),
            Self::Map(m) => m.is_empty(),
            Self::Timestamp(_) | Self::Type(_) | Self::Optional(_) => false,
        }
    }
}

/// Whether two keys of a map are the same key: of one type, and equal.
pub(crate) fn same_key(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) | (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Uint(a), Value::Uint(b)) => a == b,
        (Value::Double(a), Value::Double(b)) => a == b,
        (Value::String(a), Value::String(b)) => **a == **b,
        (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
        (Value::Type(a), Value::Type(b)) => a == b,
        _ => false,
    }
}

fn equal_numbers(a: &Value<'_>, b: &Value<'_>) -> bool {
    crate::compare::numbers(a, b) == Some(Some(std::cmp::Ordering::Equal))
}
