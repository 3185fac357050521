//! What the Go libraries refuse or read in another way than the parser: the corners where YAML 1.1 scanners differ.

use std::borrow::Cow;
use std::ops::Range;

use super::text::position;
use super::{Event, Place};
use crate::error::{Error, ErrorKind};
use crate::node::Style;

/// Next line, line separator, paragraph separator: line breaks of YAML 1.1, no longer of 1.2.
pub(super) const OLD_BREAKS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// Refuses what the Go libraries refuse before the first document: an end of a document, a directive that they do not
/// know, another version than 1.1.
pub(super) fn check_head(text: &str, line_base: usize) -> Result<(), Error> {
    for (n, line) in text.lines().enumerate() {
        let place = line_base + n + 1;
        let refused = |what: &str| Err(Error::new(place, 1, ErrorKind::Syntax(what.to_owned())));
        if let Some(directive) = line.strip_prefix('%') {
            let mut words = directive.split([' ', '\t']);
            match (words.next().unwrap_or_default(), words.find(|word| !word.is_empty())) {
                ("YAML", Some(version)) if version != "1.1" && version.split('.').all(|part| part.parse::<u32>().is_ok()) => {
                    return refused("found incompatible YAML document: only %YAML 1.1 is understood");
                }
                ("YAML" | "TAG" | "", _) => {}
                _ => return refused("found unknown directive name"),
            }
        } else if let Some(after) = line.strip_prefix("...")
            && (after.is_empty() || after.starts_with([' ', '\t']))
        {
            return refused("did not find expected node content: a document ends before it starts");
        } else if !line.trim_start_matches(' ').is_empty() && !line.trim_start_matches(' ').starts_with('#') {
            break;
        }
    }
    Ok(())
}

/// Escapes that the parser knows and the Go libraries do not: `\/`, and surrogate halves.
pub(super) fn check_escapes(raw: &str, place: Place) -> Result<(), Error> {
    let b = raw.as_bytes();
    let mut i = 0;
    while let Some(found) = b[i..].iter().position(|c| *c == b'\\') {
        let at = i + found;
        let what = match b[at + 1..] {
            [b'/', ..] => Some("found unknown escape character: '\\/'"),
            [b'u', b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => {
                Some("found invalid Unicode character escape code: half of a surrogate pair")
            }
            _ => None,
        };
        if let Some(what) = what {
            let (line, column) = position(&b[..at]);
            let column = if line == 1 { place.column + column - 1 } else { column };
            return Err(Error::new(place.line + line - 1, column, ErrorKind::Syntax(what.to_owned())));
        }
        i = (at + 2).min(b.len());
    }
    Ok(())
}

/// Refuses the event of a mapping key if it is a colon that neither a key nor a `?` comes before: the parser takes
/// that for an empty key, the Go libraries do not.
pub(super) fn check_key(source: &str, event: &Event<'_>, in_flow: bool, place: Place) -> Result<(), Error> {
    let Event::Scalar { text, style: Style::Plain, anchor: 0, tag: None } = event else { return Ok(()) };
    if text.is_empty() && source.as_bytes().get(place.start) == Some(&b':') && !source[..place.start].trim_end().ends_with('?') {
        let problem = if in_flow { "did not find expected node content" } else { "did not find expected key" };
        let what = format!("{problem}: nothing stands before the colon");
        return Err(Error::new(place.line, place.column, ErrorKind::Syntax(what)));
    }
    Ok(())
}

/// A scalar with line breaks of YAML 1.1. Inside quotes U+0085 folds to a blank and the separators stay, without the
/// blanks around them; elsewhere such a break ends the line, which a repair sees to.
pub(super) fn fold_old_breaks<'a>(text: Cow<'a, str>, raw: &str, style: Style, nested: bool, place: Place) -> Result<Cow<'a, str>, Error> {
    if !matches!(style, Style::SingleQuoted | Style::DoubleQuoted) {
        if !nested {
            return Ok(text);
        }
        let what = "a line separator (U+0085, U+2028 or U+2029) stands in a text without quotes";
        return Err(Error::new(place.line, place.column, ErrorKind::Repairable(what)));
    }
    // an escape stands for the character itself: then nothing can be told apart, and nothing is folded
    if style == Style::DoubleQuoted && raw.contains('\\') {
        return Ok(text);
    }
    let mut out = String::with_capacity(text.len());
    for (i, piece) in text.split_inclusive(OLD_BREAKS).enumerate() {
        let piece = if i > 0 { piece.trim_start_matches([' ', '\t']) } else { piece };
        match piece.strip_suffix(OLD_BREAKS) {
            Some(line) => {
                out.push_str(line.trim_end_matches([' ', '\t']));
                out.push_str(match &piece[line.len()..] {
                    "\u{85}" => " ",
                    separator => separator,
                });
            }
            None => out.push_str(piece),
        }
    }
    Ok(Cow::Owned(out))
}

/// The first line break of YAML 1.1 in the unquoted text at `place` that is one like any other: U+0085 always, a separator where
/// nothing of the text comes before it, or nothing after it because what follows is not indented; inside of the text it would
/// stay. Below a `|` or `>` (`is_block`) it would stay at the end too.
pub(super) fn old_break(source: &str, place: &Range<usize>, is_block: bool) -> Option<Range<usize>> {
    let raw = source.get(place.clone())?;
    let line = source[..place.start].rfind('\n').map_or(0, |at| at + 1);
    let blanks = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let indentation = blanks(&source[line..]);
    raw.match_indices(OLD_BREAKS).find_map(|(at, found)| {
        let after = &raw[at + found.len()..];
        let ends = found == "\u{85}" || !is_block && (at == 0 || blanks(after) <= indentation);
        ends.then(|| place.start + at..place.start + at + found.len())
    })
}

/// Refuses tabs between tokens where a block key could start: as indentation, on lines that are otherwise empty, and
/// behind a dash. `gap` is the text between the end of a token and the start of the next in block context, `first` says
/// that it starts the text, `line` is where it ends. An unquoted text goes on over blank lines (`after_plain`), where a tab
/// may stand behind a blank.
pub(super) fn check_tabs(gap: &str, first: bool, after_plain: bool, line: usize) -> Result<(), Error> {
    let breaks = gap.matches('\n').count();
    let mut in_plain = after_plain && gap.split('\n').next().is_some_and(|rest| rest.trim_matches([' ', '\t', '\r']).is_empty());
    for (n, text) in gap.split('\n').enumerate() {
        let blank = text.len() - text.trim_start_matches([' ', '\t']).len();
        let indentation = if n > 0 || first { text[..blank].find('\t').filter(|tab| !in_plain || *tab == 0) } else { None };
        in_plain &= !text.contains('#');
        let code = text.split('#').next().unwrap_or_default();
        let behind_dash = |i: usize| code[..i].trim_end_matches([' ', '\t']).ends_with(['-', '?']) && !code[..i].starts_with("---");
        let tab = indentation.or_else(|| code.find('\t').filter(|i| behind_dash(*i)));
        if let Some(tab) = tab {
            // the column is only known where the line is seen from its start
            let column = if n > 0 || first { tab + 1 } else { 0 };
            let what = "found character that cannot start any token: a tab where indentation is expected";
            return Err(Error::new(line.saturating_sub(breaks - n), column, ErrorKind::Syntax(what.to_owned())));
        }
    }
    Ok(())
}

/// Refuses a block scalar whose first line starts with a tab, unless its header gives the indentation.
pub(super) fn check_block_scalar_tab(source: &str, text: &str, place: Place) -> Result<(), Error> {
    if !text.trim_start_matches('\n').starts_with('\t') {
        return Ok(());
    }
    let header = source[..place.start].trim_end().rsplit('\n').next().unwrap_or_default();
    let indicators = header.rsplit(['|', '>']).next().unwrap_or_default();
    if indicators.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(());
    }
    let what = "found a tab character where an indentation space is expected";
    Err(Error::new(place.line, place.column, ErrorKind::Syntax(what.to_owned())))
}

/// A block scalar at the end of a text that ends in the middle of a line: the parser adds the line break that is not
/// there. A last line of blanks is part of the scalar where it has more of them than the indentation.
pub(super) fn without_invented_break<'a>(source: &str, text: Cow<'a, str>) -> Cow<'a, str> {
    let mut lines = source.rsplit(['\n', '\r']);
    let last_line = lines.next().unwrap_or_default();
    let blank = |line: &str| line.trim_matches([' ', '\t']).is_empty();
    let read = text.strip_suffix('\n').and_then(|text| text.rsplit('\n').next()).unwrap_or_default();
    let is_part = !read.is_empty() && (!blank(last_line) || blank(read) && lines.next().is_some_and(|line| !blank(line)));
    if !is_part {
        return text;
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..text.len() - 1]),
        Cow::Owned(mut text) => {
            text.pop();
            Cow::Owned(text)
        }
    }
}

/// Whether the colon behind the plain scalar at `place` in a flow collection is part of it: the parser takes it for the end
/// of a key, the Go libraries only if a blank follows.
pub(super) fn owns_colon(source: &str, place: &Range<usize>) -> bool {
    !place.is_empty() && matches!(source.as_bytes().get(place.end..), Some([b':', b',' | b']' | b'}', ..]))
}

/// Refuses a plain scalar in a flow collection that holds a question mark, which ends it there, or starts with a colon.
pub(super) fn check_flow_plain(text: &str, place: Place) -> Result<(), Error> {
    let what = if text.contains('?') {
        "did not find expected ',', ']' or '}': a question mark ends an unquoted text in a flow collection"
    } else if text.starts_with(':') {
        "did not find expected node content: nothing stands before the colon"
    } else {
        return Ok(());
    };
    Err(Error::new(place.line, place.column, ErrorKind::Syntax(what.to_owned())))
}

/// Refuses anchor names of other characters than ASCII letters, digits, `_` and `-`.
pub(super) fn check_anchor(name: &str, place: Place) -> Result<(), Error> {
    if name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-')) {
        return Ok(());
    }
    let what = format!("did not find expected alphabetic or numeric character in the anchor name {name:?}");
    Err(Error::new(place.line, place.column, ErrorKind::Syntax(what)))
}
