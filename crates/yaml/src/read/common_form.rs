//! The form that nearly all manifests have, read in one walk over the bytes.
//!
//! Block mappings and sequences of one-line scalars, small flow collections and literal blocks, in printable ASCII: for
//! these the parser's tokens and events are an expensive detour. Whatever is not surely of that form, and whatever is
//! wrong, is left to the parser ([`read`] gives `None`), so that there is one place for messages and for the corners of
//! the language. Both give equal trees, positions included; tests compare them.

use smol_str::SmolStr;

use super::{ReadOptions, Seen};
use crate::node::{Kind, Node, Style, Tag};
use crate::resolve::plain_tag;

/// Nesting beyond this goes to the parser, which has the error for what is too deep.
const MAX_DEPTH: usize = 64;
/// Keys beyond this go to the parser, which has the error for keys that are too long.
const MAX_KEY: usize = 256;

/// The one document of a text, or `None` if it is not of the common form.
pub(super) fn read(text: &str, options: &ReadOptions) -> Option<Node> {
    let is_common = |b: &u8| matches!(b, b' '..=b'~' | b'\n');
    if options.comments || options.spans || text.len() > options.limits.bytes || !text.bytes().all(|b| is_common(&b)) {
        return None;
    }
    let mut reader = CommonForm { text, at: 0, line_start: 0, line: 1, options, nodes: 0, pairs: Vec::new(), items: Vec::new() };
    if text.starts_with("---\n") {
        reader.next_line();
    }
    reader.peek()?;
    let node = reader.block(0)?;
    reader.peek().is_none().then_some(node).filter(|_| reader.at_end())
}

struct CommonForm<'a> {
    text: &'a str,
    /// The next byte.
    at: usize,
    line_start: usize,
    /// From 1.
    line: usize,
    options: &'a ReadOptions,
    nodes: usize,
    /// Pairs and items of the open collections; a finished one takes its own from the end.
    pairs: Vec<(Node, Node)>,
    items: Vec<Node>,
}

impl CommonForm<'_> {
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
        self.text.as_bytes()[from..].iter().position(|b| *b == b'\n').map_or(self.text.len(), |n| from + n)
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

    fn node(&mut self, kind: Kind, tag: Tag, style: Style, line: usize, column: usize) -> Option<Node> {
        self.nodes += 1;
        (self.nodes <= self.options.limits.nodes).then(|| Node::new(kind, tag, style).at(line, column + 1))
    }

    fn scalar(&mut self, text: &str, style: Style, start: usize) -> Option<Node> {
        let tag = if style == Style::Plain { plain_tag(self.options.dialect, text) } else { Tag::Str };
        self.node(Kind::Scalar(SmolStr::new(text)), tag, style, self.line, start - self.line_start)
    }

    /// A collection whose first line starts here.
    fn block(&mut self, depth: usize) -> Option<Node> {
        if depth >= MAX_DEPTH.min(self.options.limits.depth) {
            return None;
        }
        if self.is_dash() { self.sequence(None, depth) } else { self.mapping(depth) }
    }

    fn is_dash(&self) -> bool {
        self.byte(self.at) == Some(b'-') && self.is_gap(self.at + 1)
    }

    fn mapping(&mut self, depth: usize) -> Option<Node> {
        let (line, column, first) = (self.line, self.column(), self.pairs.len());
        let mut seen = Seen::default();
        loop {
            let key = self.key()?;
            // a key that stands twice is an error, or another value, there
            if seen.add(&self.pairs[first..], &key).is_some() {
                return None;
            }
            let value = self.value(column, true, depth)?;
            self.pairs.push((key, value));
            match self.peek() {
                Some(indent) if indent == column && !self.is_dash() => {}
                Some(indent) if indent >= column => return None,
                _ => break,
            }
        }
        let pairs = self.pairs.drain(first..).collect();
        self.node(Kind::Mapping(pairs), Tag::Map, Style::Plain, line, column)
    }

    /// A sequence whose dashes stand below the key of its mapping. The parser places it behind its first dash.
    fn unindented_sequence(&mut self, depth: usize) -> Option<Node> {
        let dash = self.at;
        self.at += 1;
        self.skip_blanks();
        let column = match self.byte(self.at) {
            None | Some(b'\n') if self.at == dash + 1 => self.column(),
            None | Some(b'\n' | b'#') => return None,
            Some(_) => self.column(),
        };
        self.at = dash;
        if depth >= MAX_DEPTH.min(self.options.limits.depth) { None } else { self.sequence(Some(column), depth) }
    }

    fn sequence(&mut self, placed: Option<usize>, depth: usize) -> Option<Node> {
        let (line, column, first) = (self.line, self.column(), self.items.len());
        loop {
            self.at += 1;
            let item = self.value(column, false, depth)?;
            self.items.push(item);
            match self.peek() {
                Some(indent) if indent > column => return None,
                Some(indent) if indent == column && self.is_dash() => {}
                _ => break,
            }
        }
        let items = self.items.drain(first..).collect();
        self.node(Kind::Sequence(items), Tag::Seq, Style::Plain, line, placed.unwrap_or(column))
    }

    /// The end of a plain key that starts here, which is its colon.
    fn key_end(&self) -> Option<usize> {
        let b = self.text.as_bytes();
        if !matches!(b.get(self.at)?, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'/') {
            return None;
        }
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-');
        let end = self.at + b[self.at..].iter().position(|b| !is_part(b))?;
        (b[end] == b':' && self.is_gap(end + 1) && end - self.at <= MAX_KEY).then_some(end)
    }

    fn key(&mut self) -> Option<Node> {
        let (start, end) = (self.at, self.key_end()?);
        self.at = end + 1;
        self.scalar(&self.text[start..end], Style::Plain, start)
    }

    /// What stands behind a colon or a dash whose collection starts at `column`, up to the next line.
    fn value(&mut self, column: usize, is_field: bool, depth: usize) -> Option<Node> {
        let behind = self.at;
        self.skip_blanks();
        match self.byte(self.at) {
            None | Some(b'\n') => self.below(behind, column, is_field, depth),
            Some(b'#') if self.at > behind => self.below(behind, column, is_field, depth),
            Some(_) if !is_field && self.key_end().is_some() => self.block(depth + 1),
            Some(_) if !is_field && self.is_dash() => self.block(depth + 1),
            Some(b'|') => self.literal(column),
            Some(_) => {
                let node = self.inline(depth)?;
                self.end_line()?;
                Some(node)
            }
        }
    }

    /// A value that starts in a line of its own, or nothing; `behind` is where the colon or dash ends.
    fn below(&mut self, behind: usize, column: usize, is_field: bool, depth: usize) -> Option<Node> {
        // blanks behind a dash that nothing follows: the parser places what is missing elsewhere
        if !is_field && self.at > behind {
            return None;
        }
        // a missing value stands where its colon is, a missing item behind its dash
        let (line, start) = (self.line, behind - self.line_start - usize::from(is_field));
        self.next_line();
        match self.peek() {
            Some(indent) if indent > column => self.block(depth + 1),
            Some(indent) if indent == column && is_field && self.is_dash() => self.unindented_sequence(depth + 1),
            _ => self.node(Kind::Scalar(SmolStr::default()), Tag::Null, Style::Plain, line, start),
        }
    }

    fn inline(&mut self, depth: usize) -> Option<Node> {
        match self.byte(self.at)? {
            quote @ (b'"' | b'\'') => self.quoted(quote),
            b'{' | b'[' => self.flow(depth + 1),
            _ => self.plain(),
        }
    }

    fn plain(&mut self) -> Option<Node> {
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
            | b'\\' => {}
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
        self.scalar(text, Style::Plain, start)
    }

    /// A quoted text in one line without escapes.
    fn quoted(&mut self, quote: u8) -> Option<Node> {
        let b = self.text.as_bytes();
        let start = self.at;
        let inner = start + 1;
        let is_stop = |c: &u8| *c == quote || *c == b'\n' || (*c == b'\\' && quote == b'"');
        let end = inner + b[inner..].iter().position(is_stop)?;
        if b[end] != quote || (quote == b'\'' && b.get(end + 1) == Some(&quote)) {
            return None;
        }
        let style = if quote == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
        self.at = end + 1;
        self.scalar(&self.text[inner..end], style, start)
    }

    /// A flow collection in one line.
    fn flow(&mut self, depth: usize) -> Option<Node> {
        if depth >= MAX_DEPTH.min(self.options.limits.depth) {
            return None;
        }
        let start = self.at;
        let is_mapping = self.byte(start) == Some(b'{');
        let close = if is_mapping { b'}' } else { b']' };
        let (first_pair, first_item) = (self.pairs.len(), self.items.len());
        let mut seen = Seen::default();
        self.at += 1;
        self.skip_blanks();
        while self.byte(self.at) != Some(close) {
            if is_mapping {
                let key = self.flow_scalar()?;
                if seen.add(&self.pairs[first_pair..], &key).is_some()
                    || self.byte(self.at) != Some(b':')
                    || self.byte(self.at + 1) != Some(b' ')
                {
                    return None;
                }
                self.at += 2;
                self.skip_blanks();
                let value = self.flow_value(depth)?;
                self.pairs.push((key, value));
            } else {
                let item = self.flow_value(depth)?;
                self.items.push(item);
            }
            self.skip_blanks();
            match self.byte(self.at)? {
                b',' => {
                    self.at += 1;
                    self.skip_blanks();
                    // a comma before the end
                    if self.byte(self.at) == Some(close) {
                        return None;
                    }
                }
                c if c == close => {}
                _ => return None,
            }
        }
        self.at += 1;
        let kind = if is_mapping {
            Kind::Mapping(self.pairs.drain(first_pair..).collect())
        } else {
            Kind::Sequence(self.items.drain(first_item..).collect())
        };
        self.node(kind, if is_mapping { Tag::Map } else { Tag::Seq }, Style::Flow, self.line, start - self.line_start)
    }

    fn flow_value(&mut self, depth: usize) -> Option<Node> {
        if matches!(self.byte(self.at)?, b'{' | b'[') { self.flow(depth + 1) } else { self.flow_scalar() }
    }

    fn flow_scalar(&mut self) -> Option<Node> {
        let b = self.text.as_bytes();
        let start = self.at;
        match b.get(start)? {
            quote @ (b'"' | b'\'') => self.quoted(*quote),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'/' | b'.' => {
                let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-');
                let end = start + b[start..].iter().position(|b| !is_part(b))?;
                if end - start > MAX_KEY {
                    return None;
                }
                self.at = end;
                self.scalar(&self.text[start..end], Style::Plain, start)
            }
            _ => None,
        }
    }

    /// A literal block of the collection at `column`, whose lines show its indentation.
    fn literal(&mut self, column: usize) -> Option<Node> {
        let header = self.text[self.at..self.line_end(self.at)].trim_end_matches(' ');
        let chomp = match header {
            "|" => Chomp::Clip,
            "|-" => Chomp::Strip,
            "|+" => Chomp::Keep,
            _ => return None,
        };
        self.next_line();
        let first = self.at;
        // the first line with content gives the indentation; blank lines before it may confuse, and are rare
        self.skip_blanks();
        let (line, indent) = (self.line, self.column());
        if self.at_end() || self.byte(self.at) == Some(b'\n') || indent <= column {
            return None;
        }
        let mut text = String::new();
        let mut kept = 0;
        self.at = first;
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
        self.node(Kind::Scalar(SmolStr::from(text)), Tag::Str, Style::Literal, line, indent)
    }
}

/// What becomes of the line breaks at the end of a literal block.
#[derive(Clone, Copy)]
enum Chomp {
    Clip,
    Strip,
    Keep,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::super::read_parsed;
    use super::*;
    use crate::resolve::Dialect;

    /// What is read here is what the parser reads, with every position.
    fn check(text: &str) -> Result<bool, String> {
        for dialect in [Dialect::GoYamlV3, Dialect::SigsYaml] {
            let options = ReadOptions { dialect, ..ReadOptions::default() };
            let Some(node) = read(text, &options) else { return Ok(false) };
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
        let common = [
            "a: b\n",
            "---\n# c\na: b # c\n\nb:   c d, e  \n",
            "a:\n  b:\n  c: ~\nd:\n- e\n-\n- f: g\n  h: yes\n-   i: 1\n    j:\n    - k\nl: 0x1f",
            "- a\n- - b\n  - c\n-\n  d: e\n",
            "a: \"x # y\"  # z\nb: 'it \\ is'\nc: {}\nd: []\ne: { a: 1, \"b\": [x, 'y', {c: d}] }\n",
            "a: |\n  x\n    y\n\n  z\n\n\nb: |-\n    x\n\n\nc: |+\n  x\n\n\nd: e\n",
            "a:\n- b: |-\n    x: y\n    # no comment\n  c: http://x:80/#y\n",
            "a: --x\nb: $(C)\nc: /d\n",
        ];
        for text in common {
            assert_eq!(check(text), Ok(true), "{text}");
        }
        let others = [
            "a: b\n  c\n",
            "a: &x b\n",
            "a: b: c\n",
            "a: b\na: c\n",
            "? a\n",
            "a: 'it''s'\n",
            "a:\n\tb\n",
            "a:\n- \n",
            "a: b\n---\nc: d\n",
            "é: b\n",
            "a: \"x\n  y\"\n",
            "a: >\n  x\n",
            "",
        ];
        for text in others {
            assert_eq!(check(text), Ok(false), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 4_000 } else { 400_000 }, failure_persistence: None, ..ProptestConfig::default() })]

        /// KB-DOC-01, KB-DOC-02: no text is read in another way than by the parser.
        #[test]
        fn lines_are_read_as_the_parser_does(lines in prop::collection::vec((0usize..5, line()), 0..9)) {
            let text: String = lines.iter().map(|(indent, line)| format!("{}{line}\n", " ".repeat(*indent))).collect();
            prop_assert!(check(&text).is_ok(), "{}", check(&text).unwrap_err());
            prop_assert!(check(text.trim_end()).is_ok(), "{}", check(text.trim_end()).unwrap_err());
        }
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
        ]);
        prop_oneof![
            2 => prop::collection::vec(piece, 0..5).prop_map(|p| p.concat()),
            3 => "[a-e]: [a-e]", 2 => "[a-e]:", 2 => "- [a-e]: [x-z]", 1 => "- [a-e]:", 1 => "[a-e]: [|][+-]?", 1 => "[a-z #]{1,4}",
        ]
    }
}
