//! Texts that the Go libraries take and the parser does not, or not in the same way.
//!
//! Such files exist: quoted text that goes on without indentation, tabs at the start of lines inside brackets and quotes, a
//! comment right behind a closing quote, a line break of YAML 1.1, a byte order mark as the first character of a text, an
//! escaped apostrophe, a colon at the end of an unquoted text in brackets, a dash alone there. Each can be written in
//! another way that means the same to both; lines stay where they are.

use std::iter;
use std::ops::Range;

use granit_parser::{ErrorKind as Granit, Event, Parser, ScalarStyle, Span, StructureStyle};

use super::problem::is_about_tabs;
use super::{parser_options, rules};
use crate::limits::Limits;

/// What repairing a text may cost: bytes parsed in all attempts together.
const MAX_WORK: usize = 64 << 20;

/// Something to write in another way.
enum Misfit {
    /// The line, from 1, starts in a way that the parser does not take. Blanks and tabs at its start mean nothing.
    Indentation(usize),
    /// A `#` at this byte, without a blank before it.
    Comment(usize),
    /// A backslash at this byte, before an apostrophe.
    Escape(usize),
    /// A line break that the parser does not know.
    Break(Range<usize>),
    /// Unquoted texts that the parser does not take for texts.
    Plain(Vec<Range<usize>>),
}

/// The document with everything written so that the parser takes it, as far as the limits allow; an error that is left
/// shows when it is parsed. `work` counts on from document to document.
pub(super) fn repair(text: &str, limits: &Limits, work: &mut usize) -> String {
    let mut text = text.to_owned();
    let widest = text.lines().map(|l| l.len() - l.trim_start_matches(' ').len()).max().unwrap_or(0);
    let blanks = " ".repeat(widest.min(limits.depth) + 1);
    while *work < MAX_WORK {
        *work += text.len();
        match first_misfit(&text, limits) {
            Some(Misfit::Indentation(line)) => {
                let Some(start) = line_start(&text, line) else { break };
                let rest = &text[start..];
                let tabs = rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()].rfind('\t').map_or(0, |tab| tab + 1);
                text.replace_range(start..start + tabs, &blanks);
            }
            Some(Misfit::Comment(at)) if text[at..].starts_with('#') => text.insert(at, ' '),
            Some(Misfit::Escape(at)) => _ = text.remove(at),
            Some(Misfit::Break(place)) => text.replace_range(place, "\n"),
            Some(Misfit::Plain(places)) => {
                for place in places.into_iter().rev() {
                    let quoted = format!("'{}'", text[place.clone()].replace('\'', "''"));
                    text.replace_range(place, &quoted);
                }
            }
            _ => break,
        }
    }
    text
}

fn first_misfit(text: &str, limits: &Limits) -> Option<Misfit> {
    let mut parser = Parser::new_from_str_with_options(text, parser_options(false, limits));
    let (mut flow, mut colons) = (0usize, Vec::new());
    let error = loop {
        match parser.next_event() {
            Some(Ok((Event::SequenceStart(style, ..) | Event::MappingStart(style, ..), _))) => {
                flow += usize::from(flow > 0 || style == StructureStyle::Flow);
            }
            Some(Ok((Event::Scalar(_, style, ..), span))) if flow == 0 && old_break(text, style, &span).is_some() => {
                return old_break(text, style, &span).map(Misfit::Break);
            }
            Some(Ok((Event::SequenceEnd | Event::MappingEnd, _))) => flow = flow.saturating_sub(1),
            Some(Ok((Event::Scalar(_, ScalarStyle::Plain, ..), span))) if flow > 0 => {
                let place = span.byte_range().unwrap_or_default();
                if rules::owns_colon(text, &place) {
                    colons.push(place.start..place.end + 1);
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    if !colons.is_empty() {
        return Some(Misfit::Plain(colons));
    }
    let error = error?;
    match error.kind() {
        Granit::CommentNotSeparated => error.marker().byte_offset().map(Misfit::Comment),
        // A mark is a character like any other; the parser takes it inside of a text, and not as its first one.
        Granit::BomInsideDocument if flow == 0 => {
            let at = error.marker().byte_offset().filter(|at| text[*at..].starts_with('\u{feff}'))?;
            Some(Misfit::Plain(iter::once(at..at + plain_length(&text[at..])).collect()))
        }
        Granit::UnknownQuotedScalarEscape => escaped_apostrophe(text, error.marker().byte_offset()?).map(Misfit::Escape),
        Granit::PlainScalarStartsWithDashFlowIndicator => {
            let at = error.marker().byte_offset().filter(|at| text[*at..].starts_with('-'))?;
            Some(Misfit::Plain(iter::once(at..at + 1).collect()))
        }
        kind if *kind == Granit::InvalidQuotedScalarIndent || is_about_tabs(kind) => Some(Misfit::Indentation(error.marker().line())),
        _ => None,
    }
}

/// The length of the unquoted text that `rest` starts with, as far as it stands on one line.
fn plain_length(rest: &str) -> usize {
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    let colon = line.match_indices(':').map(|(at, _)| at).find(|at| line[at + 1..].is_empty() || line[at + 1..].starts_with([' ', '\t']));
    let comment = line.match_indices('#').map(|(at, _)| at).find(|at| line[..*at].ends_with([' ', '\t']));
    let end = colon.into_iter().chain(comment).min().unwrap_or(line.len());
    line[..end].trim_end_matches([' ', '\t']).len()
}

/// Where an old line break is in the text of a scalar that ends a line as any other does.
fn old_break(text: &str, style: ScalarStyle, span: &Span) -> Option<Range<usize>> {
    match style {
        ScalarStyle::Plain => rules::old_break(text, &span.byte_range()?, false),
        ScalarStyle::Literal | ScalarStyle::Folded => rules::old_break(text, &span.byte_range()?, true),
        _ => None,
    }
}

/// The backslash before the first escaped apostrophe of the quoted text at `start`.
fn escaped_apostrophe(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    loop {
        match bytes.get(at..)? {
            [b'\\', b'\'', ..] => return Some(at),
            [b'\\', ..] => at += 2,
            [b'"', ..] => return None,
            _ => at += 1,
        }
    }
}

fn line_start(text: &str, line: usize) -> Option<usize> {
    if line <= 1 {
        return Some(0);
    }
    text.match_indices('\n').nth(line - 2).map(|(i, _)| i + 1)
}
