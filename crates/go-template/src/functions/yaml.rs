//! YAML in and out, as Helm's template functions do it: through JSON and sigs.k8s.io/yaml, the pretty form through
//! go-yaml v3.

use crate::error::CallError;
use crate::function::{Args, Call, Function};
use crate::value::{Type, Value};

use super::json::{Wanted, empty_of};

mod pretty;
mod read;
mod write;

const ANY: Type = Type::Any;
const S: Type = Type::String;

/// The functions of this module. The plain writers answer nothing where a value cannot be written, the others fail.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("toYaml", &[ANY], |_, a| Ok(to_yaml(a).unwrap_or_else(|_| "".into()))),
    Function::new("mustToYaml", &[ANY], |_, a| to_yaml(a)),
    Function::new("toYamlPretty", &[ANY], |_, a| Ok(pretty::write(a.value(0)).map_or_else(|_| "".into(), without_line_break))),
    Function::new("fromYaml", &[S], FROM_YAML),
    Function::new("fromYamlArray", &[S], FROM_YAML_ARRAY),
];

fn to_yaml(args: &Args<'_>) -> Result<Value, CallError> {
    write::write(args.value(0)).map(without_line_break)
}

fn without_line_break(mut text: String) -> Value {
    if text.ends_with('\n') {
        text.pop();
    }
    text.into()
}

/// A map; an error stands in it under `Error`.
const FROM_YAML: Call = |_, a| Ok(parse(&a.text(0), Wanted::Object).unwrap_or_else(|e| Value::map([("Error", e.to_string().into())])));

/// A list; an error is its only item.
const FROM_YAML_ARRAY: Call = |_, a| Ok(parse(&a.text(0), Wanted::Array).unwrap_or_else(|e| Value::list(vec![e.to_string().into()])));

fn parse(text: &str, wanted: Wanted) -> Result<Value, CallError> {
    let value = read::read(text)?;
    let (fits, target) = match wanted {
        Wanted::Object => (matches!(value, Value::Map(_)), "map[string]interface {}"),
        Wanted::Array => (matches!(value, Value::List(_)), "[]interface {}"),
        Wanted::Anything => (true, ""),
    };
    match &value {
        // `null` leaves the empty map or list as it is, unlike in JSON.
        Value::Nil => Ok(empty_of(wanted)),
        _ if fits => Ok(value),
        other => {
            let kind = super::json::kind(other);
            let text =
                format!("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go value of type {target}");
            Err(text.into())
        }
    }
}
