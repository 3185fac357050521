//! Nodes of texts in the common form.

use std::borrow::Cow;

use smol_str::SmolStr;

use super::{ReadOptions, Seen};
use crate::common_form::{At, Maker, read};
use crate::node::{Kind, Node, Style, Tag};
use crate::resolve::{Dialect, plain_tag};

/// The one document of a text, or `None` if the parser has to read it.
pub(super) fn read_common(text: &str, options: &ReadOptions) -> Option<Node> {
    if options.comments || options.spans {
        return None;
    }
    read(text, &options.limits, &mut Nodes { dialect: options.dialect, pairs: Vec::new(), items: Vec::new() })
}

struct Nodes {
    dialect: Dialect,
    /// Pairs and items of the open collections; a finished one takes its own from the end.
    pairs: Vec<(Node, Node)>,
    items: Vec<Node>,
}

/// Where the pairs of a mapping begin, and which keys they have.
struct Pairs {
    first: usize,
    seen: Seen,
}

impl Nodes {
    fn node(&self, text: SmolStr, style: Style, at: At) -> Node {
        let tag = if style == Style::Plain { plain_tag(self.dialect, &text) } else { Tag::Str };
        Node::new(Kind::Scalar(text), tag, style).at(at.line, at.column)
    }
}

impl<'a> Maker<'a> for Nodes {
    type Value = Node;
    type Key = Node;
    type Pairs = Pairs;
    type Items = usize;
    const PLACED: bool = true;

    fn scalar(&mut self, text: Cow<'a, str>, style: Style, at: At) -> Option<Node> {
        Some(self.node(SmolStr::new(text), style, at))
    }

    fn open_mapping(&mut self) -> Pairs {
        Pairs { first: self.pairs.len(), seen: Seen::default() }
    }

    /// A key that stands twice is an error, or another value, for the parser.
    fn key(&mut self, pairs: &mut Pairs, text: &'a str, style: Style, at: At) -> Option<Node> {
        let key = self.node(SmolStr::new(text), style, at);
        let twin = pairs.seen.add(&self.pairs[pairs.first..], &key);
        twin.is_none().then_some(key).filter(|_| text != "<<")
    }

    fn pair(&mut self, _pairs: &mut Pairs, key: Node, value: Node) {
        self.pairs.push((key, value));
    }

    fn mapping(&mut self, pairs: Pairs, style: Style, at: At) -> Node {
        Node::new(Kind::Mapping(self.pairs.drain(pairs.first..).collect()), Tag::Map, style).at(at.line, at.column)
    }

    fn open_sequence(&mut self) -> usize {
        self.items.len()
    }

    fn item(&mut self, _items: &mut usize, value: Node) {
        self.items.push(value);
    }

    fn sequence(&mut self, first: usize, style: Style, at: At) -> Node {
        Node::new(Kind::Sequence(self.items.drain(first..).collect()), Tag::Seq, style).at(at.line, at.column)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::super::read_parsed;
    use super::*;
    use crate::common_form::cases;

    /// What is read here is what the parser reads, with every position; whether anything is read here.
    fn check(text: &str) -> Result<bool, String> {
        for dialect in [Dialect::GoYamlV3, Dialect::SigsYaml] {
            let options = ReadOptions { dialect, ..ReadOptions::default() };
            let Some(node) = read_common(text, &options) else { return Ok(false) };
            match read_parsed(text, options) {
                Ok(parsed) if parsed == node => {}
                other => return Err(format!("{text}\nhere {node:?}\nthe parser {other:?}")),
            }
        }
        Ok(true)
    }

    /// KB-DOC-01, KB-DOC-02
    #[test]
    fn manifests_are_read_as_the_parser_does() {
        for text in cases::COMMON {
            assert_eq!(check(text), Ok(true), "{text}");
        }
        for text in cases::OTHERS.iter().chain(&["a: é\n"]) {
            assert_eq!(check(text), Ok(false), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 4_000 } else { 400_000 }, failure_persistence: None, ..ProptestConfig::default() })]

        /// KB-DOC-01, KB-DOC-02: no text is read in another way than by the parser.
        #[test]
        fn lines_are_read_as_the_parser_does(text in cases::text()) {
            prop_assert!(check(&text).is_ok(), "{}", check(&text).unwrap_err());
            prop_assert!(check(text.trim_end()).is_ok(), "{}", check(text.trim_end()).unwrap_err());
        }
    }
}
