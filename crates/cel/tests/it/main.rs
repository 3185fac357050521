//! Integration tests.

mod hostile;
mod language;

use ferroflux_cel::{EvalError, Expression};
use serde_json::Value;

/// Parses an expression without checking it, and evaluates it on an object whose fields are the variables.
#[cfg(test)]
fn holds(text: &str, object: &Value) -> Result<bool, EvalError> {
    Expression::parse(text).unwrap_or_else(|error| panic!("{error}")).evaluate_bool(&|name| object.get(name))
}
