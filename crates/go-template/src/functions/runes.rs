//! Characters by Go's `unicode` tables: one at a time, with simple case mappings.

use std::borrow::Cow;
use std::sync::LazyLock;

use ferroflux_regex_go::Regex;

use crate::strconv;

/// The characters of a text with their bytes; an invalid byte is U+FFFD.
pub(super) fn runes(bytes: &[u8]) -> impl Iterator<Item = (char, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (c, len) = strconv::decode_rune(rest);
        let (head, tail) = rest.split_at(len);
        rest = tail;
        Some((c, head))
    })
}

/// The text with every character mapped.
pub(super) fn map_runes(bytes: &[u8], mut map: impl FnMut(char) -> char) -> String {
    let mut out = String::with_capacity(bytes.len());
    out.extend(runes(bytes).map(|(c, _)| map(c)));
    out
}

/// The upper-case character; one that Unicode spells with several stays as it is, unless it has a single title form.
pub(super) fn to_upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    match c {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => shifted(c, 8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => shifted(c, 9),
        c => single(c.to_uppercase()).unwrap_or(c),
    }
}

/// The lower-case character.
pub(super) fn to_lower(c: char) -> char {
    match c {
        c if c.is_ascii() => c.to_ascii_lowercase(),
        '\u{130}' => 'i',
        c => single(c.to_lowercase()).unwrap_or(c),
    }
}

/// The title-case character: for some digraphs another one than the upper case.
pub(super) fn to_title(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        c => to_upper(c),
    }
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

/// A letter of category Lu.
pub(super) fn is_upper(c: char) -> bool {
    let symbol = matches!(c, '\u{2160}'..='\u{216f}' | '\u{24b6}'..='\u{24cf}' | '\u{1f130}'..='\u{1f189}');
    c.is_uppercase() && !symbol
}

/// A letter of category Lt.
pub(super) fn is_title(c: char) -> bool {
    matches!(c, '\u{1c5}' | '\u{1c8}' | '\u{1cb}' | '\u{1f2}' | '\u{1f88}'..='\u{1f8f}' | '\u{1f98}'..='\u{1f9f}' | '\u{1fa8}'..='\u{1faf}' | '\u{1fbc}' | '\u{1fcc}' | '\u{1ffc}')
}

/// A character of category L.
pub(super) fn is_letter(c: char) -> bool {
    static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\pL").ok());
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    // Some marks and numbers count as alphabetic, but no letter is not.
    c.is_alphabetic() && LETTER.as_ref().is_some_and(|re| re.is_match(c.encode_utf8(&mut [0; 4])))
}

/// A character of category P.
pub(super) fn is_punct(c: char) -> bool {
    static PUNCTUATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\pP").ok());
    if c.is_ascii() {
        return c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c);
    }
    PUNCTUATION.as_ref().is_some_and(|re| re.is_match(c.encode_utf8(&mut [0; 4])))
}

/// The text with every invalid byte as one U+FFFD.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(map_runes(bytes, |c| c)),
    }
}
