//! From bytes to events: encoding, characters that YAML forbids, and the parser behind a small event type.

use std::borrow::Cow;

use granit_parser::{Event as Granit, Options, Parser, ScalarStyle, Span, StrInput, StructureStyle};

use crate::error::{Error, ErrorKind};
use crate::limits::Limits;
use crate::node::Style;

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
        tag: Option<String>,
    },
    SequenceStart {
        flow: bool,
        anchor: usize,
        tag: Option<String>,
    },
    MappingStart {
        flow: bool,
        anchor: usize,
        tag: Option<String>,
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

/// The events of a text.
pub(crate) struct Events<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    depth: usize,
    limits: Limits,
    /// Whether the text holds U+0085, U+2028 or U+2029, which break lines for the Go libraries but not for the parser.
    old_breaks: bool,
    /// One event that was looked at.
    peeked: Option<(Event<'a>, Place)>,
}

/// The text of `bytes`: a byte order mark is dropped (UTF-16 is converted), characters that YAML forbids are refused.
pub(crate) fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, str>, Error> {
    if bytes.len() > limits.bytes {
        return Err(Error::nowhere(ErrorKind::TooLarge(limits.bytes)));
    }
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        _ => Cow::Borrowed(utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))?),
    };
    check_characters(&text)?;
    Ok(text)
}

/// As [`decode`] for what is text already.
pub(crate) fn decode_str<'a>(text: &'a str, limits: &Limits) -> Result<&'a str, Error> {
    if text.len() > limits.bytes {
        return Err(Error::nowhere(ErrorKind::TooLarge(limits.bytes)));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    check_characters(text)?;
    Ok(text)
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|e| {
        let at = e.valid_up_to();
        let (line, column) = position(&bytes[..at]);
        Error::new(line, column, ErrorKind::Syntax(format!("invalid UTF-8: byte 0x{:02x}", bytes.get(at).copied().unwrap_or(0))))
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Error> {
    let units = bytes.chunks(2).map(|c| if let [a, b] = *c { unit([a, b]) } else { 0xd800 });
    char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| Error::nowhere(ErrorKind::Syntax("invalid UTF-16".to_owned())))
}

/// Line and column, from 1, of the end of `before`.
fn position(before: &[u8]) -> (usize, usize) {
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    // continuation bytes are not characters
    (line, before[line_start..].iter().filter(|b| **b & 0xc0 != 0x80).count() + 1)
}

fn check_characters(text: &str) -> Result<(), Error> {
    let b = text.as_bytes();
    // Candidates first: a byte below a blank that is no tab or line break, DEL, and the lead bytes of C1 and U+FFxx.
    let suspect = |c: u8| (c < 0x20 && c != b'\n' && c != b'\t' && c != b'\r') || c == 0x7f || c == 0xc2 || c == 0xef;
    let mut from = 0;
    while let Some(found) = b[from..].iter().position(|c| suspect(*c)) {
        let at = from + found;
        let forbidden = match b[at] {
            0xc2 => matches!(b[at + 1], 0x80..=0x84 | 0x86..=0x9f),
            0xef => matches!((b[at + 1], b[at + 2]), (0xbf, 0xbe | 0xbf)),
            _ => true,
        };
        if forbidden {
            let (line, column) = position(&b[..at]);
            let c = text[at..].chars().next().map_or(0, u32::from);
            return Err(Error::new(line, column, ErrorKind::Syntax(format!("control characters are not allowed: found U+{c:04X}"))));
        }
        from = at + 1;
    }
    Ok(())
}

impl<'a> Events<'a> {
    /// The events of a checked text (see [`decode`]).
    pub(crate) fn new(text: &'a str, comments: bool, limits: Limits) -> Self {
        let mut options = Options::default();
        options.set_emit_comments(comments);
        options.emit_anchor_events = true;
        options.max_buffered_comment_events = usize::MAX;
        // one more than ours, so that ours reports
        options.flow_nesting_limit = limits.depth + 1;
        options.block_nesting_limit = limits.depth + 1;
        let old_breaks = OLD_BREAKS.iter().any(|c| text.contains(*c));
        Self { text, parser: Parser::new_from_str_with_options(text, options), depth: 0, limits, old_breaks, peeked: None }
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
        loop {
            match self.peeked.take() {
                Some((Event::DocumentStart, _)) => return Ok(true),
                Some((Event::Comment, place)) => comment(place),
                Some(_) => {}
                None => match self.parser.next_event() {
                    None => return Ok(false),
                    Some(Err(e)) => return Err(syntax(&e)),
                    Some(Ok((Granit::StreamEnd, _))) => return Ok(false),
                    Some(Ok((event, span))) => self.peeked = self.convert(event, &span)?,
                },
            }
        }
    }

    fn pull(&mut self) -> Result<(Event<'a>, Place), Error> {
        loop {
            let (event, span) = match self.parser.next_event() {
                Some(Ok(next)) => next,
                Some(Err(e)) => return Err(syntax(&e)),
                None => return Err(Error::nowhere(ErrorKind::Syntax("unexpected end of the stream".to_owned()))),
            };
            if let Some(event) = self.convert(event, &span)? {
                return Ok(event);
            }
        }
    }

    fn convert(&mut self, event: Granit<'a>, span: &Span) -> Result<Option<(Event<'a>, Place)>, Error> {
        let bytes = span.byte_range().unwrap_or(0..0);
        let place =
            Place { line: span.start.line(), column: span.start.col() + 1, end_line: span.end.line(), start: bytes.start, end: bytes.end };
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
                if style == Style::DoubleQuoted && raw.contains('\\') {
                    check_escapes(raw, place)?;
                }
                let text = if self.old_breaks && raw.contains(OLD_BREAKS) { self.fold_old_breaks(text, raw, style, place)? } else { text };
                Event::Scalar { text, style, anchor, tag: tag.map(|t| short_tag(&t)) }
            }
            Granit::SequenceStart(style, anchor, tag) => {
                self.deeper(place)?;
                Event::SequenceStart { flow: style == StructureStyle::Flow, anchor, tag: tag.map(|t| short_tag(&t)) }
            }
            Granit::MappingStart(style, anchor, tag) => {
                self.deeper(place)?;
                Event::MappingStart { flow: style == StructureStyle::Flow, anchor, tag: tag.map(|t| short_tag(&t)) }
            }
            Granit::SequenceEnd | Granit::MappingEnd => {
                self.depth -= 1;
                Event::End
            }
            Granit::Alias(id) => Event::Alias(id),
            Granit::Anchor(_, name) => Event::Anchor(name),
            Granit::Comment(..) => Event::Comment,
            Granit::DocumentStart(_, Some(version)) if (version.major, version.minor) != (1, 1) => {
                return Err(Error::new(
                    place.line,
                    place.column,
                    ErrorKind::Syntax("found incompatible YAML document: only %YAML 1.1 is understood".to_owned()),
                ));
            }
            Granit::DocumentStart(..) => Event::DocumentStart,
            Granit::DocumentEnd => Event::DocumentEnd,
            _ => return Ok(None),
        };
        Ok(Some((event, place)))
    }

    /// Refuses the event of a mapping key if it is a colon that neither a key nor a `?` comes before: the parser takes
    /// that for an empty key, the Go libraries do not.
    pub(crate) fn check_key(&self, event: &Event<'_>, place: Place) -> Result<(), Error> {
        let Event::Scalar { text, style: Style::Plain, anchor: 0, tag: None } = event else { return Ok(()) };
        if text.is_empty() && self.text.as_bytes().get(place.start) == Some(&b':') && !self.text[..place.start].trim_end().ends_with('?') {
            let what = "did not find expected key: nothing stands before the colon";
            return Err(Error::new(place.line, place.column, ErrorKind::Syntax(what.to_owned())));
        }
        Ok(())
    }

    /// A scalar with line breaks of YAML 1.1. Inside quotes U+0085 folds to a blank and the separators stay, without the
    /// blanks around them; elsewhere such a break ends the line, and what follows stands where no text may stand.
    fn fold_old_breaks(&self, text: Cow<'a, str>, raw: &str, style: Style, place: Place) -> Result<Cow<'a, str>, Error> {
        if !matches!(style, Style::SingleQuoted | Style::DoubleQuoted) {
            if self.depth == 0 {
                return Ok(text);
            }
            let what = "a line separator (U+0085, U+2028 or U+2029) ends the line, and what follows is not indented";
            return Err(Error::new(place.line, place.column, ErrorKind::Syntax(what.to_owned())));
        }
        // an escape stands for the character itself: then nothing can be told apart, and nothing is folded
        if raw.contains('\\') {
            return Ok(text);
        }
        let mut out = String::with_capacity(text.len());
        for (i, piece) in text.split_inclusive(OLD_BREAKS).enumerate() {
            let piece = if i > 0 { piece.trim_start_matches([' ', '\t']) } else { piece };
            match piece.strip_suffix(OLD_BREAKS) {
                Some(line) => {
                    out.push_str(line.trim_end_matches([' ', '\t']));
                    out.push_str(match &piece[line.len()..] {
                        "\u{85}" => " ",
                        separator => separator,
                    });
                }
                None => out.push_str(piece),
            }
        }
        Ok(Cow::Owned(out))
    }

    fn deeper(&mut self, place: Place) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(Error::new(place.line, place.column, ErrorKind::TooDeep(self.limits.depth)));
        }
        Ok(())
    }
}

/// Next line, line separator, paragraph separator: line breaks of YAML 1.1, no longer of 1.2.
const OLD_BREAKS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// Escapes that the parser knows and the Go libraries do not: `\/`, and surrogate halves.
fn check_escapes(raw: &str, place: Place) -> Result<(), Error> {
    let b = raw.as_bytes();
    let mut i = 0;
    while let Some(found) = b[i..].iter().position(|c| *c == b'\\') {
        let at = i + found;
        let what = match b[at + 1..] {
            [b'/', ..] => Some("found unknown escape character: '\\/'"),
            [b'u', b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => {
                Some("found invalid Unicode character escape code: half of a surrogate pair")
            }
            _ => None,
        };
        if let Some(what) = what {
            let (line, column) = position(&b[..at]);
            let column = if line == 1 { place.column + column - 1 } else { column };
            return Err(Error::new(place.line + line - 1, column, ErrorKind::Syntax(what.to_owned())));
        }
        i = (at + 2).min(b.len());
    }
    Ok(())
}

fn short_tag(tag: &granit_parser::Tag) -> String {
    match tag.suffix_in_namespace("tag:yaml.org,2002:") {
        Some(name) => format!("!!{name}"),
        None => tag.to_string(),
    }
}

/// The parser's error in the words of the Go libraries where they have any for it.
fn syntax(e: &granit_parser::ScanError) -> Error {
    let mark = e.marker();
    let kind = match e.kind() {
        granit_parser::ErrorKind::RecursionLimitExceeded => return Error::new(mark.line(), mark.col() + 1, ErrorKind::TooDeep(0)),
        kind => ErrorKind::Syntax(kind.to_string()),
    };
    Error::new(mark.line(), mark.col() + 1, kind)
}
