//! Moments and lengths of time, with the formats of Go.

use jiff::tz::TimeZone;

use super::{Decl, Function, Overload, Run, member};
use crate::budget::Budget;
use crate::error::Cause;
use crate::moment::{Civil, UTC, Zone};
use crate::value::Value;

static OF_TIMESTAMP: [Overload; 2] = [member(&[Decl::Timestamp], Decl::Int), member(&[Decl::Timestamp, Decl::String], Decl::Int)];
static OF_BOTH: [Overload; 3] =
    [member(&[Decl::Timestamp], Decl::Int), member(&[Decl::Timestamp, Decl::String], Decl::Int), member(&[Decl::Duration], Decl::Int)];

pub(super) static FUNCTIONS: &[Function] = &[
    Function { name: "getFullYear", overloads: &OF_TIMESTAMP, run: Run::Values(|_, args| of_date(args, |d| d.year)) },
    Function { name: "getMonth", overloads: &OF_TIMESTAMP, run: Run::Values(|_, args| of_date(args, |d| d.month - 1)) },
    Function { name: "getDayOfYear", overloads: &OF_TIMESTAMP, run: Run::Values(|_, args| of_date(args, |d| d.day_of_year)) },
    Function { name: "getDayOfMonth", overloads: &OF_TIMESTAMP, run: Run::Values(|_, args| of_date(args, |d| d.day - 1)) },
    Function { name: "getDate", overloads: &OF_TIMESTAMP, run: Run::Values(|_, args| of_date(args, |d| d.day)) },
    Function { name: "getDayOfWeek", overloads: &OF_TIMESTAMP, run: Run::Values(|_, args| of_date(args, |d| (d.days + 4).rem_euclid(7))) },
    Function { name: "getHours", overloads: &OF_BOTH, run: Run::Values(|_, args| of_both(args, |t| t.second / 3600, HOUR)) },
    Function { name: "getMinutes", overloads: &OF_BOTH, run: Run::Values(|_, args| of_both(args, |t| t.second / 60 % 60, MINUTE)) },
    Function { name: "getSeconds", overloads: &OF_BOTH, run: Run::Values(|_, args| of_both(args, |t| t.second % 60, SECOND)) },
    Function {
        name: "getMilliseconds",
        overloads: &OF_BOTH,
        run: Run::Values(|_: &Budget, args| of_both(args, |t| i64::from(t.nanos / 1_000_000), MILLISECOND)),
    },
];

const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MILLISECOND;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

fn of_date<'a>(args: &[Value<'a>], part: fn(Civil) -> i64) -> Result<Value<'a>, Cause> {
    match args {
        [Value::Timestamp(time)] => Ok(Value::Int(part(time.in_zone(&UTC)))),
        [Value::Timestamp(time), Value::String(zone)] => Ok(Value::Int(part(time.in_zone(&self::zone(zone)?)))),
        _ => Err(Cause::Overload),
    }
}

/// Of a moment the part of its time of day, of a length of time all of it in this unit.
fn of_both<'a>(args: &[Value<'a>], part: fn(Civil) -> i64, unit: i64) -> Result<Value<'a>, Cause> {
    match args {
        [Value::Duration(nanos)] => Ok(Value::Int(nanos / unit)),
        args => of_date(args, part),
    }
}

/// A time zone: a name, or an offset like `+02:00`.
fn zone(name: &str) -> Result<Zone, Cause> {
    let Some((hours, minutes)) = name.split_once(':') else {
        return match name {
            // A controller's own clock has no other zone.
            "" | "UTC" | "Local" => Ok(UTC),
            name => TimeZone::get(name).map(Zone::Named).map_err(|_| Cause::new(format!("unknown time zone {name}"))),
        };
    };
    let number = |digits: &str| digits.parse::<i32>().ok().map(i64::from);
    let (hours, minutes, west) = (number(hours), number(minutes), hours.starts_with('-'));
    let offset = hours.zip(minutes).map(|(hours, minutes)| hours * 3600 + if west { -minutes } else { minutes } * 60);
    offset.map(Zone::Fixed).ok_or_else(|| Cause::new(format!("invalid time zone offset '{name}': use a form like +02:00")))
}

/// Parses a length of time like `1h30m`, as Go does. In nanoseconds.
pub(super) fn parse_duration(text: &str) -> Option<i64> {
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let (number, behind) = rest.split_at(end);
        let unit_end = behind.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, after) = behind.split_at(unit_end);
        rest = after;
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => MILLISECOND.into(),
            "s" => SECOND.into(),
            "m" => MINUTE.into(),
            "h" => HOUR.into(),
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        // What the digits behind the eighteenth add is less than a nanosecond.
        let digits: String = fraction.chars().take(18).collect();
        let part = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<i64>().ok().map(i128::from) };
        let scale = 10i128.pow(u32::try_from(digits.len()).ok()?);
        total = total.checked_add(part(whole)?.checked_mul(unit)?)?.checked_add(part(&digits)? * unit / scale)?;
        // One more than the greatest number has a negative.
        i64::try_from(total - 1).ok()?;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// A length of time in seconds, like `5400s`.
#[allow(clippy::cast_precision_loss, reason = "as the original")]
pub(crate) fn print_duration(nanos: i64) -> String {
    let seconds = (nanos / SECOND) as f64 + (nanos % SECOND) as f64 / 1e9;
    format!("{seconds}s")
}
