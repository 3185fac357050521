//! The node tree: what a document holds, compact enough to keep tens of thousands of objects.

use std::borrow::Cow;

use smol_str::SmolStr;

use crate::resolve::{Dialect, Scalar, plain_tag, typed};

mod edit;
mod value;

/// One node: a scalar, a sequence, a mapping or an alias.
///
/// 48 bytes; short texts (up to 23 bytes) live inside, longer ones are shared, so that cloning a tree copies its
/// containers and no text. Comments, anchors, unusual tags and byte spans are boxed because most nodes have none.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    kind: Kind,
    meta: Option<Box<Meta>>,
    line: u32,
    column: u16,
    tag: Tag,
    style: Style,
}

/// The content of a [`Node`].
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// The text after escapes, folding and chomping; what it means is the node's tag.
    Scalar(SmolStr),
    /// The items in order.
    Sequence(Vec<Node>),
    /// Keys and values in the order of the text; keys are nodes too, because they have comments, styles and types.
    Mapping(Vec<(Node, Node)>),
    /// `*name`, only in trees read with [`crate::Aliases::Keep`].
    Alias(SmolStr),
}

/// The type of a node, resolved while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tag {
    /// `!!str`
    Str,
    /// `!!int`
    Int,
    /// `!!float`
    Float,
    /// `!!bool`
    Bool,
    /// `!!null`
    Null,
    /// `!!timestamp`
    Timestamp,
    /// `!!binary`
    Binary,
    /// `!!merge`, the key `<<`.
    Merge,
    /// `!!seq`
    Seq,
    /// `!!map`
    Map,
    /// Any other; [`Node::tag_text`] has it.
    Custom,
}

impl Tag {
    /// The short form, `!!str` and so on; `Custom` has none.
    pub fn short(self) -> &'static str {
        match self {
            Self::Str => "!!str",
            Self::Int => "!!int",
            Self::Float => "!!float",
            Self::Bool => "!!bool",
            Self::Null => "!!null",
            Self::Timestamp => "!!timestamp",
            Self::Binary => "!!binary",
            Self::Merge => "!!merge",
            Self::Seq => "!!seq",
            Self::Map => "!!map",
            Self::Custom => "",
        }
    }

    /// The tag of a short form.
    pub fn from_short(text: &str) -> Self {
        match text {
            "!!str" => Self::Str,
            "!!int" => Self::Int,
            "!!float" => Self::Float,
            "!!bool" => Self::Bool,
            "!!null" => Self::Null,
            "!!timestamp" => Self::Timestamp,
            "!!binary" => Self::Binary,
            "!!merge" => Self::Merge,
            "!!seq" => Self::Seq,
            "!!map" => Self::Map,
            _ => Self::Custom,
        }
    }
}

/// How a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Style {
    /// A plain scalar; a block sequence or mapping.
    #[default]
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// `[…]` or `{…}`
    Flow,
}

/// What only few nodes have.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meta {
    /// Comment lines above the node, each with its `#`, joined by line breaks.
    pub head_comment: SmolStr,
    /// The comment at the end of the node's line.
    pub line_comment: SmolStr,
    /// Comment lines after the node, before an empty line.
    pub foot_comment: SmolStr,
    /// Of the root: comments above the document, apart from those of its first node.
    pub document_comment: SmolStr,
    /// Of the root: comments at the end of the document.
    pub end_comment: SmolStr,
    /// The name after `&`; empty if there is none.
    pub anchor: SmolStr,
    /// The tag as text, if the source has one (`!!str` in short form, `!custom` as written).
    pub explicit_tag: SmolStr,
    /// First and one-past-last byte in the source, if [`crate::ReadOptions::spans`] is set.
    pub span: Option<(usize, usize)>,
}

impl Node {
    pub(crate) fn new(kind: Kind, tag: Tag, style: Style) -> Self {
        Self { kind, meta: None, line: 0, column: 0, tag, style }
    }

    pub(crate) fn at(mut self, line: usize, column: usize) -> Self {
        self.line = u32::try_from(line).unwrap_or(u32::MAX);
        self.column = u16::try_from(column).unwrap_or(u16::MAX);
        self
    }

    /// A text, written in the style that keeps it a text.
    pub fn string(text: impl Into<SmolStr>) -> Self {
        Self::new(Kind::Scalar(text.into()), Tag::Str, Style::Plain)
    }

    /// A boolean.
    pub fn bool(v: bool) -> Self {
        Self::new(Kind::Scalar(SmolStr::new_static(if v { "true" } else { "false" })), Tag::Bool, Style::Plain)
    }

    /// An integer.
    pub fn int(v: i64) -> Self {
        Self::new(Kind::Scalar(smol_str::format_smolstr!("{v}")), Tag::Int, Style::Plain)
    }

    /// `null`.
    pub fn null() -> Self {
        Self::new(Kind::Scalar(SmolStr::new_static("null")), Tag::Null, Style::Plain)
    }

    /// A scalar as if it stood plain in a document: typed by the dialect.
    pub fn plain(dialect: Dialect, text: impl Into<SmolStr>) -> Self {
        let text = text.into();
        let tag = plain_tag(dialect, &text);
        Self::new(Kind::Scalar(text), tag, Style::Plain)
    }

    /// A sequence.
    pub fn sequence(items: Vec<Node>) -> Self {
        Self::new(Kind::Sequence(items), Tag::Seq, Style::Plain)
    }

    /// A mapping.
    pub fn mapping(pairs: Vec<(Node, Node)>) -> Self {
        Self::new(Kind::Mapping(pairs), Tag::Map, Style::Plain)
    }

    /// The content.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The content, to change it. The tag is not adjusted: prefer the setters.
    pub fn kind_mut(&mut self) -> &mut Kind {
        &mut self.kind
    }

    /// The content by value.
    pub fn into_kind(self) -> Kind {
        self.kind
    }

    /// The type.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// The tag as text: the short form, or the custom tag as written.
    pub fn tag_text(&self) -> &str {
        if self.tag == Tag::Custom { self.meta().map_or("", |m| m.explicit_tag.as_str()) } else { self.tag.short() }
    }

    /// Sets the type; an explicit tag of the source is forgotten.
    pub fn set_tag(&mut self, tag: Tag) {
        self.tag = tag;
        if let Some(meta) = &mut self.meta {
            meta.explicit_tag = SmolStr::default();
        }
    }

    pub(crate) fn force_tag(&mut self, tag: Tag) {
        self.tag = tag;
    }

    /// The style.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Sets the style.
    pub fn set_style(&mut self, style: Style) {
        self.style = style;
    }

    /// The line in the source, from 1; 0 for a node that was not read.
    pub fn line(&self) -> usize {
        self.line as usize
    }

    /// The column in the source in characters, from 1; 0 for a node that was not read.
    pub fn column(&self) -> usize {
        if self.line == 0 { 0 } else { usize::from(self.column) }
    }

    /// A number that a program gave to a node it made, 0 if none; see [`Node::set_mark`].
    pub fn mark(&self) -> u16 {
        if self.line == 0 { self.column } else { 0 }
    }

    /// Marks a node with a number of the program's own. It stands where the position of a node that was read stands, so
    /// that it takes no room: such a node has none.
    pub fn set_mark(&mut self, mark: u16) {
        (self.line, self.column) = (0, mark);
    }

    /// Comments, anchor, explicit tag and span, if there are any.
    pub fn meta(&self) -> Option<&Meta> {
        self.meta.as_deref()
    }

    /// As [`Node::meta`], created if need be.
    pub fn meta_mut(&mut self) -> &mut Meta {
        self.meta.get_or_insert_default()
    }

    /// Drops comments, anchor, explicit tag and span.
    pub fn clear_meta(&mut self) {
        self.meta = None;
    }

    /// The anchor's name, empty if there is none.
    pub fn anchor(&self) -> &str {
        self.meta().map_or("", |m| m.anchor.as_str())
    }

    /// The typed value of a scalar; `None` for the other kinds. The tag decides, as resolved while reading: a quoted
    /// `"1"` is text. The error is the message for a text that does not fit an explicit tag.
    pub fn scalar(&self) -> Option<Result<Scalar<'_>, String>> {
        let Kind::Scalar(text) = &self.kind else { return None };
        Some(match self.tag {
            Tag::Str | Tag::Custom | Tag::Merge => Ok(Scalar::Str(Cow::Borrowed(text))),
            tag if self.meta().is_some_and(|m| !m.explicit_tag.is_empty()) => typed(Dialect::GoYamlV3, text, self.style, Some(tag.short())),
            // 1.1 booleans carry their tag although v3 rules would not give it
            Tag::Bool => Ok(Scalar::Bool(matches!(text.as_bytes(), [b't' | b'T' | b'y' | b'Y', ..] | [b'o' | b'O', b'n' | b'N']))),
            tag => typed(Dialect::GoYamlV3, text, Style::Plain, Some(tag.short())),
        })
    }
}
