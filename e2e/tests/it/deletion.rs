//! What a deleted Kustomization leaves, and what a suspended one does.

use ferroflux_e2e::World;
use serde_json::{Value, json};

use crate::{config_map, nothing};

async fn world(name: &str, more: Value) -> World {
    let world = World::new(name).await;
    world.push(&[("a.yaml", &config_map("a", "1"))]).await;
    world.git_repository(nothing()).await;
    world.kustomization("apps", more).await;
    world.ready("Kustomization", "apps").await;
    world
}

/// KC-DEL-01: with prune its objects go with it.
#[tokio::test(flavor = "multi_thread")]
async fn with_prune() {
    let world = world("delete-prune", nothing()).await;
    world.delete("Kustomization", "apps").await;
    world.wait("Kustomization", "apps", "gone", Value::is_null).await;
    world.wait("ConfigMap", "a", "gone", Value::is_null).await;
}

/// KC-DEL-01: without prune, or with the policy Orphan, they stay.
#[tokio::test(flavor = "multi_thread")]
async fn without_prune() {
    for (name, more) in [("delete-keep", json!({"prune": false})), ("delete-orphan", json!({"deletionPolicy": "Orphan"}))] {
        let world = world(name, more).await;
        world.delete("Kustomization", "apps").await;
        world.wait("Kustomization", "apps", "gone", Value::is_null).await;
        assert_eq!(world.get("ConfigMap", "a").await["data"]["key"], "1");
    }
}

/// KC-REC-01, KC-DEL-01: suspended, it corrects nothing; deleted while suspended, it orphans.
#[tokio::test(flavor = "multi_thread")]
async fn suspended() {
    let world = world("delete-suspended", json!({"suspend": false})).await;
    world.patch("Kustomization", "apps", json!({"spec": {"suspend": true}})).await;
    world.patch("ConfigMap", "a", json!({"data": {"key": "changed"}})).await;
    world.reconcile("Kustomization", "apps").await;
    assert_eq!(world.get("ConfigMap", "a").await["data"]["key"], "changed");
    world.delete("Kustomization", "apps").await;
    world.wait("Kustomization", "apps", "gone", Value::is_null).await;
    assert!(!world.get("ConfigMap", "a").await.is_null());
}
