//! The process: its namespace, its shard, its environment.

use std::io::{Read, Write};
use std::net::TcpStream;

use ferroflux_test_harness::gate::{Gate, Passage};
use serde_json::{Value, json};

use crate::world::{Controller, SERVER, World, config_map, until};

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

/// The answer to a GET on a port of the controller: its head and body, as far as it is text.
pub(crate) fn get(addr: &str, path: &str) -> String {
    let mut answer = Vec::new();
    let asked = TcpStream::connect(addr).and_then(|mut stream| {
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut answer)
    });
    asked.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// An address to listen on that nobody else has.
pub(crate) fn loopback() -> String {
    format!("127.0.0.1:{}", ferroflux_control_plane::free_port().unwrap())
}

/// The metrics served at an address, as soon as they are as asked.
pub(crate) async fn scraped(addr: &str, what: &str, is: impl Fn(&str) -> bool) -> String {
    let look = async || {
        let text = get(addr, "/metrics");
        if is(&text) { Ok(text) } else { Err(text) }
    };
    until(look, |text| format!("never: {what}\n{text}")).await
}

/// RT-94: packets between the controller and the API server are dropped for a while, without a word. The controller is not
/// taken for stuck, and goes on by itself with what happened meanwhile when they arrive again.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_packets() {
    let w = World::new("kc-dropped").await;
    let plane = ferroflux_control_plane::shared().unwrap();
    let gate = Gate::start(url::Url::parse(plane.url()).unwrap().socket_addrs(|| None).unwrap()[0]).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    std::fs::write(&kubeconfig, crate::remote::kubeconfig().to_string().replace(plane.url(), &format!("https://{}", gate.addr()))).unwrap();
    let health = loopback();
    let controller = Controller::start_with(
        "sharding.fluxcd.io/key=dropped",
        &[&format!("--health-addr={health}")],
        &[("KUBECONFIG", kubeconfig.to_str().unwrap())],
    );
    let first = w.publish("repo", &[("map.yaml", &config_map("map", "one"))]).await;
    w.kustomization("app", "repo", json!({"labels": {"sharding.fluxcd.io/key": "dropped"}})).await;
    w.ready("app", &first).await;
    gate.set(Passage::Held);
    let second = w.publish("repo", &[("map.yaml", &config_map("map", "two"))]).await;
    let answer = get(&health, "/healthz");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok"), "{answer}");
    assert_eq!(w.get("v1", "ConfigMap", "map").await.unwrap()["data"]["key"], "one");
    gate.set(Passage::Open);
    w.ready("app", &second).await;
    controller.kill().await;
}

/// KC-MET-01, RT-39, RT-50, RT-51, RT-91: the series of the stock dashboards with the labels that they ask for, profiles on the
/// same port, little memory; the series of an object that is gone are gone.
#[tokio::test(flavor = "multi_thread")]
async fn metrics() {
    let w = World::new("kc-metrics").await;
    let addr = loopback();
    let flags = [&format!("--metrics-addr={addr}"), "--enable-leader-election"];
    let controller = Controller::start_with("sharding.fluxcd.io/key=metrics", &flags, &[]);
    let revision = w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    w.kustomization("app", "repo", json!({"labels": {"sharding.fluxcd.io/key": "metrics"}})).await;
    w.ready("app", &revision).await;
    let own = r#"kind="Kustomization",name="app",namespace="kc-metrics""#;
    // The pass ends after its status is seen.
    let text = scraped(&addr, "the pass", |text| text.contains(&format!("gotk_reconcile_duration_seconds_count{{{own}}}"))).await;
    let buckets =
        ["0.01", "0.038364", "0.147176", "0.564622", "2.166091", "8.309901", "31.879757", "122.302172", "469.194959", "1800.0", "+Inf"];
    for bucket in buckets {
        let series = format!("gotk_reconcile_duration_seconds_bucket{{le=\"{bucket}\",{own}}}");
        assert!(text.contains(&series), "{series} is missing in\n{text}");
    }
    let queue = r#"{controller="kustomization",name="kustomization""#;
    for series in [
        r#"controller_runtime_reconcile_total{controller="kustomization",result="success"}"#,
        r#"controller_runtime_reconcile_errors_total{controller="kustomization"}"#,
        r#"controller_runtime_terminal_reconcile_errors_total{controller="kustomization"}"#,
        r#"controller_runtime_reconcile_panics_total{controller="kustomization"}"#,
        r#"controller_runtime_reconcile_timeouts_total{controller="kustomization"}"#,
        r#"controller_runtime_reconcile_time_seconds_bucket{le="0.005",controller="kustomization"}"#,
        r#"controller_runtime_max_concurrent_reconciles{controller="kustomization"} 8"#,
        r#"controller_runtime_active_workers{controller="kustomization"}"#,
        &format!("workqueue_depth{queue}}}"),
        &format!("workqueue_adds_total{queue}}}"),
        &format!("workqueue_retries_total{queue}}}"),
        &format!("workqueue_unfinished_work_seconds{queue}}}"),
        &format!("workqueue_longest_running_processor_seconds{queue}}}"),
        &format!("workqueue_queue_duration_seconds_count{queue}}}"),
        &format!("workqueue_work_duration_seconds_count{queue}}}"),
        r#"rest_client_requests_total{code="200",host="127.0.0.1:"#,
        "leader_election_master_status{name=\"kustomize-controller-leader-election-",
        "gotk_token_cached_items 0",
        "gotk_token_cache_evictions_total 0",
        "go_info{version=",
        "process_start_time_seconds ",
    ] {
        assert!(text.contains(series), "{series} is missing in\n{text}");
    }
    let resident = text.lines().find_map(|l| l.strip_prefix("process_resident_memory_bytes ")).unwrap().parse::<f64>().unwrap();
    assert!(resident < 40.0 * 1024.0 * 1024.0, "{resident} bytes, unoptimised");
    assert!(get(&addr, "/debug/pprof/heap").starts_with("HTTP/1.1 200"));
    w.delete(KUSTOMIZE, "Kustomization", "app").await;
    scraped(&addr, "no series of an object that is gone", |text| !text.contains(own)).await;
    controller.kill().await;
}

/// RT-46, RT-49, KC-APPLY-12: the lines that people search the log for, with the fields that tell of what they are.
#[tokio::test(flavor = "multi_thread")]
async fn log_lines() {
    let w = World::new("kc-log").await;
    let revision = w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    w.kustomization("app", "repo", json!({"interval": "61m"})).await;
    w.kustomization("after", "repo", json!({"dependsOn": [{"name": "none"}]})).await;
    w.ready("app", &revision).await;
    w.failed("after", "DependencyNotReady").await;
    let applied = w.logged("app", |m| m == "server-side apply completed").await;
    assert_eq!((&applied["output"], &applied["revision"]), (&json!({"ConfigMap/kc-log/map": "created"}), &json!(revision)));
    assert_eq!(applied["Kustomization"], json!({"name": "app", "namespace": "kc-log"}));
    for (field, value) in [
        ("level", "info"),
        ("controller", "kustomization"),
        ("controllerGroup", "kustomize.toolkit.fluxcd.io"),
        ("controllerKind", "Kustomization"),
    ] {
        assert_eq!(applied[field], value);
    }
    assert!(
        applied["reconcileID"].as_str().is_some_and(|id| id.len() == 36) && applied["ts"].as_str().is_some_and(|ts| ts.ends_with('Z')),
        "{applied}"
    );
    let finished = w.logged("app", |m| m.starts_with("Reconciliation finished in ") && m.ends_with(", next run in 1h1m0s")).await;
    assert_eq!(finished["revision"], revision);
    w.logged("after", |m| m == "Dependencies do not meet ready condition, retrying in 2s").await;
    w.merge(KUSTOMIZE, "Kustomization", "app", json!({"spec": {"suspend": true}})).await;
    w.logged("app", |m| m == "Reconciliation is suspended for this object").await;
}
