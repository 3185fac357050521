//! Writing times by layout.

use super::civil::{MONTHS, WEEKDAYS, weekday, year_day};
use super::layout::{Chunk, Element, Offset, next_chunk};
use super::time::{Time, Wall};

/// The time as the layout writes it.
pub(super) fn format(time: &Time, layout: &[u8]) -> Vec<u8> {
    let wall = time.wall();
    let (mut out, mut rest) = (Vec::with_capacity(layout.len() + 8), layout);
    loop {
        let Chunk { prefix, element, rest: after, .. } = next_chunk(rest);
        out.extend_from_slice(prefix);
        let Some(element) = element else { return out };
        out.extend_from_slice(write(element, &wall, time.nanos).as_bytes());
        rest = after;
    }
}

fn write(element: Element, wall: &Wall, nanos: i64) -> String {
    let name = |names: &[&'static str], index: i64| usize::try_from(index).ok().and_then(|i| names.get(i).copied()).unwrap_or_default();
    let month = name(&MONTHS, wall.date.month - 1);
    let day_name = name(&WEEKDAYS, weekday(wall.days));
    let hour12 = (wall.hour + 11) % 12 + 1;
    match element {
        Element::Year => format!("{:02}", wall.date.year.unsigned_abs() % 100),
        Element::LongYear if wall.date.year < 0 => format!("-{:04}", wall.date.year.unsigned_abs()),
        Element::LongYear => format!("{:04}", wall.date.year),
        Element::LongMonth => month.to_owned(),
        Element::Month => month.chars().take(3).collect(),
        Element::NumMonth => wall.date.month.to_string(),
        Element::ZeroMonth => format!("{:02}", wall.date.month),
        Element::LongWeekday => day_name.to_owned(),
        Element::Weekday => day_name.chars().take(3).collect(),
        Element::Day => wall.date.day.to_string(),
        Element::UnderDay => format!("{:2}", wall.date.day),
        Element::ZeroDay => format!("{:02}", wall.date.day),
        Element::UnderYearDay => format!("{:3}", year_day(wall.date)),
        Element::ZeroYearDay => format!("{:03}", year_day(wall.date)),
        Element::Hour => format!("{:02}", wall.hour),
        Element::Hour12 => hour12.to_string(),
        Element::ZeroHour12 => format!("{hour12:02}"),
        Element::Minute => wall.minute.to_string(),
        Element::ZeroMinute => format!("{:02}", wall.minute),
        Element::Second => wall.second.to_string(),
        Element::ZeroSecond => format!("{:02}", wall.second),
        Element::HalfDay { upper } => match (upper, wall.hour >= 12) {
            (true, true) => "PM",
            (true, false) => "AM",
            (false, true) => "pm",
            (false, false) => "am",
        }
        .to_owned(),
        Element::ZoneName if wall.zone_name.is_empty() => {
            offset(wall.offset, Offset { z: false, colon: false, minutes: true, seconds: false })
        }
        Element::ZoneName => wall.zone_name.clone(),
        Element::Offset(form) => offset(wall.offset, form),
        Element::Fraction { digits, trim, separator } => fraction(nanos, digits, trim, separator),
    }
}

fn offset(seconds: i64, form: Offset) -> String {
    if form.z && seconds == 0 {
        return "Z".to_owned();
    }
    // The sign is that of the whole minutes, as in the original.
    let sign = if seconds / 60 < 0 { '-' } else { '+' };
    let colon = if form.colon { ":" } else { "" };
    let absolute = seconds.abs();
    let mut out = format!("{sign}{:02}", absolute / 3600);
    if form.minutes {
        out.push_str(&format!("{colon}{:02}", absolute / 60 % 60));
    }
    if form.seconds {
        out.push_str(&format!("{colon}{:02}", absolute % 60));
    }
    out
}

fn fraction(nanos: i64, digits: usize, trim: bool, separator: u8) -> String {
    let mut text = format!("{nanos:09}");
    // More digits than nanoseconds have are zeros.
    text.extend(std::iter::repeat_n('0', digits.saturating_sub(9)));
    text.truncate(digits);
    let text = if trim { text.trim_end_matches('0') } else { &text };
    if text.is_empty() && trim { String::new() } else { format!("{}{text}", char::from(separator)) }
}
