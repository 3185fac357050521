//! From pattern text to the engine's syntax tree, by Go's grammar.
//!
//! The parser keeps its own stack of open groups, so nesting costs no call depth here; the height of the tree is capped
//! all the same, because the engine's compiler walks it recursively.

use regex_syntax::hir::{Capture, Class, ClassUnicode, ClassUnicodeRange, Dot, Hir, Look, Repetition};

use crate::error::{Error, ErrorKind};

mod class;
mod escape;
mod group;

/// The greatest height of the tree. Go allows 1000; at a quarter of that, as in the engine's own parser, the compiler's
/// recursion stays within a worker thread's stack.
const MAX_HEIGHT: usize = 250;

/// The greatest repeat count, alone and as the product of nested ones.
const MAX_REPEAT: u32 = 1000;

/// A parsed pattern.
pub(crate) struct Parsed {
    pub(crate) hir: Hir,
    /// Names of groups by number; index 0 is the whole match.
    pub(crate) names: Vec<Option<Box<str>>>,
}

/// The flags that `(?ims-U)` sets.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_newline: bool,
    swap_greed: bool,
}

/// A subtree with what its parents need to know.
struct Node {
    hir: Hir,
    height: usize,
    /// The greatest product of repeat counts on a path down this subtree.
    repeats: u32,
}

impl Node {
    fn leaf(hir: Hir) -> Self {
        Self { hir, height: 1, repeats: 1 }
    }

    fn parent(children: Vec<Node>, build: impl FnOnce(Vec<Hir>) -> Hir) -> Self {
        let height = 1 + children.iter().map(|n| n.height).max().unwrap_or(0);
        let repeats = children.iter().map(|n| n.repeats).max().unwrap_or(1);
        Self { hir: build(children.into_iter().map(|n| n.hir).collect()), height, repeats }
    }

    /// What stands side by side; a single one is not wrapped.
    fn concat(mut parts: Vec<Node>) -> Self {
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, None) => Self::leaf(Hir::empty()),
            (_, Some(last)) => {
                parts.push(last);
                Self::parent(parts, Hir::concat)
            }
        }
    }
}

/// An open group, or the pattern itself at the bottom of the stack.
struct Frame {
    /// Finished branches of `|`.
    branches: Vec<Node>,
    /// The current branch.
    parts: Vec<Node>,
    /// Flags to go back to at the closing parenthesis.
    flags: Flags,
    /// The number of the group, if it captures.
    capture: Option<u32>,
}

struct Parser<'p> {
    whole: &'p str,
    frames: Vec<Frame>,
    top: Frame,
    flags: Flags,
    names: Vec<Option<Box<str>>>,
}

/// Parses a pattern.
pub(crate) fn parse(pattern: &str) -> Result<Parsed, Error> {
    let top = Frame { branches: Vec::new(), parts: Vec::new(), flags: Flags::default(), capture: None };
    let mut parser = Parser { whole: pattern, frames: Vec::new(), top, flags: Flags::default(), names: vec![None] };
    parser.run()?;
    if !parser.frames.is_empty() {
        return Err(Error::new(ErrorKind::MissingParen, pattern));
    }
    let node = parser.close_branches()?;
    Ok(Parsed { hir: node.hir, names: parser.names })
}

impl<'p> Parser<'p> {
    fn run(&mut self) -> Result<(), Error> {
        let mut rest = self.whole;
        // Where the previous repetition operator starts, if the last thing was one.
        let mut last_repeat: Option<&str> = None;
        while let Some(c) = rest.chars().next() {
            let before = rest;
            let mut repeat = None;
            rest = match c {
                '(' if rest[1..].starts_with('?') => self.perl_group(rest)?,
                '(' => {
                    self.names.push(None);
                    self.open(Some(self.names.len() - 1));
                    &rest[1..]
                }
                '|' => {
                    let parts = std::mem::take(&mut self.top.parts);
                    self.top.branches.push(Node::concat(parts));
                    &rest[1..]
                }
                ')' => {
                    self.close()?;
                    &rest[1..]
                }
                '^' => self.push(Hir::look(if self.flags.multi_line { Look::StartLF } else { Look::Start }), &rest[1..]),
                '$' => self.push(Hir::look(if self.flags.multi_line { Look::EndLF } else { Look::End }), &rest[1..]),
                '.' => self.push(Hir::dot(if self.flags.dot_newline { Dot::AnyChar } else { Dot::AnyCharExceptLF }), &rest[1..]),
                '[' => {
                    let (class, rest) = class::bracketed(rest, self.flags.fold_case)?;
                    self.push(Hir::class(Class::Unicode(class)), rest)
                }
                '*' | '+' | '?' => {
                    let (min, max) = match c {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    repeat = Some(before);
                    self.repeat(min, max, false, before, &rest[1..], last_repeat)?
                }
                '{' => match counts(rest) {
                    Some((min, max, after)) => {
                        if min > MAX_REPEAT || max.is_some_and(|m| m > MAX_REPEAT || m < min) {
                            return Err(Error::new(ErrorKind::InvalidRepeatSize, consumed(before, after)));
                        }
                        repeat = Some(before);
                        self.repeat(min, max, true, before, after, last_repeat)?
                    }
                    None => self.literal('{', &rest[1..]),
                },
                '\\' => self.escaped(rest)?,
                c => self.literal(c, &rest[c.len_utf8()..]),
            };
            last_repeat = repeat;
        }
        Ok(())
    }

    /// What starts with a backslash, outside of a class.
    fn escaped(&mut self, text: &'p str) -> Result<&'p str, Error> {
        let look = match text[1..].chars().next() {
            Some('A') => Some(Look::Start),
            Some('z') => Some(Look::End),
            Some('b') => Some(Look::WordAscii),
            Some('B') => Some(Look::WordAsciiNegate),
            Some('C') => return Err(Error::new(ErrorKind::InvalidEscape, &text[..2])),
            Some('Q') => {
                let (literal, rest) = text[2..].split_once(r"\E").unwrap_or((&text[2..], ""));
                for c in literal.chars() {
                    self.literal(c, rest);
                }
                return Ok(rest);
            }
            _ => None,
        };
        if let Some(look) = look {
            return Ok(self.push(Hir::look(look), &text[2..]));
        }
        if let Some((class, rest)) = class::escaped(text, self.flags.fold_case)? {
            return Ok(self.push(Hir::class(Class::Unicode(class)), rest));
        }
        let (code, rest) = escape::single(text)?;
        match char::from_u32(code) {
            Some(c) => Ok(self.literal(c, rest)),
            // A surrogate half: no text holds one.
            None => Ok(self.push(Hir::fail(), rest)),
        }
    }

    fn literal(&mut self, c: char, rest: &'p str) -> &'p str {
        if self.flags.fold_case {
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
            class.case_fold_simple();
            return self.push(Hir::class(Class::Unicode(class)), rest);
        }
        self.push(Hir::literal(c.encode_utf8(&mut [0; 4]).as_bytes()), rest)
    }

    fn push(&mut self, hir: Hir, rest: &'p str) -> &'p str {
        self.top.parts.push(Node::leaf(hir));
        rest
    }

    /// Repeats the last part. `before` starts at the operator, `after` behind it.
    fn repeat(
        &mut self,
        min: u32,
        max: Option<u32>,
        counted: bool,
        before: &'p str,
        after: &'p str,
        last: Option<&'p str>,
    ) -> Result<&'p str, Error> {
        let lazy = after.starts_with('?');
        let after = &after[usize::from(lazy)..];
        if let Some(last) = last {
            return Err(Error::new(ErrorKind::InvalidRepeatOp, consumed(last, after)));
        }
        let Some(part) = self.top.parts.pop() else {
            return Err(Error::new(ErrorKind::MissingRepeatArgument, consumed(before, after)));
        };
        let mut repeats = part.repeats;
        if counted {
            repeats = match max {
                Some(0) => 1,
                most => repeats.saturating_mul(most.unwrap_or(min).max(1)),
            };
            if (min >= 2 || max.is_some_and(|m| m >= 2)) && repeats > MAX_REPEAT {
                return Err(Error::new(ErrorKind::InvalidRepeatSize, consumed(before, after)));
            }
        }
        let greedy = lazy == self.flags.swap_greed;
        let height = self.check_height(part.height + 1)?;
        let hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(part.hir) });
        self.top.parts.push(Node { hir, height, repeats });
        Ok(after)
    }

    fn open(&mut self, capture: Option<usize>) {
        let capture = capture.and_then(|n| u32::try_from(n).ok());
        let frame = Frame { branches: Vec::new(), parts: Vec::new(), flags: self.flags, capture };
        self.frames.push(std::mem::replace(&mut self.top, frame));
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(outer) = self.frames.pop() else {
            return Err(Error::new(ErrorKind::UnexpectedParen, self.whole));
        };
        let mut node = self.close_branches()?;
        let closed = std::mem::replace(&mut self.top, outer);
        self.flags = closed.flags;
        if let Some(index) = closed.capture {
            let height = self.check_height(node.height + 1)?;
            node = Node { hir: Hir::capture(Capture { index, name: None, sub: Box::new(node.hir) }), height, ..node };
        }
        self.top.parts.push(node);
        Ok(())
    }

    /// The alternation of all branches of the top frame.
    fn close_branches(&mut self) -> Result<Node, Error> {
        let last = Node::concat(std::mem::take(&mut self.top.parts));
        let mut branches = std::mem::take(&mut self.top.branches);
        if branches.is_empty() {
            return Ok(last);
        }
        branches.push(last);
        let node = Node::parent(branches, Hir::alternation);
        self.check_height(node.height)?;
        Ok(node)
    }

    fn check_height(&self, height: usize) -> Result<usize, Error> {
        if height > MAX_HEIGHT { Err(Error::new(ErrorKind::NestingDepth, self.whole)) } else { Ok(height) }
    }
}

/// The part of `from` that lies before `rest`, its own tail.
fn consumed<'a>(from: &'a str, rest: &str) -> &'a str {
    &from[..from.len() - rest.len()]
}

/// `{n}`, `{n,}` or `{n,m}` at the start of the text; anything else is no repetition and the brace a literal. Counts
/// beyond all limits come back as `u32::MAX`.
fn counts(text: &str) -> Option<(u32, Option<u32>, &str)> {
    let (min, rest) = count(&text[1..])?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, Some(min), rest));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, None, rest));
    }
    let (max, rest) = count(rest)?;
    Some((min, Some(max), rest.strip_prefix('}')?))
}

/// A number without leading zeros.
fn count(text: &str) -> Option<(u32, &str)> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(len);
    if digits.is_empty() || digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some((digits.parse().unwrap_or(u32::MAX), rest))
}
