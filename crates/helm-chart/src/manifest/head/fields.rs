//! Builds the few fields of a document that a head is made of; everything else is checked and dropped.

use std::borrow::Cow;

use ferroflux_yaml::number::format_g;
use ferroflux_yaml::{Builder, Scalar};

/// The annotations that Helm reads begin with this.
pub(super) const HELM: &str = "helm.sh/";

/// A value of which only the shape is known, unless it is a scalar.
#[derive(Debug, Clone)]
pub(super) enum Field {
    Null,
    /// A scalar as text, and its JSON type.
    Text(String, &'static str),
    /// The items, for a list of merges; texts are dropped.
    List(Vec<Field>),
    Map(Fields),
}

/// A mapping: the pairs that may belong to a head, in byte order of keys.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    pub(super) kept: Vec<(String, Field)>,
    /// The first key with a value that cannot become text, if there is one, and the value's JSON type.
    pub(super) no_text: Option<(String, &'static str)>,
}

impl Field {
    pub(super) fn json_type(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_, json_type) => json_type,
            Self::List(_) => "array",
            Self::Map(_) => "object",
        }
    }
}

impl Fields {
    fn put(&mut self, key: &str, value: Field) {
        if matches!(value, Field::List(_) | Field::Map(_)) && self.no_text.as_ref().is_none_or(|(first, _)| key < first.as_str()) {
            self.no_text = Some((key.to_owned(), value.json_type()));
        }
        if !interesting(key) {
            return;
        }
        match self.kept.binary_search_by(|(k, _)| k.as_str().cmp(key)) {
            Ok(at) => self.kept[at].1 = value,
            Err(at) => self.kept.insert(at, (key.to_owned(), value)),
        }
    }
}

fn interesting(key: &str) -> bool {
    key.starts_with(HELM) || ["apiVersion", "kind", "metadata", "name", "annotations"].iter().any(|k| k.eq_ignore_ascii_case(key))
}

pub(super) struct HeadBuilder;

impl Builder for HeadBuilder {
    type Value = Field;
    type Map = Fields;
    type Seq = Vec<Field>;

    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<Field, String> {
        Ok(match scalar {
            Scalar::Null => Field::Null,
            Scalar::Bool(b) => Field::Text(b.to_string(), "bool"),
            Scalar::Int(i) => Field::Text(i.to_string(), "number"),
            Scalar::Uint(u) => Field::Text(u.to_string(), "number"),
            Scalar::Float(f) if f.is_finite() => Field::Text(format_g(f), "number"),
            Scalar::Float(f) => return Err(format!("json: unsupported value: {}", format_g(f))),
            Scalar::Str(s) => Field::Text(s.into_owned(), "string"),
            Scalar::Timestamp(t) => Field::Text(t.to_rfc3339(), "string"),
        })
    }

    fn map(&mut self) -> Fields {
        Fields::default()
    }

    fn insert(&mut self, map: &mut Fields, key: Cow<'_, str>, value: Field) {
        map.put(&key, value);
    }

    fn contains(&self, map: &Fields, key: &str) -> bool {
        map.kept.iter().any(|(k, _)| k == key)
    }

    fn merge(&mut self, map: &mut Fields, from: &Field, keep: bool) -> bool {
        let Field::Map(from) = from else { return false };
        for (key, value) in &from.kept {
            if !keep || !self.contains(map, key) {
                map.put(key, value.clone());
            }
        }
        let first = [map.no_text.take(), from.no_text.clone()];
        map.no_text = first.into_iter().flatten().min();
        true
    }

    fn items<'v>(&self, value: &'v Field) -> Option<&'v [Field]> {
        match value {
            Field::List(items) => Some(items),
            _ => None,
        }
    }

    fn finish_map(&mut self, map: Fields) -> Field {
        Field::Map(map)
    }

    fn seq(&mut self) -> Vec<Field> {
        Vec::new()
    }

    fn push(&mut self, seq: &mut Vec<Field>, value: Field) {
        seq.push(match value {
            Field::Text(..) => Field::Null,
            other => other,
        });
    }

    fn finish_seq(&mut self, seq: Vec<Field>) -> Field {
        Field::List(seq)
    }
}
