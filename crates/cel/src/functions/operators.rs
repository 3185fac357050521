//! Arithmetic, comparison, negation and membership.

use std::cmp::Ordering;

use super::{Decl, Function, LIST_OF_A, MAP_OF_A_B, Overload, Run, global};
use crate::budget::Budget;
use crate::compare;
use crate::error::Cause;
use crate::moment::Moment;
use crate::value::{List, Value};

static ADD: [Overload; 9] = [
    global(&[Decl::Bytes, Decl::Bytes], Decl::Bytes),
    global(&[Decl::Double, Decl::Double], Decl::Double),
    global(&[Decl::Duration, Decl::Duration], Decl::Duration),
    global(&[Decl::Duration, Decl::Timestamp], Decl::Timestamp),
    global(&[Decl::Timestamp, Decl::Duration], Decl::Timestamp),
    global(&[Decl::Int, Decl::Int], Decl::Int),
    global(&[LIST_OF_A, LIST_OF_A], LIST_OF_A),
    global(&[Decl::String, Decl::String], Decl::String),
    global(&[Decl::Uint, Decl::Uint], Decl::Uint),
];
static SUBTRACT: [Overload; 6] = [
    global(&[Decl::Double, Decl::Double], Decl::Double),
    global(&[Decl::Duration, Decl::Duration], Decl::Duration),
    global(&[Decl::Int, Decl::Int], Decl::Int),
    global(&[Decl::Timestamp, Decl::Duration], Decl::Timestamp),
    global(&[Decl::Timestamp, Decl::Timestamp], Decl::Duration),
    global(&[Decl::Uint, Decl::Uint], Decl::Uint),
];
static MULTIPLY: [Overload; 3] = [
    global(&[Decl::Double, Decl::Double], Decl::Double),
    global(&[Decl::Int, Decl::Int], Decl::Int),
    global(&[Decl::Uint, Decl::Uint], Decl::Uint),
];
static MODULO: [Overload; 2] = [global(&[Decl::Int, Decl::Int], Decl::Int), global(&[Decl::Uint, Decl::Uint], Decl::Uint)];
static NEGATE: [Overload; 2] = [global(&[Decl::Double], Decl::Double), global(&[Decl::Int], Decl::Int)];
static NOT: [Overload; 1] = [global(&[Decl::Bool], Decl::Bool)];
static EQUAL: [Overload; 1] = [global(&[Decl::A, Decl::A], Decl::Bool)];
static IN: [Overload; 2] = [global(&[Decl::A, LIST_OF_A], Decl::Bool), global(&[Decl::A, MAP_OF_A_B], Decl::Bool)];
static ORDER: [Overload; 14] = [
    global(&[Decl::Bool, Decl::Bool], Decl::Bool),
    global(&[Decl::Int, Decl::Int], Decl::Bool),
    global(&[Decl::Int, Decl::Double], Decl::Bool),
    global(&[Decl::Int, Decl::Uint], Decl::Bool),
    global(&[Decl::Uint, Decl::Uint], Decl::Bool),
    global(&[Decl::Uint, Decl::Double], Decl::Bool),
    global(&[Decl::Uint, Decl::Int], Decl::Bool),
    global(&[Decl::Double, Decl::Double], Decl::Bool),
    global(&[Decl::Double, Decl::Int], Decl::Bool),
    global(&[Decl::Double, Decl::Uint], Decl::Bool),
    global(&[Decl::String, Decl::String], Decl::Bool),
    global(&[Decl::Bytes, Decl::Bytes], Decl::Bool),
    global(&[Decl::Timestamp, Decl::Timestamp], Decl::Bool),
    global(&[Decl::Duration, Decl::Duration], Decl::Bool),
];

pub(super) static FUNCTIONS: &[Function] = &[
    Function { name: "_+_", overloads: &ADD, run: Run::Values(add) },
    Function { name: "_-_", overloads: &SUBTRACT, run: Run::Values(subtract) },
    Function { name: "_*_", overloads: &MULTIPLY, run: Run::Values(multiply) },
    Function { name: "_/_", overloads: &MULTIPLY, run: Run::Values(divide) },
    Function { name: "_%_", overloads: &MODULO, run: Run::Values(modulo) },
    Function { name: "-_", overloads: &NEGATE, run: Run::Values(negate) },
    Function { name: "!_", overloads: &NOT, run: Run::Values(not) },
    Function { name: "_==_", overloads: &EQUAL, run: Run::Values(equal) },
    Function { name: "_!=_", overloads: &EQUAL, run: Run::Values(different) },
    Function { name: "@in", overloads: &IN, run: Run::Values(contains) },
    Function { name: "_<_", overloads: &ORDER, run: Run::Values(less) },
    Function { name: "_<=_", overloads: &ORDER, run: Run::Values(at_most) },
    Function { name: "_>_", overloads: &ORDER, run: Run::Values(greater) },
    Function { name: "_>=_", overloads: &ORDER, run: Run::Values(at_least) },
];

fn int(n: Option<i64>) -> Result<Value<'static>, Cause> {
    n.map(Value::Int).ok_or_else(|| Cause::new("integer overflow"))
}

fn uint(n: Option<u64>) -> Result<Value<'static>, Cause> {
    n.map(Value::Uint).ok_or_else(|| Cause::new("unsigned integer overflow"))
}

fn duration(n: Option<i64>) -> Result<Value<'static>, Cause> {
    n.map(Value::Duration).ok_or_else(|| Cause::new("duration overflow"))
}

fn moment(n: Option<Moment>) -> Result<Value<'static>, Cause> {
    n.map(Value::Timestamp).ok_or_else(|| Cause::new("timestamp overflow"))
}

fn add<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::Int(a), Value::Int(b)] => int(a.checked_add(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_add(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a + b)),
        [Value::String(a), Value::String(b)] => {
            budget.spend_bytes(a.len() + b.len())?;
            Ok(Value::from(format!("{}{}", &**a, &**b)))
        }
        [Value::Bytes(a), Value::Bytes(b)] => {
            budget.spend_bytes(a.len() + b.len())?;
            Ok(Value::Bytes([&**a, &**b].concat().into()))
        }
        [Value::List(a), Value::List(b)] => {
            budget.spend(a.len() + b.len())?;
            Ok(Value::from(a.iter().chain(b.iter()).collect::<Vec<_>>()))
        }
        [Value::Duration(a), Value::Duration(b)] => duration(a.checked_add(*b)),
        [Value::Timestamp(t), Value::Duration(d)] | [Value::Duration(d), Value::Timestamp(t)] => moment(t.later(*d)),
        _ => Err(Cause::Overload),
    }
}

fn subtract<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::Int(a), Value::Int(b)] => int(a.checked_sub(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_sub(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a - b)),
        [Value::Duration(a), Value::Duration(b)] => duration(a.checked_sub(*b)),
        [Value::Timestamp(t), Value::Duration(d)] => moment(d.checked_neg().and_then(|d| t.later(d))),
        [Value::Timestamp(a), Value::Timestamp(b)] => duration(a.since(*b)),
        _ => Err(Cause::Overload),
    }
}

fn multiply<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::Int(a), Value::Int(b)] => int(a.checked_mul(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_mul(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a * b)),
        _ => Err(Cause::Overload),
    }
}

fn divide<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => Err(Cause::new("division by zero")),
        [Value::Int(a), Value::Int(b)] => int(a.checked_div(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_div(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a / b)),
        _ => Err(Cause::Overload),
    }
}

fn modulo<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => Err(Cause::new("modulus by zero")),
        [Value::Int(a), Value::Int(b)] => int(a.checked_rem(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_rem(*b)),
        _ => Err(Cause::Overload),
    }
}

fn negate<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::Int(n)] => int(n.checked_neg()),
        [Value::Double(n)] => Ok(Value::Double(-n)),
        [Value::Duration(n)] => duration(n.checked_neg()),
        _ => Err(Cause::Overload),
    }
}

fn not<'a>(_: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [Value::Bool(b)] => Ok(Value::Bool(!b)),
        _ => Err(Cause::Overload),
    }
}

fn equal<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [a, b] => compare::equal(budget, a, b).map(Value::Bool),
        _ => Err(Cause::Overload),
    }
}

fn different<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [a, b] => compare::equal(budget, a, b).map(|equal| Value::Bool(!equal)),
        _ => Err(Cause::Overload),
    }
}

/// Whether a list has an element that equals a value.
pub(super) fn has(budget: &Budget, list: &List<'_>, value: &Value<'_>) -> Result<bool, Cause> {
    for element in list.iter() {
        if compare::equal(budget, &element, value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn contains<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    match args {
        [value, Value::List(list)] => has(budget, list, value).map(Value::Bool),
        [key, Value::Map(map)] => {
            budget.spend(map.search_length())?;
            Ok(Value::Bool(map.find(key).is_some()))
        }
        _ => Err(Cause::Overload),
    }
}

fn ordered<'a>(budget: &Budget, args: &[Value<'a>], holds: fn(Ordering) -> bool) -> Result<Value<'a>, Cause> {
    match args {
        [a, b] => compare::order(budget, a, b).map(|order| Value::Bool(holds(order))),
        _ => Err(Cause::Overload),
    }
}

fn less<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    ordered(budget, args, Ordering::is_lt)
}

fn at_most<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    ordered(budget, args, Ordering::is_le)
}

fn greater<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    ordered(budget, args, Ordering::is_gt)
}

fn at_least<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    ordered(budget, args, Ordering::is_ge)
}
