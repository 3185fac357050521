//! Walking to the fields that a field spec names, through lists, making maps on the way where the spec says so.

use ferroflux_yaml::{Kind, Node, Tag};

use crate::error::{Error, ErrorKind, Result};
use crate::field_spec::{FieldSpec, PathPart};
use crate::resource::quote_if_ambiguous;
use crate::tree::{Twins, is_text, kind_name, text, untagged};

/// What to make in place of a missing last field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    /// Nothing.
    Never,
    /// An empty mapping.
    Mapping,
    /// An empty scalar.
    Scalar,
}

/// Calls `set` on every field at the path of `spec`. Whether the spec applies to the kind is the caller's question.
pub(crate) fn visit(node: &mut Node, spec: &FieldSpec, create: Create, set: &mut dyn FnMut(&mut Node) -> Result<()>) -> Result<()> {
    let create = if spec.create { create } else { Create::Never };
    walk(node, &spec.parts, create, set).map_err(|e| e.in_field(format!("considering field '{}'", spec.path)))
}

fn walk(node: &mut Node, path: &[PathPart], create: Create, set: &mut dyn FnMut(&mut Node) -> Result<()>) -> Result<()> {
    let Some((part, rest)) = path.split_first() else { return set(node) };
    if node.is_null() {
        return Ok(());
    }
    match node.kind_mut() {
        Kind::Sequence(items) => items.iter_mut().try_for_each(|item| walk(item, path, create, set)),
        Kind::Mapping(_) => match enter(node, part, rest.is_empty(), create)? {
            Some(field) => walk(field, rest, create, set),
            None => Ok(()),
        },
        Kind::Scalar(_) | Kind::Alias(_) => Err(Error::new(
            ErrorKind::FieldPath,
            format!("expected sequence or mapping node at '{}', found {}", part.name, kind_name(node)),
        )),
    }
}

fn enter<'n>(node: &'n mut Node, part: &PathPart, is_last: bool, create: Create) -> Result<Option<&'n mut Node>> {
    if part.name.is_empty() {
        return Err(Error::new(ErrorKind::FieldPath, "cannot set or create an empty field name"));
    }
    let make = if create == Create::Never || part.is_list {
        None
    } else if is_last && create == Create::Scalar {
        Some(Create::Scalar)
    } else {
        Some(Create::Mapping)
    };
    if make.is_none() && node.get(&part.name).is_none() {
        return Ok(None);
    }
    let new = || match make {
        Some(Create::Scalar) => untagged(""),
        _ => Node::mapping(Vec::new()),
    };
    let field = node.get_or_insert_with(&part.name, new);
    if field.is_null() {
        match make {
            Some(Create::Scalar) => field.set_tag(Tag::Custom),
            Some(_) => *field = Node::mapping(Vec::new()),
            // a null that the path calls a list becomes one
            None if part.is_list => *field = Node::sequence(Vec::new()),
            None => {}
        }
    }
    Ok(Some(field))
}

/// Overwrites a scalar and keeps its style.
pub(crate) fn set_scalar(target: &mut Node, mut value: Node, twins: &mut Twins) -> Result<()> {
    if !target.is_null() && !target.is_scalar() {
        return Err(wrong_kind("ScalarNode", target));
    }
    value.set_style(target.style());
    twins.overwrite(target, value);
    Ok(())
}

/// Sets a field of a mapping: an existing one is overwritten in place and keeps its style, a new one is added.
/// `true` if it was added.
pub(crate) fn set_entry(target: &mut Node, key: &str, mut value: Node, twins: &mut Twins) -> Result<bool> {
    if target.is_null() {
        return Ok(false);
    }
    if !target.is_mapping() {
        return Err(wrong_kind("MappingNode", target));
    }
    if let Some(old) = target.get_mut(key) {
        // only the content is taken over: the old node does not become a twin of the new one
        value.set_mark(0);
        value.set_style(old.style());
        twins.overwrite(old, value);
        return Ok(false);
    }
    if is_text(&value) {
        quote_if_ambiguous(&mut value);
    }
    if let Some(pairs) = target.pairs_mut() {
        pairs.push((untagged(key), value));
    }
    Ok(true)
}

/// A node of another kind than the operation needs.
pub(crate) fn wrong_kind(expected: &str, found: &Node) -> Error {
    let shown: String = match found.text() {
        Some(_) => text(found).chars().take(80).collect(),
        None => crate::output::block_text(found).lines().take(6).collect::<Vec<_>>().join("; "),
    };
    Error::new(ErrorKind::FieldPath, format!("wrong node kind: expected {expected} but got {}: {shown}", kind_name(found)))
}
