//! The process: its namespace, its shard, its environment.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use ferroflux_test_harness::gate::{Gate, Passage};
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

/// The answer to a GET on a port of the controller: its head and body.
pub(crate) fn get(addr: &str, path: &str) -> String {
    let mut answer = String::new();
    let asked = TcpStream::connect(addr).and_then(|mut stream| {
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n")?;
        stream.read_to_string(&mut answer)
    });
    asked.unwrap();
    answer
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
    let health = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
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
