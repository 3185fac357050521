//! What people see when something is wrong, and that the last good state stays.

use ferroflux_e2e::World;
use serde_json::json;

use crate::{config_map, inventory, nothing};

/// KC-REC-09, KC-UX-01, KC-INV-02: broken YAML fails the build, names the file, prunes nothing, and heals by the next commit.
#[tokio::test(flavor = "multi_thread")]
async fn broken_yaml_keeps_the_last_good_state() {
    let world = World::new("errors-yaml").await;
    world
        .push(&[
            ("kustomization.yaml", "resources: [a.yaml, b.yaml]\n"),
            ("a.yaml", &config_map("a", "1")),
            ("b.yaml", &config_map("b", "1")),
        ])
        .await;
    world.git_repository(nothing()).await;
    world.kustomization("apps", nothing()).await;
    let good = world.ready("Kustomization", "apps").await;
    world.push(&[("b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b\n")]).await;
    world.reconcile("GitRepository", "repo").await;
    let message = world.fails("Kustomization", "apps", "BuildFailed").await;
    assert!(message.contains("b.yaml"), "{message}");
    let broken = world.get("Kustomization", "apps").await;
    assert_eq!(inventory(&broken), inventory(&good));
    assert_eq!(broken["status"]["lastAppliedRevision"], good["status"]["lastAppliedRevision"]);
    assert!(!world.get("ConfigMap", "b").await.is_null());
    let healed = world.push(&[("b.yaml", &config_map("b", "2"))]).await;
    world.reconcile("GitRepository", "repo").await;
    world.applied("apps", &healed).await;
}

/// KC-SUB-06, KC-UX-01: strict substitution names every missing variable at once.
#[tokio::test(flavor = "multi_thread")]
async fn missing_variables() {
    let world = World::new("errors-variables").await;
    world.push(&[("a.yaml", &config_map("a", "${one}-${two}"))]).await;
    world.git_repository(nothing()).await;
    world.kustomization("apps", json!({"postBuild": {"substitute": {"other": "x"}}})).await;
    let message = world.fails("Kustomization", "apps", "BuildFailed").await;
    assert!(message.contains("one") && message.contains("two"), "{message}");
}

/// KC-REC-07: a path that is not in the artifact is named.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_path() {
    let world = World::new("errors-path").await;
    world.push(&[("a.yaml", &config_map("a", "1"))]).await;
    world.git_repository(nothing()).await;
    // Without an artifact the reason would be the same.
    world.ready("GitRepository", "repo").await;
    world.kustomization("apps", json!({"path": "./nowhere"})).await;
    let message = world.fails("Kustomization", "apps", "ArtifactFailed").await;
    assert!(message.contains("nowhere"), "{message}");
}

/// KC-IMP-01, KC-APPLY-11: a tenant acts only as its service account.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_without_rights() {
    let world = World::new("errors-tenant").await;
    let revision = world.push(&[("a.yaml", &config_map("a", "1"))]).await;
    world.git_repository(nothing()).await;
    world.apply("ServiceAccount", "tenant", nothing()).await;
    world.kustomization("apps", json!({"serviceAccountName": "tenant"})).await;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await;
    assert!(message.contains("system:serviceaccount:errors-tenant:tenant"), "{message}");
    assert!(world.get("ConfigMap", "a").await.is_null());
    let subject = json!({"kind": "ServiceAccount", "name": "tenant", "namespace": "errors-tenant"});
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"});
    world.apply("RoleBinding", "tenant", json!({"roleRef": role, "subjects": [subject]})).await;
    world.applied("apps", &revision).await;
}
