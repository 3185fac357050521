//! The form that nearly all manifests and values have, read in one walk over the bytes.
//!
//! Block mappings and sequences of one-line scalars, small flow collections and literal blocks: for these the parser's
//! tokens and events are an expensive detour. Whatever is not surely of that form, and whatever is wrong, is left to the
//! parser ([`read`] gives `None`), so that there is one place for messages and for the corners of the language. What is made
//! of a text is the same both ways, positions included; tests compare them.

use std::borrow::Cow;

use crate::limits::Limits;
use crate::node::Style;

/// Nesting beyond this goes to the parser, which has the error for what is too deep.
const MAX_DEPTH: usize = 64;
/// Keys beyond this go to the parser, which has the error for keys that are too long.
const MAX_KEY: usize = 256;

/// Makes what a text stands for. An answer of `None` leaves the text to the parser.
pub(crate) trait Maker<'a> {
    type Value;
    type Key;
    /// An open mapping.
    type Pairs;
    /// An open sequence.
    type Items;
    /// Whether places count. They are counted in characters, and here in bytes.
    const PLACED: bool;

    fn scalar(&mut self, text: Cow<'a, str>, style: Style, at: At) -> Option<Self::Value>;
    fn open_mapping(&mut self) -> Self::Pairs;
    /// A key that is about to be put to the pairs; `None` if it stands there already and that matters.
    fn key(&mut self, pairs: &mut Self::Pairs, text: &'a str, style: Style, at: At) -> Option<Self::Key>;
    fn pair(&mut self, pairs: &mut Self::Pairs, key: Self::Key, value: Self::Value);
    fn mapping(&mut self, pairs: Self::Pairs, style: Style, at: At) -> Self::Value;
    fn open_sequence(&mut self) -> Self::Items;
    fn item(&mut self, items: &mut Self::Items, value: Self::Value);
    fn sequence(&mut self, items: Self::Items, style: Style, at: At) -> Self::Value;
}

/// A place; both count from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// What the one document of a text stands for, or `None` if it is not of the common form. The text is checked (see
/// [`crate::source::decode_str`]).
pub(crate) fn read<'a, M: Maker<'a>>(text: &'a str, limits: &Limits, maker: &mut M) -> Option<M::Value> {
    if text.len() > limits.bytes || !is_common(text, M::PLACED) {
        return None;
    }
    let mut reader = CommonForm { text, at: 0, line_start: 0, line: 1, limits, nodes: 0, maker };
    if text.starts_with("---\n") {
        reader.next_line();
    }
    reader.peek()?;
    let value = reader.block(0)?;
    reader.peek().is_none().then_some(value).filter(|_| reader.at_end())
}

/// Whether there are only characters that may stand anywhere: no tabs, no line breaks but one, no byte order marks.
fn is_common(text: &str, ascii: bool) -> bool {
    // Whole pieces are tested without a branch for each byte, which the compiler turns into vector instructions.
    let mut plain = text.as_bytes().chunks(128).map(|piece| piece.iter().fold(true, |all, b| all & matches!(b, b' '..=b'~' | b'\n')));
    if plain.all(|piece| piece) {
        return true;
    }
    const ODD: [char; 4] = ['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}'];
    !ascii && text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\n' | 0x80..)) && !text.contains(ODD)
}

struct CommonForm<'a, 'm, M> {
    text: &'a str,
    /// The next byte.
    at: usize,
    line_start: usize,
    /// From 1.
    line: usize,
    limits: &'m Limits,
    nodes: usize,
    maker: &'m mut M,
}

/// A key that stands in one line, up to its colon.
struct KeyAhead<'a> {
    text: &'a str,
    style: Style,
    colon: usize,
}

impl<'a, M: Maker<'a>> CommonForm<'a, '_, M> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Whether a blank or the end of the line stands here.
    fn is_gap(&self, at: usize) -> bool {
        matches!(self.byte(at), None | Some(b' ' | b'\n'))
    }

    fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    fn column(&self) -> usize {
        self.at - self.line_start
    }

    fn line_end(&self, from: usize) -> usize {
        memchr::memchr(b'\n', &self.text.as_bytes()[from..]).map_or(self.text.len(), |n| from + n)
    }

    fn next_line(&mut self) {
        let end = self.line_end(self.at);
        self.at = (end + 1).min(self.text.len());
        self.line_start = self.at;
        self.line += 1;
    }

    fn skip_blanks(&mut self) {
        while self.byte(self.at) == Some(b' ') {
            self.at += 1;
        }
    }

    /// From the start of a line: goes to the next content and gives its indentation. `None` at the end of the text, and
    /// at a line that may separate documents, which is then not the end.
    fn peek(&mut self) -> Option<usize> {
        loop {
            self.skip_blanks();
            match self.byte(self.at) {
                None => return None,
                Some(b'\n' | b'#') => self.next_line(),
                Some(b'-' | b'.') if self.column() == 0 && self.is_marker() => return None,
                Some(_) => return Some(self.column()),
            }
        }
    }

    fn is_marker(&self) -> bool {
        let rest = &self.text[self.at..];
        rest.starts_with("---") || rest.starts_with("...")
    }

    /// Behind a value: the rest of the line holds nothing but a comment.
    fn end_line(&mut self) -> Option<()> {
        let blanks = self.at;
        self.skip_blanks();
        match self.byte(self.at) {
            None | Some(b'\n') => {}
            Some(b'#') if self.at > blanks => {}
            Some(_) => return None,
        }
        self.next_line();
        Some(())
    }

    /// Counts a node that starts in this line.
    fn node(&mut self, start: usize) -> Option<At> {
        self.nodes += 1;
        (self.nodes <= self.limits.nodes).then_some(At { line: self.line, column: start - self.line_start + 1 })
    }

    fn scalar(&mut self, text: Cow<'a, str>, style: Style, start: usize) -> Option<M::Value> {
        let at = self.node(start)?;
        self.maker.scalar(text, style, at)
    }

    fn is_too_deep(&self, depth: usize) -> bool {
        depth >= MAX_DEPTH.min(self.limits.depth)
    }

    /// A collection whose first line starts here.
    fn block(&mut self, depth: usize) -> Option<M::Value> {
        if self.is_too_deep(depth) {
            return None;
        }
        if self.is_dash() { self.sequence(None, depth) } else { self.mapping(depth) }
    }

    fn is_dash(&self) -> bool {
        self.byte(self.at) == Some(b'-') && self.is_gap(self.at + 1)
    }

    fn mapping(&mut self, depth: usize) -> Option<M::Value> {
        let column = self.column();
        let at = self.node(self.at)?;
        let mut pairs = self.maker.open_mapping();
        loop {
            let start = self.at;
            let key = self.key_ahead()?;
            let place = self.node(start)?;
            let name = self.maker.key(&mut pairs, key.text, key.style, place)?;
            self.at = key.colon + 1;
            let value = self.value(column, true, depth)?;
            self.maker.pair(&mut pairs, name, value);
            match self.peek() {
                Some(indent) if indent == column && !self.is_dash() => {}
                Some(indent) if indent >= column => return None,
                _ => break,
            }
        }
        Some(self.maker.mapping(pairs, Style::Plain, at))
    }

    /// A sequence whose dashes stand below the key of its mapping. The parser places it behind its first dash.
    fn unindented_sequence(&mut self, depth: usize) -> Option<M::Value> {
        let dash = self.at;
        self.at += 1;
        self.skip_blanks();
        let start = match self.byte(self.at) {
            None | Some(b'\n') if self.at == dash + 1 => self.at,
            None | Some(b'\n' | b'#') => return None,
            Some(_) => self.at,
        };
        self.at = dash;
        if self.is_too_deep(depth) { None } else { self.sequence(Some(start), depth) }
    }

    fn sequence(&mut self, placed: Option<usize>, depth: usize) -> Option<M::Value> {
        let column = self.column();
        let at = self.node(placed.unwrap_or(self.at))?;
        let mut items = self.maker.open_sequence();
        loop {
            self.at += 1;
            let item = self.value(column, false, depth)?;
            self.maker.item(&mut items, item);
            match self.peek() {
                Some(indent) if indent > column => return None,
                Some(indent) if indent == column && self.is_dash() => {}
                _ => break,
            }
        }
        Some(self.maker.sequence(items, Style::Plain, at))
    }

    /// The key that starts here, if one does.
    fn key_ahead(&self) -> Option<KeyAhead<'a>> {
        let b = self.text.as_bytes();
        let (inner, style, colon) = match *b.get(self.at)? {
            quote @ (b'"' | b'\'') => {
                let end = self.quoted_end(quote)?;
                let (style, escape) = if quote == b'"' { (Style::DoubleQuoted, '\\') } else { (Style::SingleQuoted, '\'') };
                if self.text[self.at + 1..end].contains(escape) {
                    return None;
                }
                (self.at + 1..end, style, end + 1)
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'/' => {
                let end = self.at + word(&b[self.at..])?;
                (self.at..end, Style::Plain, end)
            }
            _ => return None,
        };
        let is_key = b.get(colon) == Some(&b':') && self.is_gap(colon + 1) && inner.len() <= MAX_KEY;
        is_key.then(|| KeyAhead { text: &self.text[inner], style, colon })
    }

    /// What stands behind a colon or a dash whose collection starts at `column`, up to the next line.
    fn value(&mut self, column: usize, is_field: bool, depth: usize) -> Option<M::Value> {
        let behind = self.at;
        self.skip_blanks();
        match self.byte(self.at) {
            None | Some(b'\n') => self.below(behind, column, is_field, depth),
            Some(b'#') if self.at > behind => self.below(behind, column, is_field, depth),
            Some(_) if !is_field && (self.is_dash() || self.key_ahead().is_some()) => self.block(depth + 1),
            Some(b'|') => self.literal(column),
            Some(_) => self.whole_line(depth),
        }
    }

    /// A value in one line, with which the line ends.
    fn whole_line(&mut self, depth: usize) -> Option<M::Value> {
        let value = self.inline(depth)?;
        self.end_line()?;
        Some(value)
    }

    /// A value that starts in a line of its own, or nothing; `behind` is where the colon or dash ends.
    fn below(&mut self, behind: usize, column: usize, is_field: bool, depth: usize) -> Option<M::Value> {
        // blanks behind a dash that nothing follows: the parser places what is missing elsewhere
        if !is_field && self.at > behind {
            return None;
        }
        // a missing value stands where its colon is, a missing item behind its dash
        let nothing = At { line: self.line, column: behind - self.line_start - usize::from(is_field) + 1 };
        self.next_line();
        match self.peek() {
            Some(indent) if indent > column && matches!(self.byte(self.at), Some(b'{' | b'[')) => self.whole_line(depth),
            Some(indent) if indent > column => self.block(depth + 1),
            Some(indent) if indent == column && is_field && self.is_dash() => self.unindented_sequence(depth + 1),
            _ => {
                self.nodes += 1;
                self.maker.scalar(Cow::Borrowed(""), Style::Plain, nothing)
            }
        }
    }

    fn inline(&mut self, depth: usize) -> Option<M::Value> {
        match self.byte(self.at)? {
            quote @ (b'"' | b'\'') => self.quoted(quote),
            b'{' | b'[' => self.flow(depth + 1),
            _ => self.plain(),
        }
    }

    fn plain(&mut self) -> Option<M::Value> {
        let b = self.text.as_bytes();
        let start = self.at;
        match b[start] {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'_'
            | b'/'
            | b'.'
            | b'$'
            | b'('
            | b'+'
            | b'^'
            | b'~'
            | b'<'
            | b'='
            | b';'
            | b'\\'
            | 0x80.. => {}
            b'-' if !self.is_gap(start + 1) => {}
            _ => return None,
        }
        let mut end = start;
        while let Some(c) = b.get(end) {
            match c {
                b'\n' => break,
                b':' if self.is_gap(end + 1) => return None,
                b'#' if b[end - 1] == b' ' => break,
                _ => end += 1,
            }
        }
        let text = self.text[start..end].trim_end_matches(' ');
        self.at = start + text.len();
        self.scalar(Cow::Borrowed(text), Style::Plain, start)
    }

    /// Where the quotes end that start here: in this line.
    fn quoted_end(&self, quote: u8) -> Option<usize> {
        let b = self.text.as_bytes();
        let mut at = self.at + 1;
        loop {
            match *b.get(at)? {
                b'\n' => return None,
                b'\\' if quote == b'"' => at += 2,
                b'\'' if quote == b'\'' && b.get(at + 1) == Some(&quote) => at += 2,
                c if c == quote => return Some(at),
                _ => at += 1,
            }
        }
    }

    /// A quoted text in one line.
    fn quoted(&mut self, quote: u8) -> Option<M::Value> {
        let start = self.at;
        let end = self.quoted_end(quote)?;
        let inner = &self.text[start + 1..end];
        self.at = end + 1;
        let (text, style) = match quote {
            b'\'' if inner.contains('\'') => (Cow::Owned(inner.replace("''", "'")), Style::SingleQuoted),
            b'\'' => (Cow::Borrowed(inner), Style::SingleQuoted),
            _ => (unescape(inner)?, Style::DoubleQuoted),
        };
        self.scalar(text, style, start)
    }

    /// A flow collection in one line.
    fn flow(&mut self, depth: usize) -> Option<M::Value> {
        if self.is_too_deep(depth) {
            return None;
        }
        let at = self.node(self.at)?;
        let is_mapping = self.byte(self.at) == Some(b'{');
        self.at += 1;
        self.skip_blanks();
        if is_mapping {
            let mut pairs = self.maker.open_mapping();
            while self.byte(self.at) != Some(b'}') {
                let start = self.at;
                let key = self.flow_key()?;
                let place = self.node(start)?;
                let name = self.maker.key(&mut pairs, key.text, key.style, place)?;
                self.at = key.colon + 1;
                self.skip_blanks();
                let value = self.flow_value(depth)?;
                self.maker.pair(&mut pairs, name, value);
                self.flow_comma(b'}')?;
            }
            self.at += 1;
            Some(self.maker.mapping(pairs, Style::Flow, at))
        } else {
            let mut items = self.maker.open_sequence();
            while self.byte(self.at) != Some(b']') {
                let item = self.flow_value(depth)?;
                self.maker.item(&mut items, item);
                self.flow_comma(b']')?;
            }
            self.at += 1;
            Some(self.maker.sequence(items, Style::Flow, at))
        }
    }

    /// A key in braces, with its colon and a blank in the same line.
    fn flow_key(&self) -> Option<KeyAhead<'a>> {
        self.key_ahead().filter(|key| self.byte(key.colon + 1) == Some(b' '))
    }

    /// Behind a part of a flow collection: a comma and another part, or the end.
    fn flow_comma(&mut self, close: u8) -> Option<()> {
        self.skip_blanks();
        match self.byte(self.at)? {
            b',' => {
                self.at += 1;
                self.skip_blanks();
                // a comma before the end is a case for the parser
                (self.byte(self.at) != Some(close)).then_some(())
            }
            c => (c == close).then_some(()),
        }
    }

    fn flow_value(&mut self, depth: usize) -> Option<M::Value> {
        if matches!(self.byte(self.at)?, b'{' | b'[') { self.flow(depth + 1) } else { self.flow_scalar() }
    }

    fn flow_scalar(&mut self) -> Option<M::Value> {
        let b = self.text.as_bytes();
        let start = self.at;
        match b.get(start)? {
            quote @ (b'"' | b'\'') => self.quoted(*quote),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'/' | b'.' => {
                let length = word(&b[start..])?;
                if length > MAX_KEY {
                    return None;
                }
                self.at = start + length;
                self.scalar(Cow::Borrowed(&self.text[start..self.at]), Style::Plain, start)
            }
            _ => None,
        }
    }

    /// A literal block of the collection at `column`, whose lines show its indentation.
    fn literal(&mut self, column: usize) -> Option<M::Value> {
        let header = self.text[self.at..self.line_end(self.at)].trim_end_matches(' ');
        let chomp = match header {
            "|" => Chomp::Clip,
            "|-" => Chomp::Strip,
            "|+" => Chomp::Keep,
            _ => return None,
        };
        self.next_line();
        let first = self.at;
        while self.byte(self.at) == Some(b'\n') {
            self.next_line();
        }
        // the first line with content gives the indentation
        let after_blank = self.at > first;
        let begin = self.at;
        self.skip_blanks();
        let indent = self.column();
        if self.at_end() || self.byte(self.at) == Some(b'\n') || M::PLACED && indent <= column {
            return None;
        }
        if indent <= column {
            self.at = begin;
            let keeps = matches!(chomp, Chomp::Keep);
            return if keeps { None } else { self.scalar(Cow::Borrowed(""), Style::Literal, begin) };
        }
        // blank lines before it may confuse, and are rare
        if after_blank {
            return None;
        }
        let at = self.node(self.at)?;
        let mut text = String::new();
        let mut kept = 0;
        self.at = begin;
        while !self.at_end() {
            let end = self.line_end(self.at);
            // the last line has no break: a case for the parser
            if end == self.text.len() {
                return None;
            }
            let raw = &self.text[self.at..end];
            let blanks = raw.len() - raw.trim_start_matches(' ').len();
            if blanks == raw.len() {
                text.push_str(raw.get(indent..).unwrap_or_default());
                text.push('\n');
                if blanks > indent {
                    kept = text.len();
                }
            } else if blanks >= indent {
                text.push_str(&raw[indent..]);
                text.push('\n');
                kept = text.len();
            } else {
                break;
            }
            self.at = end + 1;
            self.line_start = self.at;
            self.line += 1;
        }
        match chomp {
            Chomp::Keep => {}
            Chomp::Clip => text.truncate(kept),
            Chomp::Strip => text.truncate(kept.saturating_sub(1)),
        }
        self.maker.scalar(Cow::Owned(text), Style::Literal, at)
    }
}

/// The length of a run of characters that have no meaning anywhere, and something behind it.
fn word(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-')))
}

/// The text between double quotes, if its escapes are the usual ones.
fn unescape(inner: &str) -> Option<Cow<'_, str>> {
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let mut text = String::with_capacity(inner.len());
    let mut pieces = inner.split('\\');
    text.push_str(pieces.next()?);
    while let Some(piece) = pieces.next() {
        let (escaped, rest) = match piece.as_bytes().first() {
            // a backslash, and what stands up to the next one
            None => ("\\", pieces.next()?),
            Some(b'"') => ("\"", &piece[1..]),
            Some(b'n') => ("\n", &piece[1..]),
            Some(b't') => ("\t", &piece[1..]),
            Some(_) => return None,
        };
        text.push_str(escaped);
        text.push_str(rest);
    }
    Some(Cow::Owned(text))
}

/// What becomes of the line breaks at the end of a literal block.
#[derive(Clone, Copy)]
enum Chomp {
    Clip,
    Strip,
    Keep,
}

#[cfg(test)]
pub(crate) mod cases {
    //! Texts for those who compare what is read here with what the parser reads.

    use proptest::prelude::*;

    /// Of the common form.
    pub(crate) const COMMON: &[&str] = &[
        "a: b\n",
        "---\n# c\na: b # c\n\nb:   c d, e  \n",
        "a:\n  b:\n  c: ~\nd:\n- e\n-\n- f: g\n  h: yes\n-   i: 1\n    j:\n    - k\nl: 0x1f",
        "- a\n- - b\n  - c\n-\n  d: e\n",
        "a: \"x # y\"  # z\nb: 'it \\ is'\nc: {}\nd: []\ne: { a: 1, \"b\": [x, 'y', {c: d}] }\n",
        "a: |\n  x\n    y\n\n  z\n\n\nb: |-\n    x\n\n\nc: |+\n  x\n\n\nd: e\n",
        "a:\n- b: |-\n    x: y\n    # no comment\n  c: http://x:80/#y\n",
        "a: --x\nb: $(C)\nc: /d\n",
        "a: 'it''s'\nb: ''''\nc: \"x \\\"y\\\" \\\\ \\n\\t\"\n",
        "a:\n  {b: c}\nd:\n- e:\n    []  # f\n",
        "\"a b\": c\n'd': {\"e f\": g}\nh:\n- \"i\": j\n- \"k\"\n",
    ];

    /// Not of the common form.
    pub(crate) const OTHERS: &[&str] = &[
        "a: b\n  c\n",
        "a: &x b\n",
        "a: b: c\n",
        "a: b\na: c\n",
        "? a\n",
        "a:\n\tb\n",
        "a:\n- \n",
        "a: b\n---\nc: d\n",
        "é: b\n",
        "a: \"x\n  y\"\n",
        "a: >\n  x\n",
        "",
        "a: \"\\x41\"\n",
        "\"<<\": {a: b}\n",
        "'a''b': c\n",
        "a: \"b\\\n  c\"\n",
    ];

    /// A few lines that look like YAML.
    pub(crate) fn text() -> impl Strategy<Value = String> {
        let lines = prop::collection::vec((0usize..5, line()), 0..9);
        lines.prop_map(|lines| lines.iter().map(|(indent, line)| format!("{}{line}\n", " ".repeat(*indent))).collect())
    }

    fn line() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "a",
            "b",
            "c: ",
            "d:",
            "e: ",
            "- ",
            "-",
            "--- ",
            "...",
            " ",
            "#x",
            " # y",
            "'s'",
            "\"t\"",
            "'",
            "\"",
            "|",
            "|-",
            "|+",
            "|2",
            ">",
            "{",
            "}",
            "[",
            "]",
            ", ",
            ",",
            ": ",
            ":",
            "1",
            "0.5",
            "2024-01-01",
            "~",
            "null",
            "yes",
            "<<: ",
            "&a ",
            "*a",
            "!!str ",
            "?",
            "? ",
            "%",
            "@",
            "\\",
            "=",
            "{}",
            "[]",
            "f: {g: h}",
            "\"k\": ",
            "'l m': ",
            "\"\\n\"",
            "''",
            "é",
            "\u{a0}",
            "ß: ",
            "\u{2028}",
            "1: ",
            "null: ",
        ]);
        prop_oneof![
            2 => prop::collection::vec(piece, 0..5).prop_map(|p| p.concat()),
            3 => "[a-e]: [a-e]", 2 => "[a-e]:", 2 => "- [a-e]: [x-z]", 1 => "- [a-e]:", 1 => "[a-e]: [|][+-]?", 1 => "[a-z #]{1,4}",
        ]
    }
}
