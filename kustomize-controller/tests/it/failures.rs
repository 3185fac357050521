//! What goes wrong, and how it is reported.

use serde_json::json;

use crate::world::{Controller, World, condition, config_map, inventory};

/// KC-REC-09, KC-UX-01: broken YAML keeps the last good state and names the file.
#[tokio::test(flavor = "multi_thread")]
async fn broken_yaml() {
    let w = World::new("kc-broken").await;
    let good = w.publish("repo", &[("apps/map.yaml", &config_map("map", "one"))]).await;
    w.kustomization("app", "repo", json!({"path": "./apps"})).await;
    w.ready("app", &good).await;
    let bad = w.publish("repo", &[("apps/map.yaml", &config_map("map", "two")), ("apps/worse.yaml", "a: [1\nb: }\n")]).await;
    let failed = w.failed("app", "BuildFailed").await;
    assert!(condition(&failed, "Ready")["message"].as_str().unwrap().contains("worse.yaml"), "{}", condition(&failed, "Ready"));
    assert_eq!(condition(&failed, "Reconciling")["reason"], "ProgressingWithRetry");
    assert_eq!((&failed["status"]["lastAppliedRevision"], &failed["status"]["lastAttemptedRevision"]), (&json!(good), &json!(bad)));
    assert_eq!(failed["status"]["history"].as_array().unwrap().len(), 1, "a build failure is no history");
    assert_eq!(inventory(&failed), ["kc-broken_map__ConfigMap"]);
    assert_eq!(w.get("v1", "ConfigMap", "map").await.unwrap()["data"]["key"], "one");
}

/// KC-REC-07: a path that is not there.
#[tokio::test(flavor = "multi_thread")]
async fn missing_path() {
    let w = World::new("kc-path").await;
    w.publish("repo", &[("apps/map.yaml", &config_map("map", "one"))]).await;
    w.kustomization("app", "repo", json!({"path": "./nowhere"})).await;
    let failed = w.failed("app", "ArtifactFailed").await;
    assert!(condition(&failed, "Ready")["message"].as_str().unwrap().starts_with("kustomization path not found: "));
    assert!(failed["status"]["lastAttemptedRevision"].is_null(), "nothing was attempted");
}

/// KC-IMP-01, KC-APPLY-11: a tenant without rights gets the API server's refusal, and nothing is applied.
#[tokio::test(flavor = "multi_thread")]
async fn impersonation_is_denied() {
    let w = World::new("kc-denied").await;
    w.apply(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody"}})).await;
    w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    w.kustomization("app", "repo", json!({"serviceAccountName": "nobody"})).await;
    let failed = w.failed("app", "ReconciliationFailed").await;
    let message = condition(&failed, "Ready")["message"].as_str().unwrap();
    assert!(
        message.starts_with("ConfigMap/kc-denied/map dry-run failed (Forbidden): ")
            && message.contains("system:serviceaccount:kc-denied:nobody"),
        "{message}"
    );
    assert!(w.get("v1", "ConfigMap", "map").await.is_none());
    assert!(inventory(&failed).is_empty(), "what was planned but not applied is not remembered");
}

/// KC-SUB-06, KC-UX-01: all missing variables are named, with the object.
#[tokio::test(flavor = "multi_thread")]
async fn missing_variables() {
    let w = World::new("kc-vars").await;
    w.publish("repo", &[("map.yaml", &config_map("map", "${A} ${B}"))]).await;
    w.kustomization("app", "repo", json!({"postBuild": {"substitute": {"C": "c"}}})).await;
    let failed = w.failed("app", "BuildFailed").await;
    let message = condition(&failed, "Ready")["message"].as_str().unwrap();
    assert!(
        message.starts_with("post build failed for 'ConfigMap.v1.[noGrp]/map': envsubst error: variable substitution failed: "),
        "{message}"
    );
    assert!(message.contains("\"A\"") && message.contains("\"B\""), "{message}");
}

/// KC-SUB-02, KC-TRIG-03: variables come from labelled ConfigMaps, whose change is applied.
#[tokio::test(flavor = "multi_thread")]
async fn variables_follow_their_config_map() {
    let w = World::new("kc-config").await;
    let settings = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "labels": {"reconcile.fluxcd.io/watch": "Enabled"}}, "data": {"COLOR": value}});
    w.apply(settings("red")).await;
    let revision = w.publish("repo", &[("map.yaml", &config_map("map", "${COLOR}"))]).await;
    w.kustomization("app", "repo", json!({"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "settings"}, {"kind": "Secret", "name": "none", "optional": true}]}})).await;
    w.ready("app", &revision).await;
    assert_eq!(w.get("v1", "ConfigMap", "map").await.unwrap()["data"]["key"], "red");
    w.apply(settings("blue")).await;
    w.is("v1", "ConfigMap", "map", "blue", |o| o.is_some_and(|o| o["data"]["key"] == "blue")).await;
}

/// KC-REC-02, KC-REC-04: mistakes that only a change of the object mends stall it.
#[tokio::test(flavor = "multi_thread")]
async fn terminal_failures() {
    let w = World::new("kc-terminal").await;
    w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    w.kustomization("external", "repo", json!({"sourceRef": {"kind": "ExternalArtifact", "name": "x"}})).await;
    let failed = w.failed("external", "AccessDenied").await;
    assert_eq!(
        condition(&failed, "Ready")["message"],
        "can't access 'ExternalArtifact/kc-terminal/x', ExternalArtifact feature gate is disabled"
    );
    assert_eq!(condition(&failed, "Stalled")["reason"], "AccessDenied");
    w.kustomization("sops", "repo", json!({"decryption": {"provider": "sops", "serviceAccountName": "x"}})).await;
    let failed = w.failed("sops", "FeatureGateDisabled").await;
    assert_eq!(condition(&failed, "Stalled")["status"], "True");
}

/// RT-52, KC-REC-04, KC-DEP-01: with --no-cross-namespace-refs a source of another namespace is refused for good, whatever its
/// kind and before it is looked for; a dependency of another namespace is none of that.
#[tokio::test(flavor = "multi_thread")]
async fn other_namespaces_may_be_forbidden() {
    let (w, other) = (World::new("kc-own-ns").await, World::new("kc-other-ns").await);
    let controller = Controller::start_with("sharding.fluxcd.io/key=own-ns", &["--no-cross-namespace-refs"], &[]);
    let labels = json!({"sharding.fluxcd.io/key": "own-ns"});
    other.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    for (name, kind) in [("git", "GitRepository"), ("oci", "OCIRepository"), ("bucket", "Bucket"), ("external", "ExternalArtifact")] {
        let source = json!({"kind": kind, "name": "repo", "namespace": "kc-other-ns"});
        w.kustomization(name, "repo", json!({"sourceRef": source, "labels": labels})).await;
        let failed = w.failed(name, "AccessDenied").await;
        let text = format!("can't access '{kind}/kc-other-ns/repo', cross-namespace references have been blocked");
        assert_eq!(condition(&failed, "Ready")["message"], text);
        assert_eq!(
            (&condition(&failed, "Stalled")["status"], &condition(&failed, "Stalled")["reason"]),
            (&json!("True"), &json!("AccessDenied"))
        );
        assert!(condition(&failed, "Reconciling").is_null(), "nobody tries again");
        w.event(name, "AccessDenied", |m| m == text).await;
    }
    assert!(w.get("v1", "ConfigMap", "map").await.is_none());
    let own = w.publish("own", &[("own.yaml", &config_map("own", "x"))]).await;
    let revision = other.publish("base", &[("base.yaml", &config_map("base", "x"))]).await;
    other.kustomization("base", "base", json!({})).await;
    other.ready("base", &revision).await;
    let named = json!({"kind": "GitRepository", "name": "own", "namespace": "kc-own-ns"});
    w.kustomization(
        "own",
        "own",
        json!({"sourceRef": named, "dependsOn": [{"name": "base", "namespace": "kc-other-ns"}], "labels": labels}),
    )
    .await;
    w.ready("own", &own).await;
    controller.kill().await;
}

/// KC-GEN-05: with --no-remote-bases neither a base nor a plain file is fetched.
#[tokio::test(flavor = "multi_thread")]
async fn remote_bases_may_be_forbidden() {
    let w = World::new("kc-no-remote").await;
    let controller = Controller::start_with("sharding.fluxcd.io/key=no-remote", &["--no-remote-bases"], &[]);
    for (name, resource) in [("file", "http://127.0.0.1:1/map.yaml"), ("base", "https://127.0.0.1:1/org/repo.git//deploy?ref=v1")] {
        w.publish(name, &[("kustomization.yaml", &format!("resources: [\"{resource}\"]\n"))]).await;
        w.kustomization(name, name, json!({"labels": {"sharding.fluxcd.io/key": "no-remote"}})).await;
        let failed = w.failed(name, "BuildFailed").await;
        let message = condition(&failed, "Ready")["message"].as_str().unwrap();
        assert!(message.contains("may not fetch remote bases or files"), "{message}");
    }
    controller.kill().await;
}
