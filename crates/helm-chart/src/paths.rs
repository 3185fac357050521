//! Slash-separated paths with the rules of Go's `path` package, on which Helm's checks of names rest.

/// The shortest equal path: no empty, `.` or inner `..` elements; an empty path becomes `.`.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut out: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match out.last() {
                Some(&last) if last != ".." => {
                    out.pop();
                }
                _ if rooted => {}
                _ => out.push(".."),
            },
            part => out.push(part),
        }
    }
    let joined = out.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// The last element of a path; `.` for an empty one and `/` for one of slashes only.
pub(crate) fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { trimmed.rsplit('/').next().unwrap_or(trimmed) }
}

/// The file name extension of a path with its dot, or an empty text.
pub(crate) fn ext(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rfind('.').map_or("", |dot| &name[dot..])
}

/// A pattern that [`matches`] cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

/// Matches a whole name against a shell pattern: `*` and `?` stop at `/`, `[a-c]`, `[^a-c]`, `\` escapes.
pub(crate) fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    check(&pattern)?;
    Ok(match_from(&pattern, &name))
}

/// One element of a pattern that stands for exactly one character.
enum Single<'p> {
    Any,
    Literal(char),
    Class { negated: bool, ranges: &'p [char] },
}

/// Walks over every element once, so that a bad pattern is an error whatever the name is.
fn check(pattern: &[char]) -> Result<(), BadPattern> {
    let mut at = 0;
    while at < pattern.len() {
        at = if pattern[at] == '*' { at + 1 } else { single(pattern, at)?.1 };
    }
    Ok(())
}

/// Reads the element at `at`, which is not a star, and the place after it.
fn single(pattern: &[char], at: usize) -> Result<(Single<'_>, usize), BadPattern> {
    match pattern[at] {
        '?' => Ok((Single::Any, at + 1)),
        '\\' => pattern.get(at + 1).map(|&c| (Single::Literal(c), at + 2)).ok_or(BadPattern),
        '[' => {
            let mut i = at + 1;
            let negated = pattern.get(i) == Some(&'^');
            i += usize::from(negated);
            let start = i;
            loop {
                if pattern.get(i) == Some(&']') && i > start {
                    return Ok((Single::Class { negated, ranges: &pattern[start..i] }, i + 1));
                }
                i = class_char(pattern, i)?.1;
                if pattern.get(i) == Some(&'-') {
                    i = class_char(pattern, i + 1)?.1;
                }
            }
        }
        c => Ok((Single::Literal(c), at + 1)),
    }
}

/// One end of a range inside a class.
fn class_char(pattern: &[char], at: usize) -> Result<(char, usize), BadPattern> {
    match pattern.get(at) {
        None | Some('-' | ']') => Err(BadPattern),
        Some('\\') => pattern.get(at + 1).map(|&c| (c, at + 2)).ok_or(BadPattern),
        Some(&c) => Ok((c, at + 1)),
    }
}

fn in_class(ranges: &[char], c: char) -> bool {
    let mut i = 0;
    while i < ranges.len() {
        let Ok((low, next)) = class_char(ranges, i) else { return false };
        let (high, next) = match ranges.get(next) {
            Some('-') => match class_char(ranges, next + 1) {
                Ok(high) => high,
                Err(BadPattern) => return false,
            },
            _ => (low, next),
        };
        if (low..=high).contains(&c) {
            return true;
        }
        i = next;
    }
    false
}

/// Greedy matching that remembers only the last star: linear in space, quadratic in time at worst.
fn match_from(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&'*') {
            star = Some((p + 1, n));
            p += 1;
            continue;
        }
        let step = if p < pattern.len() && n < name.len() {
            single(pattern, p).ok().and_then(|(element, next)| {
                let c = name[n];
                let fits = match element {
                    Single::Any => c != '/',
                    Single::Literal(want) => c == want,
                    Single::Class { negated, ranges } => c != '/' && in_class(ranges, c) != negated,
                };
                fits.then_some(next)
            })
        } else if p == pattern.len() && n == name.len() {
            return true;
        } else {
            None
        };
        match (step, star) {
            (Some(next), _) => {
                p = next;
                n += 1;
            }
            (None, Some((after, from))) if from < name.len() && name[from] != '/' => {
                star = Some((after, from + 1));
                p = after;
                n = from + 1;
            }
            _ => return false,
        }
    }
}

/// The path of a file below the chart that it belongs to, from its path below the outermost one: what comes after the last
/// of the leading `charts/<name>/`.
pub(crate) fn below_its_chart(path: &str) -> &str {
    let mut own = path;
    while let Some((_, inner)) = own.strip_prefix("charts/").and_then(|rest| rest.split_once('/')) {
        own = inner;
    }
    own
}

#[cfg(test)]
mod tests {
    use super::{base, clean, ext, matches};

    /// HE-AR-02: the forms that a hostile archive uses.
    #[test]
    fn clean_follows_go() {
        for (path, want) in
            [("", "."), ("a//b/./c", "a/b/c"), ("a/../..", ".."), ("../x", "../x"), ("/../x", "/x"), ("a/..", "."), ("/", "/")]
        {
            assert_eq!(clean(path), want, "{path}");
        }
        assert_eq!((base(""), base("a/b/"), base("//"), base("x")), (".", "b", "/", "x"));
        assert_eq!((ext("a/b.tar.gz"), ext("a.b/c"), ext(".x")), (".gz", "", ".x"));
    }

    /// HE-CH-07: the patterns of `.helmignore`.
    #[test]
    fn shell_patterns() {
        for (pattern, name, want) in [
            ("*.txt", "a.txt", true),
            ("*.txt", "d/a.txt", false),
            ("d/*/c", "d/b/c", true),
            ("a?c", "a/c", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("templates/.?*", "templates/.x", true),
            ("templates/.?*", "templates/.", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*c", "xxaxxbxx", false),
            (r"\*", "*", true),
        ] {
            assert_eq!(matches(pattern, name), Ok(want), "{pattern} {name}");
        }
        for bad in ["[", "[]a]", "[a-", r"\", "[^]", "x["] {
            assert!(matches(bad, "abc").is_err(), "{bad}");
        }
    }
}
