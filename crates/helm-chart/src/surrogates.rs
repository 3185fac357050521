//! Halves of surrogate pairs in JSON: `"\ud800"` alone stands for no character. Go reads U+FFFD for one, the JSON library here
//! refuses the text.

use std::borrow::Cow;

const REPLACEMENT: &str = "\\ufffd";
/// Bytes of an escape: a backslash, `u` and four digits.
const ESCAPE: usize = 6;

/// The same JSON with U+FFFD for each half of a pair that stands alone.
pub(crate) fn without_halves(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        match (unit(text, at), unit(text, at + ESCAPE)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 2 * ESCAPE,
            (Some(0xd800..=0xdfff), _) => {
                out.push_str(&text[copied..at]);
                out.push_str(REPLACEMENT);
                at += ESCAPE;
                copied = at;
            }
            // The character behind a backslash begins no escape itself.
            _ => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The number of the escape at `at`.
fn unit(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::without_halves;

    /// HE-VAL-06, HE-SCH-01: halves alone, in the wrong order, at the end; pairs and escaped backslashes stay.
    #[test]
    fn halves() {
        for (text, want) in [
            (r#""a""#, r#""a""#),
            (r#""\ud800""#, r#""\ufffd""#),
            (r#""\ud83d\ude00 \ud83d""#, r#""\ud83d\ude00 \ufffd""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\\ud800""#, r#""\\ud800""#),
            (r#""\\\ud800é"#, r#""\\\ufffdé"#),
            (r"\", r"\"),
            (r"\ud80", r"\ud80"),
        ] {
            assert_eq!(without_halves(text), want);
        }
    }
}
