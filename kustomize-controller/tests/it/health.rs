//! Health checks.

use serde_json::{Value, json};

use crate::world::{World, condition, config_map, inventory};

const SOURCE: &str = "source.toolkit.fluxcd.io/v1";

/// An object whose health the test decides.
async fn probe(w: &World, name: &str, conditions: Value) {
    let spec = json!({"interval": "1h", "url": "https://example.com/x.git"});
    w.apply(json!({"apiVersion": SOURCE, "kind": "GitRepository", "metadata": {"name": name}, "spec": spec})).await;
    w.merge_status(SOURCE, "GitRepository", name, json!({"status": {"observedGeneration": 1, "conditions": conditions}})).await;
}

fn state(type_: &str, status: &str) -> Value {
    json!([{"type": type_, "status": status, "reason": "Test", "message": "by the test", "lastTransitionTime": "2026-01-01T00:00:00Z"}])
}

/// KC-REC-06, KC-HC-01, KC-HC-02, KC-HC-04, KC-PERF-03: its progress is told, it is ready as soon as what it names is, and another is not held up meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn waits_by_watch() {
    let w = World::new("kc-health").await;
    probe(&w, "probe", state("Ready", "False")).await;
    let revision = w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    let checks = json!([{"apiVersion": SOURCE, "kind": "GitRepository", "name": "probe", "namespace": "kc-health"}]);
    w.kustomization("app", "repo", json!({"healthChecks": checks})).await;
    let waiting = w.kustomization_is("app", "checking", |o| condition(o, "Healthy")["status"] == "Unknown").await;
    let message = condition(&waiting, "Reconciling")["message"].as_str().unwrap();
    assert_eq!(message, format!("Running health checks for revision {revision} with a timeout of 59m30s"));
    let ready = condition(&waiting, "Ready");
    assert_eq!(
        (&ready["status"], &ready["reason"], &ready["message"]),
        (&json!("Unknown"), &json!("Progressing"), &json!("Reconciliation in progress"))
    );
    let other = w.publish("other", &[("map.yaml", &config_map("other", "x"))]).await;
    w.kustomization("other", "other", json!({})).await;
    w.ready("other", &other).await;
    w.merge_status(SOURCE, "GitRepository", "probe", json!({"status": {"conditions": state("Ready", "True")}})).await;
    let done = w.ready("app", &revision).await;
    assert_eq!(condition(&done, "Healthy")["status"], "True");
}

/// KC-INV-01, KC-INV-02: what was pruned before a wait is not in the inventory after it.
#[tokio::test(flavor = "multi_thread")]
async fn the_inventory_after_a_wait() {
    let w = World::new("kc-waited").await;
    probe(&w, "probe", state("Ready", "True")).await;
    let checks = json!([{"apiVersion": SOURCE, "kind": "GitRepository", "name": "probe", "namespace": "kc-waited"}]);
    let first = w.publish("repo", &[("old.yaml", &config_map("old", "x")), ("kept.yaml", &config_map("kept", "x"))]).await;
    w.kustomization("app", "repo", json!({"healthChecks": checks})).await;
    w.ready("app", &first).await;
    w.merge_status(SOURCE, "GitRepository", "probe", json!({"status": {"conditions": state("Ready", "False")}})).await;
    let second = w.publish("repo", &[("kept.yaml", &config_map("kept", "y")), ("new.yaml", &config_map("new", "x"))]).await;
    w.is("v1", "ConfigMap", "old", "pruned", |o| o.is_none()).await;
    w.merge_status(SOURCE, "GitRepository", "probe", json!({"status": {"conditions": state("Ready", "True")}})).await;
    let done = w.ready("app", &second).await;
    assert_eq!(inventory(&done), ["kc-waited_kept__ConfigMap", "kc-waited_new__ConfigMap"]);
}

/// KC-HC-03: a failed object ends the check early, and is named.
#[tokio::test(flavor = "multi_thread")]
async fn fails_early() {
    let w = World::new("kc-stalled").await;
    probe(&w, "probe", state("Stalled", "True")).await;
    w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    let checks = json!([{"apiVersion": SOURCE, "kind": "GitRepository", "name": "probe", "namespace": "kc-stalled"}]);
    w.kustomization("app", "repo", json!({"healthChecks": checks})).await;
    let failed = w.failed("app", "HealthCheckFailed").await;
    let message = condition(&failed, "Ready")["message"].as_str().unwrap();
    assert!(message.starts_with("health check failed after "), "{message}");
    assert!(message.ends_with("failed early due to stalled resources: [GitRepository/kc-stalled/probe status: 'Failed']"), "{message}");
    assert_eq!(condition(&failed, "Healthy")["status"], "False");
    assert_eq!(failed["status"]["history"][0]["lastReconciledStatus"], "HealthCheckFailed");
    assert_eq!(w.get("v1", "ConfigMap", "map").await.unwrap()["data"]["key"], "x");
}

/// RT-28: without the gate too a new revision takes the place of one whose health check still waits (engine rule), but
/// nothing is reported of that.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_revision_ends_the_wait() {
    let w = World::new("kc-newer").await;
    probe(&w, "probe", state("Ready", "False")).await;
    w.publish("repo", &[("map.yaml", &config_map("map", "one"))]).await;
    let checks = json!([{"apiVersion": SOURCE, "kind": "GitRepository", "name": "probe", "namespace": "kc-newer"}]);
    w.kustomization("app", "repo", json!({"healthChecks": checks})).await;
    w.is("v1", "ConfigMap", "map", "applied", |o| o.is_some()).await;
    w.publish("repo", &[("map.yaml", &config_map("map", "two"))]).await;
    w.is("v1", "ConfigMap", "map", "updated", |o| o.is_some_and(|o| o["data"]["key"] == "two")).await;
    w.merge_status(SOURCE, "GitRepository", "probe", json!({"status": {"conditions": state("Ready", "True")}})).await;
    w.event("app", "ReconciliationSucceeded", |_| true).await;
    assert!(w.events("app", "HealthCheckCanceled").await.is_empty());
}
