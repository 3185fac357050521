//! `spec.healthCheckExprs` and `spec.dependsOn[].readyExpr`.

use serde_json::{Value, json};

use crate::world::{Controller, World, condition, config_map};

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";
const TEST: &str = "test.example.com/v1";

/// A kind whose health only its own expressions know: it has a phase and no conditions.
async fn define(w: &World) {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let version =
        json!({"name": "v1", "served": true, "storage": true, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": schema}});
    let names = json!({"kind": "Engine", "plural": "engines", "singular": "engine", "listKind": "EngineList"});
    let definition = w
        .apply(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "engines.test.example.com"},
            "spec": {"group": "test.example.com", "scope": "Namespaced", "names": names, "versions": [version]},
        }))
        .await;
    let name = definition["metadata"]["name"].as_str().unwrap();
    let established = |o: &Value| condition(o, "Established")["status"] == "True";
    w.is("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, "established", |o| o.is_some_and(established)).await;
}

fn engine(name: &str, size: u32) -> String {
    format!("apiVersion: {TEST}\nkind: Engine\nmetadata: {{name: {name}}}\nspec: {{size: {size}}}\n")
}

fn phases() -> Value {
    json!([{
        "apiVersion": TEST, "kind": "Engine", "current": "status.phase == 'Running'", "failed": "status.phase == 'Broken'",
        "inProgress": "status.phase in ['Queued', 'Starting']",
    }])
}

async fn set(w: &World, name: &str, status: Value) {
    w.merge_status(TEST, "Engine", name, json!({"status": status})).await;
}

/// A reconcile whose health check of a revision is announced.
async fn checking(w: &World, name: &str, revision: &str) {
    let announced = format!("Running health checks for revision {revision} with a timeout of 59m30s");
    w.kustomization_is(name, "checking", |o| {
        condition(o, "Healthy")["status"] == "Unknown" && condition(o, "Reconciling")["message"] == announced
    })
    .await;
}

/// KC-HC-06: expressions stand in for the rules of a kind, by which the object would be current at once. It waits while a
/// field is missing, while its controller has not seen its generation and while it is on its way; it passes when it is
/// current, and fails when it has failed.
#[tokio::test(flavor = "multi_thread")]
async fn health_by_expressions() {
    let w = World::new("kc-exprs").await;
    define(&w).await;
    let first = w.publish("repo", &[("engine.yaml", &engine("main", 1))]).await;
    w.kustomization("app", "repo", json!({"wait": true, "healthCheckExprs": phases()})).await;
    checking(&w, "app", &first).await;
    set(&w, "main", json!({"phase": "Queued"})).await;
    set(&w, "main", json!({"phase": "Running", "observedGeneration": 1})).await;
    let done = w.ready("app", &first).await;
    assert_eq!(condition(&done, "Healthy")["status"], "True");

    // It still says that it runs, but of what it was before.
    let second = w.publish("repo", &[("engine.yaml", &engine("main", 2))]).await;
    checking(&w, "app", &second).await;
    set(&w, "main", json!({"phase": "Broken", "observedGeneration": 2})).await;
    let failed = w.failed("app", "HealthCheckFailed").await;
    let message = condition(&failed, "Ready")["message"].as_str().unwrap();
    assert!(message.ends_with("failed early due to stalled resources: [Engine/kc-exprs/main status: 'Failed']"), "{message}");
    assert_eq!(condition(&failed, "Healthy")["status"], "False");
}

/// KC-HC-06: objects of a kind are judged by the expressions of the Kustomization that waits for them; who has others, or
/// none, is not held up.
#[tokio::test(flavor = "multi_thread")]
async fn each_judges_by_its_own_expressions() {
    let w = World::new("kc-judges").await;
    define(&w).await;
    let revision = w.publish("waits", &[("engine.yaml", &engine("waits", 1))]).await;
    w.kustomization("waits", "waits", json!({"wait": true, "healthCheckExprs": phases()})).await;
    checking(&w, "waits", &revision).await;
    let by_size = json!([{"apiVersion": "test.example.com/v2", "current": "spec.size == 1 && has(metadata.labels)"}]);
    for (name, fields) in [("sized", json!({"wait": true, "healthCheckExprs": by_size})), ("plain", json!({"wait": true}))] {
        let revision = w.publish(name, &[("engine.yaml", &engine(name, 1))]).await;
        w.kustomization(name, name, fields).await;
        w.ready(name, &revision).await;
    }
    let waiting = w.get(KUSTOMIZE, "Kustomization", "waits").await.unwrap();
    assert_eq!(condition(&waiting, "Healthy")["status"], "Unknown");
    set(&w, "waits", json!({"phase": "Running"})).await;
    w.ready("waits", &revision).await;
}

/// KC-HC-06: an expression that cannot be evaluated is named when time is up.
#[tokio::test(flavor = "multi_thread")]
async fn evaluation_errors_are_reported_in_the_end() {
    let w = World::new("kc-no-field").await;
    define(&w).await;
    w.publish("repo", &[("engine.yaml", &engine("main", 1))]).await;
    w.kustomization("app", "repo", json!({"wait": true, "timeout": "2s", "healthCheckExprs": phases()})).await;
    let failed = w.failed("app", "HealthCheckFailed").await;
    let message = condition(&failed, "Ready")["message"].as_str().unwrap();
    let told = "timeout waiting for: [Engine/kc-no-field/main status: 'Unknown': failed to evaluate the CEL expression 'status.phase in ['Queued', 'Starting']': no such attribute(s): status.phase]";
    assert!(message.ends_with(told), "{message}");
}

/// A Kustomization that is not ready for want of its source.
async fn unready(w: &World, name: &str, labels: Value) {
    w.kustomization(name, "missing", json!({"labels": labels})).await;
    w.failed(name, "ArtifactFailed").await;
}

/// KC-DEP-02: a readiness expression is over both objects and stands in for the conditions; what it misses may come, and a
/// change of the dependency is enough for it to be looked at again.
#[tokio::test(flavor = "multi_thread")]
async fn readiness_by_expression() {
    let w = World::new("kc-ready-expr").await;
    let revision = w.publish("app", &[("map.yaml", &config_map("map", "x"))]).await;
    unready(&w, "infra", json!({})).await;
    let expression = "dep.metadata.labels.version == self.metadata.labels.version";
    let fields = json!({"labels": {"version": "v2"}, "dependsOn": [{"name": "infra", "readyExpr": expression}]});
    w.kustomization("app", "app", fields).await;
    let message = |text: &'static str| {
        move |o: &Value| condition(o, "Ready")["message"] == text && condition(o, "Ready")["reason"] == "DependencyNotReady"
    };
    let missing = "failed to evaluate dependency infra: failed to evaluate the CEL expression 'dep.metadata.labels.version == self.metadata.labels.version': no such key: labels";
    w.kustomization_is("app", "missing a label", message(missing)).await;
    w.merge(KUSTOMIZE, "Kustomization", "infra", json!({"metadata": {"labels": {"version": "v1"}}})).await;
    let not_ready = "dependency 'kc-ready-expr/infra' is not ready according to readyExpr eval";
    let waiting = w.kustomization_is("app", "not ready by expression", message(not_ready)).await;
    assert!(condition(&waiting, "Stalled").is_null() && w.get("v1", "ConfigMap", "map").await.is_none());
    w.merge(KUSTOMIZE, "Kustomization", "infra", json!({"metadata": {"labels": {"version": "v2"}}})).await;
    w.ready("app", &revision).await;
}

/// KC-DEP-02: with AdditiveCELDependencyCheck the conditions count as well.
#[tokio::test(flavor = "multi_thread")]
async fn expressions_may_be_additive() {
    let w = World::new("kc-additive").await;
    let controller = Controller::start_with("sharding.fluxcd.io/key=additive", &["--feature-gates=AdditiveCELDependencyCheck=true"], &[]);
    let revision = w.publish("app", &[("map.yaml", &config_map("map", "x"))]).await;
    unready(&w, "infra", json!({})).await;
    let dependencies = json!([{"name": "infra", "readyExpr": "dep.kind == self.kind"}]);
    let fields = json!({"labels": {"sharding.fluxcd.io/key": "additive"}, "dependsOn": dependencies});
    w.kustomization("app", "app", fields).await;
    w.kustomization_is("app", "not ready", |o| condition(o, "Ready")["message"] == "dependency 'kc-additive/infra' is not ready").await;
    let infra = w.publish("missing", &[("map.yaml", &config_map("infra", "x"))]).await;
    w.ready("infra", &infra).await;
    w.ready("app", &revision).await;
    controller.kill().await;
}

/// KC-REC-02, KC-DEP-02, RT-60: an expression that is not valid, or not known to be true or false, is a mistake that only a
/// change of the object mends.
#[tokio::test(flavor = "multi_thread")]
async fn invalid_expressions() {
    let w = World::new("kc-invalid-expr").await;
    let revision = w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    let broken = |check: Value| json!({"healthCheckExprs": [{"apiVersion": TEST, "kind": "Engine", "current": "true"}, check]});
    let depends = |expression: &str| json!({"dependsOn": [{"name": "infra", "readyExpr": expression}]});
    unready(&w, "infra", json!({})).await;
    let cases = [
        (
            broken(json!({"apiVersion": "v1", "kind": "Pod", "current": "status.ok =="})),
            "failed to create custom status evaluator for healthchecks[1]: failed to parse the expression Current: failed to parse the CEL expression 'status.ok ==': ERROR: <input>:1:13: ",
        ),
        (
            broken(json!({"apiVersion": TEST, "kind": "Engine", "current": "false"})),
            "duplicate custom health check for GroupKind Engine.test.example.com at healthchecks[1]",
        ),
        (
            depends("deps.x == 1"),
            "failed to evaluate dependency infra: failed to parse the CEL expression 'deps.x == 1': ERROR: <input>:1:1: undeclared reference to 'deps'",
        ),
        (depends("dep.spec.prune"), "failed to evaluate dependency infra: CEL expression output type mismatch: expected bool, got dyn"),
    ];
    for (n, (fields, error)) in cases.into_iter().enumerate() {
        let name = format!("app-{n}");
        let object = w.kustomization(&name, "repo", fields).await;
        let stalled = w.kustomization_is(&name, "stalled", |o| condition(o, "Stalled")["status"] == "True").await;
        let message = format!("Reconciliation failed terminally due to configuration error: {error}");
        for (type_, status) in [("Ready", "False"), ("Stalled", "True")] {
            let condition = condition(&stalled, type_);
            assert_eq!((&condition["status"], &condition["reason"]), (&json!(status), &json!("InvalidCELExpression")), "{condition}");
            assert!(condition["message"].as_str().unwrap().starts_with(&message), "{condition}");
        }
        assert_eq!(stalled["status"]["observedGeneration"], object["metadata"]["generation"]);
        let event = w.event(&name, "InvalidCELExpression", |_| true).await;
        assert!(event["message"].as_str().unwrap().contains(error), "{event}");
        w.kustomization(&name, "repo", json!({"healthCheckExprs": null, "dependsOn": null})).await;
        let mended = w.ready(&name, &revision).await;
        assert!(condition(&mended, "Stalled").is_null());
    }
}
