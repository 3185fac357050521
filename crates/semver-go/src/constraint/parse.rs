//! From text to [`Constraints`].
//!
//! The original is written with regular expressions; the shapes they accept are scanned by hand here, because a
//! constraint is parsed for every chart that is loaded and the scan takes less than a microsecond.

use super::{Comparator, ConstraintError, Constraints, Group, MAX_CONSTRAINT_GROUPS, MAX_CONSTRAINT_LEN, Operator, Precision};
use crate::scan;
use crate::version::Version;

/// Longest first, so that the first one found is the right one.
const OPERATORS: [(&str, Operator); 11] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("=>", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("=<", Operator::LessOrEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

pub(super) fn constraints(text: &str) -> Result<Constraints, ConstraintError> {
    if text.len() > MAX_CONSTRAINT_LEN {
        return Err(ConstraintError::TooLong);
    }
    let text = rewrite_hyphen_ranges(text);
    let alternatives: Vec<&str> = text.split("||").collect();
    if alternatives.len() > MAX_CONSTRAINT_GROUPS {
        return Err(ConstraintError::TooManyGroups);
    }
    let groups = alternatives.into_iter().map(group).collect::<Result<_, _>>()?;
    Ok(Constraints { groups })
}

/// Parses comparators separated by spaces or one comma each.
fn group(text: &str) -> Result<Group, ConstraintError> {
    let improper = || ConstraintError::Improper(text.to_owned());
    let bytes = text.as_bytes();
    let mut scanned = Vec::new();
    let mut at = skip_space(bytes, 0);
    loop {
        let (operator_text, operator) = operator(&text[at..]);
        let start = skip_space(bytes, at + operator_text.len());
        let parts = VersionParts::scan(&text[start..]).ok_or_else(improper)?;
        scanned.push((operator_text, operator, parts));
        let end = start + parts.text.len();
        at = skip_space(bytes, end);
        if at == bytes.len() {
            break;
        }
        match bytes[at] {
            b',' => at = skip_space(bytes, at + 1),
            _ if at > end => {}
            _ => return Err(improper()),
        }
    }
    let comparators = scanned.into_iter().map(|(text, op, parts)| comparator(text, op, parts)).collect::<Result<Vec<_>, _>>()?;
    let admits_prereleases = comparators.iter().any(|c| !c.version.prerelease().is_empty());
    Ok(Group { comparators, admits_prereleases })
}

fn operator(text: &str) -> (&str, Operator) {
    OPERATORS.iter().find(|(op, _)| text.starts_with(op)).map_or(("", Operator::Equal), |(op, kind)| (&text[..op.len()], *kind))
}

fn comparator(operator_text: &str, operator: Operator, parts: VersionParts<'_>) -> Result<Comparator, ConstraintError> {
    let VersionParts { numbers: [major, minor, patch], pre, .. } = parts;
    let (version, precision) = if is_wildcard(major) {
        (format!("0.0.0{pre}"), Precision::Any)
    } else if is_wildcard(minor) {
        (format!("{major}.0.0{pre}"), Precision::Major)
    } else if is_wildcard(patch) {
        (format!("{major}.{minor}.0{pre}"), Precision::Minor)
    } else {
        (parts.text.to_owned(), Precision::Full)
    };
    let version = Version::parse(&version).map_err(|_| ConstraintError::Version)?;
    Ok(Comparator { operator, operator_text: operator_text.into(), version_text: parts.text.into(), version, precision })
}

fn is_wildcard(number: &str) -> bool {
    matches!(number, "" | "x" | "X" | "*")
}

/// A version in a constraint: up to three numbers or wildcards, pre-release, metadata.
#[derive(Clone, Copy)]
struct VersionParts<'a> {
    text: &'a str,
    /// Without dots; empty where absent.
    numbers: [&'a str; 3],
    /// With its dash; empty if absent.
    pre: &'a str,
}

impl<'a> VersionParts<'a> {
    /// The longest version at the start of `text`.
    fn scan(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut at = usize::from(bytes.first() == Some(&b'v'));
        let mut numbers = [""; 3];
        for (i, number) in numbers.iter_mut().enumerate() {
            let start = at + usize::from(i > 0);
            if i > 0 && bytes.get(at) != Some(&b'.') {
                break;
            }
            // A lone `|` is let through here and refused when the version is parsed, as in the original.
            let run = bytes[start..].iter().take_while(|b| b.is_ascii_digit() || matches!(b, b'x' | b'X' | b'*' | b'|')).count();
            if run == 0 {
                break;
            }
            *number = &text[start..start + run];
            at = start + run;
        }
        if numbers[0].is_empty() {
            return None;
        }
        let pre = &text[at..at + scan::suffix(&bytes[at..], b'-')];
        at += pre.len();
        at += scan::suffix(&bytes[at..], b'+');
        Some(Self { text: &text[..at], numbers, pre })
    }
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

fn skip_space(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|b| is_space(**b)).count()
}

/// Turns every `a - b` into `>= a, <= b `. A hyphen range is looked for anywhere in the text, so that what stands
/// directly before it makes the group improper, as in the original.
fn rewrite_hyphen_ranges(text: &str) -> String {
    let mut out = text.to_owned();
    let mut at = 0;
    while at < text.len() {
        if !text.is_char_boundary(at) {
            at += 1;
            continue;
        }
        match hyphen_range(&text[at..]) {
            Some((from, to, len)) => {
                out = out.replacen(&text[at..at + len], &format!(">= {from}, <= {to} "), 1);
                at += len;
            }
            None => at += 1,
        }
    }
    out
}

/// `a - b` at the start of `text`, with the spaces around: the two versions and the length of all.
fn hyphen_range(text: &str) -> Option<(&str, &str, usize)> {
    let bytes = text.as_bytes();
    let start = skip_space(bytes, 0);
    let from = VersionParts::scan(&text[start..])?.text;
    let dash = skip_space(bytes, start + from.len());
    if dash == start + from.len() || bytes.get(dash) != Some(&b'-') {
        return None;
    }
    let second = skip_space(bytes, dash + 1);
    if second == dash + 1 {
        return None;
    }
    let to = VersionParts::scan(&text[second..])?.text;
    Some((from, to, skip_space(bytes, second + to.len())))
}
