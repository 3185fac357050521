//! Garbage collection, deletion and crashes: which objects go, and that none is lost.

use serde_json::json;

use crate::world::{Controller, World, condition, config_map, inventory};

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";

/// KC-INV-02, KC-INV-04, KC-SAFE-02, KC-APPLY-07: what left the repository is deleted, unless it says otherwise or is
/// somebody else's.
#[tokio::test(flavor = "multi_thread")]
async fn garbage_collection() {
    let w = World::new("kc-prune").await;
    let maps = ["keep", "gone", "kept-by-annotation", "adopted"].map(|n| (format!("{n}.yaml"), config_map(n, n)));
    let files: Vec<(&str, &str)> = maps.iter().map(|(n, f)| (n.as_str(), f.as_str())).collect();
    let first = w.publish("repo", &files).await;
    w.kustomization("app", "repo", json!({})).await;
    w.ready("app", &first).await;
    w.merge(
        "v1",
        "ConfigMap",
        "kept-by-annotation",
        json!({"metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled"}}}),
    )
    .await;
    w.merge("v1", "ConfigMap", "adopted", json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "another"}}})).await;
    let second = w.publish("repo", &files[..1]).await;
    let done = w.ready("app", &second).await;
    assert_eq!(inventory(&done), ["kc-prune_keep__ConfigMap"]);
    for (name, there) in [("keep", true), ("gone", false), ("kept-by-annotation", true), ("adopted", true)] {
        assert_eq!(w.get("v1", "ConfigMap", name).await.is_some(), there, "{name}");
    }
    w.kustomization("app", "repo", json!({"prune": false})).await;
    let third = w.publish("repo", &[("other.yaml", &config_map("other", "x"))]).await;
    let done = w.ready("app", &third).await;
    assert_eq!(inventory(&done), ["kc-prune_other__ConfigMap"]);
    assert!(w.get("v1", "ConfigMap", "keep").await.is_some(), "without prune it is only forgotten");
}

/// KC-DEL-01, KC-DEL-02: the deletion policies.
#[tokio::test(flavor = "multi_thread")]
async fn deletion_policies() {
    let w = World::new("kc-delete").await;
    let cases = [
        ("mirror", json!({}), false),
        ("mirror-no-prune", json!({"prune": false}), true),
        ("delete", json!({"prune": false, "deletionPolicy": "Delete"}), false),
        ("orphan", json!({"deletionPolicy": "Orphan"}), true),
        ("wait", json!({"deletionPolicy": "WaitForTermination"}), false),
        ("suspended", json!({"suspend": true}), true),
    ];
    for (name, fields, _) in &cases {
        let revision = w.publish(name, &[("map.yaml", &config_map(name, "x"))]).await;
        let mut initial = fields.clone();
        initial.as_object_mut().unwrap().remove("suspend");
        w.kustomization(name, name, initial).await;
        w.ready(name, &revision).await;
        w.kustomization(name, name, fields.clone()).await;
    }
    w.merge("v1", "ConfigMap", "wait", json!({"metadata": {"finalizers": ["example.com/hold"]}})).await;
    for (name, ..) in &cases {
        w.delete(KUSTOMIZE, "Kustomization", name).await;
    }
    w.is("v1", "ConfigMap", "wait", "terminating", |o| o.is_some_and(|o| !o["metadata"]["deletionTimestamp"].is_null())).await;
    assert!(w.get(KUSTOMIZE, "Kustomization", "wait").await.is_some(), "it waits for its object");
    w.merge("v1", "ConfigMap", "wait", json!({"metadata": {"finalizers": null}})).await;
    for (name, _, there) in &cases {
        w.is(KUSTOMIZE, "Kustomization", name, "gone", |o| o.is_none()).await;
        assert_eq!(w.get("v1", "ConfigMap", name).await.is_some(), *there, "{name}");
    }
}

/// KC-SAFE-02: killed between two writes, the controller has every object in the inventory, finishes after a restart, and
/// deletes them all when they leave the repository.
#[tokio::test(flavor = "multi_thread")]
async fn killed_in_mid_apply() {
    let w = World::new("kc-crash").await;
    let mut attempts = 0..10;
    // On a busy machine the middle is sometimes over before it is seen: then with other objects.
    let revision = loop {
        let attempt = attempts.next().expect("an attempt that is caught in the middle");
        let maps: Vec<String> = (0..150).map(|i| config_map(&format!("map-{attempt}-{i:03}"), "x")).collect();
        let revision = w.publish("repo", &[("all.yaml", &maps.join("---\n"))]).await;
        let controller = Controller::start("sharding.fluxcd.io/key=crash");
        w.kustomization("app", "repo", json!({"labels": {"sharding.fluxcd.io/key": "crash"}})).await;
        w.is("v1", "ConfigMap", &format!("map-{attempt}-003"), "there", |o| o.is_some()).await;
        controller.kill().await;
        let crashed = inventory(&w.get(KUSTOMIZE, "Kustomization", "app").await.unwrap());
        let written_ahead = crashed.iter().filter(|id| id.contains(&format!("_map-{attempt}-"))).count();
        assert_eq!(written_ahead, 150, "the inventory was written ahead");
        if w.get("v1", "ConfigMap", &format!("map-{attempt}-149")).await.is_none() {
            break revision;
        }
    };
    let controller = Controller::start("sharding.fluxcd.io/key=crash");
    let done = w.ready("app", &revision).await;
    assert_eq!(inventory(&done).len(), 150);
    let last = w.publish("repo", &[("one.yaml", &config_map("one", "x"))]).await;
    let done = w.ready("app", &last).await;
    assert_eq!(inventory(&done), ["kc-crash_one__ConfigMap"]);
    let left = kube::Api::<k8s_openapi::api::core::v1::ConfigMap>::namespaced(w.client.clone(), "kc-crash");
    let selector = kube::api::ListParams::default().labels("kustomize.toolkit.fluxcd.io/name=app");
    assert_eq!(left.list(&selector).await.unwrap().items.len(), 1);
    controller.kill().await;
    assert_eq!(condition(&done, "Ready")["status"], "True");
}

/// KC-DEL-03: without the account that it impersonates, a Kustomization goes without its objects.
#[tokio::test(flavor = "multi_thread")]
async fn the_account_is_gone() {
    let w = World::new("kc-account").await;
    w.apply(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "deployer"}})).await;
    w.apply(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "deployer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"}, "subjects": [{"kind": "ServiceAccount", "name": "deployer", "namespace": "kc-account"}]}))
        .await;
    let revision = w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    w.kustomization("app", "repo", json!({"serviceAccountName": "deployer"})).await;
    w.ready("app", &revision).await;
    w.delete("v1", "ServiceAccount", "deployer").await;
    w.delete(KUSTOMIZE, "Kustomization", "app").await;
    w.is(KUSTOMIZE, "Kustomization", "app", "gone", |o| o.is_none()).await;
    assert!(w.get("v1", "ConfigMap", "map").await.is_some());
}
