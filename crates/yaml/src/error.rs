//! What can be wrong with a text, and where.

use std::borrow::Cow;
use std::fmt;

/// A YAML text that cannot be read (or a value that cannot be written), with the place.
///
/// `Display` is the text of the Go libraries where they have one for the case (`yaml: line 3: did not find expected key`),
/// with their line, which may be one less than the true one or missing: templates and tests see these texts. For people,
/// take [`Error::message`] with [`Error::line`] and [`Error::column`], which count from 1 and are where the fault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Fault>);

/// Boxed, so that the results of every step of a reader stay small.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    line: usize,
    column: usize,
    kind: ErrorKind,
    original: Option<Original>,
}

/// What the Go libraries say.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Original {
    /// The line they print, 0 for none.
    line: usize,
    problem: Cow<'static, str>,
}

/// The class of an [`Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is not YAML; holds what was found or expected.
    Syntax(String),
    /// The parser does not take this as the Go libraries do. Readers repair that, except where byte spans are asked for.
    Repairable(&'static str),
    /// A key stands twice in one mapping.
    DuplicateKey {
        /// The key as text.
        key: String,
        /// The line of its first occurrence.
        first_line: usize,
    },
    /// An alias without its anchor.
    UnknownAnchor(String),
    /// An anchor whose node holds an alias to itself.
    RecursiveAnchor(String),
    /// Aliases multiply the document beyond the limits.
    ExcessiveAliasing,
    /// Nested deeper than the limit.
    TooDeep(usize),
    /// More nodes than the limit.
    TooManyNodes(usize),
    /// More bytes than the limit.
    TooLarge(usize),
    /// `<<` with something that is neither a mapping nor a list of mappings.
    MergeWantsMapping,
    /// A scalar that does not fit its explicit tag, a key that JSON cannot hold, a number that JSON cannot hold.
    Value(String),
}

impl Error {
    /// An error at a line and a column, both counted from 1.
    pub fn new(line: usize, column: usize, kind: ErrorKind) -> Self {
        Self(Box::new(Fault { line, column, kind, original: None }))
    }

    /// An error without a place.
    pub fn nowhere(kind: ErrorKind) -> Self {
        Self::new(0, 0, kind)
    }

    /// Says what the Go libraries would, with the line that they print; 0 for none.
    pub(crate) fn with_original(mut self, line: usize, problem: Cow<'static, str>) -> Self {
        self.0.original = Some(Original { line, problem });
        self
    }

    /// Whether it is about syntax that the Go libraries take.
    pub(crate) fn is_ours_alone(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Syntax(_)) && self.0.original.is_none()
    }

    /// The line, from 1; 0 if unknown.
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The column in characters, from 1; 0 if unknown.
    pub fn column(&self) -> usize {
        self.0.column
    }

    /// The class.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> String {
        self.0.kind.to_string()
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(what) | Self::Value(what) => f.write_str(what),
            Self::Repairable(what) => f.write_str(what),
            Self::DuplicateKey { key, first_line } => write!(f, "mapping key {key:?} already defined at line {first_line}"),
            Self::UnknownAnchor(name) => write!(f, "unknown anchor '{name}' referenced"),
            Self::RecursiveAnchor(name) => write!(f, "anchor '{name}' value contains itself"),
            Self::ExcessiveAliasing => f.write_str("document contains excessive aliasing"),
            Self::TooDeep(limit) => write!(f, "nested deeper than {limit} levels"),
            Self::TooManyNodes(limit) => write!(f, "document holds more than {limit} nodes"),
            Self::TooLarge(limit) => write!(f, "text is larger than {limit} bytes"),
            Self::MergeWantsMapping => f.write_str("map merge requires map or sequence of maps as the value"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ErrorKind::Value(what) = &self.0.kind {
            // these come from converting to JSON
            let prefix = if what.starts_with("json: ") || what.starts_with("unsupported map key") { "" } else { "yaml: " };
            return write!(f, "{prefix}{what}");
        }
        let line = match (&self.0.original, &self.0.kind) {
            (Some(original), _) => original.line,
            (
                None,
                ErrorKind::UnknownAnchor(_) | ErrorKind::RecursiveAnchor(_) | ErrorKind::ExcessiveAliasing | ErrorKind::MergeWantsMapping,
            ) => 0,
            (None, _) => self.0.line,
        };
        f.write_str("yaml: ")?;
        if line > 0 {
            write!(f, "line {line}: ")?;
        }
        match &self.0.original {
            Some(original) => f.write_str(&original.problem),
            None => write!(f, "{}", self.0.kind),
        }
    }
}

impl std::error::Error for Error {}
