//! The process: its namespace, its shard, its environment.

use serde_json::{Value, json};

use crate::world::{Controller, SERVER, World, config_map};

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";

/// KC-FLAG-06, KC-FLAG-03: a controller of one shard and one namespace leaves other namespaces alone, fetches artifacts from
/// where the environment says, and holds the lease of its shard.
#[tokio::test(flavor = "multi_thread")]
async fn own_namespace_and_host() {
    let w = World::new("kc-own").await;
    let foreign = World::new("kc-foreign").await;
    let key = json!({"sharding.fluxcd.io/key": "own"});
    let host = "source-controller.flux-system.svc.cluster.local.";
    foreign.publish_at(host, "repo", &[("map.yaml", &config_map("map", "x"))]).await;
    foreign.kustomization("app", "repo", json!({"labels": key})).await;
    let revision = w.publish_at(host, "repo", &[("map.yaml", &config_map("map", "x"))]).await;
    w.kustomization("app", "repo", json!({"labels": key})).await;
    let controller = Controller::start_with(
        "sharding.fluxcd.io/key=own",
        &["--watch-all-namespaces=false", "--enable-leader-election"],
        &[("RUNTIME_NAMESPACE", "kc-own"), ("SOURCE_CONTROLLER_LOCALHOST", &format!("127.0.0.1:{}", SERVER.port))],
    );
    w.ready("app", &revision).await;
    let untouched = foreign.get(KUSTOMIZE, "Kustomization", "app").await.unwrap();
    assert_eq!((&untouched["metadata"]["finalizers"], &untouched["status"]["conditions"]), (&Value::Null, &Value::Null));
    // The first digits of the SHA-256 of the selector.
    let lease = w.get("coordination.k8s.io/v1", "Lease", "kustomize-controller-leader-election-d239b2fb").await;
    assert!(lease.unwrap()["spec"]["holderIdentity"].as_str().is_some_and(|h| h.contains('_')));
    controller.kill().await;
}
