//! Errors of the YAML reader in the words, and with the lines, of the Go library that Helm uses.
//!
//! That library counts lines from 0 and adds one only for errors of its scanner; the first line has no number. Its
//! parser notices an open bracket or quote where the text ends, ours where it began.

use ferroflux_yaml::{Error, ErrorKind};

/// The text for an error found in `text`.
pub(crate) fn describe(error: &Error, text: &str) -> String {
    let message = error.message();
    let last_line = text.bytes().filter(|b| *b == b'\n').count();
    let (line, message) = if let Some((_, what)) = message.strip_prefix("while parsing ").and_then(|rest| rest.split_once(", ")) {
        (error.line().saturating_sub(1), what)
    } else if message.starts_with("unclosed bracket") {
        let open = message.contains('{');
        let waiting = matches!(text.trim_end().chars().next_back(), Some('[' | '{' | ','));
        let what = match (waiting, open) {
            (true, _) => "did not find expected node content",
            (false, true) => "did not find expected ',' or '}'",
            (false, false) => "did not find expected ',' or ']'",
        };
        (last_line, what)
    } else if message.starts_with("unclosed quote") {
        (last_line + 1, "found unexpected end of stream")
    } else if error.line() == 1 && matches!(error.kind(), ErrorKind::Syntax(_)) {
        (0, message.as_str())
    } else {
        (error.line(), message.as_str())
    };
    if line > 0 { format!("yaml: line {line}: {message}") } else { format!("yaml: {message}") }
}
