//! Moments, in the years 1 to 9999.

use std::cmp::Ordering;
use std::fmt;

use jiff::tz::TimeZone;

const DAY: i64 = 86_400;

/// A moment. It prints in UTC.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Seconds since 1970.
    seconds: i64,
    /// Nanoseconds after that, less than a second.
    nanos: u32,
    /// Seconds east of UTC of the clock that it was read from. It makes no difference but in [`Moment::as_read`].
    east: i64,
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.seconds, self.nanos).cmp(&(other.seconds, other.nanos))
    }
}

/// Where a clock stands.
#[derive(Debug)]
pub(crate) enum Zone {
    /// So many seconds east of UTC.
    Fixed(i64),
    /// By the rules of a place.
    Named(TimeZone),
}

/// UTC.
pub(crate) const UTC: Zone = Zone::Fixed(0);

impl Moment {
    /// A moment so many seconds and nanoseconds after 1970. `None` if it is out of range.
    #[must_use]
    pub fn new(seconds: i64, nanos: i64) -> Option<Self> {
        const SECOND: i64 = 1_000_000_000;
        let seconds = seconds.checked_add(nanos.div_euclid(SECOND))?;
        let nanos = u32::try_from(nanos.rem_euclid(SECOND)).ok()?;
        (-62_135_596_800..=253_402_300_799).contains(&seconds).then_some(Self { seconds, nanos, east: 0 })
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// The moment a length of time later, in nanoseconds.
    pub(crate) fn later(self, nanos: i64) -> Option<Self> {
        let moved = Self::new(self.seconds, i64::from(self.nanos).checked_add(nanos)?)?;
        Some(Self { east: self.east, ..moved })
    }

    /// The time since another moment, in nanoseconds. `None` if it is too long.
    pub(crate) fn since(self, earlier: Self) -> Option<i64> {
        let seconds = self.seconds - earlier.seconds;
        seconds.checked_mul(1_000_000_000)?.checked_add(i64::from(self.nanos) - i64::from(earlier.nanos))
    }

    /// Date and time of day in a zone.
    pub(crate) fn in_zone(self, zone: &Zone) -> Civil {
        let east = match zone {
            Zone::Fixed(east) => *east,
            Zone::Named(zone) => {
                let near = jiff::Timestamp::from_second(self.seconds).unwrap_or(jiff::Timestamp::MAX);
                zone.to_offset(near).seconds().into()
            }
        };
        let local = self.seconds + east;
        let days = local.div_euclid(DAY);
        let (year, month, day) = date(days);
        Civil { year, month, day, day_of_year: days - days_before(year, 1, 1), days, second: local.rem_euclid(DAY), nanos: self.nanos }
    }

    /// Parses RFC 3339, in the exact form that Go's `time` demands. `Err(true)`: the form is right, but not the range.
    pub(crate) fn parse(text: &str) -> Result<Self, bool> {
        let (seconds, nanos, east) = parse(text).ok_or(false)?;
        Self::new(seconds, nanos).map(|moment| Self { east, ..moment }).ok_or(true)
    }

    /// In RFC 3339, with the offset from UTC that it was read with.
    pub(crate) fn as_read(self) -> String {
        let minutes = self.east.abs() / 60;
        match self.east {
            0 => format!("{}Z", self.wall()),
            east => format!("{}{}{:02}:{:02}", self.wall(), if east < 0 { '-' } else { '+' }, minutes / 60, minutes % 60),
        }
    }

    /// What the clock shows that it was read from.
    fn wall(self) -> String {
        let Civil { year, month, day, second, .. } = self.in_zone(&Zone::Fixed(self.east));
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut wall = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if self.nanos > 0 {
            wall += format!(".{:09}", self.nanos).trim_end_matches('0');
        }
        wall
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self { east: 0, ..*self }.as_read())
    }
}

/// Date and time of day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// From 1.
    pub(crate) month: i64,
    /// From 1.
    pub(crate) day: i64,
    /// From 0.
    pub(crate) day_of_year: i64,
    /// Days since 1970.
    pub(crate) days: i64,
    /// Of the day.
    pub(crate) second: i64,
    pub(crate) nanos: u32,
}

/// Days from 1970 to a date of the Gregorian calendar, with years that begin in March.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of so many days after 1970.
fn date(days: i64) -> (i64, i64, i64) {
    let year = 1970 + if days < 0 { days.div_euclid(365) } else { days / 366 };
    // The guess is early by some years at most.
    let year = (year..).find(|year| days < days_before(year + 1, 1, 1)).unwrap_or(year);
    let month = (1..=12).rev().find(|month| days >= days_before(year, *month, 1)).unwrap_or(1);
    (year, month, days - days_before(year, month, 1) + 1)
}

/// Seconds since 1970, nanoseconds after that, and seconds east of UTC.
fn parse(text: &str) -> Option<(i64, i64, i64)> {
    let mut scan = Scan { rest: text.as_bytes() };
    let year = scan.digits(4)?;
    scan.byte(b"-")?;
    let month = scan.digits(2).filter(|month| (1..=12).contains(month))?;
    scan.byte(b"-")?;
    let day = scan.digits(2).filter(|day| *day >= 1)?;
    scan.byte(b"T")?;
    let hour = scan.digits(2).filter(|hour| *hour < 24)?;
    scan.byte(b":")?;
    let minute = scan.digits(2).filter(|minute| *minute < 60)?;
    scan.byte(b":")?;
    let second = scan.digits(2).filter(|second| *second < 60)?;
    let nanos = scan.fraction()?;
    let east = match scan.byte(b"Z+-")? {
        b'Z' => 0,
        sign => {
            let hours = scan.digits(2).filter(|hours| *hours <= 24)?;
            scan.byte(b":")?;
            let minutes = scan.digits(2).filter(|minutes| *minutes <= 60)?;
            (hours * 3600 + minutes * 60) * if sign == b'-' { -1 } else { 1 }
        }
    };
    let days = days_before(year, month, day);
    let exists = date(days) == (year, month, day);
    (exists && scan.rest.is_empty()).then_some((days * DAY + hour * 3600 + minute * 60 + second - east, nanos, east))
}

struct Scan<'t> {
    rest: &'t [u8],
}

impl Scan<'_> {
    fn byte(&mut self, one_of: &[u8]) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        one_of.contains(first).then_some(*first)
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        digits.iter().try_fold(0, |n, d| d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0')))
    }

    /// Nanoseconds, behind a point or a comma; further digits say nothing. Nothing at all is zero.
    fn fraction(&mut self) -> Option<i64> {
        if !matches!(self.rest.first(), Some(b'.' | b',')) {
            return Some(0);
        }
        self.byte(b".,")?;
        let count = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        let nanos = (0..9).fold(0, |n, place| n * 10 + digits.get(place).map_or(0, |d| i64::from(d - b'0')));
        (count > 0).then_some(nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RT-60: moments print as they are read, over the whole range.
    #[test]
    fn round_trip() {
        for text in [
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999999Z",
            "2000-02-29T12:00:00Z",
            "2023-12-31T00:00:00.5Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(Moment::parse(text).map(|m| m.to_string()), Ok(text.to_owned()));
        }
        for bad in ["2023-02-29T00:00:00Z", "2024-01-01", "2024-01-01T00:00:60Z", "2024-1-01T00:00:00Z", "2024-01-01T00:00:00"] {
            assert_eq!(Moment::parse(bad), Err(false), "{bad}");
        }
        assert_eq!(Moment::parse("9999-12-31T23:59:59-01:00"), Err(true));
        let read = Moment::parse("2024-03-01T01:30:00.5+02:30").unwrap();
        assert_eq!((read.as_read().as_str(), read.to_string().as_str()), ("2024-03-01T01:30:00.5+02:30", "2024-02-29T23:00:00.5Z"));
    }
}
