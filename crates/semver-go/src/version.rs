//! One version: parsing in three strictnesses, parts, precedence.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use thiserror::Error;

use crate::quote::Quoted;
use crate::scan;

/// The longest version text that is looked at, in bytes.
pub const MAX_VERSION_LEN: usize = 256;

/// Why a text is not a version. The texts are those of the original library, which charts and statuses show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VersionError {
    /// The text has not the shape of a version at all.
    #[error("invalid semantic version")]
    Invalid,
    /// The text is empty (strict parsing only).
    #[error("version string empty")]
    Empty,
    /// A number holds something else than digits (strict parsing only).
    #[error("invalid characters in version")]
    Characters,
    /// A number or a numeric pre-release identifier has a leading zero.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// The part after `+` is malformed.
    #[error("invalid metadata string")]
    Metadata,
    /// The part after `-` is malformed.
    #[error("invalid prerelease string")]
    Prerelease,
    /// The text is longer than [`MAX_VERSION_LEN`].
    #[error("version string is too long (max {MAX_VERSION_LEN} bytes)")]
    TooLong,
    /// Two dots meet or a dot ends the text (strict parsing).
    #[error("strconv.ParseUint: parsing \"\": invalid syntax")]
    EmptySegment,
    /// A number does not fit 64 bits (strict parsing).
    #[error("strconv.ParseUint: parsing {}: value out of range", Quoted(.0))]
    OutOfRange(String),
    /// A number does not fit 64 bits (lenient parsing).
    #[error("error parsing version segment: strconv.ParseUint: parsing {}: value out of range", Quoted(.0))]
    SegmentOutOfRange(String),
}

/// A version: three numbers, a pre-release, build metadata, and the text it was parsed from.
///
/// Equality of Rust values (`==`) is precedence equality, as everywhere in Flux: build metadata and spelling
/// (`v1.0.0`, `1.0`) do not count.
#[derive(Debug, Clone)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    original: Box<str>,
    pre: Range<usize>,
    metadata: Range<usize>,
}

impl Version {
    /// Parses leniently: an optional `v`, one to three numbers, leading zeros in numbers allowed (`1`, `v1.2`,
    /// `2025.02.03-rc.1`). Pre-release and metadata follow the specification.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        if text.len() > MAX_VERSION_LEN {
            return Err(VersionError::TooLong);
        }
        let bytes = text.as_bytes();
        let mut at = usize::from(bytes.first() == Some(&b'v'));
        let mut numbers = [0..0, 0..0, 0..0];
        for (i, number) in numbers.iter_mut().enumerate() {
            let start = if i == 0 {
                at
            } else if bytes.get(at) == Some(&b'.') {
                at + 1
            } else {
                break;
            };
            let digits = bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 {
                return Err(VersionError::Invalid);
            }
            at = start + digits;
            *number = start..at;
        }
        let pre = at..at + scan::suffix(&bytes[at..], b'-');
        let metadata = pre.end..pre.end + scan::suffix(&bytes[pre.end..], b'+');
        if metadata.end != bytes.len() {
            return Err(VersionError::Invalid);
        }
        let mut parsed = [0u64; 3];
        for (value, range) in parsed.iter_mut().zip(&numbers) {
            if !range.is_empty() {
                let digits = &text[range.clone()];
                *value = digits.parse().map_err(|_| VersionError::SegmentOutOfRange(digits.to_owned()))?;
            }
        }
        let (pre, metadata) = (without_marker(pre), without_marker(metadata));
        if !pre.is_empty() {
            check_prerelease(&text[pre.clone()])?;
        }
        Ok(Self { major: parsed[0], minor: parsed[1], patch: parsed[2], original: text.into(), pre, metadata })
    }

    /// Parses exactly what the Semantic Versioning specification allows: three numbers, no `v`, no leading zeros.
    pub fn parse_strict(text: &str) -> Result<Self, VersionError> {
        if text.is_empty() {
            return Err(VersionError::Empty);
        }
        if text.len() > MAX_VERSION_LEN {
            return Err(VersionError::TooLong);
        }
        let first = text.find('.').ok_or(VersionError::Invalid)?;
        let second = first + 1 + text[first + 1..].find('.').ok_or(VersionError::Invalid)?;
        let mut patch = second + 1..text.len();
        let (mut pre, mut metadata) = (0..0, 0..0);
        if let Some(plus) = text[patch.clone()].find('+') {
            metadata = patch.start + plus + 1..text.len();
            patch.end = patch.start + plus;
            check_metadata(&text[metadata.clone()])?;
        }
        if let Some(dash) = text[patch.clone()].find('-') {
            pre = patch.start + dash + 1..patch.end;
            patch.end = patch.start + dash;
            check_prerelease(&text[pre.clone()])?;
        }
        let segments = [&text[..first], &text[first + 1..second], &text[patch]];
        for segment in segments {
            if !segment.bytes().all(|b| b.is_ascii_digit()) {
                return Err(VersionError::Characters);
            }
            if segment.len() > 1 && segment.starts_with('0') {
                return Err(VersionError::LeadingZero);
            }
        }
        let number = |s: &str| match s.parse() {
            Ok(n) => Ok(n),
            Err(_) if s.is_empty() => Err(VersionError::EmptySegment),
            Err(_) => Err(VersionError::OutOfRange(s.to_owned())),
        };
        let [major, minor, patch] = segments;
        Ok(Self { major: number(major)?, minor: number(minor)?, patch: number(patch)?, original: text.into(), pre, metadata })
    }

    /// Parses a tag as Flux does: leniently, but with three dot-separated segments demanded, so that `1`, `1.2` and
    /// most dates and branch-like tags are no versions.
    pub fn parse_tag(text: &str) -> Result<Self, VersionError> {
        if text.bytes().filter(|b| *b == b'.').count() < 2 {
            return Err(VersionError::Invalid);
        }
        Self::parse(text)
    }

    /// The first number.
    pub fn major(&self) -> u64 {
        self.major
    }

    /// The second number, 0 if absent.
    pub fn minor(&self) -> u64 {
        self.minor
    }

    /// The third number, 0 if absent.
    pub fn patch(&self) -> u64 {
        self.patch
    }

    /// The part after `-`, without it; empty if absent.
    pub fn prerelease(&self) -> &str {
        &self.original[self.pre.clone()]
    }

    /// The part after `+`, without it; empty if absent.
    pub fn metadata(&self) -> &str {
        &self.original[self.metadata.clone()]
    }

    /// The text that was parsed, `v` and all.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Compares by precedence: the numbers, then the pre-release (none is highest). Build metadata does not count.
    pub fn precedence(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| compare_prereleases(self.prerelease(), other.prerelease()))
    }

    /// The next release with a higher third number; a pre-release becomes its release. `None` if it overflows.
    pub fn next_patch(&self) -> Option<Self> {
        let patch = if self.pre.is_empty() { self.patch.checked_add(1)? } else { self.patch };
        Some(self.release(self.major, self.minor, patch))
    }

    /// The next release with a higher second number. `None` if it overflows.
    pub fn next_minor(&self) -> Option<Self> {
        Some(self.release(self.major, self.minor.checked_add(1)?, 0))
    }

    /// The next release with a higher first number. `None` if it overflows.
    pub fn next_major(&self) -> Option<Self> {
        Some(self.release(self.major.checked_add(1)?, 0, 0))
    }

    /// The same version with another pre-release (without its `-`; empty for none).
    pub fn with_prerelease(&self, pre: &str) -> Result<Self, VersionError> {
        if !pre.is_empty() {
            check_prerelease(pre)?;
        }
        Ok(self.compose((self.major, self.minor, self.patch), pre, self.metadata()))
    }

    /// The same version with other build metadata (without its `+`; empty for none).
    pub fn with_metadata(&self, metadata: &str) -> Result<Self, VersionError> {
        if !metadata.is_empty() {
            check_metadata(metadata)?;
        }
        Ok(self.compose((self.major, self.minor, self.patch), self.prerelease(), metadata))
    }

    fn release(&self, major: u64, minor: u64, patch: u64) -> Self {
        self.compose((major, minor, patch), "", "")
    }

    /// Builds a version from parts, with the `v` that this one was written with.
    fn compose(&self, (major, minor, patch): (u64, u64, u64), pre: &str, metadata: &str) -> Self {
        let mut text = format!("{}{major}.{minor}.{patch}", if self.original.starts_with('v') { "v" } else { "" });
        let mut add = |marker: char, part: &str| {
            if part.is_empty() {
                return 0..0;
            }
            text.push(marker);
            text.push_str(part);
            text.len() - part.len()..text.len()
        };
        let (pre, metadata) = (add('-', pre), add('+', metadata));
        Self { major, minor, patch, original: text.into(), pre, metadata }
    }
}

/// The canonical text: three numbers, pre-release and metadata, no `v`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        for (marker, part) in [('-', self.prerelease()), ('+', self.metadata())] {
            if !part.is_empty() {
                write!(f, "{marker}{part}")?;
            }
        }
        Ok(())
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.precedence(other).is_eq()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.precedence(other)
    }
}

fn without_marker(range: Range<usize>) -> Range<usize> {
    if range.is_empty() { 0..0 } else { range.start + 1..range.end }
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn check_prerelease(text: &str) -> Result<(), VersionError> {
    for part in text.split('.') {
        if !is_identifier(part) {
            return Err(VersionError::Prerelease);
        }
        if part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(VersionError::LeadingZero);
        }
    }
    Ok(())
}

fn check_metadata(text: &str) -> Result<(), VersionError> {
    if text.split('.').all(is_identifier) { Ok(()) } else { Err(VersionError::Metadata) }
}

/// Compares pre-releases: none is above any; otherwise identifier by identifier, a missing one is lowest.
pub(crate) fn compare_prereleases(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => compare_identifiers(a, b),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Numbers below words; numbers by value, words by bytes. Digits beyond 64 bits count as a word, as in the original.
fn compare_identifiers(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}
