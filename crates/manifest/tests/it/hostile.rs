//! No object, id or pointer makes the rules panic.

use ferroflux_manifest::status::{compute, poll};
use ferroflux_manifest::{IgnoreRules, LabelSelector, ObjectRef, drift, managed_fields, normalize, pointer};
use proptest::prelude::*;
use serde_json::{Value, json};

/// JSON of limited size whose keys are often those that the rules look at.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-zA-Z0-9.%-]{0,6}".prop_map(Value::from)
    ];
    let key = prop_oneof![
        prop::sample::select(vec![
            "metadata",
            "spec",
            "status",
            "labels",
            "annotations",
            "conditions",
            "type",
            "managedFields",
            "containers",
            "ports",
            "replicas",
            "template",
            "selector",
            "matchLabels",
            "stringData",
            "data",
            "resources",
            "limits",
            "cpu"
        ])
        .prop_map(str::to_owned),
        "[a-z~/:{}]{0,4}"
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..6).prop_map(|m| Value::Object(m.into_iter().collect()))
        ]
    })
}

const KINDS: [(&str, &str); 10] = [
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "CronJob"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("x.io/v1", "Foo"),
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// KC-SAFE-01: foreign objects are judged, normalised and compared without a panic, and what was normalised stays.
    #[test]
    fn objects(kind in prop::sample::select(KINDS.to_vec()), body in value(), other in value()) {
        let mut object = if body.is_object() { body } else { json!({"spec": body}) };
        object["apiVersion"] = kind.0.into();
        object["kind"] = kind.1.into();
        let now = jiff::Timestamp::UNIX_EPOCH;
        let _ = compute(&object, now);
        let _ = poll(&object, std::slice::from_ref(&other), now);
        let _ = drift::has_drifted(&object, &other, &IgnoreRules::default());
        let _ = managed_fields::cleanup_patch(&object, &other, "kustomize-controller", &managed_fields::foreign_managers("kustomize-controller", &[]));
        if normalize::normalize(&mut object).is_ok() {
            // A status that does not convert keeps the rest from converting, until it is dropped.
            normalize::normalize(&mut object).unwrap();
            let mut again = object.clone();
            normalize::normalize(&mut again).unwrap();
            prop_assert_eq!(object, again);
        }
    }

    /// KC-INV-01: whatever an id holds, reading it gives an error or an object that its own id gives back.
    #[test]
    fn ids(id in "[a-z_:.]{0,20}") {
        if let Ok(object) = ObjectRef::from_inventory(&id, "v1") {
            prop_assert_eq!(ObjectRef::from_inventory(&object.inventory_id(), "v1"), Ok(object));
        }
    }

    /// KC-IGN-01: pointers and selectors of users are hostile too.
    #[test]
    fn user_texts(path in "[/~a-z0-9]{0,12}", selector in "[a-z=!,() <>0-9]{0,16}", mut object in value()) {
        let _ = pointer::get(&object, &path);
        let _ = pointer::replace(&mut object, &path, Value::Null);
        let _ = pointer::remove(&mut object, &path);
        let _ = LabelSelector::parse(&selector).map(|s| s.matches(object.as_object()));
    }
}
