//! Cutting the text of an index into pieces that can be parsed alone.
//!
//! An index is a mapping with the key `entries`, below that a mapping of chart names, below that a list of versions. In
//! block style the indent of a line tells what it begins. What a piece means is always for the YAML parser to say; if it
//! finds a piece incomplete (a quoted text may go on in a line that is not indented) the caller asks for more.

use std::io::BufRead;

use memchr::memchr;

use super::{IndexError, IndexLimits};

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A list of versions, usually one.
    Versions,
    /// A chart's name with its versions.
    Chart,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Nothing or a comment.
    Blank,
    /// At this indent, with or without the dash of a list item.
    Text { indent: usize, item: bool },
}

/// Reads the lines of an index.
pub(super) struct Cutter<R> {
    source: R,
    limits: IndexLimits,
    bytes: u64,
    /// The line after `line`, looked at.
    ahead: Option<(Vec<u8>, Line)>,
    /// The number of the line ahead, from 1.
    number: u64,
    /// Everything that is not in `entries`, with an empty mapping in their place.
    pub(super) head: Vec<u8>,
    in_entries: bool,
    ended: bool,
    chart_indent: Option<usize>,
    item_indent: Option<usize>,
}

impl<R: BufRead> Cutter<R> {
    pub(super) fn new(source: R, limits: IndexLimits) -> Self {
        Self {
            source,
            limits,
            bytes: 0,
            ahead: None,
            number: 0,
            head: Vec::new(),
            in_entries: false,
            ended: false,
            chart_indent: None,
            item_indent: None,
        }
    }

    /// Whether there was no byte at all.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Fills `piece` with the next piece; answers what it is and the number of its first line.
    pub(super) fn next(&mut self, piece: &mut Vec<u8>) -> Result<Option<(Kind, u64)>, IndexError> {
        piece.clear();
        loop {
            if self.in_entries {
                let Some((_, line)) = self.peek()? else { return Ok(None) };
                match line {
                    Line::Blank => self.skip(),
                    Line::Text { indent: 0, item } if !item || self.chart_indent.is_some() => self.in_entries = false,
                    Line::Text { indent, item } => {
                        if self.chart_indent.is_some_and(|i| indent < i) {
                            return Err(IndexError::Yaml { line: self.number, text: "did not find expected key".to_owned() });
                        }
                        let begins_chart = self.chart_indent.is_none_or(|i| indent == i) && !item;
                        let kind = if begins_chart { Kind::Chart } else { Kind::Versions };
                        let first = self.number;
                        if begins_chart {
                            self.chart_indent.get_or_insert(indent);
                            self.item_indent = None;
                        } else {
                            self.item_indent.get_or_insert(indent);
                        }
                        self.take(piece, first)?;
                        self.extend_within(piece, first, kind)?;
                        return Ok(Some((kind, first)));
                    }
                }
            } else if !self.head_line()? {
                return Ok(None);
            }
        }
    }

    /// Adds lines up to the next one that begins something.
    fn extend_within(&mut self, piece: &mut Vec<u8>, first: u64, kind: Kind) -> Result<(), IndexError> {
        // A name alone is a piece of its own; its versions follow. With anything behind it, it is one with what follows.
        let alone = kind == Kind::Chart && is_bare_key(piece);
        while !alone && let Some((_, line)) = self.peek()? {
            match line {
                Line::Blank => {}
                Line::Text { indent: 0, .. } => return Ok(()),
                Line::Text { indent, item } => {
                    // A line at any other place is for the parser to accept or refuse.
                    let chart = !item && self.chart_indent == Some(indent);
                    let version = kind == Kind::Versions && item && self.item_indent == Some(indent);
                    if chart || version {
                        return Ok(());
                    }
                }
            }
            self.take(piece, first)?;
        }
        Ok(())
    }

    /// Adds the next piece to one that turned out to be incomplete. `false` at the end of the text.
    pub(super) fn extend(&mut self, piece: &mut Vec<u8>, first: u64, kind: Kind) -> Result<bool, IndexError> {
        if self.peek()?.is_none() {
            return Ok(false);
        }
        self.take(piece, first)?;
        self.extend_within(piece, first, kind)?;
        Ok(true)
    }

    /// Takes one line outside of the entries. `false` at the end of the document.
    fn head_line(&mut self) -> Result<bool, IndexError> {
        if self.ended || self.peek()?.is_none() {
            return Ok(false);
        }
        let Some((line, _)) = self.ahead.take() else { return Ok(false) };
        let marker = |m: &[u8]| line.strip_prefix(m).is_some_and(|r| r.first().is_none_or(u8::is_ascii_whitespace));
        if marker(b"...") || marker(b"---") && self.head.iter().any(|b| !b.is_ascii_whitespace()) && self.has_text() {
            self.ended = true;
            return Ok(false);
        }
        let rest = [&b"entries:"[..], b"\"entries\":", b"'entries':"].iter().find_map(|key| line.strip_prefix(*key));
        if rest.is_some_and(is_blank) {
            self.in_entries = true;
            self.head.extend_from_slice(b"entries: {}\n");
        } else {
            if self.head.len() + line.len() > self.limits.entry_bytes {
                return Err(IndexError::EntryTooLarge { line: self.number, limit: self.limits.entry_bytes });
            }
            self.head.extend_from_slice(&line);
        }
        Ok(true)
    }

    /// Whether the head holds more than comments: then `---` begins a second document, which nobody reads.
    fn has_text(&self) -> bool {
        self.head.split(|b| *b == b'\n').any(|line| !is_blank(line) && !line.starts_with(b"---") && !line.starts_with(b"%"))
    }

    fn peek(&mut self) -> Result<Option<(&[u8], Line)>, IndexError> {
        if self.ahead.is_none() {
            let mut line = Vec::new();
            let left = self.limits.bytes.saturating_sub(self.bytes).saturating_add(1);
            let cap = left.min(self.limits.entry_bytes as u64 + 1);
            let read = std::io::Read::take(&mut self.source, cap).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(None);
            }
            if self.bytes == 0 && line.starts_with("\u{feff}".as_bytes()) {
                line.drain(..3);
            }
            self.bytes += read as u64;
            self.number += 1;
            if self.bytes > self.limits.bytes {
                return Err(IndexError::TooLarge(self.limits.bytes));
            }
            if read > self.limits.entry_bytes {
                return Err(IndexError::EntryTooLarge { line: self.number, limit: self.limits.entry_bytes });
            }
            let kind = classify(&line);
            self.ahead = Some((line, kind));
        }
        Ok(self.ahead.as_ref().map(|(line, kind)| (line.as_slice(), *kind)))
    }

    fn skip(&mut self) {
        self.ahead = None;
    }

    fn take(&mut self, piece: &mut Vec<u8>, first: u64) -> Result<(), IndexError> {
        if let Some((line, _)) = self.ahead.take() {
            if piece.len() + line.len() > self.limits.entry_bytes {
                return Err(IndexError::EntryTooLarge { line: first, limit: self.limits.entry_bytes });
            }
            piece.extend_from_slice(&line);
        }
        Ok(())
    }
}

fn classify(line: &[u8]) -> Line {
    let indent = line.iter().take_while(|b| **b == b' ').count();
    let text = &line[indent..];
    if is_blank(text) {
        return Line::Blank;
    }
    Line::Text { indent, item: text[0] == b'-' && text.get(1).is_none_or(u8::is_ascii_whitespace) }
}

/// Nothing but white space and perhaps a comment.
fn is_blank(text: &[u8]) -> bool {
    text.iter().find(|b| !b.is_ascii_whitespace()).is_none_or(|b| *b == b'#')
}

/// Whether the line is `name:` with nothing behind.
fn is_bare_key(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_./".contains(b);
    memchr(b':', line).is_some_and(|at| at + 1 == line.len() && at > 0 && line[..at].iter().all(plain))
}
