//! What is applied, and what is left alone.

use serde_json::{Value, json};

use crate::world::{World, condition, config_map, inventory, is_ready};

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";

const APP: &str = r#"apiVersion: v1
kind: ServiceAccount
metadata: {name: app}
---
apiVersion: v1
kind: Service
metadata: {name: app}
spec: {selector: {app: app}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 0
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec: {containers: [{name: app, image: "example.com/app:${TAG}", ports: [{containerPort: 80}]}]}
"#;

/// KC-REC-11, KC-REC-12, KC-APPLY-01, KC-INV-01, KC-HC-01, KC-HC-04, KC-SUB-02, KC-HIST-01, KC-APPLY-12, KC-EVT-03: a
/// revision is applied, labelled, remembered, found healthy and reported; asked again, nothing is written.
#[tokio::test(flavor = "multi_thread")]
async fn a_revision_is_applied() {
    let w = World::new("kc-apply").await;
    let revision = w.publish("repo", &[("app.yaml", APP)]).await;
    w.kustomization(
        "app",
        "repo",
        json!({"wait": true, "postBuild": {"substitute": {"TAG": "1.2.3"}}, "commonMetadata": {"annotations": {"team": "a"}}}),
    )
    .await;
    let done = w.ready("app", &revision).await;
    assert_eq!(inventory(&done), ["kc-apply_app__ServiceAccount", "kc-apply_app__Service", "kc-apply_app_apps_Deployment"]);
    assert_eq!(condition(&done, "Ready")["reason"], "ReconciliationSucceeded");
    assert_eq!(condition(&done, "Ready")["message"], format!("Applied revision: {revision}"));
    assert_eq!(condition(&done, "Healthy")["reason"], "Succeeded");
    assert!(condition(&done, "Reconciling").is_null() && condition(&done, "Stalled").is_null());
    assert_eq!(done["metadata"]["finalizers"], json!(["finalizers.fluxcd.io"]));
    let managers = done["metadata"]["managedFields"].as_array().unwrap().iter().map(|m| m["manager"].as_str().unwrap());
    assert!(managers.clone().all(|m| m != "kustomize-controller"), "its own writes go under another name than those it applies");
    assert_eq!(done["status"]["lastAttemptedRevision"], revision);
    assert_eq!(done["status"]["history"].as_array().unwrap().len(), 1);
    let deployment = w.get("apps/v1", "Deployment", "app").await.unwrap();
    assert_eq!(deployment["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"], "app");
    assert_eq!(deployment["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"], "kc-apply");
    assert_eq!(deployment["metadata"]["annotations"]["team"], "a");
    assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["image"], "example.com/app:1.2.3");
    assert_eq!(deployment["metadata"]["managedFields"][0]["manager"], "kustomize-controller");
    let service = w.get("v1", "Service", "app").await.unwrap();

    w.request("app", "once").await;
    let again = w.kustomization_is("app", "asked again", |o| o["status"]["lastHandledReconcileAt"] == "once" && is_ready(o)).await;
    assert_eq!(again["status"]["history"][0]["totalReconciliations"], 2);
    assert_eq!(condition(&again, "Ready")["lastTransitionTime"], condition(&done, "Ready")["lastTransitionTime"]);
    assert_eq!(w.get("v1", "Service", "app").await.unwrap()["metadata"]["resourceVersion"], service["metadata"]["resourceVersion"]);
    w.event("app", "ReconciliationSucceeded", |m| m.starts_with("Reconciliation finished in ")).await;
    let created = |m: &str| m.contains("Service/kc-apply/app created") && m.contains("Deployment/kc-apply/app created");
    w.event("app", "Progressing", created).await;
}

/// KC-APPLY-05, KC-APPLY-06, KC-APPLY-08: a changed field and a deleted object are put right, fields of kubectl and of
/// overridden managers are taken back, fields of others stay.
#[tokio::test(flavor = "multi_thread")]
async fn drift_is_corrected() {
    let w = World::new("kc-drift").await;
    let revision = w.publish("repo", &[("a.yaml", &config_map("a", "one")), ("b.yaml", &config_map("b", "two"))]).await;
    w.kustomization("app", "repo", json!({})).await;
    w.ready("app", &revision).await;
    w.merge("v1", "ConfigMap", "a", json!({"data": {"key": "changed", "other": "x"}})).await;
    let api: kube::Api<k8s_openapi::api::core::v1::ConfigMap> = kube::Api::namespaced(w.client.clone(), "kc-drift");
    let ui = kube::api::PatchParams { field_manager: Some("ui-console".into()), ..Default::default() };
    api.patch("a", &ui, &kube::api::Patch::Merge(json!({"data": {"intruder": "y"}}))).await.unwrap();
    w.delete("v1", "ConfigMap", "b").await;
    w.request("app", "drift").await;
    w.kustomization_is("app", "reconciled", |o| o["status"]["lastHandledReconcileAt"] == "drift").await;
    let a = w.get("v1", "ConfigMap", "a").await.unwrap();
    assert_eq!(a["data"], json!({"key": "one", "other": "x"}), "the overridden manager's field is gone, an unknown one's stays");
    assert_eq!(w.get("v1", "ConfigMap", "b").await.unwrap()["data"]["key"], "two");
    w.event("app", "Progressing", |m| m == "ConfigMap/kc-drift/a configured\nConfigMap/kc-drift/b created").await;
}

/// KC-APPLY-07: directives on the desired and on the live object.
#[tokio::test(flavor = "multi_thread")]
async fn directives() {
    let w = World::new("kc-directives").await;
    w.apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "present"}, "data": {"key": "mine"}})).await;
    let with = |name: &str, key: &str, value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, annotations: {{kustomize.toolkit.fluxcd.io/{key}: {value}}}}}\ndata: {{key: git}}\n"
        )
    };
    let files = [
        with("present", "ssa", "ifnotpresent"),
        with("ignored", "reconcile", "Disabled"),
        with("merged", "ssa", "Merge"),
        config_map("live", "git"),
    ];
    let files: Vec<(String, String)> = files.into_iter().enumerate().map(|(i, f)| (format!("{i}.yaml"), f)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(n, f)| (n.as_str(), f.as_str())).collect();
    let revision = w.publish("repo", &files).await;
    w.kustomization("app", "repo", json!({})).await;
    let done = w.ready("app", &revision).await;
    assert_eq!(inventory(&done).len(), 4, "skipped objects stay in the inventory");
    assert_eq!(w.get("v1", "ConfigMap", "present").await.unwrap()["data"]["key"], "mine");
    assert!(w.get("v1", "ConfigMap", "ignored").await.is_none());
    w.merge(
        "v1",
        "ConfigMap",
        "live",
        json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}}, "data": {"key": "by hand"}}),
    )
    .await;
    w.merge("v1", "ConfigMap", "merged", json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}}))
        .await;
    w.request("app", "again").await;
    w.kustomization_is("app", "reconciled", |o| o["status"]["lastHandledReconcileAt"] == "again").await;
    assert_eq!(w.get("v1", "ConfigMap", "live").await.unwrap()["data"]["key"], "by hand");
    let merged = w.get("v1", "ConfigMap", "merged").await.unwrap();
    assert_eq!(merged["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"], "{}");
}

/// KC-APPLY-09, KC-APPLY-11: an immutable change fails with the object's name, and recreates the object where it may.
#[tokio::test(flavor = "multi_thread")]
async fn immutable_fields() {
    let w = World::new("kc-immutable").await;
    let fixed =
        |value: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: fixed}}\nimmutable: true\ndata: {{key: {value:?}}}\n");
    let first = w.publish("repo", &[("fixed.yaml", &fixed("one"))]).await;
    w.kustomization("app", "repo", json!({})).await;
    w.ready("app", &first).await;
    let uid = w.get("v1", "ConfigMap", "fixed").await.unwrap()["metadata"]["uid"].clone();
    let second = w.publish("repo", &[("fixed.yaml", &fixed("two"))]).await;
    let failed = w.failed("app", "ReconciliationFailed").await;
    let message = condition(&failed, "Ready")["message"].as_str().unwrap();
    assert!(message.starts_with("ConfigMap/kc-immutable/fixed dry-run failed (Invalid): "), "{message}");
    assert_eq!(condition(&failed, "Reconciling")["reason"], "ProgressingWithRetry");
    assert_eq!((&failed["status"]["lastAppliedRevision"], &failed["status"]["lastAttemptedRevision"]), (&json!(first), &json!(second)));
    assert_eq!(failed["status"]["history"][0]["lastReconciledStatus"], "ReconciliationFailed");
    w.kustomization("app", "repo", json!({"force": true})).await;
    w.ready("app", &second).await;
    let forced = w.get("v1", "ConfigMap", "fixed").await.unwrap();
    assert_eq!(forced["data"]["key"], "two");
    assert_ne!(forced["metadata"]["uid"], uid);
}

/// KC-APPLY-03, KC-IMP-05: a definition and an object of it in one pass, and a namespace with what lives in it.
#[tokio::test(flavor = "multi_thread")]
async fn definition_and_object_in_one_pass() {
    let w = World::new("kc-stages").await;
    let crd = r#"apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.stages.test}
spec:
  group: stages.test
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
"#;
    let widget = "apiVersion: stages.test/v1\nkind: Widget\nmetadata: {name: one, namespace: kc-stages-new}\nspec: {size: 3}\n";
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: kc-stages-new}\n";
    let revision = w.publish("repo", &[("a-widget.yaml", widget), ("b-namespace.yaml", namespace), ("c-crd.yaml", crd)]).await;
    w.kustomization("app", "repo", json!({"targetNamespace": null})).await;
    let done = w.ready("app", &revision).await;
    let ids = [
        "_widgets.stages.test_apiextensions.k8s.io_CustomResourceDefinition",
        "_kc-stages-new__Namespace",
        "kc-stages-new_one_stages.test_Widget",
    ];
    assert_eq!(inventory(&done), ids);
    assert_eq!(done["status"]["history"][0]["totalReconciliations"], 1, "it took one pass");
}

/// KC-IGN-01, KC-IGN-02, KC-IGN-03: ignored fields cause no write, and keep their live value when something else is
/// written.
#[tokio::test(flavor = "multi_thread")]
async fn ignored_fields() {
    let w = World::new("kc-ignore").await;
    let first = w.publish("repo", &[("app.yaml", &APP.replace("${TAG}", "1"))]).await;
    w.kustomization("app", "repo", json!({"ignore": [{"paths": ["/spec/replicas"], "target": {"kind": "Deploy.*"}}]})).await;
    w.ready("app", &first).await;
    w.merge("apps/v1", "Deployment", "app", json!({"spec": {"replicas": 2}})).await;
    w.request("app", "scaled").await;
    w.kustomization_is("app", "reconciled", |o| o["status"]["lastHandledReconcileAt"] == "scaled").await;
    assert_eq!(w.get("apps/v1", "Deployment", "app").await.unwrap()["spec"]["replicas"], 2);
    let second = w.publish("repo", &[("app.yaml", &APP.replace("${TAG}", "2"))]).await;
    w.ready("app", &second).await;
    let deployment = w.get("apps/v1", "Deployment", "app").await.unwrap();
    let image = |d: &Value| d["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    assert_eq!((image(&deployment), &deployment["spec"]["replicas"]), (json!("example.com/app:2"), &json!(2)));
}

/// KC-REC-01: a suspended object is left alone, but what was asked for counts as handled.
#[tokio::test(flavor = "multi_thread")]
async fn suspended() {
    let w = World::new("kc-suspend").await;
    let first = w.publish("repo", &[("a.yaml", &config_map("a", "one"))]).await;
    w.kustomization("app", "repo", json!({})).await;
    w.ready("app", &first).await;
    w.kustomization("app", "repo", json!({"suspend": true})).await;
    w.publish("repo", &[("a.yaml", &config_map("a", "two"))]).await;
    w.request("app", "while suspended").await;
    let handled = w.kustomization_is("app", "handled", |o| o["status"]["lastHandledReconcileAt"] == "while suspended").await;
    assert_eq!(handled["status"]["lastAppliedRevision"], first);
    assert_eq!(w.get("v1", "ConfigMap", "a").await.unwrap()["data"]["key"], "one");
    assert_eq!(w.get(KUSTOMIZE, "Kustomization", "app").await.unwrap()["spec"]["suspend"], true);
}
