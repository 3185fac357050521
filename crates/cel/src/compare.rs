//! Equality and order of values.

use std::cmp::Ordering;

use crate::budget::Budget;
use crate::error::Cause;
use crate::value::Value;

/// Compares two numbers of any types by their value. The outer `None`: they are not both numbers; the inner: one is NaN.
pub(crate) fn numbers(a: &Value<'_>, b: &Value<'_>) -> Option<Option<Ordering>> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Uint(a), Value::Uint(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Uint(a), Value::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Int(a), Value::Double(b)) => double_with_int(*b, *a).map(Ordering::reverse),
        (Value::Double(a), Value::Int(b)) => double_with_int(*a, *b),
        (Value::Uint(a), Value::Double(b)) => double_with_uint(*b, *a).map(Ordering::reverse),
        (Value::Double(a), Value::Uint(b)) => double_with_uint(*a, *b),
        _ => return None,
    })
}

/// The original compares as floating point numbers what is within the range of integers.
#[allow(clippy::cast_precision_loss, reason = "as the original")]
fn double_with_int(double: f64, int: i64) -> Option<Ordering> {
    match double {
        d if d < i64::MIN as f64 => Some(Ordering::Less),
        d if d > i64::MAX as f64 => Some(Ordering::Greater),
        d => d.partial_cmp(&(int as f64)),
    }
}

#[allow(clippy::cast_precision_loss, reason = "as the original")]
fn double_with_uint(double: f64, uint: u64) -> Option<Ordering> {
    match double {
        d if d < 0.0 => Some(Ordering::Less),
        d if d > u64::MAX as f64 => Some(Ordering::Greater),
        d => d.partial_cmp(&(uint as f64)),
    }
}

/// `==`: values of different types differ, except that numbers are compared by their value.
pub(crate) fn equal(budget: &Budget, a: &Value<'_>, b: &Value<'_>) -> Result<bool, Cause> {
    budget.spend(1)?;
    if let Some(order) = numbers(a, b) {
        return Ok(order == Some(Ordering::Equal));
    }
    Ok(match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::String(a), Value::String(b)) => {
            budget.spend_bytes(a.len().min(b.len()))?;
            **a == **b
        }
        (Value::Bytes(a), Value::Bytes(b)) => {
            budget.spend_bytes(a.len().min(b.len()))?;
            a == b
        }
        (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Type(a), Value::Type(b)) => a == b,
        (Value::Optional(None), Value::Optional(None)) => true,
        (Value::Optional(Some(a)), Value::Optional(Some(b))) => budget.deeper(|| equal(budget, a, b))?,
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b.iter()) {
                if !budget.deeper(|| equal(budget, &a, &b))? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            for (key, value) in a.entries() {
                budget.spend(b.search_length())?;
                match b.find(&key) {
                    Some(other) if budget.deeper(|| equal(budget, &value, &other))? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        _ => false,
    })
}

/// The order of two values, where there is one.
pub(crate) fn order(budget: &Budget, a: &Value<'_>, b: &Value<'_>) -> Result<Ordering, Cause> {
    if let Some(order) = numbers(a, b) {
        return order.ok_or_else(|| Cause::new("NaN values cannot be ordered"));
    }
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a.cmp(b)),
        (Value::String(a), Value::String(b)) => {
            budget.spend_bytes(a.len().min(b.len()))?;
            Ok((**a).cmp(b))
        }
        (Value::Bytes(a), Value::Bytes(b)) => {
            budget.spend_bytes(a.len().min(b.len()))?;
            Ok(a.cmp(b))
        }
        (Value::Timestamp(a), Value::Timestamp(b)) => Ok(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Ok(a.cmp(b)),
        _ => Err(Cause::Overload),
    }
}
