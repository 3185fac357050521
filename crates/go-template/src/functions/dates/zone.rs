//! Time zones by name. The rules come with the program, so that a render answers the same on every machine.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::context::Context;

/// A location as Go's `time` knows it.
#[derive(Debug, Clone)]
pub(super) enum Zone {
    Utc,
    /// A zone of the database.
    Named(TimeZone),
    /// An offset in seconds, with a name that may be empty.
    Fixed(Box<str>, i64),
}

/// Seconds in 400 years of the Gregorian calendar, after which its days of the week repeat.
const ERA: i64 = 146_097 * 86_400;

/// The last second for which zone rules are asked directly: the end of the year 9000.
const LAST: i64 = 221_875_200_000;

impl Zone {
    /// The zone of the process.
    pub(super) fn local(ctx: &Context<'_>) -> Self {
        Self::by_name(ctx.host().local_zone()).unwrap_or(Self::Utc)
    }

    /// Go's `LoadLocation`: `Local`, `UTC` (or nothing), or a name of the database in its own spelling.
    pub(super) fn load(ctx: &Context<'_>, name: &str) -> Option<Self> {
        if name == "Local" { Some(Self::local(ctx)) } else { Self::by_name(name) }
    }

    fn by_name(name: &str) -> Option<Self> {
        static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
        match name {
            "" | "UTC" => Some(Self::Utc),
            name => DATABASE.get(name).ok().filter(|tz| tz.iana_name() == Some(name)).map(Self::Named),
        }
    }

    /// The name that `Location` prints.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Named(tz) => tz.iana_name().unwrap_or("Local"),
            Self::Fixed(name, _) => name,
        }
    }

    /// Abbreviation and offset in seconds at a moment.
    pub(super) fn at(&self, unix: i64) -> (String, i64) {
        match self {
            Self::Utc => ("UTC".to_owned(), 0),
            Self::Fixed(name, offset) => (name.to_string(), *offset),
            Self::Named(tz) => {
                let near = if unix > LAST { LAST - ERA + (unix - LAST).rem_euclid(ERA) } else { unix };
                let timestamp = Timestamp::from_second(near).unwrap_or(Timestamp::MIN);
                let info = tz.to_offset_info(timestamp);
                (info.abbreviation().to_owned(), i64::from(info.offset().seconds()))
            }
        }
    }

    /// Seconds since 1970 of a wall clock time, given as if it were UTC.
    pub(super) fn unix_of_wall(&self, wall: i64) -> i64 {
        let guess = self.at(wall).1;
        if guess == 0 {
            return wall;
        }
        wall.wrapping_sub(self.at(wall.wrapping_sub(guess)).1)
    }

    /// The offset under an abbreviation around a wall clock time, if the zone knows it.
    pub(super) fn offset_of_name(&self, abbreviation: &str, wall: i64) -> Option<i64> {
        const HALF_YEAR: i64 = 182 * 86_400;
        [0, HALF_YEAR, -HALF_YEAR]
            .iter()
            .map(|shift| self.at(wall + shift))
            .find(|(name, _)| name == abbreviation)
            .map(|(_, offset)| offset)
    }
}
