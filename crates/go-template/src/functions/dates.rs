//! Dates and durations, with Go's reference layouts.

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Type, Value};

use super::cast::parse_int_lossy;
use duration::{Duration, SECOND};
use object::{PARAMETER as TIME, TimeObject, of_value};
use time::Time;
use zone::Zone;

mod civil;
mod duration;
mod format;
mod layout;
mod object;
mod parse;
mod time;
mod zone;

const ANY: Type = Type::Any;
const S: Type = Type::String;
const HTML_DATE: &[u8] = b"2006-01-02";

/// The functions of this module.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("now", &[], |ctx, _| Ok(TimeObject::value(Time::now(ctx)))),
    Function::new("date", &[S, ANY], |ctx, a| Ok(in_zone(ctx, a.bytes(0), a.value(1), "Local"))),
    Function::new("dateInZone", &[S, ANY, S], |ctx, a| Ok(in_zone(ctx, a.bytes(0), a.value(1), &a.text(2)))),
    Function::new("date_in_zone", &[S, ANY, S], |ctx, a| Ok(in_zone(ctx, a.bytes(0), a.value(1), &a.text(2)))),
    Function::new("htmlDate", &[ANY], |ctx, a| Ok(in_zone(ctx, HTML_DATE, a.value(0), "Local"))),
    Function::new("htmlDateInZone", &[ANY, S], |ctx, a| Ok(in_zone(ctx, HTML_DATE, a.value(0), &a.text(1)))),
    Function::new("toDate", &[S, S], |ctx, a| Ok(TimeObject::value(parsed(ctx, a).unwrap_or(Time::ZERO)))),
    Function::new("mustToDate", &[S, S], |ctx, a| Ok(TimeObject::value(parsed(ctx, a)?))),
    Function::new("dateModify", &[S, TIME], |_, a| Ok(modified(a).unwrap_or_else(|_| a.value(1).clone()))),
    Function::new("date_modify", &[S, TIME], |_, a| Ok(modified(a).unwrap_or_else(|_| a.value(1).clone()))),
    Function::new("mustDateModify", &[S, TIME], |_, a| modified(a)),
    Function::new("must_date_modify", &[S, TIME], |_, a| modified(a)),
    Function::new("unixEpoch", &[TIME], |_, a| Ok(of_value(a.value(0)).map_or(0, |t| t.seconds).to_string().into())),
    Function::new("ago", &[ANY], ago),
    Function::new("duration", &[ANY], duration),
    Function::new("durationRound", &[ANY], duration_round),
];

/// A time, or seconds since 1970 of type `int`, `int32` or `int64`; everything else is now.
fn in_zone(ctx: &Context<'_>, layout: &[u8], date: &Value, zone: &str) -> Value {
    let time = match (of_value(date), date) {
        (Some(time), _) => time.clone(),
        (None, Value::Int(s) | Value::Int64(s) | Value::Sint(crate::value::Kind::Int32, s)) => Time::unix(*s, 0, Zone::Utc),
        _ => Time::now(ctx),
    };
    let zone = Zone::load(ctx, zone).unwrap_or(Zone::Utc);
    Value::string(format::format(&time.in_zone(zone), layout))
}

fn parsed(ctx: &Context<'_>, args: &Args<'_>) -> Result<Time, CallError> {
    Ok(parse::parse(args.bytes(0), args.bytes(1), &Zone::local(ctx))?)
}

fn modified(args: &Args<'_>) -> Result<Value, CallError> {
    let by = Duration::parse(args.bytes(0))?;
    let time = of_value(args.value(1)).ok_or(super::NIL_DEREFERENCE)?;
    Ok(TimeObject::value(time.add(by)))
}

/// The time since a date, in whole seconds.
fn ago(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let now = Time::now(ctx);
    let time = match (of_value(args.value(0)), args.value(0)) {
        (Some(time), _) => time.clone(),
        (None, Value::Int(s) | Value::Int64(s)) => Time::unix(*s, 0, Zone::Utc),
        _ => now.clone(),
    };
    Ok(now.since(&time).round(Duration(SECOND)).to_string().into())
}

fn duration(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let seconds = match args.value(0) {
        Value::String(s) => parse_int_lossy(&s.to_text(), 10),
        Value::Int64(s) => *s,
        _ => 0,
    };
    Ok(Duration(seconds.wrapping_mul(SECOND)).to_string().into())
}

fn duration_round(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let span = match (args.value(0), of_value(args.value(0))) {
        (_, Some(time)) => Time::now(ctx).since(time),
        (Value::String(s), _) => Duration::parse(s.as_bytes()).unwrap_or(Duration(0)),
        (Value::Int64(nanos), _) => Duration(*nanos),
        _ => Duration(0),
    };
    Ok(span.in_largest_unit().into())
}

/// Year, month, day, hour, minute and second of a moment in UTC, for certificates.
pub(super) fn utc_fields(unix: i64) -> [i64; 6] {
    let wall = Time::unix(unix, 0, Zone::Utc).wall();
    [wall.date.year, wall.date.month, wall.date.day, wall.hour, wall.minute, wall.second]
}

/// The layouts of TOML's times, with the name of the zone that those without an offset get.
const TOML_LAYOUTS: [(&str, &str); 7] = [
    ("2006-01-02T15:04:05.999999999Z07:00", ""),
    ("2006-01-02T15:04:05.999999999", "datetime-local"),
    ("2006-01-02", "date-local"),
    ("15:04:05.999999999", "time-local"),
    ("2006-01-02T15:04Z07:00", ""),
    ("2006-01-02T15:04", "datetime-local"),
    ("15:04", "time-local"),
];

/// The time that a TOML value stands for.
pub(super) fn toml_time(text: &str) -> Option<Value> {
    // Only dates and times have these at these places.
    if !matches!((text.as_bytes().get(4), text.as_bytes().get(2)), (Some(b'-'), _) | (_, Some(b':'))) {
        return None;
    }
    let text = text.to_ascii_uppercase();
    TOML_LAYOUTS.iter().find_map(|(layout, local)| {
        let zone = if local.is_empty() { Zone::Utc } else { Zone::Fixed((*local).into(), 0) };
        parse::parse(layout.as_bytes(), text.as_bytes(), &zone).ok().map(TimeObject::value)
    })
}

/// A time as TOML writes it; one that was read without an offset is written without.
pub(super) fn toml_text(value: &Value) -> Option<Vec<u8>> {
    let time = of_value(value)?;
    let local = TOML_LAYOUTS.iter().find(|(_, zone)| !zone.is_empty() && *zone == time.zone.name());
    let (layout, _) = local.unwrap_or(&TOML_LAYOUTS[0]);
    Some(format::format(time, layout.as_bytes()))
}
