//! Errors of a schema that is not JSON, in the words of Go's `encoding/json`.

/// The text for an error of `serde_json` in `text`.
pub(super) fn in_go_words(text: &str, error: &serde_json::Error) -> String {
    if text.trim().is_empty() {
        return "EOF".to_owned();
    }
    if error.is_eof() {
        return "unexpected EOF".to_owned();
    }
    let what = error.to_string();
    if what.starts_with("trailing characters") {
        return "invalid character after top-level value".to_owned();
    }
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let column = error.column().saturating_sub(1);
    let character = line.get(column..).and_then(|rest| rest.chars().next()).unwrap_or('\u{fffd}');
    let place = if what.starts_with("key must be a string") || what.starts_with("trailing comma") && character == '}' {
        "looking for beginning of object key string"
    } else if what.starts_with("expected `:`") {
        "after object key"
    } else if what.starts_with("expected `,` or `}`") {
        "after object key:value pair"
    } else if what.starts_with("expected `,` or `]`") {
        "after array element"
    } else {
        "looking for beginning of value"
    };
    format!("invalid character '{character}' {place}")
}
