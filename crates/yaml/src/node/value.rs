//! Reading values out of nodes, and comparing nodes.

use super::{Kind, Node, Tag};
use crate::resolve::Scalar;

impl Node {
    /// The text of a scalar of any type, as it stands (after escapes).
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar that is text (not `1`, `true` or `null`).
    pub fn as_str(&self) -> Option<&str> {
        self.text().filter(|_| self.tag == Tag::Str)
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.scalar()?.ok()? {
            Scalar::Bool(v) => Some(v),
            _ => None,
        }
    }

    /// The integer.
    pub fn as_i64(&self) -> Option<i64> {
        match self.scalar()?.ok()? {
            Scalar::Int(v) => Some(v),
            _ => None,
        }
    }

    /// Whether this is a null.
    pub fn is_null(&self) -> bool {
        self.tag == Tag::Null
    }

    /// Whether this is a scalar.
    pub fn is_scalar(&self) -> bool {
        matches!(self.kind, Kind::Scalar(_))
    }

    /// Whether this is a sequence.
    pub fn is_sequence(&self) -> bool {
        matches!(self.kind, Kind::Sequence(_))
    }

    /// Whether this is a mapping.
    pub fn is_mapping(&self) -> bool {
        matches!(self.kind, Kind::Mapping(_))
    }

    /// The items of a sequence.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The pairs of a mapping.
    pub fn pairs(&self) -> Option<&[(Node, Node)]> {
        match &self.kind {
            Kind::Mapping(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The value under a key whose text is `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.pairs()?.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v)
    }

    /// The node below a chain of keys.
    pub fn at_path(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// How many items or pairs; 0 for scalars.
    pub fn len(&self) -> usize {
        match &self.kind {
            Kind::Sequence(items) => items.len(),
            Kind::Mapping(pairs) => pairs.len(),
            _ => 0,
        }
    }

    /// Whether there are no items or pairs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both hold the same values: styles, comments, positions and the order of keys do not count; `1` and `0x1`
    /// are the same, `1` and `"1"` are not.
    pub fn same_value(&self, other: &Node) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Scalar(a), Kind::Scalar(b)) => {
                (a == b && self.tag == other.tag)
                    || match (self.scalar(), other.scalar()) {
                        (Some(Ok(a)), Some(Ok(b))) => a == b,
                        _ => false,
                    }
            }
            (Kind::Alias(a), Kind::Alias(b)) => a == b,
            (Kind::Sequence(a), Kind::Sequence(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_value(b)),
            (Kind::Mapping(a), Kind::Mapping(b)) => {
                a.len() == b.len()
                    && a.iter().enumerate().all(|(i, (k, v))| {
                        // most trees agree in order too
                        let twin =
                            b.get(i).filter(|(other, _)| other.same_value(k)).or_else(|| b.iter().find(|(other, _)| other.same_value(k)));
                        twin.is_some_and(|(_, other)| other.same_value(v))
                    })
            }
            _ => false,
        }
    }
}
