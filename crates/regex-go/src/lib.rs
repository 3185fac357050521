//! Go's regular expressions (RE2 syntax, Go 1.26) on top of the `regex-automata` engine.
//!
//! A pattern is parsed here with Go's rules and Go's error texts, and handed to the engine as a syntax tree, so there is
//! no second syntax that could leak through: what Go refuses is refused, `\d`, `\w`, `\s` and `\b` are ASCII, `$` is the
//! end of the text. Searching is leftmost-first, as in Go, and takes time linear in the text. [`Regex`] has the
//! operations that templates, sources and image policies use, on bytes: what is not UTF-8 counts as U+FFFD, one a byte.
//!
//! It does not do: Go's POSIX (leftmost-longest) mode, `\C`, streaming, or anything that Go's `regexp` has not.
//!
//! Entry points: [`Regex::new`], [`quote_meta`].

mod error;
mod lossy;
mod matcher;
mod parse;
mod template;

pub use error::{Error, ErrorKind};
pub use matcher::{Regex, quote_meta};
