//! Small operations on YAML trees with the semantics of the original's node library.
//!
//! A scalar whose text was set without a type has no tag until it is printed; then its text and style decide, so `123`
//! written into a plain field becomes a number and into a quoted one stays text. Such nodes carry [`Tag::Custom`]
//! without a tag text here.
//!
//! Values that one label or annotation transformer adds to several places of one object are one node in the original:
//! a later change of one of them changes all (measured). They are *twins* here, marked by a common number, and
//! [`Twins`] collects the changes.

use ferroflux_yaml::{Dialect, Kind, Node, Style, Tag, plain_tag};

/// A scalar without a type.
pub(crate) fn untagged(text: &str) -> Node {
    let mut node = Node::string(text);
    node.set_tag(Tag::Custom);
    node
}

/// Whether the scalar has no type yet.
pub(crate) fn is_untagged(node: &Node) -> bool {
    node.tag() == Tag::Custom && node.is_scalar() && node.meta().is_none_or(|m| m.explicit_tag.is_empty())
}

/// Whether the node is text, or a scalar that may turn out to be.
pub(crate) fn is_text(node: &Node) -> bool {
    node.is_scalar() && (node.tag() == Tag::Str || is_untagged(node))
}

/// Whether the node is null, `{}` or `[]`.
pub(crate) fn is_null_or_empty(node: &Node) -> bool {
    node.is_null() || (!node.is_scalar() && node.is_empty())
}

/// Whether the node is null or `{}`.
pub(crate) fn is_null_or_empty_map(node: &Node) -> bool {
    node.is_null() || (node.is_mapping() && node.is_empty())
}

/// The text of a scalar; empty for everything else.
pub(crate) fn text(node: &Node) -> &str {
    node.text().unwrap_or_default()
}

/// Gives untyped scalars the type that their text and style have in print.
pub(crate) fn settle(node: &mut Node) {
    if is_untagged(node) {
        let tag = match node.style() {
            Style::Plain if !text(node).contains('\n') => plain_tag(Dialect::GoYamlV3, text(node)),
            _ => Tag::Str,
        };
        node.set_tag(tag);
    }
    // a value that took the quotes of the one before it is text now
    if node.style() != Style::Plain
        && matches!(node.tag(), Tag::Int | Tag::Float | Tag::Bool | Tag::Null | Tag::Timestamp)
        && node.is_scalar()
        && node.meta().is_none_or(|m| m.explicit_tag.is_empty())
        && plain_tag(Dialect::GoYamlV3, text(node)) == node.tag()
    {
        node.set_tag(Tag::Str);
    }
    match node.kind_mut() {
        Kind::Sequence(items) => items.iter_mut().for_each(settle),
        Kind::Mapping(pairs) => pairs.iter_mut().for_each(|(key, value)| {
            settle(key);
            settle(value);
        }),
        Kind::Scalar(_) | Kind::Alias(_) => {}
    }
}

/// A copy without marks of twins: in the original a copy is a node of its own.
pub(crate) fn detached(node: &Node) -> Node {
    let mut copy = node.clone();
    detach(&mut copy);
    copy
}

fn detach(node: &mut Node) {
    if node.mark() != 0 {
        node.set_mark(0);
    }
    match node.kind_mut() {
        Kind::Sequence(items) => items.iter_mut().for_each(detach),
        Kind::Mapping(pairs) => pairs.iter_mut().for_each(|(_, value)| detach(value)),
        Kind::Scalar(_) | Kind::Alias(_) => {}
    }
}

/// The name of a node's kind in messages.
pub(crate) fn kind_name(node: &Node) -> &'static str {
    match node.kind() {
        Kind::Scalar(_) => "ScalarNode",
        Kind::Sequence(_) => "SequenceNode",
        Kind::Mapping(_) => "MappingNode",
        Kind::Alias(_) => "AliasNode",
    }
}

/// Changes of twins that their siblings have still to follow.
#[derive(Debug, Default)]
pub(crate) struct Twins {
    changes: Vec<(u16, Node)>,
}

impl Twins {
    /// Overwrites a node in place. If it has twins they will follow.
    pub(crate) fn overwrite(&mut self, target: &mut Node, value: Node) {
        let mark = target.mark();
        *target = value;
        if mark == 0 {
            return;
        }
        target.set_mark(mark);
        self.changes.retain(|(m, _)| *m != mark);
        self.changes.push((mark, target.clone()));
    }

    /// Lets every twin in the tree follow the changes so far.
    pub(crate) fn settle(&mut self, root: &mut Node) {
        if !self.changes.is_empty() {
            follow(root, &self.changes);
            self.changes.clear();
        }
    }
}

fn follow(node: &mut Node, changes: &[(u16, Node)]) {
    if node.mark() != 0
        && let Some((_, value)) = changes.iter().find(|(mark, _)| *mark == node.mark())
    {
        *node = value.clone();
        return;
    }
    match node.kind_mut() {
        Kind::Sequence(items) => items.iter_mut().for_each(|item| follow(item, changes)),
        Kind::Mapping(pairs) => pairs.iter_mut().for_each(|(_, value)| follow(value, changes)),
        Kind::Scalar(_) | Kind::Alias(_) => {}
    }
}
