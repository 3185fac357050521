//! Quoted text that goes on without indentation.
//!
//! The Go libraries do not look at the indentation of a quoted scalar's further lines, and such files exist; the parser
//! refuses them. Blanks at the start of these lines mean nothing, so the repair puts some there.

use granit_parser::{ErrorKind as Granit, Parser};

use super::parser_options;
use crate::limits::Limits;

/// What repairing a text may cost: bytes parsed in all attempts together.
const MAX_WORK: usize = 64 << 20;

/// The document with every such line indented, as far as the limits allow; an error that is left shows when it is parsed.
/// `work` counts on from document to document.
pub(super) fn indent_quoted_lines(text: &str, limits: &Limits, work: &mut usize) -> String {
    let mut text = text.to_owned();
    let widest = text.lines().map(|l| l.len() - l.trim_start_matches(' ').len()).max().unwrap_or(0);
    let blanks = " ".repeat(widest.min(limits.depth) + 1);
    while *work < MAX_WORK {
        *work += text.len();
        let Some(line) = first_bad_line(&text, limits) else { break };
        let Some(start) = line_start(&text, line) else { break };
        text.insert_str(start, &blanks);
    }
    text
}

fn first_bad_line(text: &str, limits: &Limits) -> Option<usize> {
    let mut parser = Parser::new_from_str_with_options(text, parser_options(false, limits));
    loop {
        match parser.next_event()? {
            Ok(_) => {}
            Err(e) => return (*e.kind() == Granit::InvalidQuotedScalarIndent).then(|| e.marker().line()),
        }
    }
}

fn line_start(text: &str, line: usize) -> Option<usize> {
    if line <= 1 {
        return Some(0);
    }
    text.match_indices('\n').nth(line - 2).map(|(i, _)| i + 1)
}
