//! What goes wrong, when an expression is compiled and when it is evaluated.

use std::borrow::Cow;
use std::fmt;

/// An expression that cannot be used: only a change of it mends that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// It is not valid CEL, names what is not declared, or its types do not fit.
    #[error("failed to parse the CEL expression '{expression}': {diagnostic}")]
    Invalid {
        /// The text.
        expression: String,
        /// Where and why.
        diagnostic: Diagnostic,
    },
    /// It has another type than is asked for.
    #[error("CEL expression output type mismatch: expected {expected}, got {found} in the CEL expression '{expression}'")]
    Output {
        /// The text.
        expression: String,
        /// The type that is asked for.
        expected: &'static str,
        /// The type that it has.
        found: String,
    },
    /// A part of it that is constant has no value.
    #[error("failed to create CEL program of the expression '{expression}': {cause}")]
    Constant {
        /// The text.
        expression: String,
        /// Why.
        cause: String,
    },
}

/// A mistake at a place of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The line that it is in.
    pub source: String,
}

/// Bytes of an expression, or of a name in it, that a message carries. A message is kept for each object that it is about.
const CARRIED: usize = 1_000;

/// A line that is longer is not shown with the mistake in it.
const SHOWN: usize = 120;

/// The beginning of a text that is too long for a message.
pub(crate) fn carried(text: &str) -> String {
    match (0..=CARRIED).rev().find(|end| text.is_char_boundary(*end)) {
        Some(end) if text.len() > CARRIED => format!("{}...", &text[..end]),
        _ => text.to_owned(),
    }
}

impl Diagnostic {
    /// A mistake at a byte offset of `text`.
    pub(crate) fn new(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let offset = (0..=offset.min(text.len())).rev().find(|&o| text.is_char_boundary(o)).unwrap_or(0);
        let start = text[..offset].rfind('\n').map_or(0, |n| n + 1);
        let line = text[..offset].matches('\n').count() + 1;
        let column = text[start..offset].chars().count() + 1;
        let source = carried(text[start..].lines().next().unwrap_or_default());
        Self { line, column, message: carried(&message.into()), source }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ERROR: <input>:{}:{}: {}", self.line, self.column, self.message)?;
        if self.source.chars().count() <= SHOWN {
            let dots = ".".repeat(self.column.saturating_sub(1));
            write!(f, "\n | {}\n | {dots}^", self.source)?;
        }
        Ok(())
    }
}

/// An evaluation that came to no result. Other data may give one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A step failed.
    #[error("failed to evaluate the CEL expression '{expression}': {cause}")]
    Failed {
        /// The text.
        expression: String,
        /// Why.
        cause: Cause,
    },
    /// The result has another type than is asked for.
    #[error("failed to evaluate CEL expression as {expected}: '{expression}'")]
    Type {
        /// The text.
        expression: String,
        /// What is asked for.
        expected: &'static str,
    },
}

/// Why a step of an evaluation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// A variable has no value.
    #[error("no such attribute(s): {0}")]
    Attribute(String),
    /// A map has no such key.
    #[error("no such key: {0}")]
    Key(String),
    /// A list is shorter.
    #[error("index out of bounds: {0}")]
    Index(String),
    /// An operator or function does not take values of these types.
    #[error("no such overload")]
    Overload,
    /// A function does not take values of these types.
    #[error("no such overload: {0}")]
    Call(String),
    /// Anything else.
    #[error("{0}")]
    Other(Cow<'static, str>),
    /// The evaluation was about to take more than it may.
    #[error("the evaluation takes more steps or memory than an expression may; it computes too much or its data is too large")]
    Exhausted,
}

impl Cause {
    pub(crate) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Other(message.into())
    }

    /// The cause with no name that is too long for a message.
    pub(crate) fn carried(self) -> Self {
        match self {
            Self::Attribute(name) => Self::Attribute(carried(&name)),
            Self::Key(name) => Self::Key(carried(&name)),
            Self::Index(name) => Self::Index(carried(&name)),
            Self::Call(name) => Self::Call(carried(&name)),
            Self::Other(message) => Self::Other(carried(&message).into()),
            Self::Overload | Self::Exhausted => self,
        }
    }
}
