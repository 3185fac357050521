//! Writes to objects: JSON merge patches of what differs, and nothing when nothing does (RT-18, RT-81).

use std::fmt::Debug;

use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// The merge patch (RFC 7386) that makes `old` into `new`; `None` when they are equal. Maps are compared key by key, a key
/// that is gone becomes null; everything else is replaced whole.
pub fn merge_patch(old: &Value, new: &Value) -> Option<Value> {
    if old == new {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return Some(new.clone()) };
    let mut patch = Map::new();
    for (key, value) in new {
        match old.get(key) {
            Some(before) => {
                if let Some(change) = merge_patch(before, value) {
                    patch.insert(key.clone(), change);
                }
            }
            None => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Some(Value::Object(patch))
}

/// What a status write came to.
#[derive(Debug)]
pub enum Written<K> {
    /// Nothing differed: no request was made.
    Unchanged,
    /// The object as the server has it now.
    Changed(Box<K>),
    /// The object is gone.
    Gone,
}

/// Tries before a status write that always meets somebody else's is given up.
const CONFLICT_TRIES: usize = 5;

/// Writes `.status` of an object: `seen` is the object as it was read, `status` what its status shall be. Only the
/// difference is sent, under `manager`.
///
/// Conditions are a list, which a merge patch replaces whole: the patch therefore carries the resource version, and when
/// somebody else wrote meanwhile, the object is read again and only the condition types in `owned` are replaced in what
/// stands there (RT-18).
pub async fn write_status<K, S>(api: &Api<K>, manager: &str, seen: &K, status: &S, owned: &[&str]) -> Result<Written<K>, kube::Error>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug,
    S: Serialize,
{
    let name = seen.name_any();
    let mut wanted = to_value(status)?;
    let mut current = to_value(seen)?.get_mut("status").map(Value::take).unwrap_or(Value::Null);
    let mut version = seen.resource_version();
    let params = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
    for attempt in 0.. {
        let base = if current.is_null() { json!({}) } else { current.clone() };
        let Some(change) = merge_patch(&base, &wanted) else { return Ok(Written::Unchanged) };
        let mut patch = json!({"status": change});
        if patch["status"].get("conditions").is_some() {
            patch["metadata"] = json!({"resourceVersion": version});
        }
        match api.patch_status(&name, &params, &Patch::Merge(&patch)).await {
            Ok(object) => return Ok(Written::Changed(Box::new(object))),
            Err(kube::Error::Api(error)) if error.code == 404 => return Ok(Written::Gone),
            Err(kube::Error::Api(error)) if error.code == 409 && attempt < CONFLICT_TRIES => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(std::time::Duration::from_millis(100 << attempt)).await;
        let Some(mut read) = api.get_opt(&name).await?.map(|o| Ok::<_, kube::Error>((o.resource_version(), to_value(&o)?))).transpose()?
        else {
            return Ok(Written::Gone);
        };
        version = read.0;
        current = read.1.get_mut("status").map(Value::take).unwrap_or(Value::Null);
        keep_foreign_conditions(&mut wanted, &current, owned);
    }
    Ok(Written::Unchanged)
}

fn to_value<T: Serialize>(value: &T) -> Result<Value, kube::Error> {
    serde_json::to_value(value).map_err(kube::Error::SerdeError)
}

/// Replaces the conditions that are not ours in `wanted` by those in `current`.
fn keep_foreign_conditions(wanted: &mut Value, current: &Value, owned: &[&str]) {
    let is_owned = |c: &Value| c["type"].as_str().is_some_and(|t| owned.contains(&t));
    let foreign = current["conditions"].as_array().into_iter().flatten().filter(|c| !is_owned(c)).cloned();
    let ours = wanted["conditions"].as_array().into_iter().flatten().filter(|c| is_owned(c)).cloned();
    let merged: Vec<Value> = ours.chain(foreign).collect();
    if let Value::Object(wanted) = wanted {
        wanted.insert("conditions".to_owned(), Value::Array(merged));
    }
}

/// Adds or removes a finalizer. Nothing is sent when it stands so already.
pub async fn set_finalizer<K>(api: &Api<K>, manager: &str, seen: &K, finalizer: &str, present: bool) -> Result<Written<K>, kube::Error>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let mut finalizers = seen.finalizers().to_vec();
    if finalizers.iter().any(|f| f == finalizer) == present {
        return Ok(Written::Unchanged);
    }
    if present {
        finalizers.push(finalizer.to_owned());
    } else {
        finalizers.retain(|f| f != finalizer);
    }
    // The list is replaced whole: the version makes sure that nobody else's entry is lost.
    let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": seen.resource_version()}});
    let params = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
    match api.patch(&seen.name_any(), &params, &Patch::Merge(&patch)).await {
        Ok(object) => Ok(Written::Changed(Box::new(object))),
        Err(kube::Error::Api(error)) if error.code == 404 => Ok(Written::Gone),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RT-18, RT-81: only what differs is sent, and unknown fields of others are left alone.
    #[test]
    fn differences() {
        let old = json!({"a": 1, "b": {"c": [1, 2], "d": "x"}, "gone": true});
        assert_eq!(merge_patch(&old, &old), None);
        let new = json!({"a": 1, "b": {"c": [1], "d": "x"}, "new": {"k": null}});
        assert_eq!(merge_patch(&old, &new), Some(json!({"b": {"c": [1]}, "new": {"k": null}, "gone": null})));
    }

    /// RT-18: conditions of other writers are never touched.
    #[test]
    fn foreign_conditions() {
        let mut wanted = json!({"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "old"}]});
        let current = json!({"conditions": [{"type": "Ready", "status": "False"}, {"type": "Other", "status": "new"}]});
        keep_foreign_conditions(&mut wanted, &current, &["Ready"]);
        assert_eq!(wanted["conditions"], json!([{"type": "Ready", "status": "True"}, {"type": "Other", "status": "new"}]));
    }
}
