//! Runners of the yamljson tables.

use std::fmt::Display;

use ferroflux_yaml::{
    Aliases, BuildOptions, Documents, Duplicates, ReadOptions, WriteOptions, json_to_yaml, node_to_json_text, read_document, to_json_text,
    write_document,
};
use serde_json::{Value, json};

use super::judge;
use crate::Verdict;

/// Runs `op` if it is one of ours.
pub(super) fn run(op: &str, case: &Value) -> Option<Verdict> {
    let text = case["input"]["text"].as_str().unwrap_or_default();
    let answer = match op {
        "yaml-to-json" => to_json_text(text, BuildOptions::default()).map(Value::from),
        "yaml-to-json-strict" => to_json_text(text, BuildOptions { strict: true, ..BuildOptions::default() }).map(Value::from),
        "json-to-yaml" => json_to_yaml(text).map(Value::from),
        "kyaml" => {
            let mut case = case.clone();
            if case["expect"].get("jsonError").is_some() {
                case["expect"]["jsonError"] = true.into();
            }
            return Some(judge(&case, kyaml(text)));
        }
        _ => return None,
    };
    Some(judge(case, answer))
}

/// The text read and written again by the newer library, and as JSON with anchors expanded. What JSON cannot hold is an
/// error beside the text; its wording is not compared.
fn kyaml(text: &str) -> Result<Value, String> {
    let keep = ReadOptions { aliases: Aliases::Keep, duplicates: Duplicates::Keep, comments: true, ..ReadOptions::default() };
    let node = Documents::new(text, keep).map_err(show)?.next().ok_or("no document")?.map_err(show)?;
    let mut answer = json!({ "yaml": write_document(&node, WriteOptions::default(), String::new()) });
    match json_text(text) {
        Ok(json) => answer["json"] = json.into(),
        Err(_) => answer["jsonError"] = true.into(),
    }
    Ok(answer)
}

fn json_text(text: &str) -> Result<String, String> {
    let node = read_document(text, ReadOptions::default()).map_err(show)?;
    if node.is_scalar() && !node.is_null() {
        return Err("neither a mapping nor a sequence".to_owned());
    }
    node_to_json_text(&node).map_err(show)
}

fn show(e: impl Display) -> String {
    e.to_string()
}
