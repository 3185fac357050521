//! dependsOn and health.

use ferroflux_e2e::World;
use serde_json::json;

use crate::{config_map, deployment, nothing};

/// KC-DEP-01, KC-DEP-03: the dependant waits, says for what, and goes on when the dependency is ready.
#[tokio::test(flavor = "multi_thread")]
async fn order() {
    let world = World::new("depends-order").await;
    let revision = world.push(&[("infra/a.yaml", &config_map("infra", "1")), ("apps/b.yaml", &config_map("apps", "1"))]).await;
    world.git_repository(nothing()).await;
    world.kustomization("apps", json!({"path": "./apps", "dependsOn": [{"name": "infra"}]})).await;
    let message = world.fails("Kustomization", "apps", "DependencyNotReady").await;
    assert!(message.contains("infra"), "{message}");
    assert!(world.get("ConfigMap", "apps").await.is_null());
    world.kustomization("infra", json!({"path": "./infra"})).await;
    world.applied("infra", &revision).await;
    world.applied("apps", &revision).await;
}

/// KC-HC-01, KC-HC-03, KC-HC-05, KC-PERF-03: an object that never becomes ready fails its Kustomization after the timeout with its
/// name, and delays nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_rollout_delays_nobody() {
    let world = World::new("health-stuck").await;
    let stuck = deployment("stuck").replace("replicas: 0", "replicas: 1");
    let revision = world.push(&[("stuck/a.yaml", &stuck), ("fine/b.yaml", &deployment("fine"))]).await;
    world.git_repository(nothing()).await;
    // More than the controller has workers.
    for n in 0..6 {
        world
            .kustomization(&format!("stuck-{n}"), json!({"path": "./stuck", "wait": true, "timeout": "30s", "nameSuffix": format!("-{n}")}))
            .await;
    }
    for n in 0..6 {
        world.wait("Kustomization", &format!("stuck-{n}"), "checking health", |o| o.to_string().contains("Running health checks")).await;
    }
    world.kustomization("fine", json!({"path": "./fine", "wait": true})).await;
    world.applied("fine", &revision).await;
    let waiting = world.get("Kustomization", "stuck-0").await;
    assert!(waiting.to_string().contains("Running health checks"), "{:#}", waiting["status"]);
    let message = world.fails("Kustomization", "stuck-0", "HealthCheckFailed").await;
    assert!(message.contains("Deployment/health-stuck/stuck-0 status: 'InProgress'"), "{message}");
}
