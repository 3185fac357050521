//! The tree that values are.

use std::collections::BTreeMap;
use std::sync::Arc;

use ferroflux_go_template::value::{Str, Value};

/// A table: keys in byte order.
pub type Table = BTreeMap<Str, Tree>;

/// One value. Numbers that were read from YAML or JSON are floats, integers of `--set` are [`Tree::Int`] (HE-VAL-01).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Tree {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An `int64`, only from `--set`.
    Int(i64),
    /// A `float64`: every number of a file.
    Float(f64),
    /// A text.
    String(Str),
    /// A list; lists are replaced as a whole, never merged.
    List(Arc<[Tree]>),
    /// A table.
    Table(Arc<Table>),
}

impl Tree {
    /// An empty table.
    pub fn empty_table() -> Self {
        Self::Table(Arc::default())
    }

    /// The table, if this is one.
    pub fn as_table(&self) -> Option<&Arc<Table>> {
        match self {
            Self::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value at a dotted path of table keys, as `condition:` and `tags:` name them; `None` where a key is missing
    /// or something on the way is no table.
    pub fn at<'t>(table: &'t Table, path: &str) -> Option<&'t Tree> {
        let mut parts = path.split('.');
        let mut found = table.get(parts.next().unwrap_or_default().as_bytes())?;
        for part in parts {
            found = found.as_table()?.get(part.as_bytes())?;
        }
        Some(found)
    }

    /// The value as templates see it; tables are fresh maps, so that `set` never reaches the shared tree.
    pub fn to_template(&self) -> Value {
        match self {
            Self::Null => Value::Nil,
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(i) => Value::Int64(*i),
            Self::Float(f) => Value::Float(*f),
            Self::String(s) => Value::String(s.clone()),
            Self::List(items) => Value::list(items.iter().map(Self::to_template).collect()),
            Self::Table(table) => Value::map(table.iter().map(|(k, v)| (k.clone(), v.to_template()))),
        }
    }

    /// The value as JSON; integral floats become integers, which is how JSON Schema reads them anyway.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Null => Json::Null,
            Self::Bool(b) => Json::Bool(*b),
            Self::Int(i) => Json::from(*i),
            Self::Float(f) => float_to_json(*f),
            Self::String(s) => Json::String(s.to_string()),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Table(table) => Json::Object(table.iter().map(|(k, v)| (k.to_string(), v.to_json())).collect()),
        }
    }

    /// A tree from JSON: every number is a float.
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => Self::Float(n.as_f64().unwrap_or(f64::NAN)),
            Json::String(s) => Self::String(s.as_str().into()),
            Json::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Json::Object(map) => Self::Table(Arc::new(map.iter().map(|(k, v)| (k.as_str().into(), Self::from_json(v))).collect())),
        }
    }
}

fn float_to_json(f: f64) -> serde_json::Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "integral and within ±2^53")]
    if f.fract() == 0.0 && f.abs() <= EXACT { serde_json::Value::from(f as i64) } else { serde_json::Value::from(f) }
}

/// Lays `over` on `base`: tables merge, everything else is replaced, also by null. This is how several `-f` files and
/// the documents of one file become one (HE-CH-04); it is not [`super::coalesce`], which drops nulls.
pub fn merge_tables(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(key.as_bytes()), value) {
            (Some(Tree::Table(below)), Tree::Table(above)) => {
                merge_tables(Arc::make_mut(below), Arc::unwrap_or_clone(above));
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
