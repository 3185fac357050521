//! A node tree as plain data: what kyaml's `MarshalJSON` makes of it, for every writer.
//!
//! The original prints the tree as YAML and reads that text again before it makes JSON. Two traces of that detour are
//! visible: inside a flow collection a value of no characters comes back as an empty text and a time as the text it is
//! written as, and a folded block may come back with other line breaks.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::block::SigsWriter;
use super::node::{WriteOptions, write_document};
use crate::error::{Error, ErrorKind};
use crate::json::{write_json, write_json_string};
use crate::key_order::sort_keys;
use crate::node::{Kind, Node, Style, Tag};
use crate::number::format_g;
use crate::read::{ReadOptions, read_document};
use crate::resolve::Scalar;

/// What takes the data.
trait Sink {
    fn scalar(&mut self, scalar: Scalar<'_>);
    fn text(&mut self, text: &str);
    fn begin_map(&mut self);
    fn key(&mut self, key: &str);
    fn end_map(&mut self);
    fn begin_seq(&mut self);
    fn end_seq(&mut self);
    /// Puts keys into the order of the format.
    fn sort<'n>(pairs: &mut Vec<(&'n str, &'n Node)>);
}

/// Appends a node tree to `buf` as kustomize prints it (KB-OUT-01…03): through JSON, so that comments, styles and the
/// order of keys are lost. Keys that are no text (below the top), infinities and not-a-number are errors (KB-DOC-02,
/// KCORP-16), and so is a text that does not fit its explicit tag.
pub fn node_to_yaml(node: &Node, buf: String) -> Result<String, Error> {
    let mut writer = SigsWriter::new(buf);
    export(&mut writer, node)?;
    Ok(writer.finish())
}

/// A node tree as compact JSON text with sorted keys; errors as for [`node_to_yaml`].
pub fn node_to_json_text(node: &Node) -> Result<String, Error> {
    let mut sink = JsonText::default();
    export(&mut sink, node)?;
    Ok(sink.out)
}

/// A node tree as a `serde_json` value; errors as for [`node_to_yaml`].
pub fn node_to_value(node: &Node) -> Result<Value, Error> {
    let mut sink = Values::default();
    export(&mut sink, node)?;
    Ok(sink.done)
}

fn export<S: Sink>(sink: &mut S, node: &Node) -> Result<(), Error> {
    // a mapping at the top takes keys of any scalar type by their text, and drops null
    let Kind::Mapping(pairs) = node.kind() else { return value(sink, node, false) };
    let flow = node.style() == Style::Flow;
    let mut sorted = Vec::with_capacity(pairs.len());
    for (key, item) in pairs {
        match (key.text(), key.tag()) {
            (_, Tag::Null) => {}
            (Some(text), _) => sorted.push((text, item)),
            (None, _) => return Err(bad_key(key)),
        }
    }
    mapping(sink, sorted, flow)
}

fn value<S: Sink>(sink: &mut S, node: &Node, in_flow: bool) -> Result<(), Error> {
    let fail = |message: String| Error::new(node.line(), node.column(), ErrorKind::Value(message));
    let flow = in_flow || node.style() == Style::Flow;
    match node.kind() {
        Kind::Sequence(items) => {
            sink.begin_seq();
            for item in items {
                value(sink, item, flow)?;
            }
            sink.end_seq();
        }
        Kind::Mapping(pairs) => {
            let mut sorted = Vec::with_capacity(pairs.len());
            for (key, item) in pairs {
                match (key.text(), key.tag()) {
                    (Some(text), Tag::Str | Tag::Custom | Tag::Merge) => sorted.push((text, item)),
                    _ => return Err(bad_key(key)),
                }
            }
            mapping(sink, sorted, flow)?;
        }
        Kind::Alias(name) => return Err(fail(format!("unknown anchor '{name}' referenced"))),
        Kind::Scalar(text) => match node.tag() {
            Tag::Str | Tag::Custom if node.style() == Style::Folded && !in_flow => sink.text(&refold(text)),
            // the most of all scalars
            Tag::Str | Tag::Custom => sink.text(text),
            Tag::Null if in_flow && text.is_empty() => sink.text(""),
            // the colon needs quotes there, and quotes make it a text
            Tag::Timestamp if in_flow && text.contains(':') => sink.text(text),
            _ => match node.scalar().unwrap_or(Ok(Scalar::Null)).map_err(fail)? {
                Scalar::Float(v) if !v.is_finite() => return Err(fail(format!("json: unsupported value: {}", format_g(v)))),
                Scalar::Timestamp(t) => sink.text(&t.to_rfc3339()),
                scalar => sink.scalar(scalar),
            },
        },
    }
    Ok(())
}

fn mapping<'n, S: Sink>(sink: &mut S, mut pairs: Vec<(&'n str, &'n Node)>, flow: bool) -> Result<(), Error> {
    S::sort(&mut pairs);
    sink.begin_map();
    for (key, item) in pairs {
        sink.key(key);
        value(sink, item, flow)?;
    }
    sink.end_map();
    Ok(())
}

fn bad_key(key: &Node) -> Error {
    let shown: Cow<'_, str> = key.text().map_or(Cow::Borrowed("a collection"), |t| Cow::Owned(format!("{t:?} ({})", key.tag().short())));
    Error::new(key.line(), key.column(), ErrorKind::Value(format!("mapping key must be text, found {shown}")))
}

/// A folded text after it has been written and read again.
fn refold(text: &str) -> Cow<'_, str> {
    // the lines only change around blank-led ones and empty ones
    if !(text.contains("\n ") || text.contains("\n\t") || text.contains("\n\n") || text.starts_with([' ', '\n', '\t'])) {
        return Cow::Borrowed(text);
    }
    let mut scalar = Node::string(text);
    scalar.set_style(Style::Folded);
    let written = write_document(&Node::mapping(vec![(Node::string("a"), scalar)]), WriteOptions::default(), String::new());
    match read_document(&written, ReadOptions::default()) {
        Ok(node) => Cow::Owned(node.get("a").and_then(Node::text).unwrap_or(text).to_owned()),
        Err(_) => Cow::Borrowed(text),
    }
}

impl Sink for SigsWriter {
    fn scalar(&mut self, scalar: Scalar<'_>) {
        match scalar {
            Scalar::Null => self.null(),
            Scalar::Bool(v) => self.bool(v),
            Scalar::Int(v) => self.int(v),
            Scalar::Uint(v) => self.uint(v),
            Scalar::Float(v) => self.float(v),
            Scalar::Str(s) => self.string(&s),
            Scalar::Timestamp(t) => self.string(&t.to_rfc3339()),
        }
    }

    fn text(&mut self, text: &str) {
        self.string(text);
    }

    fn begin_map(&mut self) {
        Self::begin_map(self);
    }

    fn key(&mut self, key: &str) {
        Self::key(self, key);
    }

    fn end_map(&mut self) {
        Self::end_map(self);
    }

    fn begin_seq(&mut self) {
        Self::begin_seq(self);
    }

    fn end_seq(&mut self) {
        Self::end_seq(self);
    }

    fn sort<'n>(pairs: &mut Vec<(&'n str, &'n Node)>) {
        sort_keys(pairs, |(k, _)| k);
    }
}

/// Compact JSON text.
#[derive(Default)]
struct JsonText {
    out: String,
}

impl JsonText {
    /// A comma, unless a container has just been opened or a key stands before.
    fn separate(&mut self) {
        if !matches!(self.out.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.out.push(',');
        }
    }
}

impl Sink for JsonText {
    fn scalar(&mut self, scalar: Scalar<'_>) {
        self.separate();
        write_json(&mut self.out, &to_value(scalar));
    }

    fn text(&mut self, text: &str) {
        self.separate();
        write_json_string(&mut self.out, text);
    }

    fn begin_map(&mut self) {
        self.separate();
        self.out.push('{');
    }

    fn key(&mut self, key: &str) {
        self.separate();
        write_json_string(&mut self.out, key);
        self.out.push(':');
    }

    fn end_map(&mut self) {
        self.out.push('}');
    }

    fn begin_seq(&mut self) {
        self.separate();
        self.out.push('[');
    }

    fn end_seq(&mut self) {
        self.out.push(']');
    }

    fn sort<'n>(pairs: &mut Vec<(&'n str, &'n Node)>) {
        pairs.sort_unstable_by_key(|(k, _)| *k);
    }
}

/// `serde_json` values.
#[derive(Default)]
struct Values {
    open: Vec<(Value, String)>,
    key: String,
    done: Value,
}

impl Values {
    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = value,
            Some((Value::Object(map), _)) => {
                map.insert(std::mem::take(&mut self.key), value);
            }
            Some((Value::Array(items), _)) => items.push(value),
            // only containers are opened
            Some(_) => {}
        }
    }

    fn open(&mut self, container: Value) {
        self.open.push((container, std::mem::take(&mut self.key)));
    }

    fn close(&mut self) {
        if let Some((container, key)) = self.open.pop() {
            self.key = key;
            self.put(container);
        }
    }
}

impl Sink for Values {
    fn scalar(&mut self, scalar: Scalar<'_>) {
        self.put(to_value(scalar));
    }

    fn text(&mut self, text: &str) {
        self.put(text.into());
    }

    fn begin_map(&mut self) {
        self.open(Value::Object(Map::new()));
    }

    fn key(&mut self, key: &str) {
        key.clone_into(&mut self.key);
    }

    fn end_map(&mut self) {
        self.close();
    }

    fn begin_seq(&mut self) {
        self.open(Value::Array(Vec::new()));
    }

    fn end_seq(&mut self) {
        self.close();
    }

    fn sort<'n>(_pairs: &mut Vec<(&'n str, &'n Node)>) {}
}

fn to_value(scalar: Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(v) => v.into(),
        Scalar::Int(v) => v.into(),
        Scalar::Uint(v) => v.into(),
        Scalar::Float(v) => Number::from_f64(v).map_or(Value::Null, Value::Number),
        Scalar::Str(s) => s.into_owned().into(),
        Scalar::Timestamp(t) => t.to_rfc3339().into(),
    }
}
