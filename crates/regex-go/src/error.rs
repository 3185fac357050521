//! Why a pattern is refused, in Go's words.

use thiserror::Error;

/// A refused pattern: what is wrong, and the part of the pattern that is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("error parsing regexp: {kind}: `{expr}`")]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// The offending part of the pattern, or all of it.
    pub expr: String,
}

/// The ways in which a pattern can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum ErrorKind {
    #[error("invalid character class range")]
    InvalidCharRange,
    #[error("invalid escape sequence")]
    InvalidEscape,
    #[error("invalid named capture")]
    InvalidNamedCapture,
    #[error("invalid or unsupported Perl syntax")]
    InvalidPerlOp,
    #[error("invalid nested repetition operator")]
    InvalidRepeatOp,
    #[error("invalid repeat count")]
    InvalidRepeatSize,
    #[error("invalid UTF-8")]
    InvalidUtf8,
    #[error("missing closing ]")]
    MissingBracket,
    #[error("missing closing )")]
    MissingParen,
    #[error("missing argument to repetition operator")]
    MissingRepeatArgument,
    #[error("trailing backslash at end of expression")]
    TrailingBackslash,
    #[error("unexpected )")]
    UnexpectedParen,
    #[error("expression nests too deeply")]
    NestingDepth,
    #[error("expression too large")]
    Large,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, expr: &str) -> Self {
        Self { kind, expr: expr.to_owned() }
    }
}
