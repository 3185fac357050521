//! The output of a build: objects as values, as YAML text and as one stream (KB-OUT-01 … KB-OUT-03).

use ferroflux_yaml::{Node, Scalar, SequenceIndent, WriteOptions, node_to_yaml, write_document};
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::identity::ResId;
use crate::tree::{settle, text};

/// A rendered object.
#[derive(Debug, Clone)]
pub struct Object {
    node: Node,
    id: ResId,
}

impl Object {
    pub(crate) fn new(mut node: Node, id: ResId) -> Self {
        settle(&mut node);
        Self { node, id }
    }

    /// Group, version, kind, name and namespace.
    pub fn id(&self) -> &ResId {
        &self.id
    }

    /// The tree.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The object as JSON. Fails on keys that are not text and on numbers that JSON does not have.
    pub fn to_value(&self) -> Result<Value> {
        value_of(&self.node).map_err(|why| Error::new(ErrorKind::InvalidResource, why).on(&self.id))
    }

    /// The object as a YAML document, as the output of a build shows it.
    pub fn to_yaml(&self) -> Result<String> {
        self.append_yaml(String::new())
    }

    /// Appends the document to a text.
    pub fn append_yaml(&self, buffer: String) -> Result<String> {
        node_to_yaml(&self.node, buffer).map_err(|e| {
            let kind = if has_complex_key(&self.node) { ErrorKind::MalformedYaml } else { ErrorKind::InvalidResource };
            Error::new(kind, e.to_string()).on(&self.id)
        })
    }
}

/// All objects as one stream of documents, with `---` between them.
pub fn to_yaml_stream(objects: &[Object]) -> Result<String> {
    let mut out = String::new();
    for (at, object) in objects.iter().enumerate() {
        if at > 0 {
            out.push_str("---\n");
        }
        out = object.append_yaml(out)?;
    }
    Ok(out)
}

/// Whether a mapping has a list, a mapping or a null for a key, over which the original's own parser falls.
fn has_complex_key(node: &Node) -> bool {
    node.items().unwrap_or_default().iter().any(has_complex_key)
        || node.pairs().unwrap_or_default().iter().any(|(key, value)| !key.is_scalar() || key.is_null() || has_complex_key(value))
}

impl crate::build::Output {
    /// All objects as one stream, as [`to_yaml_stream`]; each object is freed once it is written.
    pub fn into_yaml_stream(self) -> Result<String> {
        // most objects are smaller; growing a long text by doubling would need half as much again at the peak
        const TYPICAL_BYTES: usize = 1536;
        let mut out = String::with_capacity(self.objects.len() * TYPICAL_BYTES);
        for (at, object) in self.objects.into_iter().enumerate() {
            if at > 0 {
                out.push_str("---\n");
            }
            out = object.append_yaml(out)?;
        }
        Ok(out)
    }
}

/// A node in block style, keys in their order; for annotations and messages.
pub(crate) fn block_text(node: &Node) -> String {
    let mut node = node.clone();
    settle(&mut node);
    document_text(&node)
}

/// A document as it is: comments, styles and the order of keys stay.
pub(crate) fn document_text(node: &Node) -> String {
    write_document(node, WriteOptions { sequences: SequenceIndent::Compact, ..WriteOptions::default() }, String::new())
}

/// A node as compact JSON with sorted keys, escaped as Go does.
pub(crate) fn json_text(node: &Node) -> std::result::Result<String, String> {
    let mut node = node.clone();
    settle(&mut node);
    let mut out = String::new();
    ferroflux_yaml::write_json(&mut out, &value_of(&node)?);
    Ok(out)
}

/// Compact JSON with line breaks and an indent of two.
pub(crate) fn indent_json(compact: &str) -> String {
    let mut out = String::with_capacity(compact.len() * 2);
    let mut depth = 0;
    let mut in_text = false;
    let mut escaped = false;
    let mut characters = compact.chars().peekable();
    let new_line = |out: &mut String, depth: usize| {
        out.push('\n');
        (0..depth).for_each(|_| out.push_str("  "));
    };
    while let Some(c) = characters.next() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                if matches!(characters.peek(), Some('}' | ']')) {
                    out.extend(characters.next());
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                in_text = true;
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

fn value_of(node: &Node) -> std::result::Result<Value, String> {
    if let Some(items) = node.items() {
        return items.iter().map(value_of).collect::<std::result::Result<_, _>>().map(Value::Array);
    }
    if let Some(pairs) = node.pairs() {
        let mut map = serde_json::Map::new();
        for (key, value) in pairs {
            match key.scalar() {
                Some(Ok(Scalar::Str(name))) => map.insert(name.into_owned(), value_of(value)?),
                _ => return Err(format!("mapping key must be text, found {}", text(key))),
            };
        }
        return Ok(Value::Object(map));
    }
    Ok(match node.scalar().unwrap_or(Ok(Scalar::Null))? {
        Scalar::Null => Value::Null,
        Scalar::Bool(v) => Value::Bool(v),
        Scalar::Int(v) => v.into(),
        Scalar::Uint(v) => v.into(),
        Scalar::Float(v) => float_value(v)?,
        Scalar::Str(v) => Value::String(v.into_owned()),
        Scalar::Timestamp(t) => Value::String(t.to_rfc3339()),
    })
}

/// Whole numbers are integers in the output, wherever they come from.
fn float_value(v: f64) -> std::result::Result<Value, String> {
    if v.fract() == 0.0 && v.abs() < 9_007_199_254_740_992.0 {
        return Ok((v as i64).into());
    }
    serde_json::Number::from_f64(v).map(Value::Number).ok_or_else(|| format!("json: unsupported value: {v}"))
}
