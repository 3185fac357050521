//! One path segment against one pattern with the syntax of Go's `filepath.Match`: `*`, `?`, `[a-z]`, `[^a]`, `\x`.

/// A compiled segment pattern. A malformed one is `None` at [`Glob::compile`] and matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This byte.
    Byte(u8),
    /// Any one character.
    One,
    /// Any run of characters.
    Many,
    /// One character inside (or, negated, outside) of the ranges.
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Glob {
    /// Compiles; `None` if a class is not closed or empty, a range has no end, or a backslash ends the text.
    pub(super) fn compile(pattern: &[u8]) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = pattern;
        while let Some((&first, tail)) = rest.split_first() {
            rest = tail;
            match first {
                b'*' => {
                    if tokens.last() != Some(&Token::Many) {
                        tokens.push(Token::Many);
                    }
                }
                b'?' => tokens.push(Token::One),
                b'[' => {
                    let (class, after) = class(rest)?;
                    tokens.push(class);
                    rest = after;
                }
                b'\\' => {
                    let (&escaped, tail) = rest.split_first()?;
                    tokens.push(Token::Byte(escaped));
                    rest = tail;
                }
                byte => tokens.push(Token::Byte(byte)),
            }
        }
        Some(Self(tokens))
    }

    /// Whether the whole of `name` matches. Linear but for the last star, to which it goes back.
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        let (mut token, mut at) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            let step = match self.0.get(token) {
                Some(Token::Many) => {
                    star = Some((token, at));
                    Some(0)
                }
                Some(_) if at >= name.len() => None,
                Some(Token::Byte(b)) => (name[at] == *b).then_some(1),
                Some(Token::One) => Some(character(&name[at..]).1),
                Some(Token::Class { negated, ranges }) => {
                    let (c, len) = character(&name[at..]);
                    (ranges.iter().any(|(lo, hi)| *lo <= c && c <= *hi) != *negated).then_some(len)
                }
                None if at == name.len() => return true,
                None => None,
            };
            match (step, star) {
                (Some(len), _) => (token, at) = (token + 1, at + len),
                (None, Some((many, from))) if from < name.len() => {
                    let next = from + character(&name[from..]).1;
                    star = Some((many, next));
                    (token, at) = (many + 1, next);
                }
                (None, _) => return false,
            }
        }
    }
}

/// The class that begins after `[`, and what follows its `]`.
fn class(mut rest: &[u8]) -> Option<(Token, &[u8])> {
    let negated = rest.first() == Some(&b'^');
    if negated {
        rest = &rest[1..];
    }
    let mut ranges = Vec::new();
    loop {
        if rest.first() == Some(&b']') && !ranges.is_empty() {
            return Some((Token::Class { negated, ranges }, &rest[1..]));
        }
        let (lo, after) = class_character(rest)?;
        rest = after;
        let mut hi = lo;
        if rest.first() == Some(&b'-') {
            (hi, rest) = class_character(&rest[1..])?;
        }
        ranges.push((lo, hi));
    }
}

/// One end of a range; something must follow it.
fn class_character(rest: &[u8]) -> Option<(char, &[u8])> {
    let rest = match rest.first()? {
        b'-' | b']' => return None,
        b'\\' => &rest[1..],
        _ => rest,
    };
    if rest.is_empty() {
        return None;
    }
    let (c, len) = character(rest);
    let invalid = c == char::REPLACEMENT_CHARACTER && len == 1;
    (!invalid && rest.len() > len).then(|| (c, &rest[len..]))
}

/// The first character and its length in bytes; a byte that is no UTF-8 counts as one replacement character.
fn character(bytes: &[u8]) -> (char, usize) {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default(),
    };
    valid.chars().next().map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// SRC-ART-14: no pattern and no name makes the matcher panic, run away or match only partly.
        #[test]
        fn any_input_is_answered(pattern in proptest::collection::vec(any::<u8>(), 0..24), name in proptest::collection::vec(any::<u8>(), 0..24)) {
            if let Some(glob) = Glob::compile(&pattern) {
                let _ = glob.matches(&name);
            }
        }

        /// SRC-ART-14: a name with its special characters escaped matches itself and nothing longer.
        #[test]
        fn an_escaped_name_is_a_literal(name in "[a-z*?\\[\\]\\\\é-]{1,12}") {
            let escaped: Vec<u8> = name.bytes().flat_map(|b| if b.is_ascii() { vec![b'\\', b] } else { vec![b] }).collect();
            let glob = Glob::compile(&escaped);
            let longer = format!("{name}x");
            let literal = glob.as_ref().is_some_and(|g| g.matches(name.as_bytes()) && !g.matches(longer.as_bytes()));
            prop_assert!(literal);
        }
    }

    /// SRC-ART-14: a hostile pattern costs at most pattern times name.
    #[test]
    fn many_stars_stay_cheap() {
        let pattern = b"*a".repeat(500);
        let name = vec![b'a'; 499];
        assert_eq!(Glob::compile(&pattern).map(|g| g.matches(&name)), Some(false));
    }
}
