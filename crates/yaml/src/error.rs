//! What can be wrong with a text, and where.

use std::fmt;

/// A YAML text that cannot be read (or a value that cannot be written), with the place.
///
/// `Display` starts the way the Go libraries do (`yaml: line 3: …`), then says what was found and, where known, the
/// column. Lines and columns count from 1; line 0 means that no place is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    line: usize,
    column: usize,
    kind: ErrorKind,
}

/// The class of an [`Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is not YAML; holds what was found or expected.
    Syntax(String),
    /// A further line of a quoted text is not indented. Readers repair that, except where byte spans are asked for.
    QuotedIndentation,
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
        Self { line, column, kind }
    }

    /// An error without a place.
    pub fn nowhere(kind: ErrorKind) -> Self {
        Self::new(0, 0, kind)
    }

    /// The line, from 1; 0 if unknown.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1; 0 if unknown.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The class.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(what) | Self::Value(what) => f.write_str(what),
            Self::QuotedIndentation => f.write_str("a further line of a quoted text is not indented"),
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
        f.write_str("yaml: ")?;
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{}", self.kind)?;
        if self.column > 0 {
            write!(f, " (column {})", self.column)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
