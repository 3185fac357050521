//! Other clusters, by a kubeconfig in a Secret.

use serde_json::{Value, json};

use ferroflux_test_harness::proxy::{Protocol, Proxy};

use crate::process::{loopback, scraped};
use crate::world::{Controller, World, condition, config_map, is_ready};

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";

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

/// Lets a service account of the namespace edit what is in it.
async fn allow(w: &World, account: &str) {
    w.apply(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}})).await;
    w.apply(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": account},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": w.namespace}]}))
        .await;
}

fn message(object: &Value) -> &str {
    condition(object, "Ready")["message"].as_str().unwrap_or_default()
}

fn secret(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data})
}

/// RT-54, KC-IMP-01: an account that the operator sets is impersonated where the object names none, here and through a
/// kubeconfig; the object's own comes first.
#[tokio::test(flavor = "multi_thread")]
async fn default_account() {
    let w = World::new("kc-default").await;
    let controller = Controller::start_with("sharding.fluxcd.io/key=default", &["--default-service-account=tenant"], &[]);
    let labels = json!({"sharding.fluxcd.io/key": "default"});
    w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    w.apply(secret("target", json!({"value": kubeconfig().to_string()}))).await;
    for (name, account, fields) in [
        ("here", "tenant", json!({})),
        ("there", "tenant", json!({"kubeConfig": {"secretRef": {"name": "target"}}})),
        ("own", "other", json!({"serviceAccountName": "other"})),
    ] {
        let mut fields = fields;
        fields["labels"] = labels.clone();
        w.kustomization(name, "repo", fields).await;
        let failed = w.failed(name, "ReconciliationFailed").await;
        let user = format!("User \"system:serviceaccount:kc-default:{account}\" cannot");
        assert!(message(&failed).contains(&user), "{name}: {}", message(&failed));
    }
    controller.kill().await;
}

/// RT-54, KC-IMP-02: the key `value` comes before `value.yaml`; the proxy and the server's name that a kubeconfig gives
/// count, for requests and for watches.
#[tokio::test(flavor = "multi_thread")]
async fn through_a_proxy() {
    let w = World::new("kc-proxy").await;
    let proxy = Proxy::start(Protocol::Http, Some(("alice", "p@ss:word"))).await.unwrap();
    let mut config = kubeconfig();
    let port = url::Url::parse(config["clusters"][0]["cluster"]["server"].as_str().unwrap()).unwrap().port().unwrap();
    let cluster = &mut config["clusters"][0]["cluster"];
    cluster["server"] = format!("https://made-up.example.org:{port}").into();
    cluster["tls-server-name"] = "127.0.0.1".into();
    cluster["proxy-url"] = proxy.url().replace("http://", "http://alice:p%40ss%3Aword@").into();
    w.apply(secret("target", json!({"value": config.to_string(), "value.yaml": "nonsense"}))).await;
    let revision = w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    w.kustomization("app", "repo", json!({"kubeConfig": {"secretRef": {"name": "target"}}, "wait": true})).await;
    w.ready("app", &revision).await;
    assert!(proxy.asked().contains(&format!("made-up.example.org:{port}")), "{:?}", proxy.asked());
    w.apply(secret("second", json!({"value.yaml": kubeconfig().to_string()}))).await;
    w.kustomization("second", "repo", json!({"kubeConfig": {"secretRef": {"name": "second"}}})).await;
    w.ready("second", &revision).await;
}

/// RT-54, KC-IMP-02: TLS that is not verified and programs that make credentials are allowed by flags, and by nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn insecure_kubeconfigs() {
    let w = World::new("kc-insecure").await;
    let flags = ["--insecure-kubeconfig-exec", "--insecure-kubeconfig-tls"];
    let controller = Controller::start_with("sharding.fluxcd.io/key=insecure", &flags, &[]);
    allow(&w, "deployer").await;
    let token = w.token("deployer").await;
    let mut config = kubeconfig();
    let cluster = config["clusters"][0]["cluster"].as_object_mut().unwrap();
    cluster.remove("certificate-authority-data");
    cluster.insert("insecure-skip-tls-verify".into(), true.into());
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token}});
    config["users"][0]["user"] = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "args": [credential.to_string()], "interactiveMode": "Never"}});
    w.apply(secret("target", json!({"value": config.to_string()}))).await;
    let revision = w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    let fields = json!({"kubeConfig": {"secretRef": {"name": "target"}}, "retryInterval": "1s"});
    w.kustomization("refused", "repo", fields.clone()).await;
    let failed = w.failed("refused", "ReconciliationFailed").await;
    assert!(message(&failed).contains("certificate"), "{}", message(&failed));
    let mut allowed = fields;
    allowed["labels"] = json!({"sharding.fluxcd.io/key": "insecure"});
    w.kustomization("allowed", "repo", allowed).await;
    w.ready("allowed", &revision).await;
    controller.kill().await;
}

/// RT-55, RT-70, RT-72, KC-IMP-03, KC-MET-01: a cluster without a stored credential. The token of the named account, or of
/// the operator's default, is for the audience that the ConfigMap names, by default the address; what is missing is said;
/// the tokens are counted, and the counts leave with the object.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_service_accounts() {
    let w = World::new("kc-generic").await;
    let metrics = loopback();
    let gate = "--feature-gates=ObjectLevelWorkloadIdentity=true";
    let flags = [gate, "--default-kubeconfig-service-account=tenant", &format!("--metrics-addr={metrics}")];
    let controller = Controller::start_with("sharding.fluxcd.io/key=generic", &flags, &[]);
    let (server, authority) = {
        use base64::Engine;
        let cluster = &kubeconfig()["clusters"][0]["cluster"];
        let authority = cluster["certificate-authority-data"].as_str().unwrap();
        let authority = base64::engine::general_purpose::STANDARD.decode(authority).unwrap();
        (cluster["server"].clone(), String::from_utf8(authority).unwrap())
    };
    let issuer = "https://kubernetes.default.svc";
    let good =
        json!({"provider": "generic", "address": server, "ca.crt": authority, "audiences": issuer, "serviceAccountName": "deployer"});
    let describe = async |changes: Value| {
        let mut data = good.clone();
        data.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        data.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        w.apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "target"}, "data": data})).await;
    };
    let revision = w.publish("repo", &[("map.yaml", &config_map("map", "x"))]).await;
    let fields = json!({"kubeConfig": {"configMapRef": {"name": "target"}}, "retryInterval": "1s"});
    let mut labelled = fields.clone();
    labelled["labels"] = json!({"sharding.fluxcd.io/key": "generic"});
    w.kustomization("app", "repo", labelled).await;
    let says = async |text: &str| w.kustomization_is("app", text, |o| message(o).contains(text)).await;
    says("unable to read KubeConfig ConfigMap 'kc-generic/target' error: configmaps \"target\" not found").await;
    describe(json!({})).await;
    says("KubeConfig ConfigMap 'kc-generic/target': unable to create a token for the service account 'kc-generic/deployer'").await;
    describe(json!({"serviceAccountName": null})).await;
    says("service account 'kc-generic/tenant'").await;
    says("--default-kubeconfig-service-account (multi-tenancy lockdown)").await;
    allow(&w, "tenant").await;
    describe(json!({"serviceAccountName": null, "audiences": null})).await;
    says("Unauthorized").await;
    w.apply(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "deployer"}})).await;
    describe(json!({})).await;
    says("User \"system:serviceaccount:kc-generic:deployer\" cannot").await;
    allow(&w, "deployer").await;
    w.ready("app", &revision).await;

    // Without the gate no object chooses an identity.
    w.kustomization("ungated", "repo", fields).await;
    w.kustomization_is("ungated", "told of the gate", |o| message(o).contains("enable the ObjectLevelWorkloadIdentity feature gate")).await;

    describe(json!({"provider": "aws"})).await;
    w.request("app", "clouds").await;
    let stalled = says("the provider 'aws' needs workload identity").await;
    assert_eq!(condition(&stalled, "Stalled")["status"], "True");

    let tokens = |result: &str| {
        format!(
            "gotk_token_cache_events_total{{event_type=\"{result}\",kind=\"Kustomization\",name=\"app\",namespace=\"kc-generic\",operation=\"fetch_kubeconfig\"}}"
        )
    };
    for series in [
        &tokens("cache_hit"),
        &tokens("cache_miss"),
        "gotk_token_cache_requests_total{status=\"failure\"}",
        "gotk_token_cache_requests_total{status=\"success\"}",
    ] {
        scraped(&metrics, series, |text| text.contains(series)).await;
    }
    describe(json!({})).await;
    w.delete(KUSTOMIZE, "Kustomization", "app").await;
    w.is(KUSTOMIZE, "Kustomization", "app", "gone", |o| o.is_none()).await;
    assert!(w.get("v1", "ConfigMap", "map").await.is_none(), "pruned there");
    scraped(&metrics, "no series of an object that is gone", |text| !text.contains("name=\"app\"")).await;
    controller.kill().await;
}
