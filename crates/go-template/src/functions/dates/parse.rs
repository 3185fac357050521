//! Reading times by layout.

use thiserror::Error;

use super::civil::{Date, MONTHS, WEEKDAYS, days_in, is_leap};
use super::layout::{Chunk, Element, Offset, next_chunk, quote};
use super::time::Time;
use super::zone::Zone;

/// Why a text is not a time of the layout.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum ParseError {
    #[error("parsing time {value} as {layout}: cannot parse {value_part} as {layout_part}")]
    Mismatch { value: String, layout: String, value_part: String, layout_part: String },
    #[error("parsing time {value}: {problem}")]
    Other { value: String, problem: String },
}

impl From<ParseError> for crate::error::CallError {
    fn from(error: ParseError) -> Self {
        Self::new(error.to_string())
    }
}

/// What is wrong with one element of the text.
enum Bad {
    /// It is not of the element's form.
    Form,
    /// It is a number beyond the element's range.
    Range(&'static str),
}

/// What was read so far.
#[derive(Default)]
struct Parts {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: i64,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i64>,
    zone_name: Option<String>,
}

/// Parses `value` by `layout`; a time without a zone is one of `local`.
pub(super) fn parse(layout: &[u8], value: &[u8], local: &Zone) -> Result<Time, ParseError> {
    let mismatch = |value_part: &[u8], layout_part: &[u8]| ParseError::Mismatch {
        value: quote(value),
        layout: quote(layout),
        value_part: quote(value_part),
        layout_part: quote(layout_part),
    };
    let problem = |problem: String| ParseError::Other { value: quote(value), problem };
    let mut parts = Parts::default();
    let (mut rest_layout, mut rest) = (layout, value);
    loop {
        let Chunk { prefix, element, text, rest: after } = next_chunk(rest_layout);
        skip(&mut rest, prefix).map_err(|at| mismatch(at, prefix))?;
        let Some(element) = element else {
            if !rest.is_empty() {
                return Err(problem(format!("extra text: {}", quote(rest))));
            }
            break;
        };
        rest_layout = after;
        let hold = rest;
        parts.read(element, &mut rest, rest_layout).map_err(|bad| match bad {
            Bad::Form => mismatch(hold, text),
            Bad::Range(what) => problem(format!("{what} out of range")),
        })?;
    }
    parts.finish(local).map_err(|what| problem(what.to_owned()))
}

/// Takes the plain text of the layout from the value; spaces match any number of spaces. The error is where it differs.
fn skip<'v>(value: &mut &'v [u8], mut prefix: &[u8]) -> Result<(), &'v [u8]> {
    let without_spaces = |text: &[u8]| text.iter().take_while(|b| **b == b' ').count();
    while let Some(expected) = prefix.first() {
        if *expected == b' ' {
            if value.first().is_some_and(|b| *b != b' ') {
                return Err(value);
            }
            prefix = &prefix[without_spaces(prefix)..];
            *value = &value[without_spaces(value)..];
        } else if value.first() == Some(expected) {
            (prefix, *value) = (&prefix[1..], &value[1..]);
        } else {
            return Err(value);
        }
    }
    Ok(())
}

impl Parts {
    fn read(&mut self, element: Element, rest: &mut &[u8], layout: &[u8]) -> Result<(), Bad> {
        match element {
            Element::Year => {
                let year = signed(take(rest, 2)?)?;
                self.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Element::LongYear => {
                if !rest.first().is_some_and(u8::is_ascii_digit) {
                    return Err(Bad::Form);
                }
                self.year = signed(take(rest, 4)?)?;
            }
            Element::Month => self.month = Some(name(rest, &MONTHS.map(|m| m.get(..3).unwrap_or(m)))? + 1),
            Element::LongMonth => self.month = Some(name(rest, &MONTHS)? + 1),
            Element::NumMonth | Element::ZeroMonth => {
                let month = number(rest, element == Element::ZeroMonth)?;
                self.month = Some(in_range(month, 1..13, "month")?);
            }
            Element::Weekday => _ = name(rest, &WEEKDAYS.map(|d| d.get(..3).unwrap_or(d)))?,
            Element::LongWeekday => _ = name(rest, &WEEKDAYS)?,
            Element::Day | Element::UnderDay | Element::ZeroDay => {
                if element == Element::UnderDay {
                    *rest = rest.strip_prefix(b" ").unwrap_or(rest);
                }
                self.day = Some(number(rest, element == Element::ZeroDay)?);
            }
            Element::UnderYearDay | Element::ZeroYearDay => {
                if element == Element::UnderYearDay {
                    *rest = rest.strip_prefix(b" ").unwrap_or(rest);
                    *rest = rest.strip_prefix(b" ").unwrap_or(rest);
                }
                let len = rest.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
                if len == 0 || element == Element::ZeroYearDay && len != 3 {
                    return Err(Bad::Form);
                }
                self.year_day = Some(signed(take(rest, len)?)?);
            }
            Element::Hour => self.hour = in_range(number(rest, false)?, 0..24, "hour")?,
            Element::Hour12 => self.hour = in_range(number(rest, false)?, 0..13, "hour")?,
            Element::ZeroHour12 => self.hour = in_range(number(rest, true)?, 0..13, "hour")?,
            Element::Minute | Element::ZeroMinute => {
                self.minute = in_range(number(rest, element == Element::ZeroMinute)?, 0..60, "minute")?;
            }
            Element::Second | Element::ZeroSecond => {
                self.second = in_range(number(rest, element == Element::ZeroSecond)?, 0..60, "second")?;
                self.unasked_fraction(rest, layout)?;
            }
            Element::HalfDay { upper } => {
                self.afternoon = Some(match (upper, take(rest, 2)?) {
                    (true, b"PM") | (false, b"pm") => true,
                    (true, b"AM") | (false, b"am") => false,
                    _ => return Err(Bad::Form),
                });
            }
            Element::Offset(form) => self.read_offset(rest, form)?,
            Element::ZoneName => {
                if let Some(after) = rest.strip_prefix(b"UTC") {
                    (self.utc, *rest) = (true, after);
                } else {
                    let len = zone_name_len(rest).ok_or(Bad::Form)?;
                    self.zone_name = Some(String::from_utf8_lossy(take(rest, len)?).into_owned());
                }
            }
            Element::Fraction { digits, trim: false, .. } => self.nanos = nanoseconds(take(rest, 1 + digits)?)?,
            Element::Fraction { trim: true, .. } => {
                if let Some(len) = fraction_len(rest) {
                    self.nanos = nanoseconds(take(rest, len)?)?;
                }
            }
        }
        Ok(())
    }

    /// A fraction behind the seconds is read although the layout has none there.
    fn unasked_fraction(&mut self, rest: &mut &[u8], layout: &[u8]) -> Result<(), Bad> {
        let asked = matches!(next_chunk(layout).element, Some(Element::Fraction { .. }));
        if let Some(len) = fraction_len(rest).filter(|_| !asked) {
            self.nanos = nanoseconds(take(rest, len)?)?;
        }
        Ok(())
    }

    fn read_offset(&mut self, rest: &mut &[u8], form: Offset) -> Result<(), Bad> {
        if let Some(after) = rest.strip_prefix(b"Z").filter(|_| form.z) {
            (self.utc, *rest) = (true, after);
            return Ok(());
        }
        let text = take(rest, form.len())?;
        let mut fields = [0; 3];
        let mut at = 1;
        let mut well_formed = true;
        for (i, present) in [true, form.minutes, form.seconds].into_iter().enumerate() {
            if !present {
                break;
            }
            if i > 0 && form.colon {
                if text.get(at) != Some(&b':') {
                    return Err(Bad::Form);
                }
                at += 1;
            }
            let mut digits = text.get(at..at + 2).ok_or(Bad::Form)?;
            // Go looks at the ranges of what it could read before it says that the rest is malformed.
            match number(&mut digits, true) {
                Ok(field) if well_formed => fields[i] = field,
                Ok(_) => {}
                Err(_) => well_formed = false,
            }
            at += 2;
        }
        let [hours, minutes, seconds] = fields;
        in_range(hours, 0..25, "time zone offset hour")?;
        in_range(minutes, 0..61, "time zone offset minute")?;
        in_range(seconds, 0..61, "time zone offset second")?;
        if !well_formed {
            return Err(Bad::Form);
        }
        let offset = (hours * 60 + minutes) * 60 + seconds;
        self.offset = Some(match text.first() {
            Some(b'+') => offset,
            Some(b'-') => -offset,
            _ => return Err(Bad::Form),
        });
        Ok(())
    }

    fn finish(mut self, local: &Zone) -> Result<Time, &'static str> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        self.apply_year_day()?;
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if day < 1 || day > days_in(month, self.year) {
            return Err("day out of range");
        }
        let second = (self.hour * 60 + self.minute) * 60 + self.second;
        let at = |zone: Zone| Time::at(Date { year: self.year, month, day }, second, self.nanos, zone);
        if self.utc {
            return Ok(at(Zone::Utc));
        }
        let name = self.zone_name.as_deref().unwrap_or_default();
        if let Some(offset) = self.offset {
            let fixed = at(Zone::Fixed(name.into(), offset));
            let (local_name, local_offset) = local.at(fixed.seconds);
            let is_local = local_offset == offset && (name.is_empty() || name == local_name);
            return Ok(if is_local { fixed.in_zone(local.clone()) } else { fixed });
        }
        if name.is_empty() {
            return Ok(at(local.clone()));
        }
        let as_utc = at(Zone::Utc);
        if let Some(offset) = local.offset_of_name(name, as_utc.seconds) {
            return Ok(Time::unix(as_utc.seconds - offset, self.nanos, local.clone()));
        }
        // An unknown abbreviation has no known offset, but for `GMT+3`.
        let hours = name.strip_prefix("GMT").and_then(|h| h.parse::<i64>().ok()).unwrap_or(0);
        Ok(at(Zone::Fixed(name.into(), hours * 3600)))
    }

    /// Turns a day of the year into month and day, which must agree with those that were read.
    fn apply_year_day(&mut self) -> Result<(), &'static str> {
        let Some(year_day) = self.year_day else { return Ok(()) };
        if year_day < 1 || year_day > 365 + i64::from(is_leap(self.year)) {
            return Err("day-of-year out of range");
        }
        let (mut month, mut day) = (1, year_day);
        while day > days_in(month, self.year) {
            day -= days_in(month, self.year);
            month += 1;
        }
        if self.month.replace(month).is_some_and(|m| m != month) {
            return Err("day-of-year does not match month");
        }
        if self.day.replace(day).is_some_and(|d| d != day) {
            return Err("day-of-year does not match day");
        }
        Ok(())
    }
}

fn take<'v>(rest: &mut &'v [u8], len: usize) -> Result<&'v [u8], Bad> {
    let (head, tail) = rest.split_at_checked(len).ok_or(Bad::Form)?;
    *rest = tail;
    Ok(head)
}

fn in_range(number: i64, range: std::ops::Range<i64>, what: &'static str) -> Result<i64, Bad> {
    if range.contains(&number) { Ok(number) } else { Err(Bad::Range(what)) }
}

/// A number of one or two digits; of exactly two if `fixed`.
fn number(rest: &mut &[u8], fixed: bool) -> Result<i64, Bad> {
    let len = rest.iter().take(2).take_while(|b| b.is_ascii_digit()).count();
    if len == 0 || fixed && len == 1 {
        return Err(Bad::Form);
    }
    signed(take(rest, len)?)
}

/// A number that may have a sign.
fn signed(text: &[u8]) -> Result<i64, Bad> {
    std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).ok_or(Bad::Form)
}

/// One of the names, in any case; answers its index.
fn name(rest: &mut &[u8], names: &[&str]) -> Result<i64, Bad> {
    let starts = |name: &&str| rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name.as_bytes()));
    let index = names.iter().position(starts).ok_or(Bad::Form)?;
    take(rest, names[index].len())?;
    i64::try_from(index).map_err(|_| Bad::Form)
}

/// The length of a separator with digits behind it.
fn fraction_len(text: &[u8]) -> Option<usize> {
    let (separator, rest) = text.split_first()?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    (matches!(separator, b'.' | b',') && digits > 0).then_some(1 + digits)
}

/// The nanoseconds of a separator and digits, of which nine count.
fn nanoseconds(text: &[u8]) -> Result<i64, Bad> {
    if !matches!(text.first(), Some(b'.' | b',')) {
        return Err(Bad::Form);
    }
    let digits = &text[1..text.len().min(10)];
    let number = signed(digits)?;
    if number < 0 {
        return Err(Bad::Range("fractional second"));
    }
    Ok(digits.len().checked_sub(9).map_or_else(|| number * 10i64.pow(9 - digits.len() as u32), |_| number))
}

/// The length of a time zone abbreviation at the start of the text.
fn zone_name_len(text: &[u8]) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_offset_len(rest).unwrap_or(0));
    }
    if matches!(text[0], b'+' | b'-') {
        return signed_offset_len(text);
    }
    match text.iter().take(6).take_while(|b| b.is_ascii_uppercase()).count() {
        5 if text[4] == b'T' => Some(5),
        4 if text[3] == b'T' || text.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of a sign and an hour below 24.
fn signed_offset_len(text: &[u8]) -> Option<usize> {
    let (sign, rest) = text.split_first()?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let hour: u64 = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    (matches!(sign, b'+' | b'-') && hour <= 23).then_some(1 + digits)
}
