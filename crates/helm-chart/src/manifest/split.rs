//! Cutting a stream at its separators (HE-MAN-01).

use std::ops::Range;

/// The documents of a rendered text. A separator is `---` at the start of a line with the blanks behind it, whatever
/// follows on the line; so `---apiVersion: v1` begins a document. White space in front of a document goes, white space
/// at its end stays, documents of white space only are left out.
pub fn split(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut next = Some(text.len() - text.trim_start().len());
    std::iter::from_fn(move || {
        loop {
            let start = next?;
            let end = match separator(text, start) {
                Some(at) => {
                    let behind = &text[at + 3..];
                    next = Some(text.len() - behind.trim_start_matches([' ', '\t']).len());
                    at
                }
                None => {
                    next = None;
                    text.len()
                }
            };
            let document = &text[start..end];
            let trimmed = document.trim_start();
            if !trimmed.is_empty() {
                return Some(end - trimmed.len()..end);
            }
        }
    })
}

/// The place of the next `---` at or after `from` that begins a line.
fn separator(text: &str, from: usize) -> Option<usize> {
    let before = &text[..from];
    if text[from..].starts_with("---") && (before.is_empty() || before.ends_with('\n') || before.trim().is_empty()) {
        return Some(from);
    }
    memchr::memmem::find(&text.as_bytes()[from..], b"\n---").map(|at| from + at + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::split;

    fn documents(text: &str) -> Vec<&str> {
        split(text).map(|r| &text[r]).collect()
    }

    /// HE-MAN-01: separators with text behind them, blank documents, kept white space, indented dashes.
    #[test]
    fn separators() {
        assert_eq!(documents("\n\n---\na: 1\n\n---\n\n--- \t\nb: 2\n\n"), ["a: 1\n\n", "b: 2\n\n"]);
        assert_eq!(documents("a: 1\n---apiVersion: v1\n--- # note\nc: 3"), ["a: 1\n", "apiVersion: v1\n", "# note\nc: 3"]);
        assert_eq!(documents("a: |\n  x\n  ---\n  y\n"), ["a: |\n  x\n  ---\n  y\n"]);
        assert_eq!(documents("a: 1\r\n---\r\nb: 2"), ["a: 1\r\n", "b: 2"]);
        assert_eq!(documents("  ---\na: 1"), ["a: 1"]);
        assert_eq!(documents("----\na: 1"), ["-\na: 1"]);
        assert!(documents(" \n---\n---\t\n").is_empty());
    }

    proptest! {
        /// HE-MAN-01: documents never overlap, never begin with white space and hold every other character.
        #[test]
        fn nothing_is_lost(text in "(-{1,4}|\n|[ \t]|a: 1|é){0,30}") {
            let mut end = 0;
            let mut kept = String::new();
            for range in split(&text) {
                prop_assert!(range.start >= end && range.end > range.start);
                let document = &text[range.clone()];
                prop_assert_eq!(document.trim_start(), document);
                kept.push_str(document);
                end = range.end;
            }
            let letters = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&kept), letters(&text));
        }
    }
}
