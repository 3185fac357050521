//! Kustomization: what arrives in the cluster, and what stays as it is.

use ferroflux_e2e::World;
use serde_json::{Value, json};

use crate::{config_map, deployment, inventory, nothing};

/// KC-INV-01, KC-APPLY-01, KC-GEN-01, KC-EVT-03: objects without a kustomization file arrive with owner labels and stand in
/// the inventory under their ids.
#[tokio::test(flavor = "multi_thread")]
async fn plain_manifests_arrive() {
    let world = World::new("apply-plain").await;
    let revision = world.push(&[("a.yaml", &config_map("a", "1")), ("deep/b.yaml", &deployment("b"))]).await;
    world.git_repository(nothing()).await;
    world.kustomization("apps", json!({"wait": true})).await;
    let object = world.applied("apps", &revision).await;
    assert_eq!(inventory(&object), ["apply-plain_a__ConfigMap", "apply-plain_b_apps_Deployment"]);
    let labels = &world.get("ConfigMap", "a").await["metadata"]["labels"];
    assert_eq!(labels["kustomize.toolkit.fluxcd.io/name"], "apps");
    assert_eq!(labels["kustomize.toolkit.fluxcd.io/namespace"], "apply-plain");
    let conditions: Vec<_> = object["status"]["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["type"].as_str().unwrap(), c["status"].as_str().unwrap(), c["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(conditions, [("Ready", "True", "ReconciliationSucceeded"), ("Healthy", "True", "Succeeded")]);
    let events = world.names("Event").await;
    assert!(events.iter().any(|e| e.starts_with("apps.")), "{events:?}");
}

/// KC-APPLY-03, KC-IMP-05: a definition and an object of it arrive in one pass.
#[tokio::test(flavor = "multi_thread")]
async fn a_definition_and_its_object_in_one_pass() {
    let world = World::new("apply-crd").await;
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: wheels.e2e.example.com\nspec:\n  group: e2e.example.com\n  scope: Namespaced\n  names: {kind: Wheel, plural: wheels, singular: wheel, listKind: WheelList}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}\n";
    let wheel = "apiVersion: e2e.example.com/v1\nkind: Wheel\nmetadata:\n  name: front\nspec: {size: 28}\n";
    let revision = world.push(&[("1-wheel.yaml", wheel), ("2-crd.yaml", crd)]).await;
    world.git_repository(nothing()).await;
    world.kustomization("apps", nothing()).await;
    let object = world.applied("apps", &revision).await;
    assert_eq!(object["status"]["history"].as_array().unwrap().len(), 1, "more than one attempt: {}", object["status"]["history"]);
    assert_eq!(world.get("e2e.example.com/Wheel", "front").await["spec"]["size"], 28);
}

/// KC-GEN-03, KB-GEN-02, KB-HASH-01: images, patches and generators of an overlay arrive; a changed generator makes a new
/// name and the old one is pruned.
#[tokio::test(flavor = "multi_thread")]
async fn overlays() {
    let world = World::new("apply-overlay").await;
    let overlay = |value: &str| {
        format!(
            "resources: [../base]\nnamePrefix: prod-\nimages:\n- name: example.com/app\n  newTag: 2.0.0\nconfigMapGenerator:\n- name: settings\n  literals: [colour={value}]\npatches:\n- patch: |\n    - op: add\n      path: /spec/template/spec/containers/0/envFrom\n      value: [{{configMapRef: {{name: settings}}}}]\n  target: {{kind: Deployment}}\n"
        )
    };
    world.push(&[("base/kustomization.yaml", "resources: [app.yaml]\n"), ("base/app.yaml", &deployment("app"))]).await;
    let first = world.push(&[("prod/kustomization.yaml", &overlay("red"))]).await;
    world.git_repository(nothing()).await;
    world
        .kustomization("apps", json!({"path": "./prod", "images": [{"name": "example.com/app", "newName": "mirror.example.com/app"}]}))
        .await;
    world.applied("apps", &first).await;
    let container = world.get("Deployment", "prod-app").await["spec"]["template"]["spec"]["containers"][0].clone();
    assert_eq!(container["image"], "mirror.example.com/app:2.0.0");
    let maps = |names: Vec<String>| names.into_iter().filter(|n| n.starts_with("prod-settings-")).collect::<Vec<_>>();
    let red = maps(world.names("ConfigMap").await);
    assert_eq!(container["envFrom"][0]["configMapRef"]["name"], red[0].as_str());
    let second = world.push(&[("prod/kustomization.yaml", &overlay("blue"))]).await;
    world.reconcile("GitRepository", "repo").await;
    world.applied("apps", &second).await;
    let blue = maps(world.names("ConfigMap").await);
    assert!(red.len() == 1 && blue.len() == 1 && red != blue, "{red:?} {blue:?}");
}

/// KC-SUB-02, KC-SUB-05, KC-SUB-07: variables from a ConfigMap and inline, with defaults and escapes; an object may opt out.
#[tokio::test(flavor = "multi_thread")]
async fn substitution() {
    let world = World::new("apply-substitute").await;
    let app = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  region: ${region}\n  size: ${size:=small}\n  literal: $${region}\n  inline: ${who}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}\ndata:\n  region: ${region}\n";
    let revision = world.push(&[("app.yaml", app)]).await;
    world.apply("ConfigMap", "vars", json!({"data": {"region": "eu", "who": "map"}})).await;
    world.git_repository(nothing()).await;
    world
        .kustomization(
            "apps",
            json!({"postBuild": {"substitute": {"who": "inline"}, "substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]}}),
        )
        .await;
    world.applied("apps", &revision).await;
    assert_eq!(
        world.get("ConfigMap", "a").await["data"],
        json!({"region": "eu", "size": "small", "literal": "${region}", "inline": "inline"})
    );
    assert_eq!(world.get("ConfigMap", "b").await["data"]["region"], "${region}");
}

/// KC-APPLY-06, KC-PERF-04: drift is corrected, a deleted object comes back, and a pass without drift writes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn drift() {
    let world = World::new("apply-drift").await;
    let revision = world.push(&[("a.yaml", &config_map("a", "right")), ("b.yaml", &config_map("b", "1"))]).await;
    world.git_repository(nothing()).await;
    world.kustomization("apps", nothing()).await;
    world.applied("apps", &revision).await;
    let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
    let before = version(&world.get("ConfigMap", "a").await);
    world.reconcile("Kustomization", "apps").await;
    assert_eq!(version(&world.get("ConfigMap", "a").await), before, "an unchanged object was written");
    world.patch("ConfigMap", "a", json!({"data": {"key": "wrong"}})).await;
    world.delete("ConfigMap", "b").await;
    world.reconcile("Kustomization", "apps").await;
    assert_eq!(world.get("ConfigMap", "a").await["data"]["key"], "right");
    assert_eq!(world.get("ConfigMap", "b").await["data"]["key"], "1");
}

/// KC-INV-02, KC-APPLY-07: what left the repository goes, unless it is annotated.
#[tokio::test(flavor = "multi_thread")]
async fn prune() {
    let world = World::new("apply-prune").await;
    let kept = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kept\n  annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}\n";
    world.push(&[("a.yaml", &config_map("a", "1")), ("b.yaml", &config_map("b", "1")), ("kept.yaml", kept)]).await;
    world.git_repository(nothing()).await;
    world.kustomization("apps", nothing()).await;
    world.ready("Kustomization", "apps").await;
    world.repository.remove("kept.yaml").unwrap();
    let revision = world.push_without("b.yaml").await;
    world.reconcile("GitRepository", "repo").await;
    let object = world.applied("apps", &revision).await;
    assert_eq!(inventory(&object), ["apply-prune_a__ConfigMap"]);
    assert!(world.get("ConfigMap", "b").await.is_null());
    assert!(!world.get("ConfigMap", "kept").await.is_null());
}

/// KC-APPLY-09, KC-APPLY-11: an immutable field is an error that names the object; with force it is recreated.
#[tokio::test(flavor = "multi_thread")]
async fn immutable_fields() {
    let world = World::new("apply-immutable").await;
    let service =
        |ip: &str| format!("apiVersion: v1\nkind: Service\nmetadata:\n  name: s\nspec:\n  clusterIP: {ip}\n  ports: [{{port: 80}}]\n");
    world.push(&[("s.yaml", &service("10.96.77.1"))]).await;
    world.git_repository(nothing()).await;
    world.kustomization("apps", nothing()).await;
    world.ready("Kustomization", "apps").await;
    let first = world.get("Service", "s").await["metadata"]["uid"].clone();
    let revision = world.push(&[("s.yaml", &service("10.96.77.2"))]).await;
    world.reconcile("GitRepository", "repo").await;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await;
    assert!(message.contains("Service/apply-immutable/s dry-run failed"), "{message}");
    world.patch("Kustomization", "apps", json!({"spec": {"force": true}})).await;
    world.applied("apps", &revision).await;
    let second = world.get("Service", "s").await;
    assert_eq!(second["spec"]["clusterIP"], "10.96.77.2");
    assert_ne!(second["metadata"]["uid"], first);
}
