//! Character classes: `[…]`, `\d` and its kin, `[:alpha:]`, `\p{Greek}`.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::{consumed, escape};
use crate::error::{Error, ErrorKind};

/// Ranges of ASCII bytes, first and last.
type Ranges = &'static [(u8, u8)];

const DIGIT: Ranges = &[(b'0', b'9')];
const PERL_SPACE: Ranges = &[(b'\t', b'\n'), (0x0c, b'\r'), (b' ', b' ')];
const WORD: Ranges = &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')];

/// The names between `[:` and `:]`.
const POSIX: [(&str, Ranges); 14] = [
    ("alnum", &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')]),
    ("alpha", &[(b'A', b'Z'), (b'a', b'z')]),
    ("ascii", &[(0, 0x7f)]),
    ("blank", &[(b'\t', b'\t'), (b' ', b' ')]),
    ("cntrl", &[(0, 0x1f), (0x7f, 0x7f)]),
    ("digit", DIGIT),
    ("graph", &[(b'!', b'~')]),
    ("lower", &[(b'a', b'z')]),
    ("print", &[(b' ', b'~')]),
    ("punct", &[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')]),
    ("space", &[(b'\t', b'\r'), (b' ', b' ')]),
    ("upper", &[(b'A', b'Z')]),
    ("word", WORD),
    ("xdigit", &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')]),
];

/// Script names of four letters that are no abbreviations. Go knows scripts by their full names only.
const SHORT_SCRIPTS: [&str; 6] = ["cham", "kawi", "lisu", "modi", "thai", "toto"];

/// Parses `[…]` at the start of the text and answers the class and the rest.
pub(super) fn bracketed(text: &str, fold: bool) -> Result<(ClassUnicode, &str), Error> {
    let negated = text[1..].starts_with('^');
    let mut rest = &text[1 + usize::from(negated)..];
    let mut class = ClassUnicode::empty();
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        if let Some((named, after)) = posix(rest, fold)? {
            class.union(&named);
            rest = after;
            continue;
        }
        if let Some((named, after)) = escaped(rest, fold)? {
            class.union(&named);
            rest = after;
            continue;
        }
        let (low, after) = member(rest, text)?;
        let (mut high, mut end) = (low, after);
        if after.len() >= 2 && after.starts_with('-') && !after[1..].starts_with(']') {
            (high, end) = member(&after[1..], text)?;
            if high < low {
                return Err(Error::new(ErrorKind::InvalidCharRange, consumed(rest, end)));
            }
        }
        class.union(&folded(range(low, high), fold));
        rest = end;
    }
    if negated {
        class.negate();
    }
    Ok((class, &rest[1..]))
}

/// Parses `\d`, `\D`, `\s`, `\w` … and `\p{…}`; `None` for every other escape.
pub(super) fn escaped(text: &str, fold: bool) -> Result<Option<(ClassUnicode, &str)>, Error> {
    let mut chars = text.chars();
    if chars.next() != Some('\\') {
        return Ok(None);
    }
    let Some(letter) = chars.next() else { return Ok(None) };
    let ranges = match letter.to_ascii_lowercase() {
        'd' => DIGIT,
        's' => PERL_SPACE,
        'w' => WORD,
        'p' => return unicode(text, fold).map(Some),
        _ => return Ok(None),
    };
    let mut class = folded(ascii(ranges), fold);
    if letter.is_ascii_uppercase() {
        class.negate();
    }
    Ok(Some((class, &text[2..])))
}

/// One character of a class, escaped or not.
fn member<'t>(text: &'t str, whole: &str) -> Result<(u32, &'t str), Error> {
    match text.chars().next() {
        None => Err(Error::new(ErrorKind::MissingBracket, whole)),
        Some('\\') => escape::single(text),
        Some(c) => Ok((u32::from(c), &text[c.len_utf8()..])),
    }
}

/// `[:name:]` or `[:^name:]`; `None` if the text does not start one.
fn posix(text: &str, fold: bool) -> Result<Option<(ClassUnicode, &str)>, Error> {
    let Some(inner) = text.strip_prefix("[:") else { return Ok(None) };
    let Some(len) = inner.find(":]") else { return Ok(None) };
    let (name, rest) = (&inner[..len], &inner[len + 2..]);
    let (negated, name) = name.strip_prefix('^').map_or((false, name), |n| (true, n));
    let Some((_, ranges)) = POSIX.iter().find(|(n, _)| *n == name) else {
        return Err(Error::new(ErrorKind::InvalidCharRange, consumed(text, rest)));
    };
    let mut class = folded(ascii(ranges), fold);
    if negated {
        class.negate();
    }
    Ok(Some((class, rest)))
}

/// `\pN`, `\p{Name}`, `\P{Name}`, `\p{^Name}`.
fn unicode(text: &str, fold: bool) -> Result<(ClassUnicode, &str), Error> {
    let invalid = |expr: &str| Error::new(ErrorKind::InvalidCharRange, expr);
    let name_start = &text[2..];
    let (name, rest) = match name_start.chars().next() {
        Some('{') => {
            let end = name_start.find('}').ok_or_else(|| invalid(text))?;
            (&name_start[1..end], &name_start[end + 1..])
        }
        Some(c) => name_start.split_at(c.len_utf8()),
        None => return Err(Error::new(ErrorKind::InvalidCharRange, text)),
    };
    let (caret, name) = name.strip_prefix('^').map_or((false, name), |n| (true, n));
    let mut class = folded(property(name).ok_or_else(|| invalid(consumed(text, rest)))?, fold);
    if text[1..].starts_with('P') != caret {
        class.negate();
    }
    Ok((class, rest))
}

/// The class of a general category or script; case, spaces, underscores and hyphens in names do not count.
fn property(name: &str) -> Option<ClassUnicode> {
    let plain: String = name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).collect::<String>().to_ascii_lowercase();
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_alphanumeric()) || plain.starts_with("is") {
        return None;
    }
    let lookup = |query: String| match regex_syntax::parse(&query).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        // A class of one character arrives as a literal.
        HirKind::Literal(text) => {
            let c = std::str::from_utf8(&text.0).ok()?.chars().next()?;
            Some(ClassUnicode::new([ClassUnicodeRange::new(c, c)]))
        }
        _ => None,
    };
    let script = || {
        let known = plain.len() > 4 || plain.len() < 4 || SHORT_SCRIPTS.contains(&plain.as_str());
        known.then(|| lookup(format!(r"\p{{sc={plain}}}"))).flatten()
    };
    lookup(format!(r"\p{{gc={plain}}}")).or_else(script)
}

fn ascii(ranges: Ranges) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(a, b)| ClassUnicodeRange::new(char::from(*a), char::from(*b))))
}

/// The characters of a range of code points, without the surrogate halves in it.
fn range(low: u32, high: u32) -> ClassUnicode {
    let part = |low: u32, high: u32| {
        let (low, high) = (char::from_u32(low)?, char::from_u32(high)?);
        (low <= high).then(|| ClassUnicodeRange::new(low, high))
    };
    ClassUnicode::new([part(low, high.min(0xd7ff)), part(low.max(0xe000), high)].into_iter().flatten())
}

fn folded(mut class: ClassUnicode, fold: bool) -> ClassUnicode {
    if fold {
        class.case_fold_simple();
    }
    class
}
