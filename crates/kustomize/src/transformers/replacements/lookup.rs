//! Looking up one node by a path with exact conditions, as sources and variables do.

use ferroflux_yaml::Node;

use crate::error::{Error, ErrorKind, Result};
use crate::field_path;
use crate::field_visitor::wrong_kind;

/// The node at a path: names, numbers, `-` for the last item, `[name=value]` and `[=value]`.
pub(crate) fn lookup<'n>(node: &'n Node, path: &[String]) -> Result<Option<&'n Node>> {
    let mut at = node;
    for part in path.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
        let next = if let Some(index) = field_path::index(part) {
            items(at)?.get(index)
        } else if part == "-" {
            items(at)?.last()
        } else if part == "*" {
            return Err(Error::new(ErrorKind::FieldPath, "wildcard is not supported in PathGetter"));
        } else if field_path::is_condition(part) {
            let (name, value) = field_path::condition(part).ok_or_else(|| {
                Error::new(ErrorKind::FieldPath, "list path element must contain fieldName=fieldValue for element to match")
            })?;
            items(at)?.iter().find(|item| {
                let subject = if name.is_empty() { Some(*item) } else { item.get(name) };
                subject.and_then(Node::text) == Some(value)
            })
        } else if at.is_null() {
            None
        } else if at.is_mapping() {
            at.get(part)
        } else {
            return Err(wrong_kind("MappingNode", at));
        };
        match next {
            Some(found) => at = found,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

fn items(node: &Node) -> Result<&[Node]> {
    match node.items() {
        Some(items) => Ok(items),
        None if node.is_null() => Ok(&[]),
        None => Err(wrong_kind("SequenceNode", node)),
    }
}
