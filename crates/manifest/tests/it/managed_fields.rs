//! Taking over what other appliers left.

use ferroflux_manifest::managed_fields::{cleanup_patch, foreign_managers, migration_patch};
use serde_json::{Value, json};

const OWN: &str = "kustomize-controller";

fn live(entries: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "managedFields": entries}})
}

fn entry(manager: &str, operation: &str, fields: Value) -> Value {
    json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
}

fn patch(live: &Value, extra: &[&str]) -> Option<Value> {
    let extra: Vec<String> = extra.iter().map(|e| (*e).to_owned()).collect();
    cleanup_patch(&json!({}), live, OWN, &foreign_managers(OWN, &extra))
}

/// KC-APPLY-08: entries of kubectl (by prefix), of `before-first-apply`, of our own updates and of overridden managers are
/// merged into our Apply entry; status entries and others stay.
#[test]
fn entries_are_merged() {
    let status = json!({"manager": "kubectl", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}});
    let other = entry("helm", "Apply", json!({"f:data": {"f:h": {}}}));
    let live = live(json!([
        entry(OWN, "Apply", json!({"f:data": {"f:a": {}, "f:deep": {}}})),
        entry("kubectl-edit", "Update", json!({"f:data": {"f:b": {}, "f:deep": {"f:x": {}}}})),
        status,
        entry("before-first-apply", "Update", json!({"f:data": {"f:c": {}}})),
        entry("ui-console", "Apply", json!({"f:data": {"f:d": {}}})),
        other,
    ]));
    let merged = entry(OWN, "Apply", json!({"f:data": {"f:a": {}, "f:b": {}, "f:c": {}, "f:d": {}, "f:deep": {".": {}, "f:x": {}}}}));
    assert_eq!(
        patch(&live, &["ui"]),
        Some(json!([{"op": "replace", "path": "/metadata/managedFields", "value": [status, other, merged]}]))
    );
}

/// KC-APPLY-08: without an entry of ours the first match becomes ours; client-side apply of Flux itself is left alone.
#[test]
fn the_first_becomes_ours() {
    let kubectl = live(json!([entry("kubectl-client-side-apply", "Update", json!({"f:data": {}}))]));
    let value = [entry(OWN, "Apply", json!({"f:data": {}}))];
    assert_eq!(patch(&kubectl, &[]), Some(json!([{"op": "replace", "path": "/metadata/managedFields", "value": value}])));
    assert_eq!(patch(&live(json!([entry("flux-client-side-apply", "Update", json!({"f:data": {}}))])), &[]), None);
    assert_eq!(patch(&live(json!([entry(OWN, "Apply", json!({"f:data": {}}))])), &[]), None);
}

/// KC-APPLY-07, KC-APPLY-08: old annotations and labels go, unless the object is to be merged.
#[test]
fn old_annotations() {
    let mut object = live(json!([]));
    object["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": "{}", "mine": "x"});
    object["metadata"]["labels"] = json!({"fluxcd.io/sync-gc-mark": "x"});
    let wanted = json!([
        {"op": "remove", "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"},
        {"op": "remove", "path": "/metadata/labels/fluxcd.io~1sync-gc-mark"},
    ]);
    assert_eq!(patch(&object, &[]), Some(wanted));
    object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/ssa"] = "merge".into();
    assert_eq!(patch(&object, &[]), None);
}

/// KC-APPLY-10: every entry moves to the desired version, once.
#[test]
fn migration() {
    let old = live(json!([entry(OWN, "Apply", json!({})), entry("x", "Update", json!({}))]));
    let patch = migration_patch(&old, "v2").unwrap();
    assert!(patch[0]["value"].as_array().unwrap().iter().all(|e| e["apiVersion"] == "v2"));
    assert_eq!(migration_patch(&old, "v1"), None);
}
