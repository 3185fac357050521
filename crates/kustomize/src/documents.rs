//! Reading files into objects (KB-DOC-01 … KB-DOC-06).

use ferroflux_yaml::{Kind, Node, ReadOptions, Style, Tag, decode, read_document};

use crate::error::{Error, ErrorKind, Result};
use crate::resource::Resource;
use crate::tree::{is_null_or_empty, text};

/// How deep lists of objects may hold lists of objects.
const MAX_LISTS: usize = 10_000;

/// The objects of a text, in order; lists are replaced by their items, which come at the end.
pub(crate) fn read_objects(content: &str) -> Result<Vec<Resource>> {
    let content = normalize_line_ends(content);
    let documents = split(&content)?;
    let single = documents.len() == 1;
    let mut nodes = Vec::new();
    for (line, document) in documents {
        let node = read_document(document, ReadOptions::default()).map_err(|e| malformed(&e, line))?;
        if node.is_null() {
            continue;
        }
        let kind = node.get("kind").map_or("", text);
        // a list that is alone in its file gives its items at once
        if single && matches!(kind, "List" | "ResourceList") && (node.get("items").is_some() || node.get("functionConfig").is_some()) {
            nodes.extend(items_of(node).into_iter().map(|item| (line, item)));
        } else {
            nodes.push((line, node));
        }
    }
    expand(nodes)
}

/// The text of a file.
pub(crate) fn text_of(bytes: &[u8]) -> Result<std::borrow::Cow<'_, str>> {
    let limits = ferroflux_yaml::Limits::default();
    decode(bytes, &limits).map_err(|e| malformed(&e, 0))
}

fn malformed(error: &ferroflux_yaml::Error, line: usize) -> Error {
    let shifted = if error.line() == 0 { 0 } else { error.line() + line };
    Error::new(ErrorKind::MalformedYaml, format!("MalformedYAMLError: {}", error.message())).at(shifted, error.column())
}

fn normalize_line_ends(content: &str) -> std::borrow::Cow<'_, str> {
    if content.contains("\r\n") { content.replace("\r\n", "\n").into() } else { content.into() }
}

/// The documents with the number of lines before each. Only a line that starts with three dashes inside the text
/// separates, and only blanks or a comment may follow on it.
fn split(content: &str) -> Result<Vec<(usize, &str)>> {
    let mut documents = Vec::new();
    let (mut start, mut from) = (0, 0);
    let mut line = 0;
    while let Some(at) = content[from..].find("\n---").map(|at| at + from) {
        let Some(end) = content[at + 1..].find('\n').map(|end| end + at + 2) else { break };
        let rest = content[at + 4..end].trim();
        if !rest.is_empty() && !rest.starts_with('#') {
            let number = content[..=at].matches('\n').count() + 1;
            let separator = content[at + 1..end].trim();
            return Err(Error::new(ErrorKind::MalformedYaml, format!("invalid document separator: {separator}")).at(number, 1));
        }
        // the original puts back the line break that the separator took
        documents.push((line, &content[start..=at]));
        line += content[start..end].matches('\n').count();
        (start, from) = (end, end);
    }
    if !content.is_empty() {
        documents.push((line, &content[start..]));
    }
    Ok(documents)
}

fn items_of(mut list: Node) -> Vec<Node> {
    match list.remove("items").map(Node::into_kind) {
        Some(Kind::Sequence(items)) => items,
        // the original takes the keys and values of a mapping for items
        Some(Kind::Mapping(pairs)) => pairs.into_iter().flat_map(|(key, value)| [key, value]).collect(),
        _ => Vec::new(),
    }
}

/// Replaces lists by their items and checks every object.
fn expand(nodes: Vec<(usize, Node)>) -> Result<Vec<Resource>> {
    let mut pending: std::collections::VecDeque<(usize, Node)> = nodes.into();
    let mut objects = Vec::with_capacity(pending.len());
    let mut lists = 0;
    // everything is checked before lists are opened
    for (line, node) in &pending {
        check_object(node, *line)?;
    }
    while let Some((line, node)) = pending.pop_front() {
        if is_null_or_empty(&node) {
            continue;
        }
        let kind = node.get("kind").map_or("", text);
        if !kind.ends_with("List") {
            objects.push(Resource::new(node));
            continue;
        }
        match node.get("items") {
            None => objects.push(Resource::new(node)),
            Some(items) if items.is_null() => {}
            Some(items) if items.is_sequence() => {
                lists += 1;
                if lists > MAX_LISTS {
                    return Err(Error::new(ErrorKind::Limit, "too many lists in lists"));
                }
                for mut item in items_of(node) {
                    through_json(&mut item)?;
                    check_object(&item, line)?;
                    pending.push_back((line, item));
                }
            }
            Some(items) => {
                let found = crate::decode::what(items);
                return Err(Error::new(ErrorKind::InvalidResource, format!("expected array in {kind}/items, but found {found}"))
                    .at(items.line() + line, items.column()));
            }
        }
    }
    Ok(objects)
}

/// Items of lists take a detour through JSON: texts are quoted, keys must be texts.
fn through_json(node: &mut Node) -> Result<()> {
    match node.kind_mut() {
        Kind::Sequence(items) => items.iter_mut().try_for_each(through_json),
        Kind::Mapping(pairs) => pairs.iter_mut().try_for_each(|(key, value)| {
            if key.tag() != Tag::Str {
                return Err(Error::new(ErrorKind::InvalidResource, format!("mapping key must be text, found {}", text(key)))
                    .at(key.line(), key.column()));
            }
            through_json(value)
        }),
        Kind::Scalar(_) | Kind::Alias(_) => {
            let quoted = node.tag() == Tag::Str;
            node.set_style(if quoted { Style::DoubleQuoted } else { Style::Plain });
            Ok(())
        }
    }
}

/// An object has a kind, and a name unless it is a list.
fn check_object(node: &Node, line: usize) -> Result<()> {
    if is_null_or_empty(node) {
        return Ok(());
    }
    check_metadata(node).map_err(|cause| {
        let known = ["apiVersion", "kind"].map(|f| node.get(f).map_or("", text)).join(" ");
        let cause = if known.trim().is_empty() { cause.to_owned() } else { format!("{cause} in object {known}") };
        Error::new(ErrorKind::InvalidResource, cause).at(if node.line() == 0 { 0 } else { node.line() + line }, node.column())
    })
}

/// What is missing for an object to be one.
pub(crate) fn check_metadata(node: &Node) -> Result<(), &'static str> {
    let present = |node: &Node, field: &str| node.get(field).is_some_and(|v| !is_null_or_empty(v));
    let metadata = node.get("metadata").filter(|m| !is_null_or_empty(m));
    let has_metadata = metadata.is_some_and(|m| ["name", "namespace", "labels", "annotations"].iter().any(|f| present(m, f)));
    if !present(node, "apiVersion") && !present(node, "kind") && !has_metadata {
        return Err("missing Resource metadata");
    }
    let value = |node: &Node, field: &str| node.get(field).filter(|v| !is_null_or_empty(v)).map_or(String::new(), |v| text(v).to_owned());
    let kind = value(node, "kind");
    if kind.is_empty() {
        return Err("missing kind");
    }
    if !kind.ends_with("List") && metadata.is_none_or(|m| value(m, "name").is_empty()) {
        return Err("missing metadata.name");
    }
    Ok(())
}
