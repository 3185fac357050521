//! Who manages which field of a live object, and how other appliers' leavings are taken over (KC-APPLY-08, KC-APPLY-10).

use serde_json::{Map, Value, json};

use crate::{directive, metadata_map, pointer};

/// A field manager whose fields we take over: a name prefix and the operation (`Apply` or `Update`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignManager {
    /// What its name starts with.
    pub prefix: String,
    /// `Apply` or `Update`.
    pub operation: &'static str,
}

/// Annotations of earlier appliers that are removed.
const OLD_ANNOTATIONS: [&str; 3] =
    ["kubectl.kubernetes.io/last-applied-configuration", "kustomize.toolkit.fluxcd.io/checksum", "fluxcd.io/sync-checksum"];
/// Labels of earlier appliers that are removed.
const OLD_LABELS: [&str; 1] = ["fluxcd.io/sync-gc-mark"];

/// The managers that are always taken over, and both operations of each of `extra` (`--override-manager`).
pub fn foreign_managers(own: &str, extra: &[String]) -> Vec<ForeignManager> {
    let fixed = [("kubectl", "Apply"), ("kubectl", "Update"), ("before-first-apply", "Update"), (own, "Update")];
    let extra = extra.iter().flat_map(|name| [(name.as_str(), "Apply"), (name.as_str(), "Update")]);
    fixed.into_iter().chain(extra).map(|(prefix, operation)| ForeignManager { prefix: prefix.to_owned(), operation }).collect()
}

/// The JSON patch that removes what earlier appliers left on `live`, or `None` if there is nothing or either object asks
/// to be merged. `own` is the name of our field manager.
pub fn cleanup_patch(desired: &Value, live: &Value, own: &str, foreign: &[ForeignManager]) -> Option<Value> {
    if directive::SSA_MERGE.is_set(desired) || directive::SSA_MERGE.is_set(live) {
        return None;
    }
    let mut patch = Vec::new();
    for (which, keys) in [("annotations", &OLD_ANNOTATIONS[..]), ("labels", &OLD_LABELS[..])] {
        let map = metadata_map(live, which);
        for key in keys.iter().filter(|key| map.is_some_and(|m| m.contains_key(**key))) {
            patch.push(json!({"op": "remove", "path": format!("/metadata/{which}/{}", pointer::escape(key))}));
        }
    }
    if let Some(entries) = take_over(entries(live), own, foreign) {
        patch.push(json!({"op": "replace", "path": "/metadata/managedFields", "value": entries}));
    }
    (!patch.is_empty()).then_some(Value::Array(patch))
}

/// The JSON patch that moves all entries of `live` to `api_version`, or `None` if they are there.
pub fn migration_patch(live: &Value, api_version: &str) -> Option<Value> {
    let old = entries(live);
    let moved = |e: &Value| {
        let mut e = e.clone();
        if let Some(map) = e.as_object_mut() {
            map.insert("apiVersion".to_owned(), api_version.into());
        }
        e
    };
    let new: Vec<Value> = old.iter().map(moved).collect();
    (new != old).then(|| json!([{"op": "replace", "path": "/metadata/managedFields", "value": new}]))
}

fn entries(live: &Value) -> &[Value] {
    crate::field(live, &["metadata", "managedFields"]).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Merges the entries of foreign managers into our own Apply entry, which moves to the end. `None` if none matches.
fn take_over(old: &[Value], own: &str, foreign: &[ForeignManager]) -> Option<Vec<Value>> {
    let ours = |e: &Value| text(e, "manager") == own && text(e, "operation") == "Apply";
    let mut kept = Vec::new();
    let own_entry = old.iter().rposition(ours);
    let mut merged: Option<Value> = own_entry.map(|i| old[i].clone());
    let mut edited = false;
    for (i, entry) in old.iter().enumerate() {
        if Some(i) == own_entry {
            continue;
        }
        let taken = text(entry, "subresource").is_empty()
            && foreign.iter().any(|m| m.operation == text(entry, "operation") && text(entry, "manager").starts_with(&m.prefix));
        if !taken {
            kept.push(entry.clone());
            continue;
        }
        edited = true;
        match merged.as_mut().and_then(Value::as_object_mut) {
            None => {
                let mut entry = entry.clone();
                if let Some(map) = entry.as_object_mut() {
                    map.insert("manager".to_owned(), own.into());
                    map.insert("operation".to_owned(), "Apply".into());
                }
                merged = Some(entry);
            }
            Some(target) => {
                if let Some(fields) = entry.get("fieldsV1") {
                    let slot = target.entry("fieldsV1").or_insert_with(|| json!({}));
                    union(slot, fields);
                }
            }
        }
    }
    edited.then(|| kept.into_iter().chain(merged).collect())
}

/// Adds the paths of `other` to a trie of field paths.
fn union(trie: &mut Value, other: &Value) {
    let (Some(into), Some(from)) = (trie.as_object_mut(), other.as_object()) else { return };
    for (key, child) in from {
        match into.get_mut(key) {
            Some(mine) => union_node(mine, child),
            None => {
                into.insert(key.clone(), child.clone());
            }
        }
    }
}

/// Adds one node to another of the same path. A node without children is a member; one with children is a member only
/// if it holds the key `.`.
fn union_node(mine: &mut Value, other: &Value) {
    let childless = |v: &Value| v.as_object().is_none_or(Map::is_empty);
    let member_and_parent = childless(mine) != childless(other);
    union(mine, other);
    if let (true, Some(map)) = (member_and_parent, mine.as_object_mut()) {
        map.entry(".").or_insert_with(|| json!({}));
    }
}

/// Whether an Apply manager other than `own` has the field at a JSON pointer. List indexes are found through the keys
/// (`k:{…}`) of the entries; a path that cannot be resolved counts as not owned.
pub fn owned_by_other_applier(live: &Value, path: &str, own: &str) -> bool {
    let tries: Vec<(&str, &Value)> = entries(live)
        .iter()
        .filter(|e| text(e, "subresource").is_empty() && text(e, "operation") == "Apply")
        .filter_map(|e| Some((text(e, "manager"), e.get("fieldsV1")?)))
        .collect();
    let Some(keys) = trie_keys(live, path, &tries) else { return false };
    tries.iter().any(|(manager, trie)| *manager != own && keys.iter().try_fold(*trie, |at, key| at.get(key)).is_some())
}

fn trie_keys(live: &Value, path: &str, tries: &[(&str, &Value)]) -> Option<Vec<String>> {
    let segments = pointer::segments(path).filter(|s| !s.is_empty())?;
    let (mut keys, mut at) = (Vec::<String>::new(), Some(live));
    for segment in segments {
        match (at, segment.parse::<usize>()) {
            (Some(Value::Array(items)), Ok(i)) => {
                let item = items.get(i)?;
                let parents = tries.iter().filter_map(|(_, trie)| keys.iter().try_fold(*trie, |at, key| at.get(key))?.as_object());
                let key = parents.flat_map(Map::keys).find(|key| list_key_matches(key, item))?;
                keys.push(key.clone());
                at = Some(item);
            }
            _ => {
                at = at.and_then(|v| v.get(&segment));
                keys.push(format!("f:{segment}"));
            }
        }
    }
    Some(keys)
}

/// Whether a trie key such as `k:{"name":"app"}` names a list item.
fn list_key_matches(key: &str, item: &Value) -> bool {
    let Some(Ok(Value::Object(parts))) = key.strip_prefix("k:").map(serde_json::from_str::<Value>) else { return false };
    parts.iter().all(|(name, value)| item.get(name) == Some(value))
}
