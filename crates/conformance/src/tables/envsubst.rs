//! Runners of the envsubst tables.

use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ferroflux_envsubst::{Mode, Outcome, Strategy, Variables, post_build, substitute};
use ferroflux_yaml::{ReadOptions, node_to_yaml, read_document, value_to_yaml};
use serde_json::{Value, json};

use super::judge;
use crate::Verdict;

/// Runs `op` if it is one of ours.
pub(super) fn run(op: &str, case: &Value) -> Option<Verdict> {
    let input = &case["input"];
    Some(match op {
        "envsubst" => {
            let variables = object(&input["vars"]).fold(Variables::new(), |mut all, (name, value)| {
                all.set_raw(name, value.as_str().unwrap_or_default());
                all
            });
            judge(case, substitute(input["text"].as_str().unwrap_or_default(), &variables, mode(input)).map(text))
        }
        "post-build" => judge(case, run_post_build(input)),
        _ => return None,
    })
}

/// Bytes as the table shows them: text, or base64 where they are none.
fn text(bytes: Vec<u8>) -> Value {
    String::from_utf8(bytes).map_or_else(|e| json!({ "$bytes": STANDARD.encode(e.as_bytes()) }), Value::from)
}

fn mode(input: &Value) -> Mode {
    if input["strict"] == true { Mode::Strict } else { Mode::Lenient }
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// What the controller does around the pure part: print the object, gather the variables, print the result.
fn run_post_build(input: &Value) -> Result<Value, String> {
    let node = read_document(input["resource"].as_str().unwrap_or_default(), ReadOptions::default()).map_err(show)?;
    let printed = node_to_yaml(&node, String::new()).map_err(show)?;
    let variables = variables(input)?;
    let strategy = if input["postBuild"]["substituteStrategy"] == "Always" { Strategy::Always } else { Strategy::WithVariables };
    let has = |key: &str, value: &str| {
        ["labels", "annotations"].iter().any(|field| node.at_path(&["metadata", field, key]).and_then(|n| n.text()) == Some(value))
    };
    Ok(match post_build(&printed, has, &variables, strategy, mode(input)).map_err(show)? {
        Outcome::Disabled | Outcome::Untouched => printed.into(),
        Outcome::Substituted(object) => value_to_yaml(&object).into(),
    })
}

/// `substituteFrom` in order, then `substitute`.
fn variables(input: &Value) -> Result<Variables, String> {
    let mut all = Variables::new();
    for from in input["postBuild"]["substituteFrom"].as_array().into_iter().flatten() {
        let (kind, name) = (&from["kind"], &from["name"]);
        let found = input["cluster"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|o| o["kind"] == *kind && o["metadata"]["name"] == *name && o["metadata"]["namespace"] == "ns");
        match (kind.as_str(), found) {
            (Some("ConfigMap"), Some(o)) => object(&o["data"]).for_each(|(k, v)| all.set(k, v.as_str().unwrap_or_default())),
            (Some("Secret"), Some(o)) => {
                for (k, v) in object(&o["data"]) {
                    all.set(k, STANDARD.decode(v.as_str().unwrap_or_default()).map_err(show)?);
                }
            }
            (Some("ConfigMap" | "Secret"), None) if from["optional"] != true => {
                return Err(format!("substitute from '{kind}/{name}' error: not found"));
            }
            _ => {}
        }
    }
    for (name, value) in object(&input["postBuild"]["substitute"]) {
        all.set(name, value.as_str().unwrap_or_default());
    }
    Ok(all)
}

fn show(e: impl Display) -> String {
    e.to_string()
}
