//! A fast reader for the YAML that indexes are written in.
//!
//! An index is machine-written: block mappings and lists, plain texts, texts in quotes without escapes. This reader knows
//! just that and gives up on everything else, which the full parser then reads; so it decides nothing. The property test
//! below holds the two against each other.

use std::collections::BTreeMap;

use ferroflux_yaml::{Dialect, Tag, plain_tag};

use crate::metadata::Field;

/// Nested collections before the full parser takes over.
const MAX_DEPTH: usize = 12;

/// The value of a simple text; `None` for everything that is not simple.
pub(super) fn read(piece: &[u8]) -> Option<Field> {
    // Tabs, control characters, and letters that may be line breaks or marks in YAML.
    if piece.iter().any(|b| *b < b' ' && *b != b'\n' || matches!(b, 0x7f | 0xc2 | 0xe2 | 0xef)) {
        return None;
    }
    let text = std::str::from_utf8(piece).ok()?;
    let lines = text.lines().map(Line::new).collect();
    let mut reader = Reader { lines, at: 0, depth: 0 };
    let indent = reader.next()?.indent;
    let field = reader.node(indent)?;
    if reader.next().is_some() { None } else { Some(field) }
}

#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    indent: usize,
    /// Without indent and blanks at the end.
    text: &'t str,
    raw: &'t str,
}

impl<'t> Line<'t> {
    fn new(raw: &'t str) -> Self {
        let text = raw.trim_start_matches(' ');
        Self { indent: raw.len() - text.len(), text: text.trim_end_matches(' '), raw }
    }

    fn is_item(&self) -> bool {
        self.text == "-" || self.text.starts_with("- ")
    }
}

struct Reader<'t> {
    lines: Vec<Line<'t>>,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    /// The next line that holds something.
    fn next(&mut self) -> Option<Line<'t>> {
        while self.lines.get(self.at)?.text.is_empty() {
            self.at += 1;
        }
        self.lines.get(self.at).copied()
    }

    fn node(&mut self, indent: usize) -> Option<Field> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let field = if self.next()?.is_item() { self.list(indent)? } else { self.map(indent)? };
        self.depth -= 1;
        Some(field)
    }

    fn list(&mut self, indent: usize) -> Option<Field> {
        let mut items = Vec::new();
        while let Some(line) = self.next() {
            if line.indent < indent || line.indent == indent && !line.is_item() {
                break;
            }
            let rest = line.text.get(2..)?;
            let text = rest.trim_start_matches(' ');
            if line.indent > indent || text.starts_with("- ") || text == "-" {
                return None;
            }
            if text.ends_with(':') || text.contains(": ") {
                let inner = indent + 2 + rest.len() - text.len();
                self.lines[self.at] = Line { indent: inner, text, raw: line.raw };
                items.push(self.node(inner)?);
            } else {
                self.at += 1;
                items.push(self.scalar(text, indent)?);
            }
        }
        Some(Field::List(items))
    }

    fn map(&mut self, indent: usize) -> Option<Field> {
        let mut map = BTreeMap::new();
        while let Some(line) = self.next() {
            if line.indent < indent {
                break;
            }
            if line.indent > indent || line.is_item() {
                return None;
            }
            let (key, rest) = split_key(line.text)?;
            self.at += 1;
            let value = match rest {
                "" => match self.next() {
                    Some(below) if below.indent > indent => self.node(below.indent)?,
                    Some(below) if below.indent == indent && below.is_item() => self.node(indent)?,
                    _ => Field::Null,
                },
                "|" => self.block(indent, "\n")?,
                "|-" => self.block(indent, "")?,
                rest => self.scalar(rest, indent)?,
            };
            if map.insert(key.to_owned(), value).is_some() {
                return None;
            }
        }
        Some(Field::Map(map))
    }

    /// A text on one line, or a plain one that deeper lines continue.
    fn scalar(&mut self, text: &str, indent: usize) -> Option<Field> {
        for quote in ['"', '\''] {
            if let Some(rest) = text.strip_prefix(quote) {
                let inner = rest.strip_suffix(quote)?;
                return (!inner.contains([quote, '\\'])).then(|| Field::Text(inner.to_owned()));
            }
        }
        match text {
            "[]" => return Some(Field::List(Vec::new())),
            "{}" => return Some(Field::Map(BTreeMap::new())),
            "true" | "false" if self.lines.get(self.at).is_none_or(|l| l.text.is_empty() || l.indent <= indent) => {
                return Some(Field::Bool(text == "true"));
            }
            _ => {}
        }
        let mut whole = plain(text)?.to_owned();
        while let Some(line) = self.lines.get(self.at).filter(|l| l.indent > indent && !l.text.is_empty()) {
            whole.push(' ');
            whole.push_str(plain(line.text)?);
            self.at += 1;
        }
        is_text(&whole).then_some(Field::Text(whole))
    }

    /// A block of literal text, and what ends it.
    fn block(&mut self, indent: usize, end: &str) -> Option<Field> {
        let inner = self.lines.get(self.at)?.indent;
        let mut text = String::new();
        while let Some(line) = self.lines.get(self.at) {
            if line.text.is_empty() {
                // Blanks in an empty line may be part of the text.
                if !line.raw.is_empty() {
                    return None;
                }
            } else if line.indent < inner {
                break;
            } else {
                text.push_str(&line.raw[inner..]);
            }
            text.push('\n');
            self.at += 1;
        }
        let kept = text.trim_end_matches('\n').len();
        text.truncate(kept);
        text.push_str(end);
        (inner > indent && kept > 0 && !text.starts_with('\n')).then_some(Field::Text(text))
    }
}

/// `key: value` with a key that is a plain word.
fn split_key(text: &str) -> Option<(&str, &str)> {
    let at = text.find(':')?;
    let (key, rest) = (&text[..at], &text[at + 1..]);
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
    let simple = key.bytes().all(word) && key.starts_with(|c: char| c.is_ascii_alphabetic()) && (rest.is_empty() || rest.starts_with(' '));
    (simple && is_text(key)).then(|| (key, rest.trim_start_matches(' ')))
}

/// A line of plain text without anything that has a meaning.
fn plain(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let begins = first.is_alphanumeric() || matches!(first, '/' | '(' | '^' | '+' | '.' | '$' | '_');
    let means = text.ends_with(':') || text.contains(": ") || text.contains(" #");
    (begins && !means).then_some(text)
}

/// Whether plain text is text, not a number or a truth value. All words for those are short or begin with no letter.
fn is_text(text: &str) -> bool {
    text.len() > 5 && text.starts_with(|c: char| c.is_ascii_alphabetic()) || plain_tag(Dialect::SigsYaml, text) == Tag::Str
}

#[cfg(test)]
mod tests {
    use ferroflux_yaml::Limits;
    use proptest::prelude::*;

    use super::read;
    use crate::metadata::read_field;

    fn agree(piece: &str) -> Result<bool, TestCaseError> {
        let Some(quick) = read(piece.as_bytes()) else { return Ok(false) };
        let full = read_field(piece.as_bytes(), Limits::default(), true);
        prop_assert_eq!(Ok(quick), full, "{}", piece);
        Ok(true)
    }

    /// HE-REPO-01: what an index usually holds needs no full parser.
    #[test]
    fn usual_entries() -> Result<(), TestCaseError> {
        let entry = "  - annotations:\n      a.io/changes: |\n        - kind: added\n          text: \"x\"\n\n        - more # text\n      b: |-\n        last\n    apiVersion: v2\n    appVersion: 1.2.3\n    created: \"2024-01-01T00:00:00Z\"\n    dependencies:\n    - name: x\n      repository: https://example.com/x\n      tags:\n      - a\n      - b c\n      version: '>=1.0.0'\n    deprecated: true\n    description: A chart that is described in\n      two lines\n    digest: 0a1b2c\n    empty: []\n    icon:\n    urls:\n    - https://example.com/a-1.0.0.tgz\n    version: 1.0.0\n";
        prop_assert!(agree(entry)?);
        Ok(())
    }

    fn lines() -> impl Strategy<Value = String> {
        let key = prop::sample::select(vec!["a", "key", "y", "null", "a.b/c", "\"q\"", "1", "- k", "- - k", "-", "- "]);
        let value = prop::sample::select(vec![
            "",
            "text",
            "two words",
            "true",
            "no",
            "1",
            "1.50",
            "1.2.3",
            "0x1F",
            "1e3",
            "2024-01-01",
            "12:30",
            "~",
            "null",
            "\"q\"",
            "\"a\\n\"",
            "\"open",
            "'s'",
            "'it''s'",
            "|",
            "|-",
            ">",
            "|2",
            "[]",
            "[a]",
            "{}",
            "{a: b}",
            "&x",
            "*x",
            "!t",
            "a: b",
            "a:",
            "a #c",
            "# c",
            "- x",
            "-x",
            "?x",
            "%x",
            "@x",
            "é",
            "a'b",
            "a\"b",
            "...",
            "---",
            "trailing  ",
            "true x",
        ]);
        let line = (0usize..5, prop::option::of(key), value, 0usize..3).prop_map(|(indent, key, value, gap)| {
            let (pad, gap) = (" ".repeat(indent), " ".repeat(gap));
            match key {
                Some(key) if key.starts_with('-') && !key.ends_with('k') => format!("{pad}{key}{gap}{value}\n"),
                Some(key) => format!("{pad}{key}:{gap}{value}\n"),
                None => format!("{pad}{value}\n"),
            }
        });
        prop::collection::vec(line, 1..7).prop_map(|lines| lines.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6000))]
        /// HE-REPO-01: what the fast reader reads, the full parser reads alike.
        #[test]
        fn quick_is_full(piece in lines(), raw in "[-a: \n\"'|#\\[\\]{}]{0,40}") {
            agree(&piece)?;
            agree(&raw)?;
        }
    }
}
