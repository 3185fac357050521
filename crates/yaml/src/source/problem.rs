//! The parser's errors in the words of the Go libraries.

use granit_parser::{ErrorKind as Granit, ScanError};

use crate::error::{Error, ErrorKind, Stage};
use crate::limits::Limits;

/// The error with its place in `source`, which stands behind `line_base` other lines, our words and, where the Go
/// libraries have any, theirs.
pub(super) fn translate(e: &ScanError, source: &str, line_base: usize, limits: &Limits) -> Error {
    let mark = e.marker();
    let (line, column) = (line_base + mark.line(), mark.col() + 1);
    let kind = match e.kind() {
        Granit::RecursionLimitExceeded => return Error::new(line, column, ErrorKind::TooDeep(limits.depth)),
        Granit::InvalidQuotedScalarIndent => return Error::new(line, column, ErrorKind::QuotedIndentation),
        Granit::UnknownAnchor => return Error::new(line, column, ErrorKind::UnknownAnchor(anchor_name(source, mark.byte_offset()))),
        kind => kind,
    };
    let Some((stage, problem)) = original(kind) else {
        return Error::new(line, column, ErrorKind::Syntax(kind.to_string()));
    };
    let error = |problem: &str| Error::new(line, column, ErrorKind::Syntax(format!("{problem}{}", detail(kind))));
    match kind {
        // a quoted text of several lines is no key
        Granit::InvalidTrailingSingleQuotedScalar | Granit::InvalidTrailingDoubleQuotedScalar
            if stands_at(source, mark.byte_offset(), ':') =>
        {
            error(NO_VALUE).with_original(Stage::Scanner, NO_VALUE)
        }
        // a pair in a sequence is a mapping without braces
        Granit::ExpectedFlowMappingSeparator if open_bracket(source, mark.byte_offset()) == Some('[') => {
            let problem = "did not find expected ',' or ']'";
            error(problem).with_original(stage, problem)
        }
        // the place is the header's
        Granit::TabAtBlockScalarStart => error(problem).with_original_at(stage, line + 1, problem),
        // a collection in brackets is no key, which the original's parser sees before its scanner misses the colon
        Granit::SimpleKeyExpected | Granit::InvalidSimpleKey if starts_with_bracket(source, mark.line()) => {
            let problem = "did not find expected key";
            error(problem).with_original(Stage::Parser, problem)
        }
        // noticed at the next line or at the end
        Granit::SimpleKeyExpected | Granit::InvalidSimpleKey => error(problem).with_original_at(stage, line + 1, problem),
        Granit::UnclosedQuotedScalar => error(problem).with_original_at(stage, line_base + source.matches('\n').count() + 1, problem),
        Granit::UnclosedFlowCollection { .. } | Granit::UnexpectedEofFlowSequence | Granit::UnexpectedEofFlowMapping => {
            let problem = if source.trim_end().ends_with(['[', '{', ',', ':']) { NODE_CONTENT } else { problem };
            error(problem).with_original_at(stage, line_base + source.lines().count() + 1, problem)
        }
        _ => error(problem).with_original(stage, problem),
    }
}

const NO_VALUE: &str = "mapping values are not allowed in this context";
const NODE_CONTENT: &str = "did not find expected node content";

/// What our message adds to the original's.
fn detail(kind: &Granit) -> String {
    match kind {
        Granit::UnclosedFlowCollection { open } => format!(": the {open:?} here is never closed"),
        Granit::MismatchedFlowCollectionEnd { open, close } => format!(": {open:?} is closed by {close:?}"),
        Granit::UnexpectedCharacter { character } => format!(": {character:?}"),
        Granit::UnclosedQuotedScalar => ": the quoted text is never closed".to_owned(),
        _ => String::new(),
    }
}

fn original(kind: &Granit) -> Option<(Stage, &'static str)> {
    use Stage::{Parser, Scanner};
    Some(match kind {
        Granit::MappingValueNotAllowed | Granit::InvalidColonPlacement | Granit::InvalidMappingValueWhitespace => (Scanner, NO_VALUE),
        Granit::BlockSequenceEntryNotAllowed | Granit::InvalidBlockEntryWhitespace => {
            (Scanner, "block sequence entries are not allowed in this context")
        }
        Granit::MappingKeyNotAllowed => (Scanner, "mapping keys are not allowed in this context"),
        Granit::SimpleKeyExpected | Granit::InvalidSimpleKey => (Scanner, "could not find expected ':'"),
        Granit::UnclosedQuotedScalar => (Scanner, "found unexpected end of stream"),
        Granit::DocumentIndicatorInQuotedScalar => (Scanner, "found unexpected document indicator"),
        Granit::UnknownQuotedScalarEscape => (Scanner, "found unknown escape character"),
        Granit::InvalidQuotedScalarHexEscape | Granit::InvalidLowSurrogateHexEscape => (Scanner, "did not find expected hexdecimal number"),
        Granit::InvalidUnicodeEscape | Granit::InvalidLowSurrogate | Granit::MissingLowSurrogate | Granit::UnpairedLowSurrogate => {
            (Scanner, "found invalid Unicode character escape code")
        }
        Granit::UnexpectedCharacter { .. } | Granit::TabNotAllowed | Granit::TabInBlockIndentation => {
            (Scanner, "found character that cannot start any token")
        }
        Granit::TabAtBlockScalarStart => (Scanner, "found a tab character where an indentation space is expected"),
        Granit::TabInPlainScalar | Granit::TabInIndentation => (Scanner, "found a tab character that violates indentation"),
        Granit::InvalidBlockScalarHeader => (Scanner, "did not find expected comment or line break"),
        Granit::ZeroBlockScalarIndent => (Scanner, "found an indentation indicator equal to 0"),
        Granit::MissingAnchorOrAliasName => (Scanner, "did not find expected alphabetic or numeric character"),
        Granit::ExpectedNodeContent | Granit::BlockEntryInFlowCollection | Granit::UnexpectedEofImplicitFlowMapping => {
            (Parser, NODE_CONTENT)
        }
        Granit::ExpectedBlockMappingKey
        | Granit::MisplacedFlowCollectionEnd
        | Granit::InvalidTrailingSingleQuotedScalar
        | Granit::InvalidTrailingDoubleQuotedScalar
        | Granit::InvalidIndentation => (Parser, "did not find expected key"),
        Granit::ExpectedFlowMappingSeparator
        | Granit::UnexpectedEofFlowMapping
        | Granit::UnclosedFlowCollection { open: '{' }
        | Granit::MismatchedFlowCollectionEnd { open: '{', .. } => (Parser, "did not find expected ',' or '}'"),
        Granit::ExpectedFlowSequenceSeparator
        | Granit::UnexpectedEofFlowSequence
        | Granit::UnclosedFlowCollection { .. }
        | Granit::MismatchedFlowCollectionEnd { .. } => (Parser, "did not find expected ',' or ']'"),
        Granit::ExpectedBlockSequenceEntry => (Parser, "did not find expected '-' indicator"),
        Granit::ExpectedDocumentStart => (Parser, "did not find expected <document start>"),
        Granit::UndeclaredTagHandle => (Parser, "found undefined tag handle"),
        _ => return None,
    })
}

/// Whether `c` is the next character that is no blank.
fn stands_at(source: &str, at: Option<usize>, c: char) -> bool {
    at.and_then(|at| source.get(at..)).is_some_and(|rest| rest.trim_start_matches(' ').starts_with(c))
}

/// Whether the line, from 1, starts with a collection in brackets.
fn starts_with_bracket(source: &str, line: usize) -> bool {
    source.lines().nth(line.saturating_sub(1)).is_some_and(|line| line.trim_start_matches(' ').starts_with(['{', '[']))
}

/// The bracket before `at` that is not closed. Brackets in quoted texts count too; this is for a message.
fn open_bracket(source: &str, at: Option<usize>) -> Option<char> {
    let mut closed = 0;
    source.get(..at?)?.chars().rev().find(|c| match c {
        ']' | '}' => {
            closed += 1;
            false
        }
        '[' | '{' if closed > 0 => {
            closed -= 1;
            false
        }
        '[' | '{' => true,
        _ => false,
    })
}

/// The name behind the `*` at or just after `at`.
fn anchor_name(source: &str, at: Option<usize>) -> String {
    let rest = at.and_then(|at| source.get(at..)).unwrap_or_default();
    let rest = rest.strip_prefix('*').unwrap_or(rest);
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect()
}
