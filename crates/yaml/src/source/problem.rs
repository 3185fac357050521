//! The parser's errors with the words of the Go libraries.

use granit_parser::{ErrorKind as Granit, ScanError};

use super::fault::first_fault;
use crate::error::{Error, ErrorKind};
use crate::limits::Limits;

/// The error with its place in `source`, which stands behind `line_base` other lines. The place is where the parser saw
/// the fault; the words are those of the Go libraries, if they refuse the text too.
pub(super) fn translate(e: &ScanError, source: &str, line_base: usize, first_document: bool, limits: &Limits) -> Error {
    let mark = e.marker();
    let error = |kind| Error::new(line_base + mark.line(), mark.col() + 1, kind);
    match e.kind() {
        Granit::RecursionLimitExceeded => error(ErrorKind::TooDeep(limits.depth)),
        Granit::InvalidQuotedScalarIndent => error(ErrorKind::Repairable("a further line of a quoted text is not indented")),
        Granit::UnknownAnchor => {
            blame(error(ErrorKind::UnknownAnchor(anchor_name(source, mark.byte_offset()))), source, line_base, first_document)
        }
        kind => match first_fault(source, line_base, first_document) {
            Some(fault) => error(ErrorKind::Syntax(format!("{}{}", fault.problem, detail(kind)))).with_original(fault.line, fault.problem),
            None => error(match kind {
                Granit::PlainScalarStartsWithDashFlowIndicator => ErrorKind::Repairable("a dash alone stands in brackets"),
                Granit::UnknownQuotedScalarEscape => ErrorKind::Repairable("an escape stands before an apostrophe"),
                Granit::BomInsideDocument => ErrorKind::Repairable("a byte order mark stands inside the document"),
                Granit::CommentNotSeparated => ErrorKind::Repairable("no blank stands before a comment"),
                kind if is_about_tabs(kind) => ErrorKind::Repairable("a tab stands where only blanks may"),
                kind => ErrorKind::Syntax(kind.to_string()),
            }),
        },
    }
}

/// Whether the parser refuses a tab at the start of a line.
pub(super) fn is_about_tabs(kind: &Granit) -> bool {
    matches!(kind, Granit::TabNotAllowed | Granit::TabInBlockIndentation | Granit::TabInIndentation)
}

/// Adds to an error in `source` what the Go libraries say, if they refuse the text too.
pub(super) fn blame(error: Error, source: &str, line_base: usize, first_document: bool) -> Error {
    match error.kind() {
        ErrorKind::Syntax(_) | ErrorKind::UnknownAnchor(_) => match first_fault(source, line_base, first_document) {
            Some(fault) => error.with_original(fault.line, fault.problem),
            None => error,
        },
        _ => error,
    }
}

/// What our message adds to theirs.
fn detail(kind: &Granit) -> String {
    match kind {
        Granit::UnclosedFlowCollection { open } => format!(": the {open:?} here is never closed"),
        Granit::MismatchedFlowCollectionEnd { open, close } => format!(": {open:?} is closed by {close:?}"),
        Granit::UnexpectedCharacter { character } => format!(": {character:?}"),
        Granit::UnclosedQuotedScalar => ": the quoted text is never closed".to_owned(),
        _ => String::new(),
    }
}

/// The name behind the `*` at or just after `at`.
fn anchor_name(source: &str, at: Option<usize>) -> String {
    let rest = at.and_then(|at| source.get(at..)).unwrap_or_default();
    let rest = rest.strip_prefix('*').unwrap_or(rest);
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect()
}
