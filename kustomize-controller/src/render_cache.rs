//! Rendered manifests of unchanged inputs (KC-PERF-04).
//!
//! One entry an object: what it was rendered from, and the result as JSON text, which takes a fraction of the memory of
//! parsed values. The sum is capped; the entry that was not used for longest goes first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ferroflux_api::kustomize::Kustomization;
use ferroflux_artifact::digest::{Algorithm, Digest};
use ferroflux_controller_runtime::ObjectKey;
use ferroflux_envsubst::Variables;
use serde_json::Value;

use crate::render::Rendered;

/// Bytes of manifests that are kept.
const CAPACITY: usize = 8 << 20;

/// What manifests were rendered from: artifact, spec, owner and variables. Equal keys give equal manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CacheKey(Option<Digest>);

impl CacheKey {
    /// The key of a render. A spec that cannot be written as JSON is never cached.
    pub(crate) fn new(artifact: &Digest, object: &Kustomization, variables: Option<&Variables>) -> Self {
        let Ok(spec) = serde_json::to_vec(&object.spec) else { return Self(None) };
        let mut digest = Algorithm::Sha256.digester();
        let mut part = |bytes: &[u8]| {
            digest.update(&(bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        };
        part(artifact.to_string().as_bytes());
        part(object.metadata.namespace.as_deref().unwrap_or_default().as_bytes());
        part(object.metadata.name.as_deref().unwrap_or_default().as_bytes());
        part(&spec);
        for name in variables.into_iter().flat_map(Variables::names) {
            part(name.as_bytes());
            part(variables.and_then(|v| v.get(name)).unwrap_or_default());
        }
        Self(Some(digest.finish()))
    }
}

/// The cache.
#[derive(Default)]
pub(crate) struct RenderCache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    by_object: HashMap<ObjectKey, Entry>,
    bytes: usize,
    clock: u64,
}

struct Entry {
    key: CacheKey,
    objects: Vec<u8>,
    digest: String,
    used: u64,
}

impl RenderCache {
    /// The manifests of an object, if they were rendered from the same.
    pub(crate) fn get(&self, object: &ObjectKey, key: &CacheKey) -> Option<Rendered> {
        key.0.as_ref()?;
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.clock += 1;
        let clock = entries.clock;
        let entry = entries.by_object.get_mut(object).filter(|e| e.key == *key)?;
        entry.used = clock;
        let objects: Vec<Value> = serde_json::from_slice(&entry.objects).ok()?;
        // The warnings were given when it was rendered.
        Some(Rendered { objects, digest: entry.digest.clone(), warnings: Vec::new(), used_remote: false })
    }

    /// Keeps manifests in place of the object's former ones.
    pub(crate) fn put(&self, object: &ObjectKey, key: CacheKey, rendered: &Rendered) {
        let Ok(objects) = serde_json::to_vec(&rendered.objects) else { return };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(object);
        if key.0.is_none() || objects.len() > CAPACITY / 2 {
            return;
        }
        entries.clock += 1;
        entries.bytes += objects.len();
        let entry = Entry { key, objects, digest: rendered.digest.clone(), used: entries.clock };
        entries.by_object.insert(object.clone(), entry);
        while entries.bytes > CAPACITY {
            let Some(oldest) = entries.by_object.iter().min_by_key(|(_, e)| e.used).map(|(k, _)| k.clone()) else { break };
            entries.remove(&oldest);
        }
    }

    pub(crate) fn forget(&self, object: &ObjectKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(object);
    }
}

impl Entries {
    fn remove(&mut self, object: &ObjectKey) {
        if let Some(entry) = self.by_object.remove(object) {
            self.bytes -= entry.objects.len();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    fn key(artifact: &str, path: &str, variables: &[(&str, &str)]) -> CacheKey {
        let mut object = Kustomization::default();
        object.spec.path = Some(path.to_owned());
        let variables: Variables = variables.iter().copied().collect();
        CacheKey::new(&Algorithm::Sha256.digest(artifact.as_bytes()), &object, Some(&variables))
    }

    fn rendered(bytes: usize) -> Rendered {
        let objects = vec![json!({"data": "x".repeat(bytes)})];
        Rendered { objects, digest: "sha256:x".into(), warnings: vec!["once".into()], used_remote: false }
    }

    /// KC-PERF-04: the artifact, the spec and the variables decide whether manifests are the same.
    #[test]
    fn keys() {
        let base = key("a", "./", &[("A", "1")]);
        assert_eq!(base, key("a", "./", &[("A", "1")]));
        for other in [
            key("b", "./", &[("A", "1")]),
            key("a", "./x", &[("A", "1")]),
            key("a", "./", &[("A", "2")]),
            key("a", "./", &[("B", "1")]),
            key("a", "./", &[]),
        ] {
            assert_ne!(base, other);
        }
    }

    /// KC-PERF-04: what was rendered from the same is found, warnings are given once, and memory is bounded.
    #[test]
    fn keeps_what_fits() {
        let cache = RenderCache::default();
        let name = |i: usize| ObjectKey::new("ns", format!("app-{i}"));
        let key = |i: usize| key(&i.to_string(), "./", &[]);
        for i in 0..40 {
            cache.put(&name(i), key(i), &rendered(1 << 20));
            assert!(cache.get(&name(0), &key(0)).is_some_and(|r| r.warnings.is_empty()), "what is used stays");
        }
        assert!(cache.0.lock().unwrap().bytes <= CAPACITY);
        assert!(cache.get(&name(1), &key(1)).is_none() && cache.get(&name(39), &key(39)).is_some());
        assert!(cache.get(&name(39), &key(38)).is_none());
        cache.put(&name(0), key(0), &rendered(CAPACITY));
        assert!(cache.get(&name(0), &key(0)).is_none(), "too large to keep, and the old one is gone");
        cache.forget(&name(39));
        assert!(cache.get(&name(39), &key(39)).is_none());
    }
}
