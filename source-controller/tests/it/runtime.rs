//! What a platform sees of the process: rights, probes, metrics, profiles, logs, memory.

use std::path::PathBuf;

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use serde_json::{Value, json};

use crate::World;
use crate::world::get;

/// A kubeconfig for a service account with the rights of the manifests, in one namespace; `status` are those to the status.
async fn service_account(world: &World, status: &[&str]) -> PathBuf {
    let name = "source-controller";
    world.apply("ServiceAccount", name, json!({})).await;
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let rules = json!([
        rule("source.toolkit.fluxcd.io", &["gitrepositories"], &["get", "list", "watch", "patch", "update"]),
        rule("source.toolkit.fluxcd.io", &["gitrepositories/finalizers"], &["get", "patch", "update"]),
        rule("source.toolkit.fluxcd.io", &["gitrepositories/status"], status),
        // Neither list nor watch: Secrets are read one by one, when they are needed.
        rule("", &["secrets"], &["get"]),
        rule("", &["events"], &["create", "patch"]),
        rule("coordination.k8s.io", &["leases"], &["get", "create", "update"]),
    ]);
    world.apply("Role", name, json!({"rules": rules})).await;
    let subjects = json!([{"kind": "ServiceAccount", "name": name, "namespace": world.namespace}]);
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name});
    world.apply("RoleBinding", name, json!({"roleRef": role, "subjects": subjects})).await;
    let accounts: Api<ServiceAccount> = Api::namespaced(world.client.clone(), &world.namespace);
    let request: TokenRequest = serde_json::from_value(json!({"spec": {"audiences": [], "expirationSeconds": 3600}})).unwrap();
    let token = accounts.create_token_request(name, &Default::default(), &request).await.unwrap().status.unwrap().token;
    let mut config: Value = serde_yaml::from_slice(&std::fs::read(world.kubeconfig()).unwrap()).unwrap();
    for user in config["users"].as_array_mut().unwrap() {
        user["user"] = json!({"token": token});
    }
    let path = world.dir.path().join("kubeconfig");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

/// SRC-GEN-19, SRC-GEN-20, RT-31, RT-39, RT-49, RT-50, RT-51, RT-91: with the rights of the manifests and no more it does
/// its work; probes, metrics and profiles answer on their ports; what the logs tell can be searched for; it is small; and
/// what belongs to an object goes with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_life_with_few_rights() {
    let world = World::new("runtime").await;
    let kubeconfig = service_account(&world, &["get", "patch", "update"]).await;
    world.repository("app.git").await;
    let controller = world.start_as("controller", &["--enable-leader-election"], &kubeconfig, &[]).await;
    world.apply("Secret", "login", json!({"stringData": {"username": "alice", "password": "hunter2"}})).await;
    world.git_repository("app", &world.git.url("app.git"), json!({"secretRef": {"name": "login"}})).await;
    let url = world.ready("app").await["status"]["artifact"]["url"].as_str().unwrap().to_owned();

    for (address, path) in [
        (&controller.health, "healthz"),
        (&controller.health, "healthz/ping"),
        (&controller.health, "readyz"),
        (&controller.health, "readyz/ping"),
    ] {
        let answer = get(&format!("http://{address}/{path}")).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "ok"), "{path}");
    }
    assert_eq!(get(&format!("http://{}/", controller.storage)).await.unwrap().status(), 200, "the readiness probe");
    let heap = get(&format!("http://{}/debug/pprof/heap", controller.metrics)).await.unwrap();
    assert_eq!(heap.bytes().await.unwrap()[..2], [0x1f, 0x8b], "a gzipped profile");

    let mine = r#"{le="+Inf",kind="GitRepository",name="app",namespace="runtime"}"#;
    world
        .until("the pass is measured", async || {
            let durations = controller.series("gotk_reconcile_duration_seconds_bucket").await;
            durations.iter().any(|(labels, count)| labels == mine && *count >= 1.0)
        })
        .await;
    for name in [
        "controller_runtime_reconcile_total",
        "controller_runtime_reconcile_errors_total",
        "controller_runtime_terminal_reconcile_errors_total",
        "controller_runtime_reconcile_panics_total",
        "controller_runtime_reconcile_timeouts_total",
        "controller_runtime_reconcile_time_seconds_count",
        "controller_runtime_max_concurrent_reconciles",
        "controller_runtime_active_workers",
        "workqueue_depth",
        "workqueue_adds_total",
        "workqueue_retries_total",
        "workqueue_unfinished_work_seconds",
        "workqueue_longest_running_processor_seconds",
        "workqueue_queue_duration_seconds_count",
        "workqueue_work_duration_seconds_count",
        "rest_client_requests_total",
        "leader_election_master_status",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_start_time_seconds",
        "go_info",
        "go_memstats_alloc_bytes",
    ] {
        assert!(!controller.series(name).await.is_empty(), "{name} is missing");
    }
    let resident = controller.series("process_resident_memory_bytes").await[0].1;
    assert!(resident < 40.0 * 1024.0 * 1024.0, "{resident} bytes, unoptimised");

    world.until("the events are written", async || world.events().await.iter().any(|(_, reason, _)| reason == "NewArtifact")).await;
    let log = controller.log();
    assert!(
        log.contains("stored artifact for commit 'first'") && (log.contains(", next run in 1h") || log.contains(", next run in 5")),
        "{log}"
    );
    assert!(!log.contains("hunter2") && !log.contains("forbidden"), "{log}");
    world.api("GitRepository").delete("app", &Default::default()).await.unwrap();
    world.wait("app", "gone", Value::is_null).await;
    world
        .until("its series are gone", async || {
            !controller.series("gotk_reconcile_duration_seconds_bucket").await.iter().any(|(labels, _)| labels.contains("\"app\""))
        })
        .await;
    assert_eq!(get(&url).await.unwrap().status(), 404);
}

/// SRC-GEN-13, SRC-GEN-12, RT-41: what only events tell: a stored file that was altered, as a warning, and the collection of
/// a deleted object's artifacts, as a normal event.
#[tokio::test(flavor = "multi_thread")]
async fn events_tell_what_conditions_do_not() {
    let world = World::new("runtime-events").await;
    world.repository("app.git").await;
    let controller = world.start("controller", &[]).await;
    world.git_repository("app", &world.git.url("app.git"), json!({})).await;
    let artifact = world.ready("app").await["status"]["artifact"].clone();
    let file = controller.data.join(artifact["path"].as_str().unwrap());
    std::fs::write(&file, "altered").unwrap();
    let healed = world.reconcile("app").await["status"]["artifact"].clone();
    assert_eq!(healed["digest"], artifact["digest"], "the same commit gives the same bytes");
    assert_ne!(std::fs::read(&file).unwrap(), b"altered");
    world.api("GitRepository").delete("app", &Default::default()).await.unwrap();
    world.wait("app", "gone", Value::is_null).await;
    for (kind, reason) in [("Warning", "ArtifactVerificationFailed"), ("Normal", "GarbageCollectionSucceeded")] {
        world.until(reason, async || world.events().await.iter().any(|(t, r, _)| t == kind && r == reason)).await;
    }
}

/// SRC-GEN-13: a status that may not be written is told in the one place that is left.
#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_cannot_be_written() {
    let world = World::new("runtime-status").await;
    let kubeconfig = service_account(&world, &["get"]).await;
    world.repository("app.git").await;
    let _controller = world.start_as("controller", &[], &kubeconfig, &[]).await;
    world.git_repository("app", &world.git.url("app.git"), json!({})).await;
    let told = |(kind, reason, message): &(String, String, String)| {
        kind == "Warning"
            && reason == "PatchOperationFailed"
            && message.starts_with("unable to write the status: ")
            && message.contains("cannot patch")
    };
    world.until("the refusal is told", async || world.events().await.iter().any(told)).await;
}
