//! Changing nodes.

use smol_str::SmolStr;

use super::{Kind, Node, Style, Tag};

impl Node {
    /// As [`Node::get`], to change the value.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.pairs_mut()?.iter_mut().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v)
    }

    /// As [`Node::at_path`], to change the node.
    pub fn at_path_mut(&mut self, path: &[&str]) -> Option<&mut Node> {
        path.iter().try_fold(self, |node, key| node.get_mut(key))
    }

    /// The pairs of a mapping, to change them.
    pub fn pairs_mut(&mut self) -> Option<&mut Vec<(Node, Node)>> {
        match &mut self.kind {
            Kind::Mapping(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The items of a sequence, to change them.
    pub fn items_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Puts a value under a key: in its place if the key exists (the old value is returned), else at the end.
    /// A node that is no mapping becomes one.
    pub fn set(&mut self, key: impl Into<SmolStr>, value: Node) -> Option<Node> {
        let key = key.into();
        if let Some(old) = self.get_mut(&key) {
            return Some(std::mem::replace(old, value));
        }
        self.become_mapping().push((Node::string(key), value));
        None
    }

    /// The value under a key; put there by `make` if it is missing. A node that is no mapping becomes one.
    pub fn get_or_insert_with(&mut self, key: &str, make: impl FnOnce() -> Node) -> &mut Node {
        let pairs = self.become_mapping();
        let at = pairs.iter().position(|(k, _)| k.text() == Some(key)).unwrap_or_else(|| {
            pairs.push((Node::string(key), make()));
            pairs.len() - 1
        });
        &mut pairs[at].1
    }

    /// Removes a key and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let pairs = self.pairs_mut()?;
        let at = pairs.iter().position(|(k, _)| k.text() == Some(key))?;
        Some(pairs.remove(at).1)
    }

    /// Appends to a sequence. A node that is no sequence becomes one.
    pub fn push(&mut self, item: Node) {
        if !self.is_sequence() {
            self.replace_kind(Kind::Sequence(Vec::new()), Tag::Seq);
        }
        if let Some(items) = self.items_mut() {
            items.push(item);
        }
    }

    /// Makes this a text scalar and keeps comments; the style is kept if it was a scalar's.
    pub fn set_string(&mut self, text: impl Into<SmolStr>) {
        self.set_scalar(text, Tag::Str);
    }

    /// Makes this a scalar with a tag and keeps comments; the style is kept if it was a scalar's.
    pub fn set_scalar(&mut self, text: impl Into<SmolStr>, tag: Tag) {
        let style = if self.is_scalar() { self.style } else { Style::Plain };
        self.replace_kind(Kind::Scalar(text.into()), tag);
        self.style = style;
    }

    /// Takes the node out and leaves a null.
    pub fn take(&mut self) -> Node {
        std::mem::replace(self, Node::null())
    }

    fn replace_kind(&mut self, kind: Kind, tag: Tag) {
        self.kind = kind;
        self.style = Style::Plain;
        self.set_tag(tag);
    }

    fn become_mapping(&mut self) -> &mut Vec<(Node, Node)> {
        if !self.is_mapping() {
            self.replace_kind(Kind::Mapping(Vec::new()), Tag::Map);
        }
        match &mut self.kind {
            Kind::Mapping(pairs) => pairs,
            // replaced just above; the arms exist because the compiler cannot know
            Kind::Scalar(_) | Kind::Sequence(_) | Kind::Alias(_) => unreachable!(),
        }
    }
}
