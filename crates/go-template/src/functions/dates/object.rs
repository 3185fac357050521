//! Times, months, weekdays, locations and durations as values with methods.

use std::any::Any;
use std::rc::Rc;

use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Kind, Named, Object, Type, Value};

use super::civil::{MONTHS, WEEKDAYS, weekday, year_day};
use super::duration::{Duration, SECOND};
use super::format::format;
use super::time::{Time, Wall};
use super::zone::Zone;

/// The type of parameters that take a time. Types are told apart by name; the methods come with the values.
pub(super) const PARAMETER: Type = Type::Named(&Named { name: "time.Time", underlying: TIME_STRUCT, methods: &[] });
const DURATION: Type = Type::Named(&Named { name: "time.Duration", underlying: Type::Int64, methods: &[] });
const TIME_STRUCT: Type = Type::Opaque(Kind::Struct, "time.Time");
const I: Type = Type::Int;

static TIME: Named = Named { name: "time.Time", underlying: TIME_STRUCT, methods: TIME_METHODS };
static MONTH: Named = Named { name: "time.Month", underlying: Type::Int, methods: &[&STRING] };
static WEEKDAY: Named = Named { name: "time.Weekday", underlying: Type::Int, methods: &[&STRING] };
static LOCATION: Named = Named { name: "*time.Location", underlying: Type::Opaque(Kind::Pointer, "*time.Location"), methods: &[&STRING] };
static DURATION_TYPE: Named = Named { name: "time.Duration", underlying: Type::Int64, methods: DURATION_METHODS };

macro_rules! methods {
    ($($name:literal ($($param:expr),*) $body:expr;)*) => { &[$({ static METHOD: Function = Function::new($name, &[$($param),*], $body); &METHOD }),*] };
}

const TIME_METHODS: &[&Function] = methods! {
    "Format" (Type::String) |_, a| Ok(Value::string(format(time(a)?, a.bytes(1))));
    "String" () |_, a| Ok(printed(time(a)?).into());
    "Year" () |_, a| Ok(Value::Int(wall(a)?.date.year));
    "Month" () |_, a| { let month = wall(a)?.date.month; Ok(named(&MONTH, MONTHS.get(index(month - 1)), month)) };
    "Day" () |_, a| Ok(Value::Int(wall(a)?.date.day));
    "Hour" () |_, a| Ok(Value::Int(wall(a)?.hour));
    "Minute" () |_, a| Ok(Value::Int(wall(a)?.minute));
    "Second" () |_, a| Ok(Value::Int(wall(a)?.second));
    "Nanosecond" () |_, a| Ok(Value::Int(time(a)?.nanos));
    "YearDay" () |_, a| Ok(Value::Int(year_day(wall(a)?.date)));
    "Weekday" () |_, a| { let day = weekday(wall(a)?.days); Ok(named(&WEEKDAY, WEEKDAYS.get(index(day)), day)) };
    "Unix" () |_, a| Ok(Value::Int64(time(a)?.seconds));
    "UnixMilli" () |_, a| Ok(Value::Int64(unix_in(time(a)?, 1_000)));
    "UnixMicro" () |_, a| Ok(Value::Int64(unix_in(time(a)?, 1_000_000)));
    "UnixNano" () |_, a| Ok(Value::Int64(unix_in(time(a)?, SECOND)));
    "UTC" () |_, a| Ok(TimeObject::value(time(a)?.in_zone(Zone::Utc)));
    "Local" () |ctx, a| Ok(TimeObject::value(time(a)?.in_zone(Zone::local(ctx))));
    "Location" () |_, a| Ok(Value::Object(Rc::new(NamedValue { named: &LOCATION, text: time(a)?.zone.name().to_owned(), plain: Value::Nil })));
    "IsZero" () |_, a| Ok((time(a)?.key() == Time::ZERO.key()).into());
    "Add" (DURATION) |_, a| Ok(TimeObject::value(time(a)?.add(Duration(a.int(1)))));
    "AddDate" (I, I, I) |_, a| Ok(TimeObject::value(time(a)?.add_date(a.int(1), a.int(2), a.int(3))));
    "Sub" (PARAMETER) |_, a| Ok(duration_value(time(a)?.since(other(a)?)));
    "Before" (PARAMETER) |_, a| Ok((time(a)?.key() < other(a)?.key()).into());
    "After" (PARAMETER) |_, a| Ok((time(a)?.key() > other(a)?.key()).into());
    "Equal" (PARAMETER) |_, a| Ok((time(a)?.key() == other(a)?.key()).into());
    "Compare" (PARAMETER) |_, a| Ok(Value::Int(i64::from(time(a)?.key().cmp(&other(a)?.key()) as i8)));
    "Truncate" (DURATION) |_, a| Ok(TimeObject::value(multiple(time(a)?, a.int(1), false)));
    "Round" (DURATION) |_, a| Ok(TimeObject::value(multiple(time(a)?, a.int(1), true)));
};

static STRING: Function = Function::new("String", &[], |_, a| match a.value(0) {
    Value::Object(object) => Ok(object.stringer().unwrap_or_default().into()),
    _ => Err(super::super::NIL_DEREFERENCE.into()),
});

const DURATION_METHODS: &[&Function] = methods! {
    "String" () |_, a| Ok(Duration(a.int(0)).to_string().into());
    "Hours" () |_, a| Ok(in_units(a.int(0), 3600 * SECOND).into());
    "Minutes" () |_, a| Ok(in_units(a.int(0), 60 * SECOND).into());
    "Seconds" () |_, a| Ok(in_units(a.int(0), SECOND).into());
    "Milliseconds" () |_, a| Ok(Value::Int64(a.int(0) / 1_000_000));
    "Microseconds" () |_, a| Ok(Value::Int64(a.int(0) / 1_000));
    "Nanoseconds" () |_, a| Ok(Value::Int64(a.int(0)));
    "Abs" () |_, a| Ok(duration_value(Duration(a.int(0).saturating_abs())));
    "Round" (DURATION) |_, a| Ok(duration_value(Duration(a.int(0)).round(Duration(a.int(1)))));
    "Truncate" (DURATION) |_, a| Ok(duration_value(Duration(a.int(0) - a.int(0).checked_rem(a.int(1).max(0)).unwrap_or(0))));
};

/// The time behind a value, if it is one.
pub(super) fn of_value(value: &Value) -> Option<&Time> {
    match value {
        Value::Object(object) => object.as_any().downcast_ref::<TimeObject>().map(|t| &t.0),
        _ => None,
    }
}

fn time<'a>(args: &Args<'a>) -> Result<&'a Time, CallError> {
    of_value(args.value(0)).ok_or_else(|| super::super::NIL_DEREFERENCE.into())
}

fn other<'a>(args: &Args<'a>) -> Result<&'a Time, CallError> {
    of_value(args.value(1)).ok_or_else(|| super::super::NIL_DEREFERENCE.into())
}

fn wall(args: &Args<'_>) -> Result<Wall, CallError> {
    Ok(time(args)?.wall())
}

fn index(n: i64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn unix_in(time: &Time, per_second: i64) -> i64 {
    time.seconds.wrapping_mul(per_second).wrapping_add(time.nanos / (SECOND / per_second))
}

/// Whole units and the fraction apart, as the original divides.
fn in_units(nanos: i64, unit: i64) -> f64 {
    (nanos / unit) as f64 + (nanos % unit) as f64 / unit as f64
}

/// A multiple of `step` nanoseconds since the year 1.
fn multiple(time: &Time, step: i64, nearest: bool) -> Time {
    let time = Time { clock: false, ..time.clone() };
    if step <= 0 {
        return time;
    }
    let since = (i128::from(time.seconds) - i128::from(Time::ZERO.seconds)) * i128::from(SECOND) + i128::from(time.nanos);
    let over = since.rem_euclid(i128::from(step));
    let up = nearest && over * 2 >= i128::from(step);
    let by = if up { i128::from(step) - over } else { -over };
    time.add(Duration(i64::try_from(by).unwrap_or(0)))
}

/// What `String` answers. A reading of the clock shows that it is one; the reading itself means nothing here.
fn printed(time: &Time) -> String {
    let text = format(time, b"2006-01-02 15:04:05.999999999 -0700 MST");
    let clock = if time.clock { " m=+0.000000001" } else { "" };
    format!("{}{clock}", String::from_utf8_lossy(&text))
}

/// A `time.Time`.
#[derive(Debug)]
pub(super) struct TimeObject(Time);

impl TimeObject {
    pub(super) fn value(time: Time) -> Value {
        Value::Object(Rc::new(Self(time)))
    }
}

impl Object for TimeObject {
    fn go_type(&self) -> Type {
        Type::Named(&TIME)
    }

    fn stringer(&self) -> Option<String> {
        Some(printed(&self.0))
    }

    fn go_string(&self) -> Option<String> {
        let wall = self.0.wall();
        let zone = match &self.0.zone {
            Zone::Utc => "time.UTC".to_owned(),
            zone if zone.name() == "Local" => "time.Local".to_owned(),
            zone => format!("time.Location({})", crate::strconv::quote(zone.name())),
        };
        let month = MONTHS.get(index(wall.date.month - 1)).copied().unwrap_or_default();
        let (date, nanos) = (wall.date, self.0.nanos);
        Some(format!(
            "time.Date({}, time.{month}, {}, {}, {}, {}, {nanos}, {zone})",
            date.year, date.day, wall.hour, wall.minute, wall.second
        ))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|o| o.0.key() == self.0.key() && o.0.zone.name() == self.0.zone.name())
    }

    fn json(&self) -> Option<Value> {
        Some(Value::string(format(&self.0, b"2006-01-02T15:04:05.999999999Z07:00")))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A value of a named type that prints as a text: a month, a weekday, a location, a duration.
#[derive(Debug)]
struct NamedValue {
    named: &'static Named,
    text: String,
    /// The plain number; nil for a location, which is a pointer.
    plain: Value,
}

fn named(named: &'static Named, text: Option<&&'static str>, number: i64) -> Value {
    Value::Object(Rc::new(NamedValue { named, text: text.copied().unwrap_or_default().to_owned(), plain: Value::Int(number) }))
}

fn duration_value(duration: Duration) -> Value {
    Value::Object(Rc::new(NamedValue { named: &DURATION_TYPE, text: duration.to_string(), plain: Value::Int64(duration.0) }))
}

impl Object for NamedValue {
    fn go_type(&self) -> Type {
        Type::Named(self.named)
    }

    fn stringer(&self) -> Option<String> {
        Some(self.text.clone())
    }

    fn underlying(&self) -> Option<&Value> {
        Some(&self.plain).filter(|v| !v.is_nil())
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|o| o.named.name == self.named.name && o.text == self.text)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
