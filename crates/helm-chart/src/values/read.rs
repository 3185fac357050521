//! Values files: YAML (JSON is YAML too), one or more documents laid over each other (HE-CH-04, HE-VAL-01).

use std::borrow::Cow;
use std::sync::Arc;

use ferroflux_yaml::{BuildOptions, Builder, Limits, Scalar, build, decode};

use super::{Table, Tree, merge_tables};

/// Levels of nesting that a values file may have.
const MAX_DEPTH: usize = 256;

/// Why a values file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A line starts with `---` and goes on with something else than a comment.
    #[error("error reading yaml document: invalid Yaml document separator: {0}")]
    Separator(String),
    /// A document is not YAML, or holds what JSON cannot hold.
    #[error("cannot unmarshal yaml document: error converting YAML to JSON: {0}")]
    Yaml(String),
    /// A document is no table. The field is the JSON type that it is.
    #[error(
        "cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {0} into Go value of type map[string]interface {{}}"
    )]
    NotATable(&'static str),
}

/// Reads the bytes of a values file. Every number becomes a float; of equal keys the last one wins; later documents
/// are merged over earlier ones.
pub fn read_values(bytes: &[u8]) -> Result<Table, ReadError> {
    let limits = Limits { depth: MAX_DEPTH, ..Limits::default() };
    let text = decode(bytes, &limits).map_err(|e| ReadError::Yaml(e.to_string()))?;
    let mut values = Table::new();
    for document in documents(&text)? {
        let options = BuildOptions { limits, ..BuildOptions::default() };
        let tree = build(&document, &mut TreeBuilder, options).map_err(|e| ReadError::Yaml(e.to_string()))?;
        let kind = match tree {
            Tree::Table(table) if values.is_empty() => {
                values = Arc::unwrap_or_clone(table);
                continue;
            }
            Tree::Table(table) => {
                merge_tables(&mut values, Arc::unwrap_or_clone(table));
                continue;
            }
            Tree::Null => continue,
            Tree::Bool(_) => "bool",
            Tree::Int(_) | Tree::Float(_) => "number",
            Tree::String(_) => "string",
            Tree::List(_) => "array",
        };
        return Err(ReadError::NotATable(kind));
    }
    Ok(values)
}

/// Cuts a text at its `---` lines as the stream reader of the Kubernetes libraries does.
fn documents(text: &str) -> Result<Vec<Cow<'_, str>>, ReadError> {
    if !text.starts_with("---") && memchr::memmem::find(text.as_bytes(), b"\n---").is_none() {
        return Ok(if text.is_empty() { Vec::new() } else { vec![Cow::Borrowed(text)] });
    }
    let mut documents = Vec::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(after) = line.strip_prefix("---") {
            let after = after.trim();
            if !after.is_empty() && !after.starts_with('#') {
                return Err(ReadError::Separator(after.to_owned()));
            }
            if !current.is_empty() {
                documents.push(Cow::Owned(std::mem::take(&mut current)));
                continue;
            }
        }
        current.push_str(line);
        current.push('\n');
    }
    if !current.is_empty() {
        documents.push(Cow::Owned(current));
    }
    Ok(documents)
}

/// Builds [`Tree`]s while a document is read.
struct TreeBuilder;

impl Builder for TreeBuilder {
    type Value = Tree;
    type Map = Table;
    type Seq = Vec<Tree>;

    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<Tree, String> {
        #[expect(clippy::cast_precision_loss, reason = "numbers of values files are floats, as in Helm")]
        Ok(match scalar {
            Scalar::Null => Tree::Null,
            Scalar::Bool(b) => Tree::Bool(b),
            Scalar::Int(i) => Tree::Float(i as f64),
            Scalar::Uint(u) => Tree::Float(u as f64),
            Scalar::Float(f) if f.is_finite() => Tree::Float(f),
            Scalar::Float(f) => return Err(format!("json: unsupported value: {}", ferroflux_yaml::number::format_g(f))),
            Scalar::Str(s) => Tree::String(s.as_ref().into()),
            Scalar::Timestamp(t) => Tree::String(t.to_rfc3339().into()),
        })
    }

    fn map(&mut self) -> Table {
        Table::new()
    }

    fn insert(&mut self, map: &mut Table, key: Cow<'_, str>, value: Tree) {
        map.insert(key.as_ref().into(), value);
    }

    fn contains(&self, map: &Table, key: &str) -> bool {
        map.contains_key(key.as_bytes())
    }

    fn merge(&mut self, map: &mut Table, from: &Tree, keep: bool) -> bool {
        let Some(from) = from.as_table() else { return false };
        for (key, value) in from.iter() {
            if !keep || !map.contains_key(key.as_bytes()) {
                map.insert(key.clone(), value.clone());
            }
        }
        true
    }

    fn items<'v>(&self, value: &'v Tree) -> Option<&'v [Tree]> {
        match value {
            Tree::List(items) => Some(items),
            _ => None,
        }
    }

    fn finish_map(&mut self, map: Table) -> Tree {
        Tree::Table(Arc::new(map))
    }

    fn seq(&mut self) -> Vec<Tree> {
        Vec::new()
    }

    fn push(&mut self, seq: &mut Vec<Tree>, value: Tree) {
        seq.push(value);
    }

    fn finish_seq(&mut self, seq: Vec<Tree>) -> Tree {
        Tree::List(seq.into())
    }
}
