//! What a scalar means: the typing rules of the two Go libraries.

use std::borrow::Cow;

use base64::Engine;

use crate::node::{Style, Tag};
use crate::number::{self, Number};
use crate::timestamp::Timestamp;

/// The rules by which a scalar without a tag gets its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// go-yaml v3, with which kustomize reads resources: `yes`, `on` and `y` are text, dates are timestamps (KB-DOC-02).
    #[default]
    GoYamlV3,
    /// sigs.k8s.io/yaml (go-yaml v2), with which Helm reads values, Kubernetes tools read manifests and kustomize reads
    /// its own file: YAML 1.1 booleans, dates are text (KB-FILE-02, HE-VAL-01).
    SigsYaml,
}

/// A typed scalar.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'a> {
    /// `null`, `~`, nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer of 64 bits with a sign.
    Int(i64),
    /// An integer that only fits 64 bits without a sign.
    Uint(u64),
    /// Any other number; may be infinite or not a number (`.inf`, `.nan`).
    Float(f64),
    /// Text; also a decoded `!!binary` (bytes that are not UTF-8 become U+FFFD), and everything with an unknown tag.
    Str(Cow<'a, str>),
    /// A date with or without a time, only in [`Dialect::GoYamlV3`].
    Timestamp(Timestamp),
}

impl<'a> From<Number> for Scalar<'a> {
    fn from(n: Number) -> Self {
        match n {
            Number::Int(v) => Self::Int(v),
            Number::Uint(v) => Self::Uint(v),
            Number::Float(v) => Self::Float(v),
        }
    }
}

/// The type of a plain scalar without a tag.
pub fn plain_tag(dialect: Dialect, text: &str) -> Tag {
    match resolve(dialect, text) {
        Resolved::Merge => Tag::Merge,
        Resolved::Scalar(Scalar::Null) => Tag::Null,
        Resolved::Scalar(Scalar::Bool(_)) => Tag::Bool,
        Resolved::Scalar(Scalar::Int(_) | Scalar::Uint(_)) => Tag::Int,
        Resolved::Scalar(Scalar::Float(_)) => Tag::Float,
        Resolved::Scalar(Scalar::Timestamp(_)) => Tag::Timestamp,
        Resolved::Scalar(Scalar::Str(_)) => Tag::Str,
    }
}

/// Whether the older library takes plain text for text, and not for a boolean of YAML 1.1, a number, a date or a null.
/// It prints such text without quotes if the characters allow it. Numbers to the base 60 (`12:30`), which it does not
/// read, count as numbers here.
pub(crate) fn is_plain_text_v2(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'0'..=b'9' | b'+' | b'-') => {
            Timestamp::parse(text).is_none()
                && matches!(resolve(Dialect::SigsYaml, text), Resolved::Scalar(Scalar::Str(_)))
                && !is_base60(text)
        }
        _ => matches!(resolve(Dialect::SigsYaml, text), Resolved::Scalar(Scalar::Str(_)) | Resolved::Merge),
    }
}

/// `[-+]?d[d_]*(:[0-5]?d)+(.[d_]*)?`
pub(crate) fn is_base60(text: &str) -> bool {
    let digits = |s: &str| s.bytes().all(|c| c.is_ascii_digit() || c == b'_');
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    if !first.starts_with(|c: char| c.is_ascii_digit()) || !digits(first) {
        return false;
    }
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return false;
    }
    while let Some(part) = parts.next() {
        let part = match part.split_once('.') {
            Some((whole, fraction)) if parts.peek().is_none() && digits(fraction) => whole,
            _ => part,
        };
        if !matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']) {
            return false;
        }
    }
    true
}

/// What a plain scalar without a tag resolves to.
pub(crate) enum Resolved<'a> {
    /// The merge key `<<`.
    Merge,
    /// Anything else.
    Scalar(Scalar<'a>),
}

pub(crate) fn resolve(dialect: Dialect, text: &str) -> Resolved<'_> {
    let scalar = match text.as_bytes().first() {
        None => Scalar::Null,
        Some(b'0'..=b'9' | b'+' | b'-') => match text {
            "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
            _ => match Timestamp::parse(text) {
                // the older library recognises a timestamp and hands out the text
                Some(t) if dialect == Dialect::GoYamlV3 => Scalar::Timestamp(t),
                Some(_) => Scalar::Str(Cow::Borrowed(text)),
                None => number::parse(text).map_or(Scalar::Str(Cow::Borrowed(text)), Scalar::from),
            },
        },
        Some(b'.') => match text {
            ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" => Scalar::Float(f64::INFINITY),
            _ => number::parse_point(text).map_or(Scalar::Str(Cow::Borrowed(text)), Scalar::Float),
        },
        Some(b'<') if text == "<<" => return Resolved::Merge,
        Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'o' | b'O') if text.len() <= 5 => match text {
            "~" | "null" | "Null" | "NULL" => Scalar::Null,
            "true" | "True" | "TRUE" => Scalar::Bool(true),
            "false" | "False" | "FALSE" => Scalar::Bool(false),
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if dialect == Dialect::SigsYaml => Scalar::Bool(true),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if dialect == Dialect::SigsYaml => Scalar::Bool(false),
            _ => Scalar::Str(Cow::Borrowed(text)),
        },
        Some(_) => Scalar::Str(Cow::Borrowed(text)),
    };
    Resolved::Scalar(scalar)
}

/// The value of a scalar with a style and a tag; the error says which tag the text does not fit.
pub(crate) fn typed<'a>(dialect: Dialect, text: &'a str, style: Style, explicit: Option<&str>) -> Result<Scalar<'a>, String> {
    let as_text = || Scalar::Str(Cow::Borrowed(text));
    let Some(tag) = explicit else {
        if style != Style::Plain {
            return Ok(as_text());
        }
        return Ok(match resolve(dialect, text) {
            Resolved::Merge => as_text(),
            Resolved::Scalar(s) => s,
        });
    };
    let mismatch = |got: &str| format!("cannot decode !!{got} `{text}` as a {tag}");
    match tag {
        "!!str" => Ok(as_text()),
        "!!binary" => decode_binary(text).map(|b| Scalar::Str(Cow::Owned(String::from_utf8_lossy(&b).into_owned()))),
        "!!bool" | "!!int" | "!!float" | "!!null" | "!!timestamp" => {
            let (got, value) = match resolve(dialect, text) {
                Resolved::Merge => ("merge", as_text()),
                Resolved::Scalar(s) => {
                    let got = match &s {
                        Scalar::Null => "null",
                        Scalar::Bool(_) => "bool",
                        Scalar::Int(_) | Scalar::Uint(_) => "int",
                        Scalar::Float(_) => "float",
                        Scalar::Timestamp(_) => "timestamp",
                        Scalar::Str(_) if dialect == Dialect::SigsYaml && Timestamp::parse(text).is_some() => "timestamp",
                        Scalar::Str(_) => "str",
                    };
                    (got, s)
                }
            };
            match (&tag[2..], got, value) {
                (want, got, value) if want == got => Ok(value),
                #[allow(clippy::cast_precision_loss, reason = "the tag asks for a float")]
                ("float", "int", Scalar::Int(v)) => Ok(Scalar::Float(v as f64)),
                _ => Err(mismatch(got)),
            }
        }
        _ => Ok(as_text()),
    }
}

/// The bytes of a `!!binary` scalar; line breaks and blanks between the characters are skipped.
pub(crate) fn decode_binary(text: &str) -> Result<Vec<u8>, String> {
    let compact: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    base64::engine::general_purpose::STANDARD
        .decode(compact.as_bytes())
        .map_err(|_| "!!binary value contains invalid base64 data".to_owned())
}
