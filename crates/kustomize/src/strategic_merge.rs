//! Strategic merge patches (KB-SMP-01 … KB-SMP-06).
//!
//! The walk goes over the whole object, not only over what the patch touches, because the original's does: keyed lists
//! lose duplicates and fields that are null without a text disappear even where the patch says nothing (KB-SMP-05).

use std::collections::HashMap;

use ferroflux_yaml::{Kind, Node, Style, Tag};

use crate::error::{Error, ErrorKind, Result};
use crate::field_visitor::wrong_kind;
use crate::resource::quote_if_ambiguous;
use crate::schema::{Schema, Type};
use crate::tree::{Twins, is_null_or_empty_map, is_text, text, untagged};

mod keyed_list;

const DIRECTIVE: &str = "$patch";

/// What becomes of a field.
enum Outcome {
    /// It stays, changed in place.
    Keep,
    /// It goes.
    Clear,
    /// Another node takes its place.
    Replace(Node),
}

/// What `$patch` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

/// Merges `patch` into `target`. `false`: the patch deletes the object.
pub(crate) fn merge(target: &mut Node, patch: Node, schema: &Schema, notes: &mut Vec<String>) -> Result<bool> {
    let mut twins = Twins::default();
    let mut merger = Merger { schema, twins: &mut twins, notes };
    let outcome = merger.pair(target, Some(patch), None)?;
    let alive = match outcome {
        Outcome::Keep => true,
        Outcome::Clear => false,
        // a patch that replaces the whole object is without effect (measured)
        Outcome::Replace(_) => true,
    };
    twins.settle(target);
    Ok(alive)
}

struct Merger<'a> {
    schema: &'a Schema,
    twins: &'a mut Twins,
    /// What the author of the patch should know (KB-UX-02).
    notes: &'a mut Vec<String>,
}

impl<'a> Merger<'a> {
    /// The type of a node: what its field says, else what its own apiVersion and kind say.
    fn type_of(&self, known: Option<Type<'a>>, nodes: [Option<&Node>; 2]) -> Option<Type<'a>> {
        known.or_else(|| {
            nodes.into_iter().flatten().filter(|n| n.is_mapping()).find_map(|node| {
                let field = |name: &str| node.get(name).filter(|v| v.is_scalar()).map_or("", text);
                let (api_version, kind) = (field("apiVersion"), field("kind"));
                if api_version.is_empty() || kind.is_empty() { None } else { self.schema.of(api_version, kind) }
            })
        })
    }

    /// A field of the target and, maybe, of the patch.
    fn pair(&mut self, target: &mut Node, patch: Option<Node>, known: Option<Type<'a>>) -> Result<Outcome> {
        let known = self.type_of(known, [Some(&*target), patch.as_ref()]);
        let leading = if target.is_null() { patch.as_ref().filter(|p| !p.is_null()) } else { Some(&*target) };
        let Some(leading) = leading else {
            // nulls on both sides; a null that is spelled out survives where the patch says nothing
            return Ok(if patch.is_none() && !text(target).is_empty() { Outcome::Keep } else { Outcome::Clear });
        };
        match leading.kind() {
            Kind::Mapping(_) => {
                check_kind("MappingNode", target, patch.as_ref(), Node::is_mapping)?;
                self.mappings(target, patch, known)
            }
            Kind::Sequence(_) => {
                check_kind("SequenceNode", target, patch.as_ref(), Node::is_sequence)?;
                self.sequences(target, patch, known)
            }
            Kind::Scalar(_) | Kind::Alias(_) => {
                check_kind("ScalarNode", target, patch.as_ref(), Node::is_scalar)?;
                match patch {
                    None => {
                        if is_text(target) {
                            quote_if_ambiguous(target);
                        }
                        Ok(Outcome::Keep)
                    }
                    Some(p) if p.is_null() => Ok(Outcome::Clear),
                    Some(p) => Ok(Outcome::Replace(p)),
                }
            }
        }
    }

    fn mappings(&mut self, target: &mut Node, patch: Option<Node>, known: Option<Type<'a>>) -> Result<Outcome> {
        let Some(mut patch) = patch else {
            self.fields(target, Node::mapping(Vec::new()), known)?;
            return Ok(Outcome::Keep);
        };
        if target.is_null() {
            return self.added(patch, known);
        }
        if patch.is_null() {
            return Ok(Outcome::Clear);
        }
        match take_directive(&mut patch)? {
            Directive::Delete => Ok(Outcome::Clear),
            Directive::Replace => {
                self.own_fields(&mut patch, known)?;
                Ok(Outcome::Replace(patch))
            }
            Directive::Merge => {
                self.fields(target, patch, known)?;
                Ok(Outcome::Keep)
            }
        }
    }

    /// The fields of two mappings.
    fn fields(&mut self, target: &mut Node, mut patch: Node, known: Option<Type<'a>>) -> Result<()> {
        let mut incoming = Incoming::new(std::mem::take(patch.pairs_mut().unwrap_or(&mut Vec::new())));
        let Some(pairs) = target.pairs_mut() else { return Ok(()) };
        let mut cleared = false;
        for (key, value) in pairs.iter_mut() {
            let name = text(key);
            let from_patch = incoming.take(name);
            match self.pair(value, from_patch, known.and_then(|k| k.field(name))).map_err(|e| within(e, name))? {
                Outcome::Keep => {}
                Outcome::Clear => {
                    // marks the pair; it is removed after the loop
                    *value = Node::null();
                    value.meta_mut().explicit_tag = CLEARED.into();
                    cleared = true;
                }
                Outcome::Replace(mut new) => {
                    if new.is_scalar() {
                        new.set_style(value.style());
                    }
                    self.twins.overwrite(value, new);
                }
            }
        }
        if cleared {
            pairs.retain(|(_, value)| value.meta().is_none_or(|m| m.explicit_tag != CLEARED));
        }
        for (key, value) in incoming.rest() {
            let name = text(&key).to_owned();
            self.note_unknown(&name);
            let value = match self.added(value, known.and_then(|k| k.field(&name))).map_err(|e| within(e, &name))? {
                Outcome::Replace(value) => value,
                Outcome::Keep | Outcome::Clear => continue,
            };
            let mut value = value;
            if is_text(&value) {
                quote_if_ambiguous(&mut value);
            }
            let mut new_key = untagged(&name);
            new_key.set_style(key.style());
            pairs.push((new_key, value));
        }
        Ok(())
    }

    /// Says so if a field of a patch is a directive of kubectl that kustomize does not know.
    fn note_unknown(&mut self, name: &str) {
        if name.starts_with("$setElementOrder/") || name == "$retainKeys" || name.starts_with("$deleteFromPrimitiveList/") {
            self.notes.push(format!("'{name}' is not understood and stays in the output as a field"));
        }
    }

    /// A node that only the patch has.
    fn added(&mut self, mut patch: Node, known: Option<Type<'a>>) -> Result<Outcome> {
        if patch.is_null() {
            return Ok(Outcome::Clear);
        }
        let known = self.type_of(known, [Some(&patch), None]);
        match patch.kind() {
            Kind::Mapping(_) => {
                // an unknown directive is no error here (measured)
                if take_directive(&mut patch).is_ok_and(|d| d == Directive::Delete) {
                    return Ok(Outcome::Clear);
                }
                self.own_fields(&mut patch, known)?;
            }
            Kind::Sequence(_) => {
                if let Some(keys) = known.and_then(Type::merge_keys) {
                    self.own_items(&mut patch, keys, known)?;
                }
            }
            Kind::Scalar(_) | Kind::Alias(_) => {}
        }
        Ok(Outcome::Replace(patch))
    }

    /// A node that stands on both sides of the merge, as what a patch brings anew does.
    fn own(&mut self, node: &mut Node, known: Option<Type<'a>>) -> Result<Outcome> {
        if node.is_null() {
            return Ok(Outcome::Clear);
        }
        let known = self.type_of(known, [Some(&*node), None]);
        match node.kind() {
            Kind::Mapping(_) => {
                if take_directive(node)? == Directive::Delete {
                    return Ok(Outcome::Clear);
                }
                self.own_fields(node, known)?;
            }
            Kind::Sequence(_) => {
                if let Some(keys) = known.and_then(Type::merge_keys) {
                    if take_list_directive(node)? == Directive::Delete {
                        return Ok(Outcome::Clear);
                    }
                    self.own_items(node, keys, known)?;
                }
            }
            Kind::Scalar(_) | Kind::Alias(_) => {}
        }
        Ok(Outcome::Keep)
    }

    fn own_fields(&mut self, node: &mut Node, known: Option<Type<'a>>) -> Result<()> {
        let Some(pairs) = node.pairs_mut() else { return Ok(()) };
        let mut kept = Vec::with_capacity(pairs.len());
        for (key, mut value) in std::mem::take(pairs) {
            let name = text(&key);
            self.note_unknown(name);
            if !matches!(self.own(&mut value, known.and_then(|k| k.field(name))).map_err(|e| within(e, name))?, Outcome::Clear) {
                kept.push((key, value));
            }
        }
        *pairs = kept;
        Ok(())
    }

    fn sequences(&mut self, target: &mut Node, patch: Option<Node>, known: Option<Type<'a>>) -> Result<Outcome> {
        let Some(keys) = known.and_then(Type::merge_keys) else {
            return Ok(match patch {
                None => Outcome::Keep,
                Some(p) if p.is_null() => Outcome::Clear,
                Some(p) => Outcome::Replace(p),
            });
        };
        let Some(mut patch) = patch else {
            self.items(target, None, keys, known)?;
            return Ok(Outcome::Keep);
        };
        if target.is_null() {
            self.own_items(&mut patch, keys, known)?;
            return Ok(Outcome::Replace(patch));
        }
        if patch.is_null() {
            return Ok(Outcome::Clear);
        }
        match take_list_directive(&mut patch)? {
            Directive::Delete => Ok(Outcome::Clear),
            Directive::Replace => {
                self.own_items(&mut patch, keys, known)?;
                Ok(Outcome::Replace(patch))
            }
            Directive::Merge => {
                self.items(target, Some(patch), keys, known)?;
                Ok(Outcome::Keep)
            }
        }
    }
}

/// Marks a pair that is to be removed.
const CLEARED: &str = "!cleared";

/// The fields of a patch, found by name.
struct Incoming {
    pairs: Vec<Option<(Node, Node)>>,
    by_name: Option<HashMap<String, usize>>,
}

impl Incoming {
    fn new(pairs: Vec<(Node, Node)>) -> Self {
        const FEW: usize = 16;
        let by_name =
            (pairs.len() > FEW).then(|| pairs.iter().enumerate().rev().map(|(at, (key, _))| (text(key).to_owned(), at)).collect());
        Self { pairs: pairs.into_iter().map(Some).collect(), by_name }
    }

    fn take(&mut self, name: &str) -> Option<Node> {
        let at = match &self.by_name {
            Some(index) => *index.get(name)?,
            None => self.pairs.iter().position(|p| p.as_ref().is_some_and(|(key, _)| text(key) == name))?,
        };
        self.pairs[at].take().map(|(_, value)| value)
    }

    fn rest(self) -> impl Iterator<Item = (Node, Node)> {
        self.pairs.into_iter().flatten()
    }
}

fn check_kind(expected: &str, target: &Node, patch: Option<&Node>, is: fn(&Node) -> bool) -> Result<()> {
    match [Some(target), patch].into_iter().flatten().find(|n| !n.is_null() && !is(n)) {
        Some(wrong) => Err(wrong_kind(expected, wrong).at(wrong.line(), wrong.column())),
        None => Ok(()),
    }
}

/// Adds a field name in front of the path that an error names.
fn within(error: Error, name: &str) -> Error {
    error.prefix_field(name)
}

fn directive(value: &Node) -> Result<Directive> {
    match text(value) {
        "delete" => Ok(Directive::Delete),
        "replace" => Ok(Directive::Replace),
        "merge" => Ok(Directive::Merge),
        other => Err(Error::new(ErrorKind::PatchInvalid, format!("unknown patch strategy '{other}'"))
            .at(value.line(), value.column())
            .hint("$patch is one of delete, replace, merge")),
    }
}

/// Takes `$patch` out of a mapping.
fn take_directive(patch: &mut Node) -> Result<Directive> {
    let Some(value) = patch.get(DIRECTIVE) else { return Ok(Directive::Merge) };
    let found = directive(value)?;
    patch.remove(DIRECTIVE);
    Ok(found)
}

/// Takes the item that holds nothing but `$patch` out of a list.
fn take_list_directive(patch: &mut Node) -> Result<Directive> {
    let Some(item) = patch.items().unwrap_or_default().iter().find(|i| i.get(DIRECTIVE).is_some()) else { return Ok(Directive::Merge) };
    let Some(value) = item.get(DIRECTIVE).filter(|_| item.len() == 1) else { return Ok(Directive::Merge) };
    let found = directive(value)?;
    let word = text(value).to_owned();
    if let Some(items) = patch.items_mut() {
        items.retain(|i| !is_null_or_empty_map(i) && i.get(DIRECTIVE).is_none_or(|v| text(v) != word));
    }
    Ok(found)
}

/// A scalar made from a merge key.
fn key_scalar(value: &str) -> Node {
    let mut node = untagged(value);
    quote_if_ambiguous(&mut node);
    debug_assert!(node.style() == Style::Plain || node.tag() == Tag::Custom);
    node
}
