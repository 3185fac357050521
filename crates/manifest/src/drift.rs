//! Whether a dry-run would change a live object (KC-APPLY-06).

use serde_json::{Map, Value};

use crate::{IgnoreRules, metadata_map};

/// Whether the result of a dry-run differs from the live object in labels, in annotations, or in anything outside of
/// `metadata` and `status`. An absent map equals an empty one. `rules` name fields that do not count (KC-IGN-02).
pub fn has_drifted(live: &Value, dry_run: &Value, rules: &IgnoreRules) -> bool {
    let paths = rules.paths(dry_run);
    if paths.is_empty() {
        return differs(live, dry_run);
    }
    let strip = |object: &Value| {
        let mut copy = object.clone();
        for path in &paths {
            crate::pointer::remove(&mut copy, path);
        }
        copy
    };
    differs(&strip(live), &strip(dry_run))
}

fn differs(live: &Value, dry_run: &Value) -> bool {
    ["labels", "annotations"].iter().any(|which| !same_entries(metadata_map(live, which), metadata_map(dry_run, which)))
        || !same_content(live, dry_run)
}

fn same_entries(a: Option<&Map<String, Value>>, b: Option<&Map<String, Value>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b,
        (a, b) => a.is_none_or(Map::is_empty) && b.is_none_or(Map::is_empty),
    }
}

fn same_content(live: &Value, dry_run: &Value) -> bool {
    let (Some(a), Some(b)) = (live.as_object(), dry_run.as_object()) else { return live == dry_run };
    let content = |key: &str| key != "metadata" && key != "status";
    let mut keys: Vec<&String> = a.keys().chain(b.keys()).filter(|k| content(k)).collect();
    keys.dedup();
    let hpa = a.get("kind").and_then(Value::as_str) == Some("HorizontalPodAutoscaler");
    keys.into_iter().all(|key| match (a.get(key), b.get(key)) {
        (Some(x), Some(y)) if hpa && key == "spec" => without_repeated_metrics(x) == without_repeated_metrics(y),
        (x, y) => x == y,
    })
}

/// Some API servers repeat metrics in dry-run results and add an empty one.
fn without_repeated_metrics(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(Value::Array(metrics)) = spec.get_mut("metrics") {
        let mut kept: Vec<Value> = Vec::new();
        for metric in metrics.drain(..) {
            let typed = metric.get("type").and_then(Value::as_str).is_some_and(|t| !t.is_empty());
            if typed && !kept.contains(&metric) {
                kept.push(metric);
            }
        }
        *metrics = kept;
    }
    spec
}
