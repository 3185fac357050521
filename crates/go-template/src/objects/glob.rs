//! The patterns of `.Files.Glob`: `*` and `?` stop at `/`, `**` does not, `[a-z]`, `[!abc]`, `{one,two}`, `\` escapes.

use ferroflux_regex_go::{Regex, quote_meta};

/// A compiled pattern. Matching takes time linear in the path.
#[derive(Debug)]
pub(super) struct Glob(Regex);

/// Braces inside braces up to this depth.
const MAX_NESTING: usize = 50;

impl Glob {
    /// Compiles a pattern; `None` if it is malformed.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        let chars: Vec<char> = pattern.chars().collect();
        let mut regex = String::from("(?s)^(?:");
        let mut depth = 0usize;
        let mut at = 0;
        while let Some(c) = chars.get(at).copied() {
            at += 1;
            match c {
                '*' if chars.get(at) == Some(&'*') => {
                    while chars.get(at) == Some(&'*') {
                        at += 1;
                    }
                    regex.push_str(".*");
                }
                '*' => regex.push_str("[^/]*"),
                '?' => regex.push_str("[^/]"),
                '\\' => {
                    regex.push_str(&quote_meta(&chars.get(at)?.to_string()));
                    at += 1;
                }
                '[' => {
                    let (class, end) = class(&chars, at)?;
                    regex.push_str(&class);
                    at = end;
                }
                '{' => {
                    depth += 1;
                    if depth > MAX_NESTING {
                        return None;
                    }
                    regex.push_str("(?:");
                }
                '}' if depth > 0 => {
                    depth -= 1;
                    regex.push(')');
                }
                ',' if depth > 0 => regex.push('|'),
                other => regex.push_str(&quote_meta(&other.to_string())),
            }
        }
        regex.push_str(")$");
        if depth > 0 { None } else { Regex::new(regex).ok().map(Self) }
    }

    /// Whether the whole path matches.
    pub(super) fn is_match(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// What stands between brackets, from behind the opening one: a list or one range, negated by `!`. Gives the regular
/// expression and the position behind the closing bracket.
fn class(chars: &[char], start: usize) -> Option<(String, usize)> {
    let end = start + chars.get(start..)?.iter().position(|c| *c == ']')?;
    let (negated, members) = match chars.get(start..end)? {
        ['!', rest @ ..] => ("^", rest),
        rest => ("", rest),
    };
    let inside = match members {
        [] => return None,
        [low, '-', high] => {
            if low > high {
                return None;
            }
            format!("{}-{}", member(*low), member(*high))
        }
        list => list.iter().map(|c| member(*c)).collect(),
    };
    Some((format!("[{negated}{inside}]"), end + 1))
}

fn member(c: char) -> String {
    if c.is_alphanumeric() { c.to_string() } else { format!("\\x{{{:x}}}", u32::from(c)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// HE-CTX-01
    #[test]
    fn patterns_stop_at_slashes_unless_doubled() {
        for (pattern, path, want) in [
            ("*.txt", "a.txt", true),
            ("*.txt", "d/a.txt", false),
            ("**.txt", "d/a.txt", true),
            ("d/**", "d/e/a.txt", true),
            ("{a,b/*}.x", "b/c.x", true),
            ("[a-c]?", "b1", true),
            ("[!a]?", "a1", false),
            (r"\*", "*", true),
        ] {
            assert_eq!(Glob::new(pattern).unwrap().is_match(path), want, "{pattern} {path}");
        }
        assert!(Glob::new("[a").is_none());
        assert!(Glob::new("{a").is_none());
    }
}
