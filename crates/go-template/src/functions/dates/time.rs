//! A moment with its time zone.

use std::time::UNIX_EPOCH;

use crate::context::Context;

use super::civil::{DAY, Date, date_of, days_of};
use super::duration::{Duration, SECOND};
use super::zone::Zone;

/// Go's `time.Time`.
#[derive(Debug, Clone)]
pub(super) struct Time {
    /// Seconds since 1970.
    pub(super) seconds: i64,
    /// Below one second.
    pub(super) nanos: i64,
    pub(super) zone: Zone,
    /// Whether the time is a reading of the clock (`now`), which its printed form shows.
    pub(super) clock: bool,
}

/// What a clock on the wall shows.
#[derive(Debug, Clone)]
pub(super) struct Wall {
    pub(super) date: Date,
    /// Days since 1970.
    pub(super) days: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) zone_name: String,
    /// Seconds east of UTC.
    pub(super) offset: i64,
}

impl Time {
    /// January 1 of the year 1, Go's zero time.
    pub(super) const ZERO: Self = Self { seconds: -62_135_596_800, nanos: 0, zone: Zone::Utc, clock: false };

    pub(super) fn unix(seconds: i64, nanos: i64, zone: Zone) -> Self {
        let seconds = seconds.wrapping_add(nanos.div_euclid(SECOND));
        Self { seconds, nanos: nanos.rem_euclid(SECOND), zone, clock: false }
    }

    /// The host's clock in the local zone.
    pub(super) fn now(ctx: &Context<'_>) -> Self {
        let (seconds, nanos) = match ctx.host().now().duration_since(UNIX_EPOCH) {
            Ok(since) => (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), i64::from(since.subsec_nanos())),
            Err(before) => {
                let before: std::time::Duration = before.duration();
                (-i64::try_from(before.as_secs()).unwrap_or(i64::MAX), -i64::from(before.subsec_nanos()))
            }
        };
        Self { clock: true, ..Self::unix(seconds, nanos, Zone::local(ctx)) }
    }

    /// The same moment elsewhere.
    pub(super) fn in_zone(&self, zone: Zone) -> Self {
        Self { zone, clock: false, ..self.clone() }
    }

    pub(super) fn wall(&self) -> Wall {
        let (zone_name, offset) = self.zone.at(self.seconds);
        let local = self.seconds.wrapping_add(offset);
        let (days, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        Wall { date: date_of(days), days, hour: second / 3600, minute: second / 60 % 60, second: second % 60, zone_name, offset }
    }

    /// The moment at which a wall clock in `zone` shows this; parts beyond their ranges carry over.
    pub(super) fn at(date: Date, second_of_day: i64, nanos: i64, zone: Zone) -> Self {
        let wall = days_of(date.year, date.month, date.day).wrapping_mul(DAY).wrapping_add(second_of_day);
        Self::unix(zone.unix_of_wall(wall), nanos, zone)
    }

    pub(super) fn add(&self, by: Duration) -> Self {
        let nanos = self.nanos + by.0 % SECOND;
        let moved = Self::unix(self.seconds.wrapping_add(by.0 / SECOND), nanos, self.zone.clone());
        Self { clock: self.clock, ..moved }
    }

    /// The same wall clock time some years, months and days later.
    pub(super) fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let Wall { date, hour, minute, second, .. } = self.wall();
        let date = Date { year: date.year.wrapping_add(years), month: date.month.wrapping_add(months), day: date.day.wrapping_add(days) };
        Self::at(date, hour * 3600 + minute * 60 + second, self.nanos, self.zone.clone())
    }

    /// The span between two times, as far as a duration can be long.
    pub(super) fn since(&self, earlier: &Self) -> Duration {
        let nanos = (i128::from(self.seconds) - i128::from(earlier.seconds)) * i128::from(SECOND) + i128::from(self.nanos - earlier.nanos);
        Duration(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Seconds and nanoseconds, for comparing.
    pub(super) fn key(&self) -> (i64, i64) {
        (self.seconds, self.nanos)
    }
}
