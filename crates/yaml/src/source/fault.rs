//! Why the Go libraries refuse a text, and on which line they say so.
//!
//! Templates and tests see the words of go-yaml, which depend on how its scanner looks ahead: a key that misses its
//! colon is noticed at the next line, a bracket that is never closed at the end. The parser that this crate reads with
//! finds the same texts bad, but at other places and for other reasons. So a text that was refused is read once more, by
//! the rules of go-yaml's YAML 1.1 scanner and grammar, for the first thing that go-yaml would not take. Nothing is built
//! on the way; the work and the memory are linear in the text, and no nesting uses the stack.

mod directives;
mod grammar;
mod scalars;
mod scanner;

use std::borrow::Cow;

use scanner::Scanner;

use crate::error::{Error, ErrorKind};

/// What go-yaml prints for a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line that it prints; 0 if it prints none.
    pub(super) line: usize,
    /// What is wrong.
    pub(super) problem: Cow<'static, str>,
}

impl Fault {
    /// Found by the scanner on a line that counts from 0. The first line is not printed.
    fn scanning(line: usize, problem: &'static str) -> Self {
        Self { line: if line > 0 { line + 1 } else { 0 }, problem: problem.into() }
    }

    /// Found by the grammar in a token on a line that counts from 0, and is printed like this.
    fn parsing(line: usize, problem: &'static str) -> Self {
        Self { line, problem: problem.into() }
    }

    /// Found in the tree: without a line.
    fn unknown_anchor(name: &str) -> Self {
        Self { line: 0, problem: format!("unknown anchor '{name}' referenced").into() }
    }
}

/// The first thing that go-yaml refuses in `text`, which stands behind `line_base` other lines: in its first document, or
/// in any.
pub(super) fn first_fault(text: &str, line_base: usize, first_document: bool) -> Option<Fault> {
    let scanner = Scanner::new(text, line_base);
    if first_document { grammar::first_document(scanner).err() } else { grammar::documents(scanner).err() }
}

/// Refuses a text whose first document go-yaml does not take.
pub(crate) fn refuse_faults(text: &str) -> Result<(), Error> {
    match first_fault(text, 0, true) {
        None => Ok(()),
        Some(Fault { line, problem }) => {
            Err(Error::new(line.max(1), 0, ErrorKind::Syntax(problem.to_string())).with_original(line, problem))
        }
    }
}

/// The part of `text` that is go-yaml's first document, if there is more than that and go-yaml takes it. What stands
/// behind need not be YAML.
pub(crate) fn first_document(text: &str) -> Option<&str> {
    let end = grammar::first_document(Scanner::new(text, 0)).ok()?;
    text.get(..end).filter(|first| first.len() < text.trim_end().len())
}
