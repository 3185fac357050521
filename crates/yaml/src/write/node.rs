//! The bytes of go-yaml v3 as kyaml drives it: a node tree with its styles, comments and anchors.

use super::analysis::analyze;
use super::out::Out;
use crate::node::{Kind, Node, Style, Tag};
use crate::resolve::{Dialect, plain_tag};

/// How block sequences stand below their key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SequenceIndent {
    /// The dash below the key's first letter (kyaml's default).
    #[default]
    Compact,
    /// Indented like everything else.
    Wide,
}

/// The layout of go-yaml v3's encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteOptions {
    /// Spaces a level.
    pub indent: usize,
    /// Block sequences below a key.
    pub sequences: SequenceIndent,
}

impl Default for WriteOptions {
    /// kyaml's: two spaces, compact sequences.
    fn default() -> Self {
        Self { indent: 2, sequences: SequenceIndent::Compact }
    }
}

/// Appends a document to `buf` as kyaml writes it: styles, comments, the order of keys and anchors stay.
pub fn write_document(node: &Node, options: WriteOptions, buf: String) -> String {
    let mut writer = Writer {
        out: Out::new(buf, true, options.indent, usize::MAX),
        sequences: options.sequences,
        flow: 0,
        comments: Comments::default(),
    };
    writer.document(node);
    writer.out.buf
}

struct Writer<'n> {
    out: Out,
    sequences: SequenceIndent,
    /// Open flow collections.
    flow: usize,
    comments: Comments<'n>,
}

/// Comments that wait for their place.
#[derive(Default)]
struct Comments<'n> {
    head: &'n str,
    line: &'n str,
    foot: &'n str,
    /// The foot comment of the key before, which comes after its value.
    tail: &'n str,
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    BlockItem,
    BlockValue,
    Flow,
    SimpleKey,
    LongKey,
}

/// The longest key that stands before its colon on one line.
const SIMPLE_KEY: usize = 128;

impl<'n> Writer<'n> {
    fn document(&mut self, node: &'n Node) {
        let document = node.meta().map_or("", |m| m.document_comment.as_str());
        if !document.is_empty() {
            self.comments.head = document;
            self.head_comment();
            self.out.put_break();
        }
        self.announce(node);
        self.head_comment_unless_block(node);
        self.node(node, Place::Root);
        self.line_comment();
        self.foot_comment();
        let end = node.meta().map_or("", |m| m.end_comment.as_str());
        if !end.is_empty() {
            self.out.foot_indent = 0;
            self.comments.foot = end;
            self.foot_comment();
        }
        self.out.foot_indent = -1;
        self.out.write_indent();
    }

    /// Takes over a node's comments; those that wait already stay where the node has none.
    fn announce(&mut self, node: &'n Node) {
        let Some(meta) = node.meta() else { return };
        let take = |slot: &mut &'n str, text: &'n str| {
            if !text.is_empty() {
                *slot = text;
            }
        };
        take(&mut self.comments.head, &meta.head_comment);
        take(&mut self.comments.line, &meta.line_comment);
        take(&mut self.comments.foot, &meta.foot_comment);
    }

    fn head_comment_unless_block(&mut self, node: &Node) {
        if node.is_scalar() || node.style() == Style::Flow || node.is_empty() {
            self.head_comment();
        }
    }

    fn node(&mut self, node: &'n Node, place: Place) {
        match node.kind() {
            Kind::Alias(name) => {
                self.out.indicator("*", true, false, false);
                self.word(name);
            }
            Kind::Scalar(text) => {
                self.scalar(node, text, place);
            }
            Kind::Sequence(items) => {
                self.anchor_and_tag(node, explicit_tag(node));
                if self.flow > 0 || node.style() == Style::Flow || items.is_empty() {
                    self.flow_sequence(items, place)
                } else {
                    self.block_sequence(items, place)
                }
            }
            Kind::Mapping(pairs) => {
                self.anchor_and_tag(node, explicit_tag(node));
                if self.flow > 0 || node.style() == Style::Flow || pairs.is_empty() {
                    self.flow_mapping(pairs, place)
                } else {
                    self.block_mapping(pairs, place)
                }
            }
        }
    }

    fn block_sequence(&mut self, items: &'n [Node], place: Place) {
        let outer = self.out.indent;
        let compact =
            place == Place::BlockValue && self.sequences == SequenceIndent::Compact && (self.out.column == 0 || !self.out.indention);
        self.increase_indent(false, compact, place);
        for item in items {
            self.announce(item);
            self.head_comment();
            self.out.write_indent();
            self.out.indicator("-", true, false, true);
            self.node(item, Place::BlockItem);
            self.line_comment();
            self.foot_comment();
        }
        self.out.indent = outer;
    }

    fn block_mapping(&mut self, pairs: &'n [(Node, Node)], place: Place) {
        let outer = self.out.indent;
        self.increase_indent(false, false, place);
        let mut tail = "";
        for (key, value) in pairs {
            self.announce(key);
            self.comments.foot = "";
            self.comments.tail = tail;
            self.head_comment();
            self.out.write_indent();
            let key_line = std::mem::take(&mut self.comments.line);
            let simple = is_simple_key(key);
            if simple {
                self.node(key, Place::SimpleKey);
                self.out.indicator(":", false, false, false);
            } else {
                self.out.indicator("?", true, false, true);
                self.node(key, Place::LongKey);
                self.out.write_indent();
                self.out.indicator(":", true, false, true);
            }
            self.announce(value);
            if !key_line.is_empty() {
                let block = !value.is_scalar() && value.style() != Style::Flow && !value.is_empty();
                if block {
                    let line = std::mem::replace(&mut self.comments.line, key_line);
                    self.line_comment();
                    self.comments.line = line;
                } else if value.is_scalar() && self.comments.line.is_empty() {
                    self.comments.line = key_line;
                }
            }
            self.node(value, Place::BlockValue);
            self.line_comment();
            self.foot_comment();
            tail = key.meta().map_or("", |m| m.foot_comment.as_str());
        }
        self.comments.tail = tail;
        self.head_comment();
        self.out.indent = outer;
    }

    fn flow_sequence(&mut self, items: &'n [Node], place: Place) {
        let outer = self.out.indent;
        self.out.indicator("[", true, true, false);
        self.increase_indent(true, false, place);
        self.flow += 1;
        let line = std::mem::take(&mut self.comments.line);
        let mut comma = false;
        for item in items {
            if comma {
                self.out.indicator(",", false, false, false);
            }
            self.announce(item);
            self.head_comment();
            if self.out.column == 0 {
                self.out.write_indent();
            }
            self.node(item, Place::Flow);
            comma = !self.trailing_comments();
        }
        self.flow -= 1;
        self.out.indent = outer;
        if self.out.column == 0 {
            self.out.write_indent();
        }
        self.out.indicator("]", false, false, false);
        self.end_flow(line);
    }

    fn flow_mapping(&mut self, pairs: &'n [(Node, Node)], place: Place) {
        let outer = self.out.indent;
        self.out.indicator("{", true, true, false);
        self.increase_indent(true, false, place);
        self.flow += 1;
        let line = std::mem::take(&mut self.comments.line);
        let mut comma = false;
        for (key, value) in pairs {
            if comma {
                self.out.indicator(",", false, false, false);
            }
            self.announce(key);
            self.head_comment();
            if self.out.column == 0 {
                self.out.write_indent();
            }
            if is_simple_key(key) {
                self.node(key, Place::SimpleKey);
                self.out.indicator(":", false, false, false);
            } else {
                self.out.indicator("?", true, false, false);
                self.node(key, Place::Flow);
                self.out.indicator(":", true, false, false);
            }
            self.announce(value);
            self.node(value, Place::Flow);
            comma = !self.trailing_comments();
        }
        self.flow -= 1;
        self.out.indent = outer;
        self.out.indicator("}", false, false, false);
        self.end_flow(line);
    }

    /// Writes the comments behind an entry of a flow collection, after its comma; whether there were any.
    fn trailing_comments(&mut self) -> bool {
        let any = !(self.comments.line.is_empty() && self.comments.foot.is_empty() && self.comments.tail.is_empty());
        if any {
            self.out.indicator(",", false, false, false);
            self.line_comment();
            self.foot_comment();
        }
        any
    }

    fn end_flow(&mut self, line: &'n str) {
        self.comments.line = line;
        self.line_comment();
        self.foot_comment();
    }

    fn increase_indent(&mut self, flow: bool, compact: bool, place: Place) {
        let best = isize::try_from(self.out.best_indent).unwrap_or(2);
        let indent = &mut self.out.indent;
        if *indent < 0 {
            *indent = if flow { best } else { 0 };
        } else if place == Place::BlockItem {
            // the dash and its blank
            *indent += 2;
        } else {
            *indent = best * ((*indent + best) / best);
            if compact {
                *indent -= 2;
            }
        }
    }

    fn scalar(&mut self, node: &'n Node, text: &'n str, place: Place) {
        let (tag, quote) = scalar_tag(node, text);
        let requested = match node.style() {
            Style::Plain | Style::Flow if text.contains('\n') => Style::Literal,
            Style::Plain | Style::Flow if quote => Style::DoubleQuoted,
            Style::Flow => Style::Plain,
            style => style,
        };
        let style = self.possible_style(requested, text, place);
        self.anchor_and_tag(node, tag);
        let outer = self.out.indent;
        self.increase_indent(true, false, place);
        let breaks = place != Place::SimpleKey;
        match style {
            Style::Plain | Style::Flow => self.out.plain(text, breaks),
            Style::SingleQuoted => self.out.single_quoted(text, breaks),
            Style::DoubleQuoted => self.out.double_quoted(text, breaks),
            Style::Literal | Style::Folded => {
                let comment = std::mem::take(&mut self.comments.line);
                let header = |out: &mut Out| {
                    if comment.is_empty() {
                        out.put_break();
                    } else {
                        write_line_comment(out, comment);
                    }
                };
                if style == Style::Literal { self.out.literal(text, header) } else { self.out.folded(text, header) }
            }
        }
        self.out.indent = outer;
    }

    /// The requested style, or the next one that can hold the text.
    fn possible_style(&self, requested: Style, text: &str, place: Place) -> Style {
        let analysis = analyze(text, true);
        let key = place == Place::SimpleKey;
        let mut style = requested;
        if key && analysis.multiline {
            style = Style::DoubleQuoted;
        }
        if style == Style::Plain {
            let allowed = if self.flow > 0 { analysis.flow_plain } else { analysis.block_plain };
            let empty = text.is_empty() && (self.flow > 0 || key);
            if !allowed || empty {
                style = Style::SingleQuoted;
            }
        }
        if style == Style::SingleQuoted && !analysis.single_quoted {
            style = Style::DoubleQuoted;
        }
        if matches!(style, Style::Literal | Style::Folded) && (!analysis.block || self.flow > 0 || key) {
            style = Style::DoubleQuoted;
        }
        style
    }

    fn anchor_and_tag(&mut self, node: &'n Node, tag: Option<&str>) {
        if !node.anchor().is_empty() {
            self.out.indicator("&", true, false, false);
            self.word(node.anchor());
        }
        let Some(tag) = tag else { return };
        if tag.starts_with('!') {
            if !self.out.whitespace {
                self.out.put(' ');
            }
            self.word(tag);
        } else {
            self.out.indicator("!<", true, false, false);
            self.word(tag);
            self.out.indicator(">", false, false, false);
        }
    }

    /// Text directly behind an indicator.
    fn word(&mut self, text: &str) {
        text.chars().for_each(|c| self.out.put(c));
        self.out.whitespace = false;
        self.out.indention = false;
    }

    fn head_comment(&mut self) {
        let tail = std::mem::take(&mut self.comments.tail);
        if !tail.is_empty() {
            self.out.write_indent();
            write_comment(&mut self.out, tail);
            self.out.foot_indent = self.out.indent.max(0);
        }
        let head = std::mem::take(&mut self.comments.head);
        if !head.is_empty() {
            self.out.write_indent();
            write_comment(&mut self.out, head);
        }
    }

    fn line_comment(&mut self) {
        let line = std::mem::take(&mut self.comments.line);
        if !line.is_empty() {
            write_line_comment(&mut self.out, line);
        }
    }

    fn foot_comment(&mut self) {
        let foot = std::mem::take(&mut self.comments.foot);
        if !foot.is_empty() {
            self.out.write_indent();
            write_comment(&mut self.out, foot);
            self.out.foot_indent = self.out.indent.max(0);
        }
    }
}

fn write_line_comment(out: &mut Out, comment: &str) {
    if !out.whitespace {
        out.put(' ');
    }
    write_comment(out, comment);
}

/// Writes comment lines; a line without its `#` gets one.
fn write_comment(out: &mut Out, comment: &str) {
    for (i, line) in comment.split('\n').enumerate() {
        if i > 0 {
            out.put_break();
            if line.is_empty() {
                continue;
            }
            out.write_indent();
        }
        if !line.starts_with('#') && !line.is_empty() {
            out.put('#');
            out.put(' ');
        }
        line.chars().for_each(|c| out.put(c));
        out.indention = false;
    }
    if !comment.ends_with('\n') {
        out.put_break();
    }
    out.indention = true;
    out.whitespace = true;
}

/// The tag of a collection, if it must be written.
fn explicit_tag(node: &Node) -> Option<&str> {
    let explicit = node.meta().map_or("", |m| m.explicit_tag.as_str());
    (!explicit.is_empty()).then_some(explicit)
}

/// The tag of a scalar, if it must be written, and whether quotes must keep it a text.
fn scalar_tag<'n>(node: &'n Node, text: &str) -> (Option<&'n str>, bool) {
    if let Some(tag) = explicit_tag(node) {
        return (Some(tag), false);
    }
    if node.tag() == Tag::Str && !matches!(node.style(), Style::Plain | Style::Flow) {
        return (None, false);
    }
    match (node.tag(), plain_tag(Dialect::GoYamlV3, text)) {
        (Tag::Str, Tag::Merge) => (None, false),
        (a, b) if a == b && a != Tag::Merge => (None, false),
        (Tag::Str, _) => (None, true),
        (tag, _) => (Some(tag.short()).filter(|t| !t.is_empty()), false),
    }
}

fn is_simple_key(key: &Node) -> bool {
    let length = key.anchor().len()
        + match key.kind() {
            Kind::Alias(name) => name.len(),
            Kind::Scalar(text) => {
                if analyze(text, true).multiline {
                    return false;
                }
                text.len() + scalar_tag(key, text).0.map_or(0, str::len)
            }
            Kind::Sequence(_) | Kind::Mapping(_) if !key.is_empty() => return false,
            Kind::Sequence(_) | Kind::Mapping(_) => explicit_tag(key).map_or(0, str::len),
        };
    length <= SIMPLE_KEY
}
