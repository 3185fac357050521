//! JSON patches, RFC 6902 with the additions of the original's library: negative indexes, `-` only where one may append
//! (KB-JSON-01).

use ferroflux_yaml::{Dialect, Duplicates, Kind, Node, ReadOptions, Style, Tag, number, read_document};

use crate::error::{Error, ErrorKind, Result};
use crate::resource::quote_if_ambiguous;
use crate::tree::{settle, text};

/// A list of operations.
#[derive(Debug, Clone)]
pub(crate) struct JsonPatch {
    operations: Vec<Operation>,
}

#[derive(Debug, Clone)]
struct Operation {
    name: String,
    path: Option<String>,
    from: Option<String>,
    value: Option<Node>,
}

impl JsonPatch {
    /// Parses a list of operations: JSON if it starts with a bracket, else YAML 1.1.
    pub(crate) fn parse(patch: &str) -> Result<Self> {
        if patch.starts_with('[') {
            serde_json::from_str::<serde::de::IgnoredAny>(patch)
                .map_err(|e| invalid(format!("not a JSON patch: {e}")).at(e.line(), e.column()))?;
        }
        let options = ReadOptions { dialect: Dialect::SigsYaml, duplicates: Duplicates::LastWins, ..ReadOptions::default() };
        let node = read_document(patch, options).map_err(|e| invalid(e.to_string()).at(e.line(), e.column()))?;
        if node.is_null() {
            return Ok(Self { operations: Vec::new() });
        }
        let Some(items) = node.items() else { return Err(invalid("a JSON patch is a list of operations")) };
        let operations = items.iter().map(Operation::read).collect::<Result<_>>()?;
        Ok(Self { operations })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Whether an operation may see or move the annotations of an object.
    pub(crate) fn touches_annotations(&self) -> bool {
        let touches = |path: &Option<String>| {
            path.as_deref()
                .is_some_and(|p| matches!(p, "" | "/metadata" | "/metadata/annotations") || p.starts_with("/metadata/annotations/"))
        };
        self.operations.iter().any(|o| touches(&o.path) || touches(&o.from))
    }

    /// Applies every operation, or fails at the first that does not apply.
    pub(crate) fn apply(&self, target: &mut Node) -> Result<()> {
        settle(target);
        normalize(target);
        for (at, operation) in self.operations.iter().enumerate() {
            operation.apply(target).map_err(|e| e.in_field(format!("operation {at} ({})", operation.name)))?;
        }
        Ok(())
    }
}

fn invalid(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::PatchInvalid, cause)
}

fn fails(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Json6902, cause)
}

impl Operation {
    fn read(node: &Node) -> Result<Self> {
        if !node.is_mapping() {
            return Err(invalid("an operation of a JSON patch is a mapping with `op` and `path`").at(node.line(), node.column()));
        }
        let texts = |field: &str| node.get(field).filter(|v| v.tag() == Tag::Str).map(|v| text(v).to_owned());
        let mut value = node.get("value").cloned();
        if let Some(value) = &mut value {
            normalize(value);
        }
        Ok(Self { name: texts("op").unwrap_or_else(|| "unknown".to_owned()), path: texts("path"), from: texts("from"), value })
    }

    fn apply(&self, doc: &mut Node) -> Result<()> {
        if !matches!(self.name.as_str(), "add" | "remove" | "replace" | "move" | "copy" | "test") {
            return Err(fails(format!("Unexpected kind: {}", self.name)).hint("one of add, remove, replace, move, copy, test"));
        }
        let name = &self.name;
        let path = self.path.as_deref().ok_or_else(|| fails(format!("{name} operation failed to decode path: missing value")))?;
        let value = || self.value.clone().unwrap_or_else(Node::null);
        match name.as_str() {
            "add" => add(doc, path, value(), name),
            "remove" => remove(doc, path, name).map(drop),
            "replace" => self.replace(doc, path, value()),
            "test" => self.test(doc, path),
            _ => {
                let from = self.from.as_deref().ok_or_else(|| fails(format!("{name} operation failed to decode from: missing value")))?;
                let value = if name == "move" {
                    remove(doc, from, name)?
                } else {
                    let (parent, key) = container(doc, from, name)?;
                    if parent.is_mapping() {
                        parent.get(&key).cloned().unwrap_or_else(Node::null)
                    } else {
                        get(parent, &key, from)?.clone()
                    }
                };
                add(doc, path, value, name)
            }
        }
    }

    fn replace(&self, doc: &mut Node, path: &str, value: Node) -> Result<()> {
        if path.is_empty() {
            if value.is_scalar() {
                return Err(fails("replace operation of the whole object needs a mapping"));
            }
            *doc = value;
            return Ok(());
        }
        let (parent, key) = container(doc, path, "replace")?;
        // a key that is not there is added; only an index must exist
        if parent.is_mapping() {
            parent.set(key.as_str(), value);
            return Ok(());
        }
        let place = get_mut(parent, &key)
            .ok_or_else(|| fails(format!("replace operation does not apply: doc is missing key: {path}: missing value")))?;
        *place = value;
        Ok(())
    }

    fn test(&self, doc: &mut Node, path: &str) -> Result<()> {
        let wanted = self.value.clone().unwrap_or_else(Node::null);
        if path.is_empty() {
            return Self::compare(doc, &wanted, path);
        }
        let (parent, key) = container(doc, path, "test")?;
        // a key that is not there is null
        let may_miss = parent.is_mapping() && wanted.is_null();
        match get(parent, &key, path) {
            Ok(found) => Self::compare(found, &wanted, path),
            Err(_) if may_miss => Ok(()),
            Err(e) => {
                let cause = format!("testing value {path} failed: test failed: {}", e.cause());
                Err(e.with_cause(cause))
            }
        }
    }

    fn compare(found: &Node, wanted: &Node, path: &str) -> Result<()> {
        if found.same_value(wanted) || (found.is_null() && wanted.is_null()) {
            return Ok(());
        }
        Err(fails(format!("testing value {path} failed: test failed")))
    }
}

/// `~1` and `~0` of a path part.
fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// The mapping or list that holds what the path names, and the last part of the path.
fn container<'d>(doc: &'d mut Node, path: &str, operation: &str) -> Result<(&'d mut Node, String)> {
    let missing = || fails(format!("{operation} operation does not apply: doc is missing path: \"{path}\": missing value"));
    let (before, last) = path.rsplit_once('/').ok_or_else(missing)?;
    let mut at = doc;
    // what stands before the first slash is ignored
    for part in before.split('/').skip(1) {
        at = get_mut(at, &unescape(part)).ok_or_else(missing)?;
        if at.is_scalar() {
            return Err(missing());
        }
    }
    Ok((at, unescape(last)))
}

fn index(key: &str, length: usize) -> Option<usize> {
    let number: i64 = key.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    let number = if number < 0 { number + length } else { number };
    usize::try_from(number).ok().filter(|n| (*n as i64) < length)
}

fn get_mut<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    if node.is_mapping() {
        return node.get_mut(key);
    }
    let items = node.items_mut()?;
    let at = index(key, items.len())?;
    items.get_mut(at)
}

fn get<'n>(node: &'n mut Node, key: &str, path: &str) -> Result<&'n Node> {
    let keys = || node_keys(node);
    let hint = keys();
    match get_mut(node, key) {
        Some(value) => Ok(value),
        None => Err(fails(format!("unable to get nonexistent key: {key}: missing value (path '{path}')")).hint(hint)),
    }
}

fn node_keys(node: &Node) -> String {
    match node.kind() {
        Kind::Mapping(pairs) => format!("there are {}", pairs.iter().map(|(k, _)| text(k)).take(12).collect::<Vec<_>>().join(", ")),
        Kind::Sequence(items) => format!("the list has {} items", items.len()),
        _ => "it is a scalar".to_owned(),
    }
}

fn add(doc: &mut Node, path: &str, value: Node, operation: &str) -> Result<()> {
    let (parent, key) = container(doc, path, operation)?;
    if parent.is_mapping() {
        parent.set(key.as_str(), value);
        return Ok(());
    }
    let Some(items) = parent.items_mut() else {
        return Err(fails(format!("{operation} operation does not apply: doc is missing path: \"{path}\": missing value")));
    };
    let at = if key == "-" { Some(items.len()) } else { index(&key, items.len() + 1) };
    match at {
        Some(at) => {
            items.insert(at, value);
            Ok(())
        }
        None => {
            Err(fails(format!("error in {operation} for path: '{path}': Unable to access invalid index: {key}: invalid index referenced"))
                .hint(format!("the list has {} items", items.len())))
        }
    }
}

fn remove(doc: &mut Node, path: &str, operation: &str) -> Result<Node> {
    let (parent, key) = container(doc, path, operation)?;
    let hint = node_keys(parent);
    if parent.is_mapping() {
        return parent.remove(&key).ok_or_else(|| {
            fails(format!("error in {operation} for path: '{path}': Unable to remove nonexistent key: {key}: missing value")).hint(hint)
        });
    }
    let at = parent.items().and_then(|items| index(&key, items.len()));
    match (at, parent.items_mut()) {
        (Some(at), Some(items)) => Ok(items.remove(at)),
        _ => {
            Err(fails(format!("error in {operation} for path: '{path}': Unable to access invalid index: {key}: invalid index referenced"))
                .hint(hint))
        }
    }
}

/// What a detour through JSON does to a tree: numbers become 64-bit floats printed in their shortest form, texts lose
/// their style, nulls get a text.
fn normalize(node: &mut Node) {
    let is_block = !node.is_scalar();
    if is_block {
        match node.kind_mut() {
            Kind::Sequence(items) => items.iter_mut().for_each(normalize),
            Kind::Mapping(pairs) => pairs.iter_mut().for_each(|(_, value)| normalize(value)),
            Kind::Scalar(_) | Kind::Alias(_) => {}
        }
        return;
    }
    match node.tag() {
        Tag::Str => {
            if node.style() == Style::Folded {
                refold(node);
            }
            if node.style() != Style::Plain {
                let multi_line = text(node).contains('\n');
                node.set_style(if multi_line { Style::Literal } else { Style::Plain });
                quote_if_ambiguous(node);
            }
        }
        Tag::Null => *node = Node::null(),
        Tag::Int | Tag::Float => {
            if let Some(value) = node.scalar().and_then(|s| s.ok()).and_then(as_f64) {
                let printed = number::format_g(value);
                let tag = ferroflux_yaml::plain_tag(Dialect::GoYamlV3, &printed);
                node.set_scalar(printed, tag);
                node.set_style(Style::Plain);
            }
        }
        _ => {}
    }
}

/// A folded text is written and read again on the way, which may change its line breaks.
fn refold(node: &mut Node) {
    let written = crate::output::document_text(&Node::mapping(vec![(Node::string("text"), node.clone())]));
    if let Ok(read) = read_document(&written, ReadOptions::default())
        && let Some(again) = read.get("text").and_then(Node::text)
    {
        let again = again.to_owned();
        node.set_string(again);
    }
}

fn as_f64(scalar: ferroflux_yaml::Scalar<'_>) -> Option<f64> {
    match scalar {
        ferroflux_yaml::Scalar::Int(v) => Some(v as f64),
        ferroflux_yaml::Scalar::Uint(v) => Some(v as f64),
        ferroflux_yaml::Scalar::Float(v) if v.is_finite() => Some(v),
        _ => None,
    }
}
