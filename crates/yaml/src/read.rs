//! Reading documents into node trees.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use crate::error::{Error, ErrorKind};
use crate::limits::{Budget, Exceeded, Limits};
use crate::node::{Kind, Meta, Node, Style, Tag};
use crate::resolve::{Dialect, plain_tag};
use crate::source::{Event, Events, Place, decode_str};
use comments::Pending;

mod comments;
mod merge;
mod nodes;

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
        match read_one(&mut self.events, &self.options) {
            Err(e) if matches!(e.kind(), ErrorKind::Repairable(_)) && !self.options.spans => {
                let repaired = self.events.repair()?;
                read_one(&mut Events::of_repaired(&repaired, self.options.comments, self.options.limits), &self.options)
            }
            other => other,
        }
    }
}

fn read_one(events: &mut Events<'_>, options: &ReadOptions) -> Result<Option<Node>, Error> {
    let mut comments = Pending::default();
    let source = events.text();
    if !events.next_document(|place| comments.add(source, place))? {
        return Ok(None);
    }
    let mut reader = Reader { events, options, anchors: HashMap::new(), budget: Budget::new(&options.limits), comments, last_line: 0 };
    reader.document().map(Some)
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
    nodes::read_common(text, &options).map_or_else(|| read_parsed(text, options), Ok)
}

/// As [`read_document`], by the parser whatever form the text has.
fn read_parsed(text: &str, options: ReadOptions) -> Result<Node, Error> {
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
    /// Comments since the last content; always empty if comments are not wanted.
    comments: Pending,
    /// The line in which the last content ended.
    last_line: usize,
}

struct Anchored {
    name: SmolStr,
    /// `None` while the node is being read: an alias to it now would contain itself.
    node: Option<Node>,
    nodes: usize,
}

impl<'a> Reader<'_, 'a> {
    fn document(&mut self) -> Result<Node, Error> {
        self.look()?;
        let above = self.comments.take_document();
        let mut node = self.node()?;
        self.look()?;
        if !node.is_mapping() || node.style() == Style::Flow {
            let foot = self.comments.take_foot(self.last_line, 1, true);
            set(&mut node, |m| &mut m.foot_comment, foot);
        }
        let below = self.comments.take_head();
        set(&mut node, |m| &mut m.document_comment, above);
        set(&mut node, |m| &mut m.end_comment, SmolStr::new(below.trim_end_matches('\n')));
        while !matches!(self.events.next()?.0, Event::DocumentEnd) {}
        Ok(node)
    }

    /// Takes comments up to the next content, so that they can be given to what stands around them.
    fn look(&mut self) -> Result<(), Error> {
        if self.options.comments {
            while let (Event::Comment, place) = *self.events.peek()? {
                self.comments.add(self.events.text(), place);
                self.events.next()?;
            }
        }
        Ok(())
    }

    /// Whether the next event ends a collection.
    fn ends(&mut self) -> Result<bool, Error> {
        Ok(self.options.comments && matches!(self.events.peek()?.0, Event::End))
    }

    fn next(&mut self) -> Result<(Event<'a>, Place), Error> {
        self.look()?;
        self.events.next()
    }

    /// The comments above what comes next.
    fn head(&mut self) -> SmolStr {
        if self.options.comments { self.comments.take_head() } else { SmolStr::default() }
    }

    fn node(&mut self) -> Result<Node, Error> {
        let (event, place) = self.next()?;
        self.node_from(event, place)
    }

    /// Each kind has its own function, so that what is on the stack while a tree is walked down stays small.
    fn node_from(&mut self, event: Event<'a>, place: Place) -> Result<Node, Error> {
        self.count(1, false, place)?;
        let before = self.budget.nodes();
        match event {
            Event::Scalar { text, style, anchor, tag } => self.scalar((text, style, tag), anchor, place),
            Event::SequenceStart { flow, anchor, tag } => {
                let node = self.start(Kind::Sequence(Vec::new()), Tag::Seq, flow, (anchor, tag), place)?;
                let (items, end) = self.items()?;
                self.end(node, Kind::Sequence(items), Place { end: end.end, end_line: end.end_line, ..place }, anchor, before)
            }
            Event::MappingStart { flow, anchor, tag } => {
                let node = self.start(Kind::Mapping(Vec::new()), Tag::Map, flow, (anchor, tag), place)?;
                let (pairs, end) = self.pairs()?;
                self.end(node, Kind::Mapping(pairs), Place { end: end.end, end_line: end.end_line, ..place }, anchor, before)
            }
            Event::Alias(id) => self.alias(id, place),
            _ => Err(Error::new(place.line, place.column, ErrorKind::Syntax("did not find expected node content".to_owned()))),
        }
    }

    fn scalar(&mut self, (text, style, tag): (Cow<'a, str>, Style, Option<Box<str>>), anchor: usize, place: Place) -> Result<Node, Error> {
        let tag = tag.filter(|t| **t != *"!");
        let resolved = match &tag {
            None if style == Style::Plain => plain_tag(self.options.dialect, &text),
            None => Tag::Str,
            Some(t) => Tag::from_short(t),
        };
        let mut node = Node::new(Kind::Scalar(SmolStr::new(text)), resolved, style).at(place.line, place.column);
        self.anchored(anchor, &mut node)?;
        explicit(&mut node, tag);
        self.span(&mut node, place);
        if matches!(style, Style::Literal | Style::Folded) {
            self.block_scalar_comment(&mut node, place)?;
        } else {
            self.line_comment(&mut node, place.end_line)?;
        }
        self.remember(anchor, &node, 1);
        Ok(node)
    }

    /// A collection without its content.
    fn start(&mut self, kind: Kind, tag: Tag, flow: bool, (anchor, text): (usize, Option<Box<str>>), place: Place) -> Result<Node, Error> {
        let mut node = Node::new(kind, tag, if flow { Style::Flow } else { Style::Plain }).at(place.line, place.column);
        self.anchored(anchor, &mut node)?;
        explicit(&mut node, text);
        Ok(node)
    }

    /// A collection with its content, which has been read; `place` reaches to its end.
    fn end(&mut self, mut node: Node, kind: Kind, place: Place, anchor: usize, before: usize) -> Result<Node, Error> {
        *node.kind_mut() = kind;
        self.span(&mut node, place);
        if node.style() == Style::Flow {
            self.line_comment(&mut node, place.end_line)?;
        }
        self.remember(anchor, &node, self.budget.nodes() - before + 1);
        Ok(node)
    }

    /// Keeps a node that has an anchor, for the aliases to come.
    fn remember(&mut self, anchor: usize, node: &Node, nodes: usize) {
        if let Some(known) = self.anchors.get_mut(&anchor) {
            known.nodes = nodes;
            // kept trees need no copy: their aliases stay names
            known.node = (self.options.aliases == Aliases::Expand).then(|| node.clone());
        }
    }

    /// The items of a sequence, and where it ends.
    fn items(&mut self) -> Result<(Vec<Node>, Place), Error> {
        let mut items = Vec::new();
        loop {
            let (event, place) = match self.next()? {
                (Event::End, end) => {
                    items.shrink_to_fit();
                    return Ok((items, end));
                }
                next => next,
            };
            let head = self.head();
            let mut item = self.node_from(event, place)?;
            set(&mut item, |m| &mut m.head_comment, head);
            if self.options.comments {
                self.look()?;
                let ends = self.ends()?;
                let foot = self.comments.take_foot(self.last_line, place.column.saturating_sub(2), ends);
                set(&mut item, |m| &mut m.foot_comment, foot);
            }
            items.push(item);
        }
    }

    /// The pairs of a mapping, and where it ends.
    fn pairs(&mut self) -> Result<(Vec<(Node, Node)>, Place), Error> {
        let mut pairs: Vec<(Node, Node)> = Vec::new();
        let mut seen = Seen::default();
        let mut merges = Vec::new();
        let end = loop {
            let (event, place) = match self.next()? {
                (Event::End, end) => break end,
                next => next,
            };
            self.events.check_key(&event, place)?;
            let head = self.head();
            let mut key = self.node_from(event, place)?;
            set(&mut key, |m| &mut m.head_comment, head);
            let value = self.node()?;
            if self.options.comments {
                self.look()?;
                let ends = self.ends()?;
                let foot = self.comments.take_foot(self.last_line, place.column, ends);
                set(&mut key, |m| &mut m.foot_comment, foot);
            }
            if self.options.aliases == Aliases::Expand && key.text() == Some("<<") {
                if key.tag() == Tag::Merge {
                    merges.push((key, value));
                    continue;
                }
                // kyaml clears the key under this name in whatever style it stands
                if self.options.dialect == Dialect::GoYamlV3 {
                    continue;
                }
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
        if let [(first, _), (second, _), ..] = &merges[..] {
            let kind = ErrorKind::DuplicateKey { key: "<<".to_owned(), first_line: first.line() };
            return Err(Error::new(second.line(), second.column(), kind));
        }
        for (_, value) in merges {
            merge::merge(&mut pairs, value)?;
        }
        pairs.shrink_to_fit();
        Ok((pairs, end))
    }

    fn alias(&mut self, id: usize, place: Place) -> Result<Node, Error> {
        let known = self.anchors.get(&id);
        let name = known.map_or_else(SmolStr::default, |k| k.name.clone());
        if self.options.aliases == Aliases::Keep {
            let mut node = Node::new(Kind::Alias(name), Tag::Custom, Style::Plain).at(place.line, place.column);
            self.line_comment(&mut node, place.line)?;
            return Ok(node);
        }
        let Some((node, nodes)) = known.and_then(|k| Some((k.node.as_ref()?, k.nodes))) else {
            return Err(Error::new(place.line, place.column, ErrorKind::RecursiveAnchor(name.to_string())));
        };
        let node = node.clone();
        self.count(nodes, true, place)?;
        Ok(node)
    }

    /// Takes the comment behind a node that ends in `line`.
    fn line_comment(&mut self, node: &mut Node, line: usize) -> Result<(), Error> {
        if self.options.comments {
            self.look()?;
            let comment = self.comments.take_line(line);
            set(node, |m| &mut m.line_comment, comment);
            self.last_line = line;
        }
        Ok(())
    }

    /// Takes the comment behind a block scalar's header. The scalar ends at the start of the line after it.
    fn block_scalar_comment(&mut self, node: &mut Node, place: Place) -> Result<(), Error> {
        if self.options.comments {
            self.look()?;
            let comment = self.comments.take_header(place.line);
            set(node, |m| &mut m.line_comment, comment);
            self.last_line = place.end_line.max(place.line + 1) - 1;
        }
        Ok(())
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

/// Sets a comment unless it is empty.
fn set(node: &mut Node, field: fn(&mut Meta) -> &mut SmolStr, comment: SmolStr) {
    if !comment.is_empty() {
        *field(node.meta_mut()) = comment;
    }
}

fn explicit(node: &mut Node, tag: Option<Box<str>>) {
    if let Some(tag) = tag {
        node.force_tag(Tag::from_short(&tag));
        node.meta_mut().explicit_tag = SmolStr::new(tag);
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
