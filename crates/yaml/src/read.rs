//! Reading documents into node trees.

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use crate::error::{Error, ErrorKind};
use crate::limits::{Budget, Exceeded, Limits};
use crate::node::{Kind, Node, Style, Tag};
use crate::resolve::{Dialect, plain_tag};
use crate::source::{Event, Events, Place, decode_str};

mod merge;

/// What to do with anchors, aliases and merge keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Aliases {
    /// Aliases become copies of what they name, `<<` is merged, anchors disappear (KB-DOC-03).
    #[default]
    Expand,
    /// They stay as they are written, for programs that edit a file.
    Keep,
}

/// What to do with a key that stands twice in a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// An error (KB-DOC-03).
    #[default]
    Refuse,
    /// The last one wins and stands in the place of the first.
    LastWins,
    /// Both stay.
    Keep,
}

/// How to read. The default is how kustomize reads resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadOptions {
    /// The typing of plain scalars.
    pub dialect: Dialect,
    /// Anchors, aliases, merge keys.
    pub aliases: Aliases,
    /// Keys that stand twice.
    pub duplicates: Duplicates,
    /// Whether nodes keep comments.
    pub comments: bool,
    /// Whether nodes keep their first and last byte ([`crate::Meta::span`]).
    pub spans: bool,
    /// Bounds for hostile input.
    pub limits: Limits,
}

/// The documents of a text one after another; a document is read when it is asked for. Documents without content (only
/// comments, or nothing between two `---`) come as a null of no characters. After an error nothing more comes.
pub struct Documents<'a> {
    events: Events<'a>,
    options: ReadOptions,
    done: bool,
}

impl<'a> Documents<'a> {
    /// Starts reading. The text is checked for characters that YAML forbids; see [`crate::decode`] for bytes.
    pub fn new(text: &'a str, options: ReadOptions) -> Result<Self, Error> {
        let text = decode_str(text, &options.limits)?;
        Ok(Self { events: Events::new(text, options.comments, options.limits), options, done: false })
    }

    fn read(&mut self) -> Result<Option<Node>, Error> {
        if !self.events.next_document(|_, _| {})? {
            return Ok(None);
        }
        let mut reader =
            Reader { events: &mut self.events, options: &self.options, anchors: HashMap::new(), budget: Budget::new(&self.options.limits) };
        let node = reader.node()?;
        while !matches!(self.events.next()?.0, Event::DocumentEnd) {}
        Ok(Some(node))
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Node, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.read().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Reads the first document; an empty text is a null of no characters. What follows the first document is not looked at.
pub fn read_document(text: &str, options: ReadOptions) -> Result<Node, Error> {
    Ok(Documents::new(text, options)?
        .next()
        .transpose()?
        .unwrap_or_else(|| Node::new(Kind::Scalar(SmolStr::default()), Tag::Null, Style::Plain)))
}

struct Reader<'r, 'a> {
    events: &'r mut Events<'a>,
    options: &'r ReadOptions,
    anchors: HashMap<usize, Anchored>,
    budget: Budget,
}

struct Anchored {
    name: SmolStr,
    /// `None` while the node is being read: an alias to it now would contain itself.
    node: Option<Node>,
    nodes: usize,
}

impl<'a> Reader<'_, 'a> {
    fn node(&mut self) -> Result<Node, Error> {
        let (event, place) = self.events.next()?;
        self.node_from(event, place)
    }

    fn node_from(&mut self, event: Event<'a>, place: Place) -> Result<Node, Error> {
        self.count(1, false, place)?;
        let before = self.budget.nodes();
        let (anchor, mut node) = match event {
            Event::Scalar { text, style, anchor, tag } => {
                let resolved = match &tag {
                    None if style == Style::Plain => plain_tag(self.options.dialect, &text),
                    None => Tag::Str,
                    Some(t) => Tag::from_short(t),
                };
                let mut node = Node::new(Kind::Scalar(SmolStr::new(text)), resolved, style).at(place.line, place.column);
                self.anchored(anchor, &mut node)?;
                explicit(&mut node, tag);
                (anchor, node)
            }
            Event::SequenceStart { flow, anchor, tag } => {
                let mut node = Node::new(Kind::Sequence(Vec::new()), Tag::Seq, style_of(flow)).at(place.line, place.column);
                self.anchored(anchor, &mut node)?;
                explicit(&mut node, tag);
                let mut items = Vec::new();
                loop {
                    match self.events.next()? {
                        (Event::End, end) => {
                            self.span(&mut node, Place { end: end.end, ..place });
                            break;
                        }
                        (event, place) => items.push(self.node_from(event, place)?),
                    }
                }
                items.shrink_to_fit();
                *node.kind_mut() = Kind::Sequence(items);
                (anchor, node)
            }
            Event::MappingStart { flow, anchor, tag } => {
                let mut node = Node::new(Kind::Mapping(Vec::new()), Tag::Map, style_of(flow)).at(place.line, place.column);
                self.anchored(anchor, &mut node)?;
                explicit(&mut node, tag);
                let (pairs, end) = self.pairs()?;
                self.span(&mut node, Place { end, ..place });
                *node.kind_mut() = Kind::Mapping(pairs);
                (anchor, node)
            }
            Event::Alias(id) => return self.alias(id, place),
            _ => return Err(Error::new(place.line, place.column, ErrorKind::Syntax("did not find expected node content".to_owned()))),
        };
        if node.is_scalar() {
            self.span(&mut node, place);
        }
        if anchor != 0 {
            if let Some(known) = self.anchors.get_mut(&anchor) {
                known.nodes = self.budget.nodes() - before + 1;
                // kept trees need no copy: their aliases stay names
                known.node = Some(if self.options.aliases == Aliases::Expand { node.clone() } else { Node::null() });
            }
        }
        Ok(node)
    }

    /// The pairs of a mapping up to its end, and the last byte.
    fn pairs(&mut self) -> Result<(Vec<(Node, Node)>, usize), Error> {
        let mut pairs: Vec<(Node, Node)> = Vec::new();
        let mut seen = Seen::default();
        let mut merges = Vec::new();
        let end = loop {
            let (event, place) = match self.events.next()? {
                (Event::End, end) => break end.end,
                next => next,
            };
            let key = self.node_from(event, place)?;
            let value = self.node()?;
            if key.tag() == Tag::Merge && self.options.aliases == Aliases::Expand {
                merges.push(value);
                continue;
            }
            let twin = if self.options.duplicates == Duplicates::Keep { None } else { seen.add(&pairs, &key) };
            match twin {
                None => pairs.push((key, value)),
                Some(at) if self.options.duplicates == Duplicates::LastWins => pairs[at].1 = value,
                Some(at) => {
                    let kind = ErrorKind::DuplicateKey { key: key.text().unwrap_or_default().to_owned(), first_line: pairs[at].0.line() };
                    return Err(Error::new(key.line(), key.column(), kind));
                }
            }
        };
        for value in merges {
            merge::merge(&mut pairs, value)?;
        }
        pairs.shrink_to_fit();
        Ok((pairs, end))
    }

    fn alias(&mut self, id: usize, place: Place) -> Result<Node, Error> {
        let known = self.anchors.get(&id);
        let name = known.map_or_else(SmolStr::default, |k| k.name.clone());
        let Some((node, nodes)) = known.and_then(|k| Some((k.node.as_ref()?, k.nodes))) else {
            return Err(Error::new(place.line, place.column, ErrorKind::RecursiveAnchor(name.to_string())));
        };
        if self.options.aliases == Aliases::Keep {
            return Ok(Node::new(Kind::Alias(name), Tag::Custom, Style::Plain).at(place.line, place.column));
        }
        // counted before it is copied
        let node = node.clone();
        self.count(nodes, true, place)?;
        Ok(node)
    }

    /// Takes the anchor event that follows an anchored node's first event.
    fn anchored(&mut self, id: usize, node: &mut Node) -> Result<(), Error> {
        if id == 0 {
            return Ok(());
        }
        if let (Event::Anchor(name), _) = self.events.next()? {
            let name = SmolStr::new(name);
            if self.options.aliases == Aliases::Keep {
                node.meta_mut().anchor = name.clone();
            }
            self.anchors.insert(id, Anchored { name, node: None, nodes: 0 });
        }
        Ok(())
    }

    fn span(&self, node: &mut Node, place: Place) {
        if self.options.spans {
            node.meta_mut().span = Some((place.start, place.end));
        }
    }

    fn count(&mut self, nodes: usize, aliased: bool, place: Place) -> Result<(), Error> {
        self.budget.add(nodes, aliased).map_err(|e| {
            let kind = match e {
                Exceeded::Nodes => ErrorKind::TooManyNodes(self.options.limits.nodes),
                Exceeded::Aliasing => ErrorKind::ExcessiveAliasing,
            };
            Error::new(place.line, place.column, kind)
        })
    }
}

fn style_of(flow: bool) -> Style {
    if flow { Style::Flow } else { Style::Plain }
}

fn explicit(node: &mut Node, tag: Option<String>) {
    if let Some(tag) = tag {
        node.force_tag(Tag::from_short(&tag));
        node.meta_mut().explicit_tag = tag.into();
    }
}

/// The scalar keys of a mapping: few are looked up one by one, many by hash.
#[derive(Default)]
struct Seen {
    many: HashSet<SmolStr>,
}

impl Seen {
    /// Where a scalar key with the same text stands already.
    fn add(&mut self, pairs: &[(Node, Node)], key: &Node) -> Option<usize> {
        const FEW: usize = 24;
        let text = key.text()?;
        let find = || pairs.iter().position(|(k, _)| k.text() == Some(text));
        if pairs.len() < FEW {
            return find();
        }
        if self.many.is_empty() {
            self.many = pairs.iter().filter_map(|(k, _)| k.text().map(SmolStr::new)).collect();
        }
        if self.many.insert(SmolStr::new(text)) { None } else { find() }
    }
}
