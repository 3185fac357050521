//! Objects made at random from the schema of each kind.
//!
//! A watch ends on the first object that cannot be read, so whatever the API server lets through must be readable; and
//! what is read and written again must still say the same.

use ferroflux_api::{CustomResource, Duration, Time, clusterconfig, crd, helm, image, kustomize, notification, source};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Values that the schema lets through.
fn values(schema: &Value) -> BoxedStrategy<Value> {
    if let Some(values) = schema["enum"].as_array() {
        return select(values.clone()).boxed();
    }
    match schema["type"].as_str() {
        Some("string") if schema["format"] == "date-time" => {
            let times = ["2025-01-02T03:04:05Z", "2025-01-02t03:04:05.678z", "1969-12-31T23:59:59.5-11:30", "0001-01-01T00:00:00Z"];
            select(times.map(Value::from).to_vec()).boxed()
        }
        Some("string") if schema["pattern"].as_str().is_some_and(|p| p.contains("ms|s|m")) => {
            select(["60s", "1m", "1.5m750ms", "0s", "99999999999999999999999m"].map(Value::from).to_vec()).boxed()
        }
        Some("string") => select(["", "5m0s", "ü", "a/b:c@d"].map(Value::from).to_vec()).boxed(),
        Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
        Some("integer") => prop_oneof![any::<i64>(), -2..3i64].prop_map(Value::from).boxed(),
        Some("array") => vec(values(&schema["items"]), 0..3).prop_map(Value::from).boxed(),
        Some("object") if schema["properties"].is_object() => object(schema),
        Some("object") if schema["additionalProperties"].is_object() => {
            btree_map("[a-z/]{1,3}", values(&schema["additionalProperties"]), 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
                .boxed()
        }
        Some("object") => select(vec![json!({}), json!({ "a": { "b": [1, null] } })]).boxed(),
        _ => select(vec![json!({ "a": { "b": [1.5, null] } }), json!("text"), json!([])]).boxed(),
    }
}

fn object(schema: &Value) -> BoxedStrategy<Value> {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let fields: Vec<BoxedStrategy<Option<(String, Value)>>> = schema["properties"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, schema)| {
            let name = name.clone();
            // Durations without a pattern: only controllers write them, and they write durations.
            let value =
                if name.ends_with("Duration") && schema["pattern"].is_null() { Just(json!("1.5s")).boxed() } else { values(schema) };
            if required.contains(&name.as_str()) {
                value.prop_map(move |v| Some((name.clone(), v))).boxed()
            } else {
                option::of(value).prop_map(move |v| v.map(|v| (name.clone(), v))).boxed()
            }
        })
        .collect();
    fields.prop_map(|fields| Value::Object(fields.into_iter().flatten().collect::<Map<_, _>>())).boxed()
}

/// What `before` says and `after` does not. What is empty may be left out.
fn lost(path: &str, before: &Value, after: &Value) -> Vec<String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => before
            .iter()
            .flat_map(|(key, value)| {
                let path = format!("{path}.{key}");
                match after.get(key) {
                    Some(kept) => lost(&path, value, kept),
                    None if is_empty(value) => Vec::new(),
                    None => vec![path],
                }
            })
            .collect(),
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            before.iter().zip(after).flat_map(|(b, a)| lost(&format!("{path}[]"), b, a)).collect()
        }
        (Value::String(before), Value::String(after)) if same_text(before, after) => Vec::new(),
        (before, after) if before == after => Vec::new(),
        _ => vec![path.to_owned()],
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        _ => false,
    }
}

/// Durations and times may be written in another way.
fn same_text(before: &str, after: &str) -> bool {
    let duration = |text: &str| serde_json::from_value::<Duration>(json!(text)).ok();
    let time = |text: &str| text.parse::<Time>().ok();
    before == after || duration(before).is_some_and(|d| duration(after) == Some(d)) || time(before).is_some_and(|t| time(after) == Some(t))
}

fn check<K: CustomResource + DeserializeOwned + Serialize>() {
    let schema = crd::crd::<K>().manifest["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
    let mut schema = schema["properties"].clone();
    for not_ours in ["apiVersion", "kind", "metadata"] {
        schema.as_object_mut().unwrap().remove(not_ours);
    }
    let mut runner = TestRunner::new(Config { cases: 128, failure_persistence: None, ..Config::default() });
    runner
        .run(&object(&json!({ "type": "object", "properties": schema })), |mut value| {
            value["metadata"] = json!({ "name": "x" });
            let object: K = match serde_json::from_value(value.clone()) {
                Ok(object) => object,
                Err(error) => return Err(TestCaseError::fail(format!("{} cannot be read: {error}: {value}", K::kind(&())))),
            };
            let written = serde_json::to_value(&object).unwrap();
            let lost = lost("", &value, &written);
            prop_assert!(lost.is_empty(), "{} loses {lost:?}: {value}", K::kind(&()));
            Ok(())
        })
        .unwrap();
}

/// Every object that the API server holds can be read, and keeps its meaning when written.
#[test]
fn whatever_the_schema_lets_through_is_read() {
    check::<source::Bucket>();
    check::<source::ExternalArtifact>();
    check::<source::GitRepository>();
    check::<source::HelmChart>();
    check::<source::HelmRepository>();
    check::<source::OCIRepository>();
    check::<kustomize::Kustomization>();
    check::<helm::HelmRelease>();
    check::<notification::Alert>();
    check::<notification::Provider>();
    check::<notification::Receiver>();
    check::<image::ImagePolicy>();
    check::<image::ImageRepository>();
    check::<image::ImageUpdateAutomation>();
    check::<clusterconfig::FluxConfig>();
    check::<clusterconfig::FluxConfigSyncStatus>();
}
