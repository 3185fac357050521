//! What users and notification-controller are told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::world::{Controller, World, condition, config_map, is_ready};

/// A receiver of events; the bodies that it was sent.
fn receiver() -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut length = 0;
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let _ = reader.get_mut().write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            if let Ok(event) = serde_json::from_slice(&body)
                && sender.send(event).is_err()
            {
                return;
            }
        }
    });
    (address, received)
}

/// KC-EVT-01, KC-EVT-02, KC-EVT-03: the success of a reconcile as a Kubernetes Event and as a POST, with the revisions, the
/// user's annotations and the request for a commit status.
#[tokio::test(flavor = "multi_thread")]
async fn success_is_posted() {
    let w = World::new("kc-posts").await;
    let (address, received) = receiver();
    let controller = Controller::start_with("sharding.fluxcd.io/key=posts", &[&format!("--events-addr={address}")], &[]);
    let revision = w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    let object = json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {
            "name": "app", "labels": {"sharding.fluxcd.io/key": "posts"},
            "annotations": {"event.toolkit.fluxcd.io/change": "4711", "unrelated": "x"}},
        "spec": {"interval": "1h", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "repo"}, "targetNamespace": "kc-posts"}});
    w.apply(object).await;
    w.ready("app", &revision).await;
    let posted = tokio::task::spawn_blocking(move || {
        let mut events = received.into_iter();
        events.find(|e| e["reason"] == "ReconciliationSucceeded").unwrap()
    });
    let posted = posted.await.unwrap();
    let message = posted["message"].as_str().unwrap();
    assert!(message.starts_with("Reconciliation finished in ") && message.ends_with(", next run in 1h0m0s"), "{message}");
    assert_eq!((&posted["severity"], &posted["reportingController"]), (&json!("info"), &json!("kustomize-controller")));
    assert!(posted["reportingInstance"].is_string() && posted["timestamp"].is_string());
    let involved = &posted["involvedObject"];
    assert_eq!(
        (&involved["kind"], &involved["name"], &involved["namespace"]),
        (&json!("Kustomization"), &json!("app"), &json!("kc-posts"))
    );
    let metadata = json!({
        "kustomize.toolkit.fluxcd.io/revision": revision, "kustomize.toolkit.fluxcd.io/commit_status": "update",
        "event.toolkit.fluxcd.io/change": "4711",
    });
    assert_eq!(posted["metadata"], metadata);
    let event = w.event("app", "ReconciliationSucceeded", |_| true).await;
    assert_eq!(event["metadata"]["annotations"], metadata);
    assert_eq!((&event["type"], &event["message"]), (&json!("Normal"), &posted["message"]));
    controller.kill().await;
}

/// KC-UX-02: what is legal and probably not meant is said in an event: a text that became something else, a directive that
/// means nothing, a field that the kind does not have, a rule that is about no object. The value is not repeated.
#[tokio::test(flavor = "multi_thread")]
async fn advice() {
    let w = World::new("kc-advice").await;
    let map =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map, annotations: {kustomize.toolkit.fluxcd.io/ssa: merge2}}\ndata: {key: x}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec:\n  ports: [{port: 80}]\n  publishNotReadyAddresses: ${FLAG}\n  tpyo: 1\n";
    let revision = w.publish("repo", &[("map.yaml", map), ("service.yaml", service)]).await;
    let ignore = json!([{"paths": ["/data"], "target": {"kind": "Deployment"}}]);
    w.kustomization("app", "repo", json!({"postBuild": {"substitute": {"FLAG": "yes"}}, "ignore": ignore})).await;
    w.ready("app", &revision).await;
    let event = w.event("app", "Advice", |_| true).await;
    let message = event["message"].as_str().unwrap();
    assert_eq!(event["type"], "Normal");
    for part in [
        "Service/kc-advice/app: /spec/publishNotReadyAddresses becomes a boolean",
        "kustomize.toolkit.fluxcd.io/ssa=merge2",
        "tpyo",
        "spec.ignore[0].target matches no object",
    ] {
        assert!(message.contains(part), "{part} is missing in {message}");
    }
}

/// KC-REC-03: an account for decryption needs its gate; nothing runs until the object changes.
#[tokio::test(flavor = "multi_thread")]
async fn a_gate_is_missing() {
    let w = World::new("kc-gate").await;
    w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    w.kustomization("app", "repo", json!({"decryption": {"provider": "sops", "serviceAccountName": "kms"}})).await;
    let failed = w.failed("app", "FeatureGateDisabled").await;
    assert_eq!(condition(&failed, "Stalled")["reason"], "FeatureGateDisabled");
    assert_eq!(
        condition(&failed, "Ready")["message"],
        "to use spec.decryption.serviceAccountName for decryption authentication please enable the ObjectLevelWorkloadIdentity feature gate in the controller"
    );
    let event = w.event("app", "FeatureGateDisabled", |_| true).await;
    assert_eq!(event["type"], "Warning");
    assert!(w.get("v1", "ConfigMap", "map").await.is_none());
}

/// KC-REC-05: dependencies are looked at before the artifact is fetched.
#[tokio::test(flavor = "multi_thread")]
async fn dependencies_come_first() {
    let w = World::new("kc-order").await;
    w.publish_at("127.0.0.1:1", "unreachable", &[("map.yaml", &config_map("map", "x"))]).await;
    w.kustomization("app", "unreachable", json!({"dependsOn": [{"name": "nobody"}]})).await;
    let failed = w.failed("app", "DependencyNotReady").await;
    assert!(failed["status"]["lastAttemptedRevision"].is_null());
}

/// KC-EVT-01, KC-REC-06: what a reconcile does after a stage that it had to wait for is reported as progress too, also where
/// the revision is not new and the status still says that the last reconcile succeeded.
#[tokio::test(flavor = "multi_thread")]
async fn progress_after_a_wait() {
    const SLOW: &str = "kc-resumed.example.com/v1";
    let w = World::new("kc-resumed").await;
    let schema = json!({"type": "object", "properties": {"size": {"type": "integer"}, "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}});
    w.apply(json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "slowclasses.kc-resumed.example.com"},
        "spec": {"group": "kc-resumed.example.com", "scope": "Namespaced", "names": {"kind": "SlowClass", "plural": "slowclasses"},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": schema}}]}}))
        .await;
    let slow = format!("apiVersion: {SLOW}\nkind: SlowClass\nmetadata: {{name: slow}}\nsize: 1\n");
    let revision = w.publish("repo", &[("slow.yaml", &slow), ("map.yaml", &config_map("map", "x"))]).await;
    w.kustomization("app", "repo", json!({})).await;
    w.ready("app", &revision).await;
    let ready = |status: &str| json!({"status": {"conditions": [{"type": "Ready", "status": status, "reason": "Test", "message": ""}]}});
    w.delete("v1", "ConfigMap", "map").await;
    w.merge_status(SLOW, "SlowClass", "slow", ready("False")).await;
    w.merge(SLOW, "SlowClass", "slow", json!({"size": 2})).await;
    w.request("app", "look").await;
    w.is(SLOW, "SlowClass", "slow", "corrected", |o| o.is_some_and(|o| o["size"] == 1)).await;
    assert!(w.get("v1", "ConfigMap", "map").await.is_none(), "its stage waits for the class");
    w.merge_status(SLOW, "SlowClass", "slow", ready("True")).await;
    w.kustomization_is("app", "handled", |o| o["status"]["lastHandledReconcileAt"] == "look" && is_ready(o)).await;
    let event = w.event("app", "Progressing", |m| m.contains("SlowClass/kc-resumed/slow configured")).await;
    assert!(event["message"].as_str().unwrap().contains("ConfigMap/kc-resumed/map created"), "{event}");
}
