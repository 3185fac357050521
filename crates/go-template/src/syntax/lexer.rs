//! Splits a template into items, as Go's lexer does: text up to `{{`, then the parts of an action, with white space
//! trimmed by `{{- ` and ` -}}` (HE-TPL-01).

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
    Space,
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
}

/// One item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'t> {
    pub(crate) kind: Kind,
    /// Byte offset in the template.
    pub(crate) pos: u32,
    /// The text of the item; empty for an error, whose message the lexer holds.
    pub(crate) text: &'t [u8],
}

/// The state of the lexer between two items.
#[derive(Debug)]
pub(crate) struct Lexer<'t> {
    input: &'t [u8],
    pos: usize,
    start: usize,
    inside_action: bool,
    parens: isize,
    message: String,
    left: Finder<'static>,
}

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";

fn is_space_byte(b: Option<u8>) -> bool {
    matches!(b, Some(b' ' | b'\t' | b'\r' | b'\n'))
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
        Self { input, pos: 0, start: 0, inside_action: false, parens: 0, message: String::new(), left: Finder::new(LEFT) }
    }

    /// The next item. After an error or the end it answers the end for ever.
    pub(crate) fn next_item(&mut self) -> Item<'t> {
        if self.inside_action { self.action() } else { self.text() }
    }

    /// An item as parse errors show it.
    pub(crate) fn show(&self, item: &Item<'_>) -> String {
        match item.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Error => self.message.clone(),
            kind if kind.is_keyword() => format!("<{}>", String::from_utf8_lossy(item.text)),
            _ if item.text.len() > 10 => {
                let mut end = 0;
                for _ in 0..10 {
                    end += decode_rune(item.text.get(end..).unwrap_or(&[])).1;
                }
                format!("{}...", strconv::quote(item.text.get(..end).unwrap_or(item.text)))
            }
            _ => strconv::quote(item.text),
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
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let (c, len) = decode_rune(rest);
        self.pos += len;
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        let rest = self.rest();
        if rest.is_empty() { None } else { Some(decode_rune(rest).0) }
    }

    fn emit(&mut self, kind: Kind) -> Item<'t> {
        let text = self.input.get(self.start..self.pos).unwrap_or(&[]);
        let item = Item { kind, pos: offset(self.start), text };
        self.start = self.pos;
        item
    }

    fn error(&mut self, message: impl Into<String>) -> Item<'t> {
        let item = Item { kind: Kind::Error, pos: offset(self.start), text: &[] };
        self.message = message.into();
        self.input = &[];
        item
    }

    /// Skips what lies before the position.
    fn skip(&mut self) {
        self.start = self.pos;
    }

    /// Text up to the next action, or the end.
    fn text(&mut self) -> Item<'t> {
        loop {
            let Some(offset) = self.left.find(self.rest()) else {
                self.pos = self.input.len();
                if self.pos > self.start {
                    return self.emit(Kind::Text);
                }
                return Item { text: b"EOF", ..self.emit(Kind::Eof) };
            };
            if offset > 0 {
                self.pos += offset;
                let after = self.input.get(self.pos + 2..).unwrap_or(&[]);
                let trimmed = if left_trim(after) {
                    self.input.get(self.start..self.pos).unwrap_or(&[]).iter().rev().take_while(|b| is_space_byte(Some(**b))).count()
                } else {
                    0
                };
                self.pos -= trimmed;
                let item = self.emit(Kind::Text);
                self.pos += trimmed;
                self.skip();
                if !item.text.is_empty() {
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
    fn left_delim(&mut self) -> Option<Item<'t>> {
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

    fn comment(&mut self) -> Option<Item<'t>> {
        self.pos += 2;
        let Some(end) = memmem::find(self.rest(), b"*/") else { return Some(self.error("unclosed comment")) };
        self.pos += end + 2;
        let Some(trim) = self.right_delim_ahead() else { return Some(self.error("comment ends before closing delimiter")) };
        self.pos += if trim { 4 } else { 2 };
        if trim {
            self.pos += self.blanks();
        }
        self.skip();
        None
    }

    /// Whether a right delimiter follows, and whether it trims.
    fn right_delim_ahead(&self) -> Option<bool> {
        let delim = |ahead| self.byte(ahead) == Some(b'}') && self.byte(ahead + 1) == Some(b'}');
        match self.byte(0)? {
            b'}' => delim(0).then_some(false),
            _ => (right_trim(self.byte(0), self.byte(1)) && delim(2)).then_some(true),
        }
    }

    fn right_delim(&mut self, trim: bool) -> Item<'t> {
        if trim {
            self.pos += 2;
            self.skip();
        }
        self.pos += RIGHT.len();
        let item = self.emit(Kind::RightDelim);
        if trim {
            self.pos += self.blanks();
            self.skip();
        }
        self.inside_action = false;
        item
    }

    fn action(&mut self) -> Item<'t> {
        let Some(first) = self.input.get(self.pos).copied() else { return self.error("unclosed action") };
        match first {
            b' ' | b'\t' | b'\r' | b'\n' => match self.right_delim_ahead() {
                Some(trim) => self.end_of_action(trim),
                None => self.space(),
            },
            b'}' if self.right_delim_ahead().is_some() => self.end_of_action(false),
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

    fn end_of_action(&mut self, trim: bool) -> Item<'t> {
        if self.parens == 0 { self.right_delim(trim) } else { self.error("unclosed left paren") }
    }

    /// A character of ASCII that begins no word and no number; it has been read.
    fn sign(&mut self, sign: u8) -> Item<'t> {
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
    fn dot(&mut self) -> Item<'t> {
        if self.input.get(self.pos + 1).is_none_or(u8::is_ascii_digit) {
            return self.number();
        }
        self.pos += 1;
        if self.at_terminator() { self.emit(Kind::Dot) } else { self.word_after(Kind::Field) }
    }

    fn beyond_ascii(&mut self) -> Item<'t> {
        let before = self.pos;
        let c = self.read();
        if is_word(c) {
            self.pos = before;
            return self.identifier();
        }
        self.unrecognized(c.unwrap_or('\u{FFFD}'))
    }

    fn unrecognized(&mut self, c: char) -> Item<'t> {
        self.error(format!("unrecognized character in action: {}", code_point(c)))
    }

    fn space(&mut self) -> Item<'t> {
        let count = self.blanks();
        self.pos += count;
        // The last blank may belong to a trim marker.
        self.pos -= 1;
        if self.right_delim_ahead() != Some(true) {
            self.pos += 1;
        } else if count == 1 {
            return self.right_delim(true);
        }
        self.emit(Kind::Space)
    }

    /// How many bytes of white space follow.
    fn blanks(&self) -> usize {
        let mut count = 0;
        while is_space_byte(self.byte(count)) {
            count += 1;
        }
        count
    }

    fn identifier(&mut self) -> Item<'t> {
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
    fn word_after(&mut self, kind: Kind) -> Item<'t> {
        self.take_word();
        if self.at_terminator() { self.emit(kind) } else { self.bad_character() }
    }

    fn take_word(&mut self) {
        loop {
            while self.byte(0).is_some_and(is_word_byte) {
                self.pos += 1;
            }
            if self.byte(0).is_none_or(|b| b.is_ascii()) || !is_word(self.peek()) {
                return;
            }
            self.read();
        }
    }

    fn bad_character(&mut self) -> Item<'t> {
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

    fn quoted(&mut self, quote: u8, kind: Kind, unterminated: &str) -> Item<'t> {
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

    fn raw_quoted(&mut self) -> Item<'t> {
        let rest = self.rest();
        let Some(end) = memchr::memchr(b'`', rest) else { return self.error("unterminated raw quoted string") };
        self.pos += end + 1;
        self.emit(Kind::RawString)
    }

    fn number(&mut self) -> Item<'t> {
        if !self.scan_number() {
            return self.bad_number();
        }
        if matches!(self.peek(), Some('+' | '-')) {
            let imaginary = self.scan_number() && self.input.get(self.pos.wrapping_sub(1)) == Some(&b'i');
            return if imaginary { self.emit(Kind::Complex) } else { self.bad_number() };
        }
        self.emit(Kind::Number)
    }

    fn bad_number(&mut self) -> Item<'t> {
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
    after.first() == Some(&b'-') && is_space_byte(after.get(1).copied())
}

fn right_trim(first: Option<u8>, second: Option<u8>) -> bool {
    is_space_byte(first) && second == Some(b'-')
}

/// Go's `%#U`.
fn code_point(c: char) -> String {
    let code = format!("U+{:04X}", u32::from(c));
    if strconv::is_print(c) { format!("{code} '{c}'") } else { code }
}
