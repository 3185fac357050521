//! Reading YAML into structs the way sigs.k8s.io/yaml and Go's `encoding/json` do: keys match in any case of letters,
//! unknown keys are skipped, null leaves a field alone, and a number or boolean becomes text where the field is text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ferroflux_go_template::strconv::quote;
use ferroflux_yaml::number::format_g;
use ferroflux_yaml::{BuildOptions, Builder, ErrorKind, Limits, Scalar, Values, build, decode};

use crate::values::Tree;

/// Why a YAML file of a chart is not what it should be. The texts are those of the Go libraries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is not YAML.
    #[error("error converting YAML to JSON: {0}")]
    Yaml(String),
    /// A value of the wrong type.
    #[error("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go {place} of type {wanted}")]
    Type {
        /// The JSON type that is there.
        found: &'static str,
        /// `struct field Metadata.name`, or `value` for the whole text.
        place: String,
        /// The Go type that belongs there.
        wanted: String,
    },
    /// A key that a strict reader does not know.
    #[error("error unmarshaling JSON: while decoding JSON: json: unknown field {}", quote(.0))]
    UnknownField(String),
    /// A text that is no point in time.
    #[error("error unmarshaling JSON: while decoding JSON: parsing time {0:?}: expected the form 2006-01-02T15:04:05Z07:00")]
    Time(String),
}

impl DecodeError {
    /// What should be a mapping of chart names is something else.
    pub(crate) fn entries(found: &Field) -> Self {
        let (place, wanted) = ("struct field IndexFile.entries".to_owned(), "map[string]repo.ChartVersions".to_owned());
        Self::Type { found: found.json_type(), place, wanted }
    }

    /// What should be a list of versions is something else.
    pub(crate) fn versions(found: &Field) -> Self {
        Self::Type { found: found.json_type(), place: "struct field IndexFile.entries".to_owned(), wanted: "repo.ChartVersions".to_owned() }
    }
}

/// A value with the type that YAML gave it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(String),
    List(Vec<Field>),
    Map(BTreeMap<String, Field>),
}

impl Field {
    /// A JSON value.
    pub(crate) fn from_json(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(b) => Self::Bool(b),
            serde_json::Value::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(i), _) => Self::Int(i),
                (None, Some(u)) => Self::Uint(u),
                (None, None) => Self::Float(n.as_f64().unwrap_or(f64::INFINITY)),
            },
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(items) => Self::List(items.into_iter().map(Self::from_json).collect()),
            serde_json::Value::Object(map) => Self::Map(map.into_iter().map(|(k, v)| (k, Self::from_json(v))).collect()),
        }
    }

    fn json_type(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Uint(_) | Self::Float(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Map(_) => "object",
        }
    }

    /// The text that the field becomes where Go's type is `string`.
    fn into_text(self) -> Result<String, Self> {
        Ok(match self {
            Self::Bool(b) => b.to_string(),
            Self::Int(i) => i.to_string(),
            Self::Uint(u) => u.to_string(),
            Self::Float(f) => format_g(f),
            Self::Text(text) => text,
            other => return Err(other),
        })
    }

    fn into_tree(self) -> Tree {
        #[expect(clippy::cast_precision_loss, reason = "JSON numbers are floats")]
        match self {
            Self::Null => Tree::Null,
            Self::Bool(b) => Tree::Bool(b),
            Self::Int(i) => Tree::Float(i as f64),
            Self::Uint(u) => Tree::Float(u as f64),
            Self::Float(f) => Tree::Float(f),
            Self::Text(text) => Tree::String(text.into()),
            Self::List(items) => Tree::List(items.into_iter().map(Self::into_tree).collect()),
            Self::Map(map) => Tree::Table(std::sync::Arc::new(map.into_iter().map(|(k, v)| (k.into(), v.into_tree())).collect())),
        }
    }
}

/// A mapping with the Go struct it is read into and the path that leads to it.
#[derive(Debug)]
pub(super) struct Object {
    fields: BTreeMap<String, Field>,
    type_name: &'static str,
    path: String,
}

/// A struct with the package that messages name it by.
fn go_type(name: &str) -> String {
    let package = match name {
        CHART_BASE => "loader",
        "IndexFile" => "repo",
        _ => "v2",
    };
    format!("{package}.{name}")
}

/// What reads the `apiVersion` alone.
pub(super) const CHART_BASE: &str = "chartBase";

/// Reads a text that must be a mapping; `None` for an empty one. `type_name` is the Go struct of messages.
pub(super) fn read_object(text: &[u8], type_name: &'static str) -> Result<Option<Object>, DecodeError> {
    let limits = Limits { bytes: 16 << 20, depth: 64, nodes: 1_000_000 };
    let field = read_field(text, limits, false).map_err(|e| DecodeError::Yaml(e.to_string()))?;
    Object::of(field, type_name)
}

/// Reads a text of any type. In strict reading a key that stands twice is an error, and so is anything behind the first
/// document.
pub(crate) fn read_field(text: &[u8], limits: Limits, strict: bool) -> Result<Field, ferroflux_yaml::Error> {
    let text = decode(text, &limits)?;
    let options = BuildOptions { strict, limits, ..BuildOptions::default() };
    if !strict {
        return build(&text, &mut FieldBuilder, options);
    }
    let mut values = Values::new(&text, options)?;
    let field = values.next(&mut FieldBuilder)?.unwrap_or(Field::Null);
    if values.next(&mut FieldBuilder)?.is_some() {
        return Err(ferroflux_yaml::Error::nowhere(ErrorKind::Syntax("did not find expected <document start>".to_owned())));
    }
    Ok(field)
}

impl Object {
    /// A value that must be a mapping; `None` for null.
    pub(super) fn of(field: Field, type_name: &'static str) -> Result<Option<Self>, DecodeError> {
        match field {
            Field::Map(fields) => Ok(Some(Self { fields, type_name, path: String::new() })),
            Field::Null => Ok(None),
            other => Err(DecodeError::Type { found: other.json_type(), place: "value".to_owned(), wanted: go_type(type_name) }),
        }
    }

    /// Refuses keys that are not among `known`, in any case of letters.
    pub(super) fn refuse_unknown(&self, known: &[&str]) -> Result<(), DecodeError> {
        match self.fields.keys().find(|key| !known.iter().any(|k| k.eq_ignore_ascii_case(key))) {
            Some(key) => Err(DecodeError::UnknownField(key.clone())),
            None => Ok(()),
        }
    }

    /// Takes a value out, as it is; null if it is not there.
    pub(super) fn take(&mut self, key: &str) -> Field {
        let name = self.fields.iter().rev().find(|(k, v)| k.eq_ignore_ascii_case(key) && !matches!(v, Field::Null)).map(|(k, _)| k.clone());
        name.and_then(|name| self.fields.remove(&name)).unwrap_or(Field::Null)
    }

    /// The value of a key in any case of letters; the last one in byte order wins, as keys arrive sorted.
    fn get(&self, key: &str) -> Option<Field> {
        self.fields.iter().rev().find(|(k, v)| k.eq_ignore_ascii_case(key) && !matches!(v, Field::Null)).map(|(_, v)| v.clone())
    }

    fn wrong(&self, key: &str, found: &Field, wanted: &str) -> DecodeError {
        DecodeError::Type {
            found: found.json_type(),
            place: format!("struct field {}.{}{key}", self.type_name, self.path),
            wanted: wanted.to_owned(),
        }
    }

    pub(super) fn string(&self, key: &str, target: &mut String) -> Result<(), DecodeError> {
        if let Some(field) = self.get(key) {
            *target = field.into_text().map_err(|f| self.wrong(key, &f, "string"))?;
        }
        Ok(())
    }

    pub(super) fn boolean(&self, key: &str, target: &mut bool) -> Result<(), DecodeError> {
        match self.get(key) {
            None => Ok(()),
            Some(Field::Bool(b)) => {
                *target = b;
                Ok(())
            }
            Some(other) => Err(self.wrong(key, &other, "bool")),
        }
    }

    pub(super) fn strings(&self, key: &str, target: &mut Vec<String>) -> Result<(), DecodeError> {
        match self.get(key) {
            None => Ok(()),
            Some(Field::List(items)) => {
                let text = |item: Field| match item {
                    Field::Null => Ok(String::new()),
                    item => item.into_text().map_err(|f| self.wrong(key, &f, "string")),
                };
                *target = items.into_iter().map(text).collect::<Result<_, _>>()?;
                Ok(())
            }
            Some(other) => Err(self.wrong(key, &other, "[]string")),
        }
    }

    pub(super) fn string_map(&self, key: &str, target: &mut BTreeMap<String, String>) -> Result<(), DecodeError> {
        match self.get(key) {
            None => Ok(()),
            Some(Field::Map(map)) => {
                for (name, field) in map {
                    let text = match field {
                        Field::Null => String::new(),
                        field => field.into_text().map_err(|f| self.wrong(key, &f, "string"))?,
                    };
                    target.insert(name, text);
                }
                Ok(())
            }
            Some(other) => Err(self.wrong(key, &other, "map[string]string")),
        }
    }

    /// A list of mappings, nulls kept as `None`; `None` for a missing list.
    pub(super) fn objects(&self, key: &str, type_name: &'static str) -> Result<Option<Vec<Option<Object>>>, DecodeError> {
        match self.get(key) {
            None => Ok(None),
            Some(Field::List(items)) => {
                let object = |item: Field| match item {
                    Field::Null => Ok(None),
                    Field::Map(fields) => Ok(Some(Object { fields, type_name, path: format!("{}{key}.", self.path) })),
                    other => Err(self.wrong(key, &other, &format!("v2.{type_name}"))),
                };
                items.into_iter().map(object).collect::<Result<_, _>>().map(Some)
            }
            Some(other) => Err(self.wrong(key, &other, &format!("[]*v2.{type_name}"))),
        }
    }

    /// A list of anything.
    pub(super) fn trees(&self, key: &str) -> Result<Vec<Tree>, DecodeError> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Field::List(items)) => Ok(items.into_iter().map(Field::into_tree).collect()),
            Some(other) => Err(self.wrong(key, &other, "[]interface {}")),
        }
    }
}

struct FieldBuilder;

impl Builder for FieldBuilder {
    type Value = Field;
    type Map = BTreeMap<String, Field>;
    type Seq = Vec<Field>;

    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<Field, String> {
        Ok(match scalar {
            Scalar::Null => Field::Null,
            Scalar::Bool(b) => Field::Bool(b),
            Scalar::Int(i) => Field::Int(i),
            Scalar::Uint(u) => Field::Uint(u),
            Scalar::Float(f) if f.is_finite() => Field::Float(f),
            // JSON, which the original makes of it first, has no such number, whatever the field is.
            Scalar::Float(f) => return Err(format!("json: unsupported value: {}", format_g(f))),
            Scalar::Str(s) => Field::Text(s.into_owned()),
            Scalar::Timestamp(t) => Field::Text(t.to_rfc3339()),
        })
    }

    fn map(&mut self) -> Self::Map {
        BTreeMap::new()
    }

    fn insert(&mut self, map: &mut Self::Map, key: Cow<'_, str>, value: Field) {
        map.insert(key.into_owned(), value);
    }

    fn contains(&self, map: &Self::Map, key: &str) -> bool {
        map.contains_key(key)
    }

    fn merge(&mut self, map: &mut Self::Map, from: &Field, keep: bool) -> bool {
        let Field::Map(from) = from else { return false };
        for (key, value) in from {
            if !keep || !map.contains_key(key) {
                map.insert(key.clone(), value.clone());
            }
        }
        true
    }

    fn items<'v>(&self, value: &'v Field) -> Option<&'v [Field]> {
        match value {
            Field::List(items) => Some(items),
            _ => None,
        }
    }

    fn finish_map(&mut self, map: Self::Map) -> Field {
        Field::Map(map)
    }

    fn seq(&mut self) -> Self::Seq {
        Vec::new()
    }

    fn push(&mut self, seq: &mut Self::Seq, value: Field) {
        seq.push(value);
    }

    fn finish_seq(&mut self, seq: Self::Seq) -> Field {
        Field::List(seq)
    }
}
