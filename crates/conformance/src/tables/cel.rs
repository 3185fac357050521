//! Runner of the table of CEL expressions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ferroflux_cel::{Expression, Output, Value as Cel, with_double_numbers};
use serde_json::{Map, Value, json};

use super::judge;
use crate::Verdict;

/// Runs `op` if it is ours.
pub(super) fn run(op: &str, case: &Value) -> Option<Verdict> {
    if op != "cel" {
        return None;
    }
    let answer = evaluate(&case["input"]);
    // An expression that cannot be used is another thing than one that has no value.
    if let (Some(stage), Err((found, message))) = (case["detail"]["stage"].as_str(), &answer)
        && stage != *found
    {
        return Some(Verdict::Fail(format!("  want an error of stage {stage}\n  got one of {found}: {message}")));
    }
    let carried = answer.as_ref().err().is_none_or(|(_, message)| message.contains(case["input"]["expr"].as_str().unwrap_or_default()));
    if !carried {
        return Some(Verdict::Fail(format!("  the error does not carry the expression: {:?}", answer.err())));
    }
    Some(judge(case, answer.map_err(|(_, message)| message)))
}

/// The result, or the stage that failed and its message.
fn evaluate(input: &Value) -> Result<Value, (&'static str, String)> {
    let text = |key: &str| input[key].as_str().unwrap_or_default();
    let variables: Vec<&str> = input["vars"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let output = match text("output") {
        "bool" => Some(Output::Bool),
        "string" => Some(Output::String),
        _ => None,
    };
    let expr = text("expr");
    let expression = match input["compile"].as_bool() {
        Some(true) => Expression::compile(expr, &variables, output),
        // The library has no way to ask for this.
        _ if !variables.is_empty() => return Err(("compile", format!("variables cannot be declared without compiling '{expr}'"))),
        _ => Expression::parse(expr),
    };
    let expression = expression.map_err(|error| ("compile", error.to_string()))?;
    let data = if text("numbers") == "double" { with_double_numbers(input["data"].clone()) } else { input["data"].clone() };
    let variables = |name: &str| data.get(name);
    let answer = match text("eval") {
        "bool" => expression.evaluate_bool(&variables).map(Value::Bool),
        "string" => expression.evaluate_string(&variables).map(Value::String),
        "strings" => expression.evaluate_strings(&variables).map(|texts| json!(texts)),
        _ => expression.evaluate(&variables).map(|value| encoded(&value)),
    };
    answer.map_err(|error| ("eval", error.to_string()))
}

/// A value as the table writes it.
fn encoded(value: &Cel<'_>) -> Value {
    match value {
        Cel::Null | Cel::Optional(None) => Value::Null,
        Cel::Bool(b) => json!(b),
        Cel::Int(n) => json!(n),
        Cel::Uint(n) => json!({"$uint": n}),
        Cel::Double(n) if n.is_nan() => json!({"$double": "NaN"}),
        Cel::Double(n) if n.is_infinite() => json!({"$double": if *n > 0.0 { "+Inf" } else { "-Inf" }}),
        // A number that is whole is written without a point.
        #[allow(clippy::cast_possible_truncation, reason = "checked")]
        Cel::Double(n) if n.fract() == 0.0 && n.abs() < 9e18 => json!({"$double": *n as i64}),
        Cel::Double(n) => json!({"$double": n}),
        Cel::String(text) => json!(&**text),
        Cel::Bytes(bytes) => json!({"$bytes": STANDARD.encode(bytes)}),
        Cel::List(list) => list.iter().map(|element| encoded(&element)).collect(),
        Cel::Map(map) => Value::Object(map.entries().map(|(key, value)| (key_text(&key), encoded(&value))).collect::<Map<_, _>>()),
        Cel::Timestamp(time) => json!({"$timestamp": time.to_string()}),
        Cel::Duration(nanos) => {
            let length = ferroflux_api::Duration::from(std::time::Duration::from_nanos(nanos.unsigned_abs()));
            json!({"$duration": format!("{}{length}", if *nanos < 0 { "-" } else { "" })})
        }
        Cel::Optional(Some(value)) => encoded(value),
        Cel::Type(name) => json!(name),
    }
}

fn key_text(key: &Cel<'_>) -> String {
    match key {
        Cel::Null => "NULL_VALUE".to_owned(),
        Cel::Bool(b) => b.to_string(),
        Cel::Int(n) => n.to_string(),
        Cel::Uint(n) => n.to_string(),
        Cel::Double(n) => n.to_string(),
        Cel::String(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}
