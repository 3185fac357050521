//! Tokens of YAML 1.1, with go-yaml's rules for where a simple key may stand.

use std::collections::{HashMap, VecDeque};

use super::Fault;

/// A token, as far as the grammar needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// The start of the stream.
    Start,
    /// The end of the stream.
    End,
    /// `%YAML` with its version.
    Version(u32, u32),
    /// `%TAG` with its handle.
    TagDirective(&'a str),
    /// `---`
    DocumentStart,
    /// `...`
    DocumentEnd,
    /// The first entry of a block sequence follows.
    BlockSequence,
    /// The first key of a block mapping follows.
    BlockMapping,
    /// A block collection ends.
    BlockEnd,
    /// `[`
    FlowSequence,
    /// `]`
    FlowSequenceEnd,
    /// `{`
    FlowMapping,
    /// `}`
    FlowMappingEnd,
    /// `-`
    BlockEntry,
    /// `,`
    FlowEntry,
    /// A key follows; written `?` or known by the colon behind it.
    Key,
    /// `:`
    Value,
    /// `*name`
    Alias(&'a str),
    /// `&name`
    Anchor(&'a str),
    /// A tag with its handle; empty for `!<…>`.
    Tag(&'a str),
    /// Text of any style.
    Scalar,
}

/// A place in the text; all counts start at 0.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    pub(super) line: usize,
    pub(super) column: usize,
    /// Characters before.
    index: usize,
}

/// A token that turns out to be a key if a colon follows soon.
#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    /// Nothing else than a key may stand there.
    required: bool,
    /// The number of the token.
    token: usize,
    mark: Mark,
}

const NO_COLON: &str = "could not find expected ':'";
/// A colon counts up to so many characters behind the start of a key.
const LONGEST_KEY: usize = 1024;

/// The scanner: a place in the text and the tokens that were looked ahead at.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    pub(super) mark: Mark,
    /// Tokens with their lines and the bytes before their ends.
    queue: VecDeque<(Token<'a>, usize, usize)>,
    /// Where the last token that was taken ends, in bytes.
    pub(super) passed: usize,
    /// Tokens taken from the queue so far.
    taken: usize,
    /// Whether the head of the queue is known to stay.
    ready: bool,
    /// One more than the column of the innermost block collection; 0 outside of all.
    pub(super) indent: usize,
    outer_indents: Vec<usize>,
    /// The possible key of each open flow collection, and of the block context around them.
    keys: Vec<SimpleKey>,
    /// Where in `keys` the key of a token stood when it was noted.
    key_of_token: HashMap<usize, usize>,
    pub(super) key_allowed: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, line: usize) -> Self {
        Self {
            text,
            at: 0,
            mark: Mark { line, ..Mark::default() },
            queue: VecDeque::from([(Token::Start, line, 0)]),
            passed: 0,
            taken: 0,
            ready: false,
            indent: 0,
            outer_indents: Vec::new(),
            keys: vec![SimpleKey::default()],
            key_of_token: HashMap::new(),
            key_allowed: true,
        }
    }

    /// The next token and its line, from 0.
    pub(super) fn peek(&mut self) -> Result<(Token<'a>, usize), Fault> {
        loop {
            match self.queue.front().copied() {
                Some((token, line, _)) if self.ready || !self.may_become_key()? => {
                    self.ready = true;
                    return Ok((token, line));
                }
                _ => self.fetch()?,
            }
        }
    }

    /// Goes on behind the token that was looked at.
    pub(super) fn take(&mut self) {
        if let Some((_, _, end)) = self.queue.pop_front() {
            self.taken += 1;
            self.passed = self.passed.max(end);
        }
        self.ready = false;
    }

    /// Whether a colon may still make a key of the token at the head of the queue.
    fn may_become_key(&mut self) -> Result<bool, Fault> {
        match self.key_of_token.get(&self.taken) {
            Some(&i) if i < self.keys.len() => self.key_is_valid(i),
            _ => Ok(false),
        }
    }

    fn fetch(&mut self) -> Result<(), Fault> {
        self.skip_to_token();
        self.close_blocks(self.mark.column + 1);
        let start = self.mark.column == 0;
        let Some(c) = self.byte(0) else { return self.end() };
        match c {
            b'%' if start => {
                self.close_all()?;
                let line = self.mark.line;
                let token = self.directive()?;
                self.push(token, line);
                Ok(())
            }
            b'-' | b'.' if start && self.document_marker() => {
                self.close_all()?;
                self.indicator(3, if c == b'-' { Token::DocumentStart } else { Token::DocumentEnd });
                Ok(())
            }
            b'[' | b'{' => self.open_flow(if c == b'[' { Token::FlowSequence } else { Token::FlowMapping }),
            b']' | b'}' => {
                self.drop_key()?;
                if self.keys.len() > 1
                    && let Some(key) = self.keys.pop()
                {
                    self.key_of_token.remove(&key.token);
                }
                self.key_allowed = false;
                self.indicator(1, if c == b']' { Token::FlowSequenceEnd } else { Token::FlowMappingEnd });
                Ok(())
            }
            b',' => {
                self.drop_key()?;
                self.key_allowed = true;
                self.indicator(1, Token::FlowEntry);
                Ok(())
            }
            b'-' if self.ends_word(1) => self.block_entry(),
            b'?' if self.in_flow() || self.ends_word(1) => self.explicit_key(),
            b':' if self.in_flow() || self.ends_word(1) => self.value(),
            b'*' | b'&' => self.property(|s| s.anchor(c == b'*')),
            b'!' => self.property(Self::tag),
            b'|' | b'>' if !self.in_flow() => {
                self.drop_key()?;
                self.key_allowed = true;
                let line = self.mark.line;
                self.block_scalar()?;
                self.push(Token::Scalar, line);
                Ok(())
            }
            b'\'' | b'"' => self.property(|s| s.quoted(c).map(|()| Token::Scalar)),
            _ if self.starts_plain(c) => self.property(|s| s.plain().map(|()| Token::Scalar)),
            _ => Err(self.fault("found character that cannot start any token")),
        }
    }

    fn starts_plain(&self, c: u8) -> bool {
        match c {
            b'-' => !matches!(self.byte(1), Some(b' ' | b'\t')),
            b'?' | b':' => !self.in_flow() && !self.ends_word(1),
            _ => !self.ends_word(0) && !b",[]{}#&*!|>'\"%@`".contains(&c),
        }
    }

    /// Scans a token that may start a key.
    fn property(&mut self, scan: impl FnOnce(&mut Self) -> Result<Token<'a>, Fault>) -> Result<(), Fault> {
        self.save_key()?;
        self.key_allowed = false;
        let line = self.mark.line;
        let token = scan(self)?;
        self.push(token, line);
        Ok(())
    }

    fn open_flow(&mut self, token: Token<'a>) -> Result<(), Fault> {
        self.save_key()?;
        self.keys.push(SimpleKey { token: self.taken + self.queue.len(), ..SimpleKey::default() });
        self.key_allowed = true;
        self.indicator(1, token);
        Ok(())
    }

    /// Outside of brackets: what stands here belongs to a block collection, which starts with it unless it is open already.
    fn start_block(&mut self, collection: Token<'a>, misplaced: &'static str) -> Result<(), Fault> {
        if self.in_flow() {
            return Ok(());
        }
        if !self.key_allowed {
            return Err(self.fault(misplaced));
        }
        self.open_block(self.mark, None, collection);
        Ok(())
    }

    fn block_entry(&mut self) -> Result<(), Fault> {
        self.start_block(Token::BlockSequence, "block sequence entries are not allowed in this context")?;
        self.drop_key()?;
        self.key_allowed = true;
        self.indicator(1, Token::BlockEntry);
        Ok(())
    }

    fn explicit_key(&mut self) -> Result<(), Fault> {
        self.start_block(Token::BlockMapping, "mapping keys are not allowed in this context")?;
        self.drop_key()?;
        self.key_allowed = !self.in_flow();
        self.indicator(1, Token::Key);
        Ok(())
    }

    fn value(&mut self) -> Result<(), Fault> {
        let last = self.keys.len() - 1;
        if self.key_is_valid(last)? {
            let key = self.keys[last];
            let place = key.token.saturating_sub(self.taken).min(self.queue.len());
            self.queue.insert(place, (Token::Key, key.mark.line, 0));
            self.open_block(key.mark, Some(place), Token::BlockMapping);
            self.keys[last].possible = false;
            self.key_of_token.remove(&key.token);
            self.key_allowed = false;
        } else {
            self.start_block(Token::BlockMapping, "mapping values are not allowed in this context")?;
            self.key_allowed = !self.in_flow();
        }
        self.indicator(1, Token::Value);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        if self.mark.column > 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
        self.close_all()?;
        self.push(Token::End, self.mark.line);
        Ok(())
    }

    /// Ends all block collections, as the ends of documents do.
    fn close_all(&mut self) -> Result<(), Fault> {
        self.close_blocks(0);
        self.drop_key()?;
        self.key_allowed = false;
        Ok(())
    }

    /// Opens a block collection at `mark` if it is indented more than the one around it.
    fn open_block(&mut self, mark: Mark, place: Option<usize>, token: Token<'a>) {
        if self.in_flow() || self.indent > mark.column {
            return;
        }
        self.outer_indents.push(std::mem::replace(&mut self.indent, mark.column + 1));
        self.queue.insert(place.unwrap_or(self.queue.len()), (token, mark.line, 0));
    }

    /// Ends the block collections that are indented more than `indent`.
    fn close_blocks(&mut self, indent: usize) {
        while !self.in_flow() && self.indent > indent {
            self.push(Token::BlockEnd, self.mark.line);
            self.indent = self.outer_indents.pop().unwrap_or_default();
        }
    }

    /// Notes that a key may start here.
    fn save_key(&mut self) -> Result<(), Fault> {
        if self.key_allowed {
            let required = !self.in_flow() && self.indent == self.mark.column + 1;
            let key = SimpleKey { possible: true, required, token: self.taken + self.queue.len(), mark: self.mark };
            self.drop_key()?;
            let last = self.keys.len() - 1;
            self.keys[last] = key;
            self.key_of_token.insert(key.token, last);
        }
        Ok(())
    }

    /// No colon has come behind what might have been a key.
    fn drop_key(&mut self) -> Result<(), Fault> {
        let last = self.keys.len() - 1;
        let key = self.keys[last];
        if key.possible {
            if key.required {
                return Err(self.fault(NO_COLON));
            }
            self.keys[last].possible = false;
            self.key_of_token.remove(&key.token);
        }
        Ok(())
    }

    fn key_is_valid(&mut self, i: usize) -> Result<bool, Fault> {
        let key = self.keys[i];
        if key.possible && (key.mark.line < self.mark.line || key.mark.index + LONGEST_KEY < self.mark.index) {
            if key.required {
                return Err(self.fault(NO_COLON));
            }
            self.keys[i].possible = false;
        }
        Ok(self.keys[i].possible)
    }

    fn skip_to_token(&mut self) {
        loop {
            while self.byte(0) == Some(b' ') || (self.byte(0) == Some(b'\t') && (self.in_flow() || !self.key_allowed)) {
                self.skip();
            }
            self.skip_comment();
            if !self.is_break(0) {
                return;
            }
            self.skip_break();
            if !self.in_flow() {
                self.key_allowed = true;
            }
        }
    }

    pub(super) fn skip_comment(&mut self) {
        if self.byte(0) == Some(b'#') {
            while !self.ends_line(0) {
                self.skip();
            }
        }
    }

    /// Adds a token that ends here.
    fn push(&mut self, token: Token<'a>, line: usize) {
        self.queue.push_back((token, line, self.at));
    }

    fn indicator(&mut self, length: usize, token: Token<'a>) {
        for _ in 0..length {
            self.skip();
        }
        self.push(token, self.mark.line);
    }

    pub(super) fn fault(&self, problem: &'static str) -> Fault {
        Fault::scanning(self.mark.line, problem)
    }

    pub(super) fn in_flow(&self) -> bool {
        self.keys.len() > 1
    }

    /// The text from here on.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The byte so many bytes ahead; `None` behind the end.
    pub(super) fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    /// Whether `---` or `...` stands here as a word.
    pub(super) fn document_marker(&self) -> bool {
        let rest = &self.text.as_bytes()[self.at..];
        self.mark.column == 0 && (rest.starts_with(b"---") || rest.starts_with(b"...")) && self.ends_word(3)
    }

    /// Whether a line break of YAML 1.1 stands so many bytes ahead.
    pub(super) fn is_break(&self, ahead: usize) -> bool {
        matches!(self.text.as_bytes().get(self.at + ahead..), Some([b'\n' | b'\r', ..] | [0xc2, 0x85, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..]))
    }

    pub(super) fn is_blank(&self) -> bool {
        matches!(self.byte(0), Some(b' ' | b'\t'))
    }

    /// Whether a line break or the end stands so many bytes ahead.
    pub(super) fn ends_line(&self, ahead: usize) -> bool {
        self.byte(ahead).is_none() || self.is_break(ahead)
    }

    /// Whether a blank, a line break or the end stands so many bytes ahead.
    pub(super) fn ends_word(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), Some(b' ' | b'\t')) || self.ends_line(ahead)
    }

    /// Goes on by one character.
    pub(super) fn skip(&mut self) {
        if let Some(c) = self.text[self.at..].chars().next() {
            self.at += c.len_utf8();
            self.mark.index += 1;
            self.mark.column += 1;
        }
    }

    /// Goes on behind the line break that stands here.
    pub(super) fn skip_break(&mut self) {
        if self.text[self.at..].starts_with("\r\n") {
            self.skip();
        }
        self.skip();
        self.mark.column = 0;
        self.mark.line += 1;
    }

    /// Goes on while `accept` holds for the byte, and gives what was passed. The bytes are ASCII.
    pub(super) fn skip_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.byte(0).is_some_and(|c| c.is_ascii() && accept(c)) {
            self.skip();
        }
        &self.text[start..self.at]
    }
}
