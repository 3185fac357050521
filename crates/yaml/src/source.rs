//! From text to events: the parser behind a small event type, with the rules of the Go libraries where they differ.

use std::borrow::Cow;

use granit_parser::{Event as Granit, Options, Parser, ScalarStyle, Span, StrInput, StructureStyle};

use crate::error::{Error, ErrorKind};
use crate::limits::Limits;
use crate::node::Style;

mod fault;
mod problem;
mod repair;
mod rules;
mod text;

pub(crate) use fault::{first_document, refuse_faults};
use rules::OLD_BREAKS;
pub(crate) use text::{decode, decode_str};

/// An event of the parser.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    DocumentStart,
    DocumentEnd,
    Alias(usize),
    Scalar {
        text: Cow<'a, str>,
        style: Style,
        anchor: usize,
        tag: Option<Box<str>>,
    },
    SequenceStart {
        flow: bool,
        anchor: usize,
        tag: Option<Box<str>>,
    },
    MappingStart {
        flow: bool,
        anchor: usize,
        tag: Option<Box<str>>,
    },
    /// The name of the anchor on the node event just before.
    Anchor(Cow<'a, str>),
    /// A comment; its place covers it from the `#` on.
    Comment,
    End,
}

/// Where an event is; lines and columns from 1, bytes from 0.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) end_line: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A document that had to be changed to be parsed.
pub(crate) struct Repaired {
    text: String,
    line_base: usize,
}

/// The events of a text.
pub(crate) struct Events<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    depth: usize,
    limits: Limits,
    /// Whether the text holds U+0085, U+2028 or U+2029, which break lines for the Go libraries but not for the parser.
    old_breaks: bool,
    /// Whether the text holds tabs at all.
    tabs: bool,
    /// Whether the text has forms of which the parser may take more than the Go libraries.
    doubtful: bool,
    /// Open flow collections.
    flow: usize,
    /// Where the last token ended.
    end: usize,
    /// Whether that token was an unquoted text.
    after_plain: bool,
    /// First byte and line of the current document.
    document: (usize, usize),
    /// Lines of the whole text before this one.
    line_base: usize,
    /// Whether what follows the first document does not matter.
    first_document: bool,
    /// Bytes parsed to repair documents.
    repair_work: usize,
    /// One event that was looked at.
    peeked: Option<(Event<'a>, Place)>,
}

impl<'a> Events<'a> {
    /// The events of a checked text (see [`decode`]).
    pub(crate) fn new(text: &'a str, comments: bool, limits: Limits) -> Self {
        Self {
            text,
            parser: Parser::new_from_str_with_options(text, parser_options(comments, &limits)),
            depth: 0,
            flow: 0,
            limits,
            old_breaks: OLD_BREAKS.iter().any(|c| text.contains(*c)),
            tabs: text.contains('\t'),
            doubtful: false,
            end: 0,
            after_plain: false,
            document: (0, 1),
            line_base: 0,
            first_document: false,
            repair_work: 0,
            peeked: None,
        }
    }

    /// These events for a reader that looks at no more than the first document.
    pub(crate) fn first_document(self) -> Self {
        Self { first_document: true, ..self }
    }

    /// The events of a repaired document, with the lines of the text that it stood in.
    pub(crate) fn of_repaired(repaired: &'a Repaired, comments: bool, limits: Limits) -> Self {
        Self { line_base: repaired.line_base, ..Self::new(&repaired.text, comments, limits) }
    }

    /// The document that has just failed with [`ErrorKind::Repairable`], in a form that the parser takes as the Go
    /// libraries take this one; these events go on behind it.
    pub(crate) fn repair(&mut self) -> Result<Repaired, Error> {
        let (start, line) = self.document;
        // the first line's indentation is part of the document
        let start = self.text.get(..start).map_or(start, |before| before.trim_end_matches(' ').len());
        let rest = self.text.get(start..).unwrap_or_default();
        let marker = |line: &str| {
            let after = line.strip_prefix("---").or_else(|| line.strip_prefix("..."));
            after.is_some_and(|a| a.is_empty() || a.starts_with([' ', '\t', '\r', '\n']))
        };
        let end = rest.match_indices('\n').map(|(i, _)| i + 1).find(|i| marker(&rest[*i..]));
        let document = &rest[..end.unwrap_or(rest.len())];
        self.parser.proceed_next_document().map_err(|e| self.translate(&e))?;
        (self.depth, self.flow, self.end, self.peeked) = (0, 0, start + document.len(), None);
        let text = repair::repair(document, &self.limits, &mut self.repair_work);
        Ok(Repaired { text, line_base: self.line_base + line - 1 })
    }

    /// Whether the parser may have taken what the Go libraries refuse: their rules for tabs, for texts of several lines in
    /// brackets and for the end of a tag are others.
    pub(crate) fn are_doubtful(&self) -> bool {
        self.tabs || self.doubtful
    }

    /// The source text.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The next event without taking it.
    pub(crate) fn peek(&mut self) -> Result<&(Event<'a>, Place), Error> {
        if self.peeked.is_none() {
            self.peeked = Some(self.pull()?);
        }
        // filled just above
        self.peeked.as_ref().ok_or_else(|| Error::nowhere(ErrorKind::Syntax("no event".to_owned())))
    }

    /// The next event. After the last one, [`Event::DocumentEnd`]-less ends repeat as an error.
    pub(crate) fn next(&mut self) -> Result<(Event<'a>, Place), Error> {
        match self.peeked.take() {
            Some(event) => Ok(event),
            None => self.pull(),
        }
    }

    /// The next document's start, skipping what stands between documents; `false` at the end of the stream.
    /// Comments on the way go to `comment`.
    pub(crate) fn next_document(&mut self, mut comment: impl FnMut(Place)) -> Result<bool, Error> {
        if self.end == 0 {
            rules::check_head(self.text, self.line_base).map_err(|e| self.blame(e))?;
        }
        loop {
            match self.peeked.take() {
                Some((Event::DocumentStart, place)) => {
                    self.document = (place.start, place.line - self.line_base);
                    return Ok(true);
                }
                Some((Event::Comment, place)) => comment(place),
                Some(_) => {}
                None => match self.parser.next_event() {
                    None => return Ok(false),
                    Some(Err(e)) => return Err(self.translate(&e)),
                    Some(Ok((Granit::StreamEnd, _))) => return Ok(false),
                    Some(Ok((event, span))) => self.peeked = self.convert(event, &span).map_err(|e| self.blame(e))?,
                },
            }
        }
    }

    fn pull(&mut self) -> Result<(Event<'a>, Place), Error> {
        loop {
            let (event, span) = match self.parser.next_event() {
                Some(Ok(next)) => next,
                Some(Err(e)) => return Err(self.translate(&e)),
                None => return Err(Error::nowhere(ErrorKind::Syntax("unexpected end of the stream".to_owned()))),
            };
            if let Some(event) = self.convert(event, &span).map_err(|e| self.blame(e))? {
                return Ok(event);
            }
        }
    }

    fn convert(&mut self, event: Granit<'a>, span: &Span) -> Result<Option<(Event<'a>, Place)>, Error> {
        let bytes = span.byte_range().unwrap_or(0..0);
        let place = Place {
            line: self.line_base + span.start.line(),
            column: span.start.col() + 1,
            end_line: self.line_base + span.end.line(),
            start: bytes.start,
            end: bytes.end,
        };
        if self.tabs && self.flow == 0 && bytes.start > self.end && !matches!(event, Granit::Anchor(..) | Granit::Comment(..)) {
            rules::check_tabs(&self.text[self.end..bytes.start], self.end == 0, self.after_plain, place.line)?;
        }
        if !bytes.is_empty() {
            self.after_plain = matches!(event, Granit::Scalar(_, ScalarStyle::Plain, ..));
        }
        self.end = self.end.max(bytes.end);
        let event = match event {
            Granit::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                // the parser reports a scalar of no characters as `~`
                let text = if style == Style::Plain && bytes.is_empty() { Cow::Borrowed("") } else { text };
                let raw = self.text.get(bytes.clone()).unwrap_or_default();
                self.doubtful |= tag.is_some() || self.flow > 0 && place.end_line > place.line;
                match style {
                    Style::DoubleQuoted if raw.contains('\\') => rules::check_escapes(raw, place)?,
                    Style::Plain if self.flow > 0 && rules::owns_colon(self.text, &bytes) => {
                        let what = "a colon that no blank follows belongs to the unquoted text before it";
                        return Err(Error::new(place.line, place.column, ErrorKind::Repairable(what)));
                    }
                    Style::Plain if self.flow > 0 => rules::check_flow_plain(&text, place)?,
                    Style::Literal | Style::Folded if self.tabs => rules::check_block_scalar_tab(self.text, &text, place)?,
                    _ => {}
                }
                let text = match style {
                    Style::Literal | Style::Folded if bytes.end == self.text.len() => rules::without_invented_break(self.text, text),
                    _ => text,
                };
                let text = if self.old_breaks && raw.contains(OLD_BREAKS) {
                    rules::fold_old_breaks(text, raw, style, self.depth > 0, place)?
                } else {
                    text
                };
                Event::Scalar { text, style, anchor, tag: tag.map(|t| short_tag(&t)) }
            }
            Granit::SequenceStart(style, anchor, tag) => {
                self.deeper(place, style)?;
                Event::SequenceStart { flow: style == StructureStyle::Flow, anchor, tag: tag.map(|t| short_tag(&t)) }
            }
            Granit::MappingStart(style, anchor, tag) => {
                self.deeper(place, style)?;
                Event::MappingStart { flow: style == StructureStyle::Flow, anchor, tag: tag.map(|t| short_tag(&t)) }
            }
            Granit::SequenceEnd | Granit::MappingEnd => {
                self.depth -= 1;
                self.flow = self.flow.saturating_sub(1);
                Event::End
            }
            Granit::Alias(id) => Event::Alias(id),
            Granit::Anchor(_, name) => {
                rules::check_anchor(&name, place)?;
                Event::Anchor(name)
            }
            Granit::Comment(..) => Event::Comment,
            Granit::DocumentStart(_, Some(version)) if (version.major, version.minor) != (1, 1) => {
                let what = "found incompatible YAML document: only %YAML 1.1 is understood";
                return Err(Error::new(place.line, place.column, ErrorKind::Syntax(what.to_owned())));
            }
            Granit::DocumentStart(..) => Event::DocumentStart,
            Granit::DocumentEnd => Event::DocumentEnd,
            _ => return Ok(None),
        };
        Ok(Some((event, place)))
    }

    /// Refuses the event of a mapping key that the Go libraries refuse.
    pub(crate) fn check_key(&self, event: &Event<'_>, place: Place) -> Result<(), Error> {
        rules::check_key(self.text, event, self.flow > 0, place).map_err(|e| self.blame(e))
    }

    /// Adds what the Go libraries say about the text.
    pub(crate) fn blame(&self, error: Error) -> Error {
        problem::blame(error, self.text, self.line_base, self.first_document)
    }

    fn translate(&self, e: &granit_parser::ScanError) -> Error {
        problem::translate(e, self.text, self.line_base, self.first_document, &self.limits)
    }

    fn deeper(&mut self, place: Place, style: StructureStyle) -> Result<(), Error> {
        self.depth += 1;
        self.flow += usize::from(self.flow > 0 || style == StructureStyle::Flow);
        if self.depth > self.limits.depth {
            return Err(Error::new(place.line, place.column, ErrorKind::TooDeep(self.limits.depth)));
        }
        Ok(())
    }
}

fn parser_options(comments: bool, limits: &Limits) -> Options {
    let mut options = Options::default();
    options.set_emit_comments(comments);
    options.emit_anchor_events = true;
    options.max_buffered_comment_events = usize::MAX;
    // one more than ours, so that ours reports
    options.flow_nesting_limit = limits.depth + 1;
    options.block_nesting_limit = limits.depth + 1;
    options
}

fn short_tag(tag: &granit_parser::Tag) -> Box<str> {
    match tag.suffix_in_namespace("tag:yaml.org,2002:") {
        Some(name) => format!("!!{name}").into(),
        None => tag.to_string().into(),
    }
}
