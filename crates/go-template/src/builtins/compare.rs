//! `eq`, `ne`, `lt`, `le`, `gt`, `ge` (HE-TPL-10).

use std::cmp::Ordering;
use std::rc::Rc;

use crate::error::CallError;
use crate::exec::Slot;
use crate::format;
use crate::value::{Kind, Value};

/// The kinds that can be compared by value.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Basic {
    Bool,
    Complex,
    Int,
    Float,
    String,
    Uint,
}

fn basic(value: &Value) -> Option<Basic> {
    Some(match value.kind() {
        Kind::Bool => Basic::Bool,
        Kind::Complex128 => Basic::Complex,
        Kind::Int | Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64 => Basic::Int,
        Kind::Uint | Kind::Uint8 | Kind::Uint16 | Kind::Uint32 | Kind::Uint64 => Basic::Uint,
        Kind::Float32 | Kind::Float64 => Basic::Float,
        Kind::String => Basic::String,
        _ => return None,
    })
}

fn incompatible(a: &Value, b: &Value) -> CallError {
    format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()).into()
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    }
}

fn shown(value: &Value) -> String {
    String::from_utf8_lossy(&format::sprintf(b"%s", std::slice::from_ref(value))).into_owned()
}

fn equal(a: &Value, b: &Value) -> Result<bool, CallError> {
    match (basic(a), basic(b)) {
        (Some(Basic::Int), Some(Basic::Uint)) => Ok(a.as_int().and_then(|i| u64::try_from(i).ok()) == b.as_uint()),
        (Some(Basic::Uint), Some(Basic::Int)) => Ok(b.as_int().and_then(|i| u64::try_from(i).ok()) == a.as_uint()),
        (Some(x), Some(y)) if x == y => Ok(match x {
            Basic::Bool => a.as_bool() == b.as_bool(),
            Basic::Int => a.as_int() == b.as_int(),
            Basic::Uint => a.as_uint() == b.as_uint(),
            Basic::Float => a.as_float() == b.as_float(),
            Basic::String => a.as_str() == b.as_str(),
            Basic::Complex => matches!((a, b), (Value::Complex(p, q), Value::Complex(r, s)) if p == r && q == s),
        }),
        (None, None) => {
            if a.kind() != b.kind() && !a.is_nil() && !b.is_nil() {
                let plain = String::from_utf8_lossy(&format::sprint(b)).into_owned();
                return Err(format!("non-comparable types {}: {}, {}: {plain}", shown(a), a.type_name(), b.type_name()).into());
            }
            if is_nil(a) || is_nil(b) {
                return Ok(is_nil(a) == is_nil(b));
            }
            match b {
                Value::List(_) | Value::Map(_) | Value::Bytes(_) => {
                    Err(format!("non-comparable type {}: {}", shown(b), b.type_name()).into())
                }
                // Pointers are equal only to themselves.
                Value::Object(x) if b.kind() == Kind::Pointer => Ok(matches!(a, Value::Object(y) if Rc::ptr_eq(x, y))),
                _ => Ok(a.deep_equal(b)),
            }
        }
        _ if a.is_nil() || b.is_nil() => Ok(false),
        _ => Err(incompatible(a, b)),
    }
}

fn order(args: &[Slot]) -> Result<Ordering, CallError> {
    const BAD: &str = "invalid type for comparison";
    let [a, b] = args else { return Err(BAD.into()) };
    let (a, b) = (&a.value, &b.value);
    let kind_a = basic(a).ok_or(BAD)?;
    let kind_b = basic(b).ok_or(BAD)?;
    let order = match (kind_a, kind_b) {
        (Basic::Int, Basic::Uint) => a.as_int().map(i128::from).partial_cmp(&b.as_uint().map(i128::from)),
        (Basic::Uint, Basic::Int) => a.as_uint().map(i128::from).partial_cmp(&b.as_int().map(i128::from)),
        (x, y) if x != y => return Err(incompatible(a, b)),
        (Basic::Float, _) => a.as_float().partial_cmp(&b.as_float()),
        (Basic::Int, _) => a.as_int().partial_cmp(&b.as_int()),
        (Basic::Uint, _) => a.as_uint().partial_cmp(&b.as_uint()),
        (Basic::String, _) => a.as_str().partial_cmp(&b.as_str()),
        (Basic::Bool | Basic::Complex, _) => return Err(BAD.into()),
    };
    // NaN is neither less nor equal, so everything but `gt` and `ge` is false with it.
    Ok(order.unwrap_or(Ordering::Greater))
}

fn answer(truth: bool) -> Result<Slot, CallError> {
    Ok(Slot::concrete(Value::Bool(truth)))
}

/// Whether the first value equals any of the others.
pub(super) fn eq(args: &[Slot]) -> Result<Slot, CallError> {
    let Some((first, others)) = args.split_first() else { return Err("missing argument for comparison".into()) };
    if others.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in others {
        if equal(&first.value, &other.value)? {
            return answer(true);
        }
    }
    answer(false)
}

pub(super) fn ne(args: &[Slot]) -> Result<Slot, CallError> {
    answer(!eq(args)?.value.truth())
}

pub(super) fn lt(args: &[Slot]) -> Result<Slot, CallError> {
    answer(order(args)? == Ordering::Less)
}

pub(super) fn le(args: &[Slot]) -> Result<Slot, CallError> {
    answer(order(args)? != Ordering::Greater)
}

pub(super) fn gt(args: &[Slot]) -> Result<Slot, CallError> {
    answer(order(args)? == Ordering::Greater)
}

pub(super) fn ge(args: &[Slot]) -> Result<Slot, CallError> {
    answer(order(args)? != Ordering::Less)
}
