//! A compiled pattern and its operations.

use std::ops::Range;

use regex_automata::meta;
use regex_automata::util::captures::Captures;
use regex_automata::{Input, MatchKind};

use crate::error::{Error, ErrorKind};
use crate::lossy::Haystack;
use crate::parse;
use crate::template::{Piece, pieces};

/// The most memory a compiled pattern may take, in bytes. Go allows more; a pattern beyond this is refused as too large.
const SIZE_LIMIT: usize = 16 << 20;

/// A compiled regular expression. Searching needs no lock and no allocation but a scratch space that threads share.
#[derive(Debug, Clone)]
pub struct Regex {
    engine: meta::Regex,
    /// Names of the groups, by number; index 0 is the whole match.
    names: Vec<Option<Box<str>>>,
    empty_pattern: bool,
}

impl Regex {
    /// Compiles a pattern. The error has Go's text, such as ``error parsing regexp: missing closing ]: `[` ``.
    pub fn new(pattern: impl AsRef<[u8]>) -> Result<Self, Error> {
        let pattern = pattern.as_ref();
        let text = std::str::from_utf8(pattern).map_err(|_| Error::new(ErrorKind::InvalidUtf8, &String::from_utf8_lossy(pattern)))?;
        let parsed = parse::parse(text)?;
        let config = meta::Config::new().match_kind(MatchKind::LeftmostFirst).nfa_size_limit(Some(SIZE_LIMIT));
        let engine = meta::Builder::new().configure(config).build_from_hir(&parsed.hir).map_err(|_| Error::new(ErrorKind::Large, text))?;
        Ok(Self { engine, names: parsed.names, empty_pattern: pattern.is_empty() })
    }

    /// Whether the text contains a match.
    pub fn is_match(&self, text: impl AsRef<[u8]>) -> bool {
        self.engine.is_match(Haystack::new(text.as_ref()).text())
    }

    /// The byte range of the first match.
    pub fn find(&self, text: impl AsRef<[u8]>) -> Option<Range<usize>> {
        let haystack = Haystack::new(text.as_ref());
        self.engine.find(haystack.text()).map(|m| haystack.original_range(m.range()))
    }

    /// The byte ranges of all matches that do not overlap, at most `limit` of them. An empty match directly behind
    /// another match does not count.
    pub fn find_all(&self, text: impl AsRef<[u8]>, limit: Option<usize>) -> Vec<Range<usize>> {
        let haystack = Haystack::new(text.as_ref());
        let matches = self.engine.find_iter(haystack.text()).take(limit.unwrap_or(usize::MAX));
        matches.map(|m| haystack.original_range(m.range())).collect()
    }

    /// The text with every match replaced by the expansion of `template` (`$1`, `$name`, `${name}`, `$$`).
    pub fn replace_all(&self, text: impl AsRef<[u8]>, template: impl AsRef<[u8]>) -> Vec<u8> {
        let (text, template) = (text.as_ref(), template.as_ref());
        if !template.contains(&b'$') {
            return self.replace_all_literal(text, template);
        }
        let haystack = Haystack::new(text);
        let (mut out, mut last) = (Vec::with_capacity(text.len()), 0);
        for captures in self.engine.captures_iter(haystack.text()) {
            let Some(range) = captures.get_match().map(|m| haystack.original_range(m.range())) else { continue };
            out.extend_from_slice(&text[last..range.start]);
            self.expand_into(&mut out, template, &captures, &haystack, text);
            last = range.end;
        }
        out.extend_from_slice(&text[last..]);
        out
    }

    /// The text with every match replaced by `replacement` as it is.
    pub fn replace_all_literal(&self, text: impl AsRef<[u8]>, replacement: impl AsRef<[u8]>) -> Vec<u8> {
        let text = text.as_ref();
        let (mut out, mut last) = (Vec::with_capacity(text.len()), 0);
        for range in self.find_all(text, None) {
            out.extend_from_slice(&text[last..range.start]);
            out.extend_from_slice(replacement.as_ref());
            last = range.end;
        }
        out.extend_from_slice(&text[last..]);
        out
    }

    /// The byte ranges between matches: at most `limit` of them, the last one with the unsplit rest. An empty text is
    /// one empty part, except for the empty pattern.
    pub fn split(&self, text: impl AsRef<[u8]>, limit: Option<usize>) -> Vec<Range<usize>> {
        let text = text.as_ref();
        if limit == Some(0) {
            return Vec::new();
        }
        if text.is_empty() && !self.empty_pattern {
            return std::iter::once(0..0).collect();
        }
        let mut parts = Vec::new();
        let (mut begin, mut end) = (0, 0);
        for found in self.find_all(text, limit) {
            if limit.is_some_and(|n| parts.len() == n - 1) {
                break;
            }
            end = found.start;
            if found.end != 0 {
                parts.push(begin..end);
            }
            begin = found.end;
        }
        if end != text.len() {
            parts.push(begin..text.len());
        }
        parts
    }

    /// The expansion of `template` for the first match, or `None` without a match. Image policies extract the
    /// compared part of a tag this way.
    pub fn expand(&self, text: impl AsRef<[u8]>, template: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let text = text.as_ref();
        let haystack = Haystack::new(text);
        let mut captures = self.engine.create_captures();
        self.engine.search_captures(&Input::new(haystack.text()), &mut captures);
        captures.is_match().then(|| {
            let mut out = Vec::new();
            self.expand_into(&mut out, template.as_ref(), &captures, &haystack, text);
            out
        })
    }

    fn expand_into(&self, out: &mut Vec<u8>, template: &[u8], captures: &Captures, haystack: &Haystack<'_>, text: &[u8]) {
        let group = |i: usize| captures.get_group(i).map(|span| &text[haystack.original_range(span.range())]);
        pieces(template, |piece| {
            let part = match piece {
                Piece::Text(text) => Some(text),
                Piece::Number(n) if n < self.names.len() => group(n),
                Piece::Number(_) => None,
                Piece::Name(name) => {
                    let named = self.names.iter().enumerate().filter(|(_, n)| n.as_deref() == Some(name));
                    named.filter_map(|(i, _)| group(i)).next()
                }
            };
            out.extend_from_slice(part.unwrap_or_default());
        });
    }
}

/// The pattern that matches exactly this text.
pub fn quote_meta(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
