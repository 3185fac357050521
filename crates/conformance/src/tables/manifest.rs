//! Runners of the tables of `ferroflux-manifest`: inventory, order, health, normalisation.

use std::collections::BTreeSet;

use ferroflux_manifest::status::{Assessment, CustomExpressions, CustomHealth, Status, compute, poll};
use ferroflux_manifest::{Inventory, ObjectRef, normalize, order};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::judge;
use crate::Verdict;

/// Runs `op` if it is one of ours.
pub(super) fn run(op: &str, case: &Value) -> Option<Verdict> {
    let input = &case["input"];
    let answer = match op {
        "id" => Ok(id(&input["object"])),
        // The semver tables have an operation of this name, too.
        "parse" if input.get("id").is_some() => parse(input),
        "diff" => diff(input),
        "order" => Ok(staged(input)),
        "normalize" => {
            let mut object = input["object"].clone();
            normalize::normalize(&mut object).map(|_| object).map_err(|e| e.to_string())
        }
        "compute" => compute(&input["object"], Timestamp::now()).map(|h| json!(h)).map_err(|e| e.to_string()),
        "poll" => Ok(polled(input)),
        "health-check-exprs" => by_expressions(input),
        _ => return None,
    };
    Some(judge(case, answer))
}

fn id(object: &Value) -> Value {
    let id = ObjectRef::of(object);
    json!({"id": id.inventory_id(), "subject": id.subject(), "v": id.version})
}

fn parse(input: &Value) -> Result<Value, String> {
    let id = ObjectRef::from_inventory(text(&input["id"]), text(&input["v"])).map_err(|e| e.to_string())?;
    Ok(json!({
        "again": id.inventory_id(), "apiVersion": id.api_version(), "group": id.group, "kind": id.kind, "name": id.name,
        "namespace": id.namespace, "subject": id.subject(),
    }))
}

fn diff(input: &Value) -> Result<Value, String> {
    let inventory = |key: &str| serde_json::from_value::<Inventory>(json!({"entries": input[key]})).map_err(|e| e.to_string());
    let mut stale = inventory("old")?.stale(&inventory("new")?).map_err(|e| e.to_string())?;
    let in_order = lines(&stale);
    order::sort_for_deletion(&mut stale);
    Ok(json!({"stale": in_order, "deleteOrder": lines(&stale)}))
}

fn staged(input: &Value) -> Value {
    let kinds: Vec<&str> = input["customStageKinds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let custom: BTreeSet<_> = order::parse_stage_kinds(&kinds.join(","));
    let mut objects: Vec<ObjectRef> = input["objects"].as_array().into_iter().flatten().map(ObjectRef::of).collect();
    objects.sort_by(order::compare);
    let stages = order::Stage::ALL.map(|stage| lines(objects.iter().filter(|o| order::Stage::of(o, &custom) == stage)));
    order::sort_for_deletion(&mut objects);
    json!({"stages": stages, "deleteOrder": lines(&objects)})
}

fn polled(input: &Value) -> Value {
    let around = input["cluster"].as_array().map_or(&[][..], Vec::as_slice);
    let judgement = poll(&input["object"], around, Timestamp::now());
    let mut out = json!({"status": judgement.status, "message": judgement.message});
    if let Some(error) = &judgement.error {
        out["error"] = error.to_string().into();
    }
    if !judgement.generated.is_empty() {
        let one = |a: &Assessment| json!({"id": a.id.inventory_id(), "status": a.status, "message": a.message});
        out["generated"] = judgement.generated.iter().map(one).collect();
    }
    out
}

fn by_expressions(input: &Value) -> Result<Value, String> {
    let list = input["healthCheckExprs"].as_array().into_iter().flatten().map(|expressions| CustomExpressions {
        api_version: text(&expressions["apiVersion"]),
        kind: text(&expressions["kind"]),
        current: text(&expressions["current"]),
        in_progress: text(&expressions["inProgress"]),
        failed: text(&expressions["failed"]),
    });
    let custom = CustomHealth::parse(list).map_err(|e| e.to_string())?;
    let Some(rule) = custom.rule(&ObjectRef::of(&input["object"])) else { return Ok(json!({"supported": false})) };
    Ok(match rule.assess(&input["object"]) {
        Ok(status) => json!({"status": status, "message": "", "supported": true}),
        Err(error) => json!({"status": Status::Unknown, "message": "", "supported": true, "error": error.to_string()}),
    })
}

fn lines<'a>(objects: impl IntoIterator<Item = &'a ObjectRef>) -> Vec<String> {
    objects.into_iter().map(|o| format!("{} {o}", o.api_version())).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
