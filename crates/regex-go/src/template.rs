//! Replacement templates: `$1`, `$name`, `${name}`, `$$`.

use std::sync::OnceLock;

use regex_syntax::hir::{ClassUnicode, HirKind};

/// A piece of a template.
pub(crate) enum Piece<'a> {
    /// Copied.
    Text(&'a [u8]),
    /// The text of the group with this number; nothing if there is none.
    Number(usize),
    /// The text of the first group of this name that took part in the match.
    Name(&'a str),
}

/// Calls `emit` for each piece of a template. A `$` that starts no reference stands for itself.
pub(crate) fn pieces<'a>(mut template: &'a [u8], mut emit: impl FnMut(Piece<'a>)) {
    while let Some(dollar) = template.iter().position(|b| *b == b'$') {
        emit(Piece::Text(&template[..dollar]));
        let rest = &template[dollar + 1..];
        if rest.first() == Some(&b'$') {
            emit(Piece::Text(b"$"));
            template = &rest[1..];
            continue;
        }
        match reference(rest) {
            Some((piece, len)) => {
                emit(piece);
                template = &rest[len..];
            }
            None => {
                emit(Piece::Text(b"$"));
                template = rest;
            }
        }
    }
    emit(Piece::Text(template));
}

/// The reference behind a `$` and its length: the longest run of letters, digits and `_`, with or without braces. A
/// run of digits is a group number, unless it has a leading zero.
fn reference(rest: &[u8]) -> Option<(Piece<'_>, usize)> {
    let brace = rest.first() == Some(&b'{');
    let start = usize::from(brace);
    let valid = rest[start..].utf8_chunks().next().map_or("", |c| c.valid());
    let len: usize = valid.chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
    if len == 0 || brace && rest.get(start + len) != Some(&b'}') {
        return None;
    }
    let name = &valid[..len];
    let number = name.bytes().all(|b| b.is_ascii_digit()) && (name.len() == 1 || !name.starts_with('0'));
    let piece = match name.parse() {
        Ok(n) if number && n < 1_000_000_000 => Piece::Number(n),
        _ => Piece::Name(name),
    };
    Some((piece, start + len + usize::from(brace)))
}

/// A letter (L), a decimal digit (Nd) or `_`.
fn is_word(c: char) -> bool {
    static LETTERS_AND_DIGITS: OnceLock<ClassUnicode> = OnceLock::new();
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    let class = LETTERS_AND_DIGITS.get_or_init(|| match regex_syntax::parse(r"[\p{L}\p{Nd}]").map(|h| h.into_kind()) {
        Ok(HirKind::Class(regex_syntax::hir::Class::Unicode(class))) => class,
        _ => ClassUnicode::empty(),
    });
    class
        .ranges()
        .binary_search_by(|r| {
            if r.end() < c {
                std::cmp::Ordering::Less
            } else if r.start() > c {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        })
        .is_ok()
}
