//! Case and naming styles, as the libraries behind Sprig do them.

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::strconv;
use crate::value::Value;

use super::S;
use crate::functions::runes::{is_letter, is_punct, is_title, is_upper, map_runes, runes, to_lower, to_title, to_upper};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("title", &[S], title),
    Function::new("untitle", &[S], untitle),
    Function::new("swapcase", &[S], swapcase),
    Function::new("initials", &[S], initials),
    Function::new("camelcase", &[S], |_, a| Ok(pascal_case(a.bytes(0)).into())),
    Function::new("snakecase", &[S], |_, a| Ok(Words::new(a.bytes(0), b'_').lower_case())),
    Function::new("kebabcase", &[S], |_, a| Ok(Words::new(a.bytes(0), b'-').lower_case())),
];

/// Every letter behind a separator becomes its title form.
fn title(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let separates = |c: char| match c {
        c if c.is_ascii() => !c.is_ascii_alphanumeric() && c != '_',
        c => c.is_whitespace(),
    };
    let mut previous = ' ';
    let text = map_runes(args.bytes(0), |c| if separates(std::mem::replace(&mut previous, c)) { to_title(c) } else { c });
    Ok(text.into())
}

fn untitle(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let mut word_starts = true;
    let text = map_runes(args.bytes(0), |c| match c.is_whitespace() {
        true => {
            word_starts = true;
            c
        }
        false if std::mem::take(&mut word_starts) => to_lower(c),
        false => c,
    });
    Ok(text.into())
}

fn swapcase(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let mut after_space = true;
    let text = map_runes(args.bytes(0), |c| {
        if is_upper(c) || is_title(c) {
            after_space = false;
            to_lower(c)
        } else if c.is_lowercase() {
            if std::mem::take(&mut after_space) { to_title(c) } else { to_upper(c) }
        } else {
            after_space = c.is_whitespace();
            c
        }
    });
    Ok(text.into())
}

/// The first byte of each word; the original takes a byte above 0x7f for the character of that number.
fn initials(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let mut gap = true;
    let firsts = args.bytes(0).iter().map(|b| char::from(*b)).filter(|c| match c.is_whitespace() {
        true => {
            gap = true;
            false
        }
        false => std::mem::take(&mut gap),
    });
    Ok(firsts.collect::<String>().into())
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || c.is_whitespace()
}

/// `some_words` → `SomeWords`: leading connectors stay, of several inner ones all but one stay, an all-upper word
/// keeps only its first letter upper.
fn pascal_case(text: &[u8]) -> String {
    let chars: Vec<char> = runes(text).map(|(c, _)| c).collect();
    let mut out = String::with_capacity(text.len());
    let Some(start) = chars.iter().position(|c| !is_connector(*c)) else {
        // Only connectors: the last one is written twice by the original's special case.
        out.extend(&chars);
        out.extend(chars.last());
        return out;
    };
    out.extend(&chars[..start]);
    let mut upper_word = is_upper(chars[start]);
    let mut current = to_upper(chars[start]);
    for &next in &chars[start + 1..] {
        let previous = std::mem::replace(&mut current, next);
        if is_connector(current) && is_connector(previous) {
            out.push(previous);
        } else if is_connector(previous) {
            upper_word = is_upper(current);
            current = to_upper(current);
        } else {
            if upper_word {
                upper_word = is_upper(current);
                current = if upper_word { to_lower(current) } else { current };
            }
            out.push(previous);
        }
    }
    out.push(current);
    out
}

/// What the letters of a word have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WordKind {
    /// The text is at its end, or holds invalid bytes only.
    None,
    Number,
    /// Starts with an upper-case letter.
    Upper,
    /// Letters that are not upper case.
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// Splits a text into words and joins them again in lower case with a connector.
struct Words<'t> {
    rest: &'t [u8],
    kind: WordKind,
    word: &'t [u8],
    connector: u8,
    out: Vec<u8>,
}

impl<'t> Words<'t> {
    fn new(text: &'t [u8], connector: u8) -> Self {
        Self { rest: text, kind: WordKind::None, word: &[], connector, out: Vec::with_capacity(text.len() + 8) }
    }

    /// `HTTPServer2xx` → `http_server_2xx`: numbers go with the word before them, unless lower-case letters follow.
    fn lower_case(mut self) -> Value {
        use WordKind::{Alphabet, Connector, None, Number, Punctuation};
        self.advance();
        while !self.rest.is_empty() {
            if self.kind != Connector {
                self.write();
            }
            let (previous, word) = (self.kind, self.word);
            self.advance();
            match previous {
                Number => {
                    self.write_number_tail();
                    self.connect_unless(&[None, Punctuation, Connector]);
                }
                Connector => self.write_word(Connector, word),
                Punctuation => {}
                _ if self.kind != Number => self.connect_unless(&[Connector, Punctuation]),
                _ if self.rest.is_empty() => {}
                _ => {
                    let number = self.word;
                    self.advance();
                    if self.kind == Alphabet {
                        self.out.push(self.connector);
                        self.write_word(Number, number);
                        self.write_number_tail();
                        self.connect_unless(&[None, Connector, Punctuation]);
                    } else {
                        self.write_word(Number, number);
                        self.connect_unless(&[Connector, Punctuation]);
                    }
                }
            }
        }
        self.write();
        Value::string(self.out)
    }

    fn write_number_tail(&mut self) {
        while matches!(self.kind, WordKind::Alphabet | WordKind::Number) {
            self.write();
            self.advance();
        }
    }

    fn connect_unless(&mut self, kinds: &[WordKind]) {
        if !kinds.contains(&self.kind) {
            self.out.push(self.connector);
        }
    }

    fn write(&mut self) {
        self.write_word(self.kind, self.word);
    }

    fn write_word(&mut self, kind: WordKind, word: &[u8]) {
        if !matches!(kind, WordKind::Upper | WordKind::Connector) {
            return self.out.extend_from_slice(word);
        }
        for (c, _) in runes(word) {
            let c = if is_connector(c) { char::from(self.connector) } else { to_lower(c) };
            self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Takes the next word from the rest.
    fn advance(&mut self) {
        let text = self.rest;
        let (first, mut end) = valid_rune(text, char::REPLACEMENT_CHARACTER);
        self.kind = if text.is_empty() || first == char::REPLACEMENT_CHARACTER {
            WordKind::None
        } else if is_connector(first) {
            end = extend(text, end, first, is_connector);
            WordKind::Connector
        } else if is_punct(first) {
            end = extend(text, end, first, is_punct);
            WordKind::Punctuation
        } else if is_upper(first) {
            end = upper_word_end(text, end, first);
            WordKind::Upper
        } else if is_alphabet(first) {
            end = extend(text, end, first, |c| is_alphabet(c) && !is_upper(c));
            WordKind::Alphabet
        } else if first.is_numeric() {
            end = extend(text, end, first, char::is_numeric);
            WordKind::Number
        } else {
            end = extend(text, end, first, |c| !is_connector(c) && !is_alphabet(c) && !c.is_numeric() && !is_punct(c));
            WordKind::Other
        };
        (self.word, self.rest) = text.split_at(end);
    }
}

/// The end of a word that starts with an upper-case letter: `HTTP` before `Status`, or `Status`.
fn upper_word_end(text: &[u8], first_end: usize, first: char) -> usize {
    let (second, len) = valid_rune(&text[first_end..], first);
    if len == 0 {
        return first_end;
    }
    let second_end = first_end + len;
    if !is_upper(second) {
        return if is_alphabet(second) { extend(text, second_end, second, |c| is_alphabet(c) && !is_upper(c)) } else { first_end };
    }
    let (mut end, mut last_len, mut last) = (second_end, len, second);
    loop {
        let (c, len) = valid_rune(&text[end..], last);
        if len == 0 {
            return end;
        }
        if !is_upper(c) {
            return if is_alphabet(c) { end - last_len } else { end };
        }
        (end, last_len, last) = (end + len, len, c);
    }
}

/// Moves `end` over the characters that `belongs` accepts.
fn extend(text: &[u8], mut end: usize, mut last: char, belongs: impl Fn(char) -> bool) -> usize {
    while end < text.len() {
        let (c, len) = valid_rune(&text[end..], last);
        if !belongs(c) {
            break;
        }
        (end, last) = (end + len, c);
    }
    end
}

/// The next character that is not U+FFFD, with the length of all that was read; at the end `previous`.
fn valid_rune(text: &[u8], previous: char) -> (char, usize) {
    let mut len = 0;
    while len < text.len() {
        let (c, n) = strconv::decode_rune(&text[len..]);
        len += n;
        if c != char::REPLACEMENT_CHARACTER {
            return (c, len);
        }
    }
    (previous, len)
}

/// A letter that is no common CJK character.
fn is_alphabet(c: char) -> bool {
    let cjk = matches!(c, '\u{4e00}'..='\u{9fcc}' | '\u{3400}'..='\u{4d85}' | '\u{20000}'..='\u{2b81d}');
    is_letter(c) && !cjk
}
