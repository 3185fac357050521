//! TOML in and out, with the layout and the error texts of the Go library that Helm uses.

use crate::function::Function;
use crate::value::{Type, Value};

mod read;
mod write;

const ANY: Type = Type::Any;
const S: Type = Type::String;

/// The functions of this module. Plain `toToml` answers the text of an error, `mustToToml` fails.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("toToml", &[ANY], |_, a| match write::write(a.value(0)) {
        Err(e) if !a.value(0).is_nil() => Ok(e.to_string().into()),
        written => Ok(Value::string(written?)),
    }),
    Function::new("mustToToml", &[ANY], |_, a| Ok(Value::string(write::write(a.value(0))?))),
    Function::new("fromToml", &[S], |_, a| Ok(read::read(&a.text(0)).unwrap_or_else(|e| Value::map([("Error", e.to_string().into())])))),
];
