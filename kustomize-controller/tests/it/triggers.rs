//! What makes a Kustomization run, and what does not.

use serde_json::{Value, json};

use crate::world::{Controller, World, condition, config_map, is_ready};

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";
const SOURCE: &str = "source.toolkit.fluxcd.io/v1";

fn runs(object: &Value) -> u64 {
    object["status"]["history"][0]["totalReconciliations"].as_u64().unwrap_or_default()
}

/// Brings another Kustomization of the namespace to readiness: what was enqueued before has begun by then.
async fn something_else_runs(w: &World, name: &str) {
    let revision = w.publish(name, &[("map.yaml", &config_map(name, "x"))]).await;
    w.kustomization(name, name, json!({})).await;
    w.ready(name, &revision).await;
}

/// KC-TRIG-01, KC-TRIG-02: labels, other annotations and the same revision once more make nothing run; a new value of the
/// request annotation, a new generation and a new revision do.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_matters() {
    let w = World::new("kc-triggers").await;
    let revision = w.publish("repo", &[("map.yaml", &config_map("map", "one"))]).await;
    w.kustomization("app", "repo", json!({})).await;
    let before = w.ready("app", &revision).await;
    w.merge(KUSTOMIZE, "Kustomization", "app", json!({"metadata": {"labels": {"team": "a"}, "annotations": {"note": "x"}}})).await;
    let touched = json!({"status": {"artifact": {"lastUpdateTime": "2026-02-02T00:00:00Z"}}});
    w.merge_status(SOURCE, "GitRepository", "repo", touched).await;
    something_else_runs(&w, "barrier").await;
    let after = w.get(KUSTOMIZE, "Kustomization", "app").await.unwrap();
    assert_eq!((runs(&before), runs(&after)), (1, 1), "{}", after["status"]);
    w.request("app", "asked").await;
    w.kustomization_is("app", "run on request", |o| runs(o) == 2 && o["status"]["lastHandledReconcileAt"] == "asked" && is_ready(o)).await;
    w.merge(KUSTOMIZE, "Kustomization", "app", json!({"spec": {"interval": "2h"}})).await;
    w.kustomization_is("app", "run on its generation", |o| runs(o) == 3 && is_ready(o)).await;
    let second = w.publish("repo", &[("map.yaml", &config_map("map", "two"))]).await;
    w.ready("app", &second).await;
}

/// KC-TRIG-05: after a success it runs again after the interval, after a failure after the retry interval, without anybody
/// asking.
#[tokio::test(flavor = "multi_thread")]
async fn by_the_clock() {
    let w = World::new("kc-clock").await;
    w.publish("repo", &[("map.yaml", &config_map("map", "one"))]).await;
    w.kustomization("often", "repo", json!({"interval": "1s"})).await;
    w.kustomization_is("often", "run three times", |o| runs(o) >= 3).await;
    w.publish("other", &[("map.yaml", &config_map("other", "one"))]).await;
    w.kustomization("denied", "other", json!({"retryInterval": "1s", "serviceAccountName": "deployer"})).await;
    w.failed("denied", "ReconciliationFailed").await;
    w.apply(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "deployer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"}, "subjects": [{"kind": "ServiceAccount", "name": "deployer", "namespace": "kc-clock"}]}))
        .await;
    w.kustomization_is("denied", "ready", is_ready).await;
}

/// RT-28, KC-TRIG-06: with the gate, what interrupts a health check is reported by its name, be it the source, the object
/// itself or what it reads, and no history is written; the new revision is applied at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_canceled_health_check_is_reported() {
    let w = World::new("kc-cancel").await;
    let flags = ["--feature-gates=CancelHealthCheckOnNewRevision=true"];
    let controller = Controller::start_with("sharding.fluxcd.io/key=cancel", &flags, &[]);
    w.publish("repo", &[("map.yaml", &config_map("map", "one"))]).await;
    let checks = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "absent", "namespace": "kc-cancel"}]);
    let settings = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "labels": {"reconcile.fluxcd.io/watch": "Enabled"}}, "data": {"COLOR": value}});
    w.apply(settings("red")).await;
    let post_build = json!({"substituteFrom": [{"kind": "ConfigMap", "name": "settings"}]});
    let fields = json!({"healthChecks": checks, "postBuild": post_build, "labels": {"sharding.fluxcd.io/key": "cancel"}});
    w.kustomization("app", "repo", fields).await;
    // What was canceled leaves Ready=False, until the next reconcile has begun.
    let unknown = |o: &Value, type_: &str| condition(o, type_)["status"] == "Unknown";
    let checking = async || w.kustomization_is("app", "checking", |o| unknown(o, "Healthy") && unknown(o, "Ready")).await;
    checking().await;
    w.request("app", "asked").await;
    let by = |what: &str| format!("Health checks canceled due to new reconciliation triggered by {what}");
    w.event("app", "HealthCheckCanceled", |m| m == by("Kustomization/kc-cancel/app")).await;
    w.kustomization_is("app", "handled", |o| o["status"]["lastHandledReconcileAt"] == "asked").await;
    checking().await;
    w.apply(settings("blue")).await;
    w.event("app", "HealthCheckCanceled", |m| m == by("ConfigMap/kc-cancel/settings")).await;
    checking().await;
    w.publish("repo", &[("map.yaml", &config_map("map", "two"))]).await;
    let event = w.event("app", "HealthCheckCanceled", |m| m == by("GitRepository/kc-cancel/repo")).await;
    assert_eq!(event["type"], "Normal");
    let applied = w.is("v1", "ConfigMap", "map", "updated", |o| o.is_some_and(|o| o["data"]["key"] == "two")).await;
    assert!(applied.is_some());
    let object = w.get(KUSTOMIZE, "Kustomization", "app").await.unwrap();
    assert_eq!(runs(&object), 0, "{}", object["status"]["history"]);
    controller.kill().await;
}
