//! Durations as Go writes and reads them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration as StdDuration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time in Go's syntax: `1h30m`, `750ms`, `1.5h`; printed as Go prints it, `1m30s` (KC-API-02, RT-01).
///
/// Never negative, and never longer than Go's 64-bit nanoseconds (about 292 years).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(StdDuration);

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseDurationError {
    /// Not a sequence of numbers with units.
    #[error("{0:?} is not a duration: expected numbers with units (ns, us, ms, s, m, h), such as 30s or 1h30m")]
    Syntax(String),
    /// Below zero.
    #[error("{0:?} is a negative duration")]
    Negative(String),
    /// Longer than 64-bit nanoseconds can say.
    #[error("{0:?} is too long for a duration: the most is 2562047h47m16.854775807s")]
    TooLong(String),
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(StdDuration::ZERO);
    /// The longest that Go's `time.Duration` can hold.
    pub const MAX: Self = Self(StdDuration::from_nanos(i64::MAX as u64));

    /// So many seconds.
    pub const fn from_secs(seconds: u32) -> Self {
        Self(StdDuration::from_secs(seconds as u64))
    }

    /// So many milliseconds.
    pub const fn from_millis(millis: u32) -> Self {
        Self(StdDuration::from_millis(millis as u64))
    }

    /// The standard library's duration of the same length.
    pub const fn as_std(self) -> StdDuration {
        self.0
    }

    /// Whether it is no time at all, which Go code takes as "not set".
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl From<StdDuration> for Duration {
    /// Longer durations than [`Duration::MAX`] are cut to it.
    fn from(length: StdDuration) -> Self {
        Self(length.min(Self::MAX.0))
    }
}

impl From<Duration> for StdDuration {
    fn from(duration: Duration) -> Self {
        duration.0
    }
}

impl FromStr for Duration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let syntax = || ParseDurationError::Syntax(text.to_owned());
        let too_long = || ParseDurationError::TooLong(text.to_owned());
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self::ZERO);
        }
        if rest.is_empty() {
            return Err(syntax());
        }
        let mut nanos: u128 = 0;
        while !rest.is_empty() {
            let (whole, after) = digits(rest);
            let (fraction, after) = match after.strip_prefix('.') {
                Some(after) => digits(after),
                None => ("", after),
            };
            if whole.is_empty() && fraction.is_empty() {
                return Err(syntax());
            }
            let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
            let unit: u128 = match &after[..end] {
                "ns" => 1,
                "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => return Err(syntax()),
            };
            let whole: u128 = if whole.is_empty() { 0 } else { whole.parse::<u64>().map_err(|_| too_long())?.into() };
            nanos += whole * unit + fraction_nanos(fraction, unit);
            if nanos > i64::MAX as u128 {
                return Err(too_long());
            }
            rest = &after[end..];
        }
        if negative && nanos > 0 {
            return Err(ParseDurationError::Negative(text.to_owned()));
        }
        Ok(Self(StdDuration::from_nanos(nanos as u64)))
    }
}

/// Splits the leading ASCII digits off.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// The nanoseconds of the digits after the point, rounded as Go rounds them: in floating point, then towards zero.
fn fraction_nanos(digits: &str, unit: u128) -> u128 {
    let (mut value, mut scale) = (0u64, 1f64);
    for digit in digits.bytes() {
        match value.checked_mul(10).and_then(|v| v.checked_add(u64::from(digit - b'0'))).filter(|v| *v <= 1 << 63) {
            Some(longer) => value = longer,
            None => break,
        }
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u128
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanos}ns"),
            1_000..1_000_000 => write!(f, "{}\u{b5}s", Decimal(nanos, 3)),
            1_000_000..1_000_000_000 => write!(f, "{}ms", Decimal(nanos, 6)),
            _ => {
                let minutes = self.0.as_secs() / 60;
                let seconds = Decimal(nanos - u128::from(minutes) * 60_000_000_000, 9);
                match (minutes / 60, minutes % 60) {
                    (0, 0) => write!(f, "{seconds}s"),
                    (0, m) => write!(f, "{m}m{seconds}s"),
                    (h, m) => write!(f, "{h}h{m}m{seconds}s"),
                }
            }
        }
    }
}

/// A number with so many decimal places, printed without trailing zeros.
struct Decimal(u128, u32);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10u128.pow(self.1);
        write!(f, "{}", self.0 / scale)?;
        match self.0 % scale {
            0 => Ok(()),
            fraction => {
                let digits = format!("{fraction:0width$}", width = self.1 as usize);
                write!(f, ".{}", digits.trim_end_matches('0'))
            }
        }
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    /// Takes what the schema's pattern lets through. A number too large for Go is cut to [`Duration::MAX`]: the
    /// pattern does not stop it, and one object that cannot be read would end the watch on all objects of its kind.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        match text.parse() {
            Err(ParseDurationError::TooLong(_)) => Ok(Self::MAX),
            other => other.map_err(de::Error::custom),
        }
    }
}

impl schemars::JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}
