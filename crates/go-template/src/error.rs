//! Errors as Go chains them: each one is a text in front of the error that it wraps.

use std::fmt;

/// What a function answers when it fails, or a template that a function ran.
///
/// The executor puts `error calling <name>: ` in front of it. A panic of the Go original (a division by zero, an index
/// out of range) is an error here with the panic's text, which reads the same to the user (HE-TPL-14).
#[derive(Debug, Clone)]
pub struct CallError {
    /// The text in front of `source`, with its separator, or the whole text.
    pub(crate) text: String,
    /// The wrapped error.
    pub(crate) source: Option<Box<CallError>>,
    pub(crate) origin: Origin,
}

/// Where an error comes from; it decides how Helm presents the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A function or the engine.
    Plain,
    /// The executor, with a position.
    Exec,
    /// One of our limits: no template can turn it into anything else.
    Limit,
}

impl CallError {
    /// An error with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), source: None, origin: Origin::Plain }
    }

    /// This error with `text` in front of it (Go's `fmt.Errorf("…: %w", err)`; the separator is part of `text`).
    #[must_use]
    pub fn context(self, text: impl Into<String>) -> Self {
        let origin = if self.is_limit() { Origin::Limit } else { Origin::Plain };
        Self { text: text.into(), source: Some(Box::new(self)), origin }
    }

    /// The render went beyond one of its limits (steps, bytes, depth, time) or was cancelled.
    pub fn limit(text: impl Into<String>) -> Self {
        Self { text: text.into(), source: None, origin: Origin::Limit }
    }

    /// Whether this is about one of our limits, which Go does not have.
    pub fn is_limit(&self) -> bool {
        self.origin == Origin::Limit
    }

    /// The chain from the outside in.
    pub(crate) fn chain(&self) -> impl Iterator<Item = &CallError> {
        std::iter::successors(Some(self), |e| e.source.as_deref())
    }
}

impl Drop for CallError {
    fn drop(&mut self) {
        // A thousand nested includes make a chain that a recursive drop should not walk.
        let mut next = self.source.take();
        while let Some(mut error) = next {
            next = error.source.take();
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chain().try_for_each(|e| f.write_str(&e.text))
    }
}

impl std::error::Error for CallError {}

impl From<String> for CallError {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for CallError {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
