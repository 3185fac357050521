//! Splits a template into items, as Go's lexer does: text up to `{{`, then the parts of an action, with white space
//! trimmed by `{{- ` and ` -}}` (HE-TPL-01). White space inside an action is no item here, as it is in Go, but a mark
//! on the item behind it.

use memchr::memmem::{self, Finder};

use crate::strconv::{self, decode_rune};

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The input cannot be split; the item's text is the message.
    Error,
    Bool,
    /// A printable ASCII character without a meaning of its own.
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Kind {
    fn keyword(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"block" => Self::Block,
            b"break" => Self::Break,
            b"continue" => Self::Continue,
            b"define" => Self::Define,
            b"else" => Self::Else,
            b"end" => Self::End,
            b"if" => Self::If,
            b"nil" => Self::Nil,
            b"range" => Self::Range,
            b"template" => Self::Template,
            b"with" => Self::With,
            _ => return None,
        })
    }

    fn is_keyword(self) -> bool {
        matches!(
            self,
            Self::Block
                | Self::Break
                | Self::Continue
                | Self::Dot
                | Self::Define
                | Self::Else
                | Self::End
                | Self::If
                | Self::Nil
                | Self::Range
                | Self::Template
                | Self::With
        )
    }

    /// Whether an operand may begin with such an item.
    pub(crate) fn starts_operand(self) -> bool {
        matches!(
            self,
            Self::Bool
                | Self::CharConstant
                | Self::Complex
                | Self::Dot
                | Self::Field
                | Self::Identifier
                | Self::LeftParen
                | Self::Nil
                | Self::Number
                | Self::RawString
                | Self::String
                | Self::Variable
        )
    }
}

/// One item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    /// White space stands before it in its action. The blank of a trim marker is not counted.
    pub(crate) spaced: bool,
    /// Where it begins in the template, in bytes.
    pub(crate) pos: u32,
    /// Where it ends; where it begins, if it is an error, whose message the lexer holds.
    pub(crate) end: u32,
}

impl Item {
    /// What stands before the first item.
    pub(crate) const NONE: Self = Self { kind: Kind::Error, spaced: false, pos: 0, end: 0 };
}

/// The state of the lexer between two items.
#[derive(Debug)]
pub(crate) struct Lexer<'t> {
    input: &'t [u8],
    pos: usize,
    start: usize,
    inside_action: bool,
    /// See [`Item::spaced`].
    spaced: bool,
    parens: isize,
    message: String,
    left: Finder<'static>,
}

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";

fn is_space_byte(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c == '_' || c.is_alphabetic() || c.is_numeric())
}

/// Which bytes are letters, digits or an underscore, in ASCII.
const WORD: [bool; 256] = {
    let mut word = [false; 256];
    let mut b = 0_u8;
    while b < 128 {
        word[b as usize] = b == b'_' || b.is_ascii_alphanumeric();
        b += 1;
    }
    word
};

fn is_word_byte(b: u8) -> bool {
    WORD[usize::from(b)]
}

/// Positions are kept in 32 bits; no template comes near 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(input: &'t [u8]) -> Self {
        let (message, left) = (String::new(), Finder::new(LEFT));
        Self { input, pos: 0, start: 0, inside_action: false, spaced: false, parens: 0, message, left }
    }

    /// The next item. What follows an error has no meaning.
    pub(crate) fn next_item(&mut self) -> Item {
        if self.inside_action { self.action() } else { self.text() }
    }

    /// The text of an item.
    pub(crate) fn text_of(&self, item: Item) -> &'t [u8] {
        self.input.get(item.pos as usize..item.end as usize).unwrap_or(&[])
    }

    /// An item as parse errors show it.
    pub(crate) fn show(&self, item: Item) -> String {
        let text = self.text_of(item);
        match item.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Error => self.message.clone(),
            kind if kind.is_keyword() => format!("<{}>", String::from_utf8_lossy(text)),
            _ if text.len() > 10 => {
                let mut end = 0;
                for _ in 0..10 {
                    end += decode_rune(text.get(end..).unwrap_or(&[])).1;
                }
                format!("{}...", strconv::quote(text.get(..end).unwrap_or(text)))
            }
            _ => strconv::quote(text),
        }
    }

    fn rest(&self) -> &'t [u8] {
        self.input.get(self.pos..).unwrap_or(&[])
    }

    /// The byte behind so many others.
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.input.get(self.pos + ahead).copied()
    }

    fn read(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += decode_rune(self.rest()).1;
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        let rest = self.rest();
        if rest.is_empty() { None } else { Some(decode_rune(rest).0) }
    }

    fn emit(&mut self, kind: Kind) -> Item {
        let item = Item { kind, spaced: self.spaced, pos: offset(self.start), end: offset(self.pos) };
        self.start = self.pos;
        item
    }

    fn error(&mut self, message: impl Into<String>) -> Item {
        self.message = message.into();
        self.pos = self.start;
        self.emit(Kind::Error)
    }

    /// Skips what lies before the position.
    fn skip(&mut self) {
        self.start = self.pos;
    }

    /// Text up to the next action, or the end.
    fn text(&mut self) -> Item {
        self.spaced = false;
        loop {
            let Some(offset) = self.left.find(self.rest()) else {
                self.pos = self.input.len();
                return self.emit(if self.pos > self.start { Kind::Text } else { Kind::Eof });
            };
            if offset > 0 {
                self.pos += offset;
                let after = self.input.get(self.pos + LEFT.len()..).unwrap_or(&[]);
                let trimmed = if left_trim(after) {
                    self.input.get(self.start..self.pos).unwrap_or(&[]).iter().rev().take_while(|b| is_space_byte(**b)).count()
                } else {
                    0
                };
                self.pos -= trimmed;
                let item = self.emit(Kind::Text);
                self.pos += trimmed;
                self.skip();
                if item.end > item.pos {
                    return item;
                }
            }
            match self.left_delim() {
                Some(item) => return item,
                None => continue,
            }
        }
    }

    /// The start of an action; `None` after a comment.
    fn left_delim(&mut self) -> Option<Item> {
        self.pos += LEFT.len();
        let marker = if left_trim(self.rest()) { 2 } else { 0 };
        if self.rest().get(marker..).unwrap_or(&[]).starts_with(b"/*") {
            self.pos += marker;
            self.skip();
            return self.comment();
        }
        let item = self.emit(Kind::LeftDelim);
        self.inside_action = true;
        self.pos += marker;
        self.skip();
        self.parens = 0;
        Some(item)
    }

    fn comment(&mut self) -> Option<Item> {
        self.pos += 2;
        let Some(end) = memmem::find(self.rest(), b"*/") else { return Some(self.error("unclosed comment")) };
        self.pos += end + 2;
        match self.rest() {
            [b'}', b'}', ..] => self.pos += 2,
            [blank, b'-', b'}', b'}', ..] if is_space_byte(*blank) => {
                self.pos += 4;
                self.skip_blanks();
            }
            _ => return Some(self.error("comment ends before closing delimiter")),
        }
        self.skip();
        None
    }

    /// Goes behind the white space that follows; answers how many bytes it takes.
    fn skip_blanks(&mut self) -> usize {
        let rest = self.rest();
        let count = rest.iter().position(|b| !is_space_byte(*b)).unwrap_or(rest.len());
        self.pos += count;
        count
    }

    fn action(&mut self) -> Item {
        let blanks = self.skip_blanks();
        self.spaced = blanks > 0;
        self.skip();
        let rest = self.rest();
        let Some(first) = rest.first().copied() else { return self.error("unclosed action") };
        match first {
            b'}' if rest.starts_with(RIGHT) => self.right_delim(),
            b'-' if self.spaced && rest.get(1..).is_some_and(|after| after.starts_with(RIGHT)) => self.trimming_right_delim(blanks),
            b'0'..=b'9' | b'+' | b'-' => self.number(),
            b'.' => self.dot(),
            b if is_word_byte(b) => self.identifier(),
            0x80.. => self.beyond_ascii(),
            _ => {
                self.pos += 1;
                self.sign(first)
            }
        }
    }

    fn right_delim(&mut self) -> Item {
        if self.parens != 0 {
            return self.error("unclosed left paren");
        }
        self.pos += RIGHT.len();
        self.inside_action = false;
        self.emit(Kind::RightDelim)
    }

    /// `}}` with the marker before it; the blank that belongs to the marker has been skipped with the others.
    fn trimming_right_delim(&mut self, blanks: usize) -> Item {
        if self.parens != 0 {
            // The item begins with the blank for Go: it may stand in the line before.
            self.start -= 1;
        } else {
            self.pos += 1;
            self.skip();
            self.spaced = blanks > 1;
        }
        let item = self.right_delim();
        if item.kind == Kind::RightDelim {
            self.skip_blanks();
            self.skip();
        }
        item
    }

    /// A character of ASCII that begins no word and no number; it has been read.
    fn sign(&mut self, sign: u8) -> Item {
        match sign {
            b'=' => self.emit(Kind::Assign),
            b':' => {
                if self.read() == Some('=') {
                    self.emit(Kind::Declare)
                } else {
                    self.error("expected :=")
                }
            }
            b'|' => self.emit(Kind::Pipe),
            b'"' => self.quoted(b'"', Kind::String, "unterminated quoted string"),
            b'\'' => self.quoted(b'\'', Kind::CharConstant, "unterminated character constant"),
            b'`' => self.raw_quoted(),
            b'$' => {
                if self.at_terminator() {
                    self.emit(Kind::Variable)
                } else {
                    self.word_after(Kind::Variable)
                }
            }
            b'(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen)
            }
            b')' => {
                self.parens -= 1;
                if self.parens < 0 { self.error("unexpected right paren") } else { self.emit(Kind::RightParen) }
            }
            b' '..=b'~' => self.emit(Kind::Char),
            control => self.unrecognized(char::from(control)),
        }
    }

    /// A field, the dot itself, or a number that begins with one.
    fn dot(&mut self) -> Item {
        if self.input.get(self.pos + 1).is_none_or(u8::is_ascii_digit) {
            return self.number();
        }
        self.pos += 1;
        if self.at_terminator() { self.emit(Kind::Dot) } else { self.word_after(Kind::Field) }
    }

    fn beyond_ascii(&mut self) -> Item {
        let before = self.pos;
        let c = self.read();
        if is_word(c) {
            self.pos = before;
            return self.identifier();
        }
        self.unrecognized(c.unwrap_or('\u{FFFD}'))
    }

    fn unrecognized(&mut self, c: char) -> Item {
        self.error(format!("unrecognized character in action: {}", code_point(c)))
    }

    fn identifier(&mut self) -> Item {
        self.take_word();
        let word = self.input.get(self.start..self.pos).unwrap_or(&[]);
        if !self.at_terminator() {
            return self.bad_character();
        }
        let kind = match word {
            b"true" | b"false" => Kind::Bool,
            _ => Kind::keyword(word).unwrap_or(Kind::Identifier),
        };
        self.emit(kind)
    }

    /// The name after a dot or a dollar sign.
    fn word_after(&mut self, kind: Kind) -> Item {
        self.take_word();
        if self.at_terminator() { self.emit(kind) } else { self.bad_character() }
    }

    fn take_word(&mut self) {
        loop {
            let rest = self.rest();
            self.pos += rest.iter().position(|b| !is_word_byte(*b)).unwrap_or(rest.len());
            if self.byte(0).is_none_or(|b| b.is_ascii()) || !is_word(self.peek()) {
                return;
            }
            self.read();
        }
    }

    fn bad_character(&mut self) -> Item {
        let c = self.peek().unwrap_or('\u{FFFD}');
        self.error(format!("bad character {}", code_point(c)))
    }

    /// Whether a name may end here.
    fn at_terminator(&self) -> bool {
        match self.byte(0) {
            None | Some(b'.' | b',' | b'|' | b':' | b')' | b'(' | b' ' | b'\t' | b'\r' | b'\n') => true,
            Some(b'}') => self.byte(1) == Some(b'}'),
            Some(_) => false,
        }
    }

    fn quoted(&mut self, quote: u8, kind: Kind, unterminated: &str) -> Item {
        loop {
            let rest = self.rest();
            let stop = rest.iter().position(|b| *b == quote || *b == b'\\' || *b == b'\n').unwrap_or(rest.len());
            self.pos += stop + 1;
            match rest.get(stop) {
                Some(b) if *b == quote => return self.emit(kind),
                Some(b'\\') if rest.get(stop + 1).is_some_and(|b| *b != b'\n') => self.pos += 1,
                _ => return self.error(unterminated),
            }
        }
    }

    fn raw_quoted(&mut self) -> Item {
        let rest = self.rest();
        let Some(end) = memchr::memchr(b'`', rest) else { return self.error("unterminated raw quoted string") };
        self.pos += end + 1;
        self.emit(Kind::RawString)
    }

    fn number(&mut self) -> Item {
        if !self.scan_number() {
            return self.bad_number();
        }
        if matches!(self.peek(), Some('+' | '-')) {
            let imaginary = self.scan_number() && self.input.get(self.pos.wrapping_sub(1)) == Some(&b'i');
            return if imaginary { self.emit(Kind::Complex) } else { self.bad_number() };
        }
        self.emit(Kind::Number)
    }

    fn bad_number(&mut self) -> Item {
        let text = strconv::quote(self.input.get(self.start..self.pos).unwrap_or(&[]));
        self.error(format!("bad number syntax: {text}"))
    }

    fn accept(&mut self, valid: &str) -> bool {
        let found = self.peek().is_some_and(|c| valid.contains(c));
        if found {
            self.read();
        }
        found
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        if digits.len() == 11 && self.accept("eE") {
            self.accept("+-");
            self.accept_run("0123456789_");
        }
        if digits.len() == 23 && self.accept("pP") {
            self.accept("+-");
            self.accept_run("0123456789_");
        }
        self.accept("i");
        if is_word(self.peek()) {
            self.read();
            return false;
        }
        true
    }
}

fn left_trim(after: &[u8]) -> bool {
    matches!(after, [b'-', blank, ..] if is_space_byte(*blank))
}

/// Go's `%#U`.
fn code_point(c: char) -> String {
    let code = format!("U+{:04X}", u32::from(c));
    if strconv::is_print(c) { format!("{code} '{c}'") } else { code }
}
