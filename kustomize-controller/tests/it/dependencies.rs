//! `spec.dependsOn`.

use serde_json::json;

use crate::world::{World, condition, config_map};

/// KC-DEP-01, KC-DEP-03, KC-REC-04: a Kustomization waits for its dependency and runs as soon as that is ready.
#[tokio::test(flavor = "multi_thread")]
async fn waits_for_its_dependency() {
    let w = World::new("kc-deps").await;
    let app = w.publish("app", &[("app.yaml", &config_map("app", "x"))]).await;
    w.kustomization("app", "app", json!({"dependsOn": [{"name": "infra"}]})).await;
    let failed = w.failed("app", "DependencyNotReady").await;
    let message = condition(&failed, "Ready")["message"].as_str().unwrap();
    assert!(message.starts_with("dependency 'kc-deps/infra' not found: "), "{message}");
    w.kustomization("infra", "infra", json!({})).await;
    let missing = w.failed("infra", "ArtifactFailed").await;
    assert!(condition(&missing, "Ready")["message"].as_str().unwrap().contains("\"infra\" not found"));
    w.kustomization_is("app", "waiting", |o| condition(o, "Ready")["message"] == "dependency 'kc-deps/infra' is not ready").await;
    assert!(w.get("v1", "ConfigMap", "app").await.is_none());
    let infra = w.publish("infra", &[("infra.yaml", &config_map("infra", "x"))]).await;
    w.ready("infra", &infra).await;
    w.ready("app", &app).await;
    let event = w.event("app", "DependencyNotReady", |_| true).await;
    assert_eq!(event["message"], "Dependencies do not meet ready condition, retrying in 2s");
}

/// KC-UX-03: a cycle is named in the message.
#[tokio::test(flavor = "multi_thread")]
async fn names_a_cycle() {
    let w = World::new("kc-cycle").await;
    w.publish("repo", &[("a.yaml", &config_map("a", "x"))]).await;
    w.kustomization("a", "repo", json!({"dependsOn": [{"name": "b"}]})).await;
    w.kustomization("b", "repo", json!({"dependsOn": [{"name": "a"}]})).await;
    w.kustomization_is("a", "in a cycle", |o| {
        let message = condition(o, "Ready")["message"].as_str().unwrap_or_default();
        message.contains("circular dependency detected: kc-cycle/a -> kc-cycle/b -> kc-cycle/a")
    })
    .await;
}
