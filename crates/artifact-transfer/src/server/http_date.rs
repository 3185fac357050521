//! HTTP dates, whole seconds, GMT.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const FORMAT: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// The header text of a time.
pub(super) fn format(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let timestamp = jiff::Timestamp::from_second(seconds.try_into().unwrap_or(0)).unwrap_or_default();
    jiff::fmt::strtime::format(FORMAT, &timestamp.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default()
}

/// The time of a header, if it is one.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let time = jiff::fmt::strtime::parse(FORMAT, text.trim()).ok()?.to_datetime().ok()?;
    let seconds = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    Some(UNIX_EPOCH + Duration::from_secs(seconds.try_into().ok()?))
}

/// Without its fraction of a second, as a header carries it.
pub(super) fn whole_seconds(time: SystemTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()))
}
