//! `spec.ignore`.

use ferroflux_manifest::{IgnoreRule, IgnoreRules, IgnoreTarget, Resolution, drift};
use serde_json::{Value, json};

fn rules(paths: &[&str], target: IgnoreTarget) -> IgnoreRules {
    let rule = IgnoreRule { paths: paths.iter().map(|p| (*p).to_owned()).collect(), target: Some(target) };
    IgnoreRules::compile(&[rule]).unwrap()
}

fn deployment(replicas: i64, managed_fields: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app", "namespace": "ns", "labels": {"tier": "web"}, "managedFields": managed_fields},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "side"}, {"name": "app", "image": "x"}]}}}})
}

/// KC-IGN-01: expressions match the whole value, all parts must match, bad ones are errors.
#[test]
fn targets() {
    let object = deployment(1, json!([]));
    let matches = |target: IgnoreTarget| !rules(&["/spec/replicas"], target).paths(&object).is_empty();
    assert!(matches(IgnoreTarget::default()));
    assert!(matches(IgnoreTarget { kind: "Deploy.*".into(), name: "app|web".into(), ..Default::default() }));
    assert!(!matches(IgnoreTarget { kind: "Deploy".into(), ..Default::default() }));
    assert!(!matches(IgnoreTarget { kind: "Deployment".into(), namespace: "other".into(), ..Default::default() }));
    assert!(matches(IgnoreTarget { label_selector: "tier in (web, db),!canary".into(), ..Default::default() }));
    assert!(!matches(IgnoreTarget { annotation_selector: "tier=web".into(), ..Default::default() }));
    for target in
        [IgnoreTarget { name: "(".into(), ..Default::default() }, IgnoreTarget { label_selector: "a in".into(), ..Default::default() }]
    {
        assert!(IgnoreRules::compile(&[IgnoreRule { paths: vec![], target: Some(target) }]).is_err());
    }
}

/// KC-IGN-02, KC-APPLY-06: an ignored field alone is no drift; metadata and status never are, labels and annotations are.
#[test]
fn drift_without_ignored_fields() {
    let none = IgnoreRules::default();
    let replicas = rules(&["/spec/replicas"], IgnoreTarget::default());
    let (live, dry_run) = (deployment(3, json!([])), deployment(1, json!([])));
    assert!(drift::has_drifted(&live, &dry_run, &none));
    assert!(!drift::has_drifted(&live, &dry_run, &replicas));
    let mut other = live.clone();
    other["metadata"]["resourceVersion"] = "7".into();
    other["status"] = json!({"replicas": 3});
    assert!(!drift::has_drifted(&live, &other, &none));
    other["metadata"]["annotations"] = json!({"a": "b"});
    assert!(drift::has_drifted(&live, &other, &none));
}

/// KC-IGN-03: a field that another applier owns is left out, one that nobody else owns keeps its live value; list indexes
/// are found through the keys of the managed fields.
#[test]
fn kept_values() {
    let path = "/spec/template/spec/containers/1/image";
    let keyed = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:image": {}}}}}}});
    let entry = |manager: &str, operation: &str| json!([{"manager": manager, "operation": operation, "fieldsV1": keyed}]);
    let rules = rules(&[path], IgnoreTarget::default());
    let mut dry_run = deployment(1, json!([]));
    dry_run["spec"]["template"]["spec"]["containers"][1]["image"] = "y".into();
    let resolve = |entries: Value| rules.resolutions(&deployment(1, entries), &dry_run, "kustomize-controller");
    assert_eq!(resolve(entry("vpa", "Apply")), [Resolution::Strip(path.into())]);
    assert_eq!(resolve(entry("vpa", "Update")), [Resolution::Adopt(path.into(), "x".into())]);
    assert_eq!(resolve(entry("kustomize-controller", "Apply")), [Resolution::Adopt(path.into(), "x".into())]);
    let mut payload = dry_run.clone();
    resolve(entry("kustomize-controller", "Apply")).into_iter().for_each(|r| r.apply(&mut payload));
    assert_eq!(payload.pointer(path), Some(&json!("x")));
    resolve(entry("vpa", "Apply")).into_iter().for_each(|r| r.apply(&mut payload));
    assert_eq!(payload.pointer(path), None);
}
