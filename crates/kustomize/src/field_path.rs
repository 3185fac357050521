//! Paths to fields: `a/b\/c` in field specs, `a.b\.c.[name=x].0` in replacements and vars.

/// Splits at `delimiter`; a backslash before it keeps it. One leading delimiter is ignored.
pub(crate) fn split(path: &str, delimiter: char) -> Vec<String> {
    let mut parts = path.split(delimiter);
    let mut first = parts.next().unwrap_or_default();
    if first.is_empty()
        && let Some(second) = parts.next()
    {
        first = second;
    }
    let mut result = vec![first.to_owned()];
    for part in parts {
        match result.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            _ => result.push(part.to_owned()),
        }
    }
    result
}

/// Splits a dotted path, in which `[key.with.dots]` is one key and `[name=a.b]` one list condition.
pub(crate) fn split_dotted(path: &str) -> Vec<String> {
    let mut result = Vec::new();
    let mut parts = split(path, '.').into_iter();
    while let Some(mut part) = parts.next() {
        if part.starts_with('[') && !part.ends_with(']') {
            for next in parts.by_ref() {
                part.push('.');
                part.push_str(&next);
                if next.ends_with(']') {
                    break;
                }
            }
            if !part.contains('=') {
                part = part.trim_matches(['[', ']']).to_owned();
            }
        }
        result.push(part);
    }
    result
}

/// Whether a part selects list items: `[name=value]` or `[=value]`.
pub(crate) fn is_condition(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

/// Whether a part is an index into a list.
pub(crate) fn index(part: &str) -> Option<usize> {
    let digits = part.strip_prefix('+').unwrap_or(part);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) { None } else { digits.parse().ok() }
}

/// The two sides of `[name=value]`; `None` if there is no `=`.
pub(crate) fn condition(part: &str) -> Option<(&str, &str)> {
    part.strip_suffix(']').unwrap_or(part).strip_prefix('[').unwrap_or(part).split_once('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KB-RPL-02
    #[test]
    fn dotted_paths() {
        assert_eq!(split_dotted("a.b"), ["a", "b"]);
        assert_eq!(split_dotted(r"a.b\.c"), ["a", "b.c"]);
        assert_eq!(split_dotted("metadata.annotations.[example.com/a]"), ["metadata", "annotations", "example.com/a"]);
        assert_eq!(split_dotted("c.[name=a.b].image"), ["c", "[name=a.b]", "image"]);
        assert_eq!(split_dotted(".a"), ["a"]);
        assert_eq!(split_dotted(""), [""]);
        assert_eq!(condition("[name=a=b]"), Some(("name", "a=b")));
        assert_eq!(condition("[=x]"), Some(("", "x")));
        assert_eq!((index("0"), index("-1"), index("x")), (Some(0), None, None));
    }

    #[test]
    fn slashed_paths_escape_with_a_backslash() {
        assert_eq!(split(r"metadata/annotations/a\/b", '/'), ["metadata", "annotations", "a/b"]);
        assert_eq!(split("/metadata/name", '/'), ["metadata", "name"]);
    }
}
