//! Fields inside a text that holds JSON or YAML (KB-RPL-03).

use ferroflux_yaml::{Node, ReadOptions, Scalar, Tag, read_document};

use super::lookup::lookup;
use super::path::{Matches, find_fields, node_at};
use super::set_text;
use crate::error::{Error, ErrorKind, Result};
use crate::tree::{Twins, settle, text};

/// Parses the text of a field.
pub(super) fn parse(content: &str) -> Result<Node> {
    let options = ReadOptions { comments: true, ..ReadOptions::default() };
    read_document(content, options).map_err(|e| Error::new(ErrorKind::Replacement, e.to_string()))
}

/// Writes below the first text on the path. An error means that there is none or that it does not work out; the caller
/// then goes the ordinary way.
pub(super) fn write(root: &mut Node, value: &Node, path: &[String], create: Option<&Node>, twins: &mut Twins) -> Result<()> {
    let none = || Error::new(ErrorKind::Replacement, "no structured data found in path");
    let at = (1..path.len())
        .find(|i| matches!(lookup(root, &path[..*i]), Ok(Some(node)) if node.is_scalar() && parse(text(node)).is_ok()))
        .ok_or_else(none)?;
    let content = lookup(root, &path[..at])?.map(text).unwrap_or_default().to_owned();
    let mut inner = parse(&content)?;
    let mut matches = Matches::default();
    find_fields(&mut inner, &path[at..], create, &mut matches)?;
    if matches.paths.is_empty() {
        return Err(none());
    }
    for position in &matches.paths {
        if let Some(field) = node_at(&mut inner, position) {
            if field.is_scalar() {
                set_text(field, text(value));
            } else {
                *field = value.clone();
            }
        }
    }
    let is_json = content.trim_start().starts_with(['{', '[']);
    let printed = if is_json { as_json(inner, &content)? } else { crate::output::document_text(&inner).trim().to_owned() };
    let mut outer = Matches::default();
    find_exact(root, &path[..at], &mut outer)?;
    let field = outer.paths.first().and_then(|position| node_at(root, position)).ok_or_else(none)?;
    let mut changed = field.clone();
    set_text(&mut changed, &printed);
    twins.overwrite(field, changed);
    Ok(())
}

/// The position of what [`lookup`] finds.
fn find_exact(root: &Node, path: &[String], matches: &mut Matches) -> Result<()> {
    let mut position = Vec::new();
    let mut at = root;
    for part in path.iter().filter(|p| !p.trim().is_empty()) {
        let Some(next) = lookup(at, std::slice::from_ref(part))? else { return Ok(()) };
        let index = match (at.pairs(), at.items()) {
            (Some(pairs), _) => pairs.iter().position(|(_, value)| std::ptr::eq(value, next)),
            (_, Some(items)) => items.iter().position(|item| std::ptr::eq(item, next)),
            _ => None,
        };
        let Some(index) = index else { return Ok(()) };
        position.push(index);
        at = next;
    }
    matches.paths.push(position);
    Ok(())
}

/// Compact, unless the original text is indented over several lines.
fn as_json(mut inner: Node, original: &str) -> Result<String> {
    settle(&mut inner);
    check(&inner)?;
    let compact = crate::output::json_text(&inner).map_err(|why| Error::new(ErrorKind::Replacement, why))?;
    if !(original.contains('\n') && original.contains("  ")) {
        return Ok(compact);
    }
    Ok(crate::output::indent_json(&compact))
}

/// Fails where the text of a typed scalar does not fit its type any more.
fn check(node: &Node) -> Result<()> {
    if let Some(Err(why)) = node.scalar() {
        return Err(Error::new(ErrorKind::Replacement, why));
    }
    if node.tag() == Tag::Float && matches!(node.scalar(), Some(Ok(Scalar::Float(v))) if !v.is_finite()) {
        return Err(Error::new(ErrorKind::Replacement, "a number that JSON does not have"));
    }
    node.items().unwrap_or_default().iter().try_for_each(check)?;
    node.pairs().unwrap_or_default().iter().try_for_each(|(_, value)| check(value))
}
