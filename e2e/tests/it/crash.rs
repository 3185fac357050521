//! Killed in the middle, the next start converges and orphans nothing.

use ferroflux_e2e::{Controllers, World};
use serde_json::{Value, json};

use crate::{config_map, inventory, nothing};

/// KC-SAFE-02, RT-37: killed while it applies, a new process goes on; every object of the cluster stands in the inventory and what
/// left the repository meanwhile is pruned. The controllers of this scenario are a shard of their own.
#[tokio::test(flavor = "multi_thread")]
async fn killed_in_mid_apply() {
    let world = World::new("crash").await;
    let shard = json!({"metadata": {"labels": {"sharding.fluxcd.io/key": "crash"}}});
    let mut controllers = Controllers::start(&world.stack.plane.kubeconfig(), "sharding.fluxcd.io/key=crash");
    let files: Vec<(String, String)> = (0..150).map(|n| (format!("m{n:03}.yaml"), config_map(&format!("m{n:03}"), "1"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    world.push(&files).await;
    world.git_repository(nothing()).await;
    world.patch("GitRepository", "repo", shard.clone()).await;
    let spec = world.kustomization("apps", json!({"suspend": true})).await["spec"].clone();
    world.patch("Kustomization", "apps", shard).await;
    assert_eq!(spec["suspend"], true);
    world.patch("Kustomization", "apps", json!({"spec": {"suspend": false}})).await;
    world.wait("ConfigMap", "m003", "there", |o| !o.is_null()).await;
    controllers.kill("kustomize-controller").await;

    let present: Vec<String> = world.names("ConfigMap").await.into_iter().filter(|n| n.starts_with('m')).collect();
    let object = world.get("Kustomization", "apps").await;
    let ids = inventory(&object);
    for name in &present {
        assert!(ids.contains(&format!("crash_{name}__ConfigMap").as_str()), "{name} is in the cluster but not in the inventory");
    }
    let revision = world.push_without("m000.yaml").await;
    world.reconcile("GitRepository", "repo").await;
    controllers.spawn("kustomize-controller");
    let object = world.applied("apps", &revision).await;
    assert_eq!(inventory(&object).len(), 149);
    assert!(world.get("ConfigMap", "m000").await.is_null());
    assert_eq!(world.names("ConfigMap").await.iter().filter(|n| n.starts_with('m')).count(), 149);
    controllers.kill("source-controller").await;
    controllers.spawn("source-controller");
    world.push(&[("m149.yaml", &config_map("m149", "2"))]).await;
    world.reconcile("GitRepository", "repo").await;
    world.wait("ConfigMap", "m149", "changed", |o: &Value| o["data"]["key"] == "2").await;
}
