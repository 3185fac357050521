//! Other clusters, by a kubeconfig in a Secret.

use serde_json::{Value, json};

use crate::world::{World, condition, config_map, is_ready};

/// The control plane's own kubeconfig, inlined, so that the cluster is a remote one by name.
pub(crate) fn kubeconfig() -> Value {
    let plane = ferroflux_control_plane::shared().expect("control plane");
    let config = kube::config::Kubeconfig::read_from(plane.kubeconfig()).unwrap();
    let mut config = serde_json::to_value(config).unwrap();
    for cluster in config["clusters"].as_array_mut().unwrap() {
        inline(&mut cluster["cluster"], "certificate-authority");
    }
    for user in config["users"].as_array_mut().unwrap() {
        inline(&mut user["user"], "client-certificate");
        inline(&mut user["user"], "client-key");
    }
    config
}

fn inline(part: &mut Value, key: &str) {
    use base64::Engine;
    let Some(path) = part[key].as_str().map(ToOwned::to_owned) else { return };
    let content = std::fs::read(path).unwrap();
    part[format!("{key}-data")] = base64::engine::general_purpose::STANDARD.encode(content).into();
    part.as_object_mut().unwrap().remove(key);
}

/// KC-IMP-02, KC-IMP-04, KC-REC-08: without the Secret, or its key, the reconcile fails and says why; with it the objects
/// are applied there, under the account's name if one is given; the Secret is read with our own identity.
#[tokio::test(flavor = "multi_thread")]
async fn kubeconfig_from_a_secret() {
    let w = World::new("kc-remote").await;
    w.publish("repo", &[("map.yaml", &config_map("map", "${VALUE}"))]).await;
    let fields = json!({
        "kubeConfig": {"secretRef": {"name": "target"}}, "serviceAccountName": "deployer", "retryInterval": "1s",
        "postBuild": {"substituteFrom": [{"kind": "Secret", "name": "values"}]},
    });
    w.apply(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "values"}, "stringData": {"VALUE": "from-a-secret"}})).await;
    w.kustomization("app", "repo", fields).await;
    let failed = w.failed("app", "ReconciliationFailed").await;
    let message = condition(&failed, "Ready")["message"].as_str().unwrap();
    assert_eq!(message, "unable to read KubeConfig secret 'kc-remote/target' error: secrets \"target\" not found");
    w.event("app", "ReconciliationFailed", |m| m.starts_with("failed to build kube client: unable to read KubeConfig secret")).await;

    let secret = |data: Value| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "target"}, "stringData": data});
    w.apply(secret(json!({"other": "x"}))).await;
    w.kustomization_is("app", "without a key", |o| {
        condition(o, "Ready")["message"] == "KubeConfig secret 'kc-remote/target' does not contain a 'value.yaml' key with a kubeconfig"
    })
    .await;

    // A program in the kubeconfig is not run: without it there is nobody to be.
    let mut hostile = kubeconfig();
    hostile["users"][0]["user"] = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": ["/tmp/ferroflux-ran-a-program"], "interactiveMode": "Never"}});
    w.apply(secret(json!({"value": hostile.to_string()}))).await;
    w.kustomization_is("app", "anonymous", |o| {
        let message = condition(o, "Ready")["message"].as_str().unwrap_or_default();
        message.contains("Unauthorized") || message.contains("system:anonymous") || message.contains("orbidden")
    })
    .await;
    assert!(!std::path::Path::new("/tmp/ferroflux-ran-a-program").exists());

    w.apply(secret(json!({"value": kubeconfig().to_string()}))).await;
    w.kustomization_is("app", "denied", |o| {
        condition(o, "Ready")["message"].as_str().unwrap_or_default().contains("system:serviceaccount:kc-remote:deployer")
    })
    .await;
    w.apply(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "deployer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}, "subjects": [{"kind": "ServiceAccount", "name": "deployer", "namespace": "kc-remote"}]}))
        .await;
    w.kustomization_is("app", "ready", is_ready).await;
    assert_eq!(w.get("v1", "ConfigMap", "map").await.unwrap()["data"]["key"], "from-a-secret");
}
