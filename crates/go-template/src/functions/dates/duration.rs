//! Go's `time.Duration`: nanoseconds, and the text form `1h30m0.5s`.

use std::fmt;

use thiserror::Error;

use super::layout::quote;

/// Nanoseconds of a second.
pub(super) const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// A span of time in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Duration(pub(super) i64);

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum DurationError {
    #[error("time: invalid duration {0}")]
    Invalid(String),
    #[error("time: missing unit in duration {0}")]
    MissingUnit(String),
    #[error("time: unknown unit {0} in duration {1}")]
    UnknownUnit(String, String),
}

impl From<DurationError> for crate::error::CallError {
    fn from(error: DurationError) -> Self {
        Self::new(error.to_string())
    }
}

/// The most that the sum of parts may be: the magnitude of the least duration.
const MOST: u64 = 1 << 63;

impl Duration {
    /// Parses a sequence of numbers with units: `-1.5h`, `1h30m`, `300ms`.
    pub(super) fn parse(text: &[u8]) -> Result<Self, DurationError> {
        let invalid = || DurationError::Invalid(quote(text));
        let (negative, mut rest) = match text.split_first() {
            Some((b'-', rest)) => (true, rest),
            Some((b'+', rest)) => (false, rest),
            _ => (false, text),
        };
        if rest == b"0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let part = part(&mut rest, text)?;
            total = total.checked_add(part).filter(|t| *t <= MOST).ok_or_else(invalid)?;
        }
        match (negative, i64::try_from(total)) {
            (true, _) => Ok(Self(0i64.wrapping_sub_unsigned(total))),
            (false, Ok(nanos)) => Ok(Self(nanos)),
            (false, Err(_)) => Err(invalid()),
        }
    }

    /// The nearest multiple, halves away from zero.
    pub(super) fn round(self, multiple: Duration) -> Self {
        if multiple.0 <= 0 {
            return self;
        }
        let (nanos, unit) = (i128::from(self.0), i128::from(multiple.0));
        let rounded = (nanos.abs() * 2 + unit) / (unit * 2) * unit * nanos.signum();
        Self(i64::try_from(rounded).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }

    /// The number of the largest unit that is exceeded: `3mo`, `2h`, `0s`.
    pub(super) fn in_largest_unit(self) -> String {
        const DAY: i64 = 24 * HOUR;
        const UNITS: [(i64, &str); 6] = [(365 * DAY, "y"), (30 * DAY, "mo"), (DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")];
        let nanos = self.0.unsigned_abs();
        UNITS
            .iter()
            .find(|(unit, _)| nanos > unit.unsigned_abs())
            .map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", nanos / unit.unsigned_abs()))
    }
}

/// Takes one number with its unit from the front of `rest`.
fn part(rest: &mut &[u8], whole: &[u8]) -> Result<u64, DurationError> {
    let invalid = || DurationError::Invalid(quote(whole));
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let int_len = digits(rest);
    let (int, after) = rest.split_at(int_len);
    let int = int.iter().try_fold(0u64, |n, b| n.checked_mul(10)?.checked_add(u64::from(b - b'0')).filter(|n| *n <= MOST));
    let fraction_len = after.strip_prefix(b".").map(digits);
    if int_len == 0 && fraction_len.unwrap_or(0) == 0 {
        return Err(invalid());
    }
    let int = int.ok_or_else(invalid)?;
    let (fraction, after) = match fraction_len {
        Some(len) => (&after[1..=len], &after[1 + len..]),
        None => (&after[..0], after),
    };
    let unit_len = after.iter().take_while(|b| **b != b'.' && !b.is_ascii_digit()).count();
    if unit_len == 0 {
        return Err(DurationError::MissingUnit(quote(whole)));
    }
    let (unit, after) = after.split_at(unit_len);
    let unit = match unit {
        b"ns" => 1,
        b"us" | [0xc2, 0xb5, b's'] | [0xce, 0xbc, b's'] => 1_000,
        b"ms" => 1_000_000,
        b"s" => SECOND.unsigned_abs(),
        b"m" => MINUTE.unsigned_abs(),
        b"h" => HOUR.unsigned_abs(),
        other => return Err(DurationError::UnknownUnit(quote(other), quote(whole))),
    };
    *rest = after;
    let whole_units = int.checked_mul(unit).filter(|n| *n <= MOST).ok_or_else(invalid)?;
    Ok(whole_units + scaled_fraction(fraction, unit))
}

/// The nanoseconds of the digits behind the point, by the original's floating-point arithmetic. Digits beyond 63 bits
/// do not count.
fn scaled_fraction(digits: &[u8], unit: u64) -> u64 {
    let (mut value, mut scale) = (0u64, 1f64);
    for digit in digits {
        if value > (MOST - 1) / 10 {
            break;
        }
        value = value * 10 + u64::from(digit - b'0');
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let second = SECOND.unsigned_abs();
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanos}ns"),
            1_000..1_000_000 => write!(f, "{}µs", decimal(nanos, 3)),
            n if n < second => write!(f, "{}ms", decimal(nanos, 6)),
            _ => {
                let seconds = nanos / second;
                let rest = decimal(seconds % 60 * second + nanos % second, 9);
                match (seconds / 3600, seconds / 60 % 60) {
                    (0, 0) => write!(f, "{rest}s"),
                    (0, minutes) => write!(f, "{minutes}m{rest}s"),
                    (hours, minutes) => write!(f, "{hours}h{minutes}m{rest}s"),
                }
            }
        }
    }
}

/// A number of units of 10^-places, without trailing zeros.
fn decimal(n: u64, places: usize) -> String {
    let divisor = 10u64.pow(places as u32);
    let fraction = format!("{:0places$}", n % divisor);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { (n / divisor).to_string() } else { format!("{}.{fraction}", n / divisor) }
}
