//! The objects of one kind as a watch last saw them.
//!
//! Reads of a reconcile come from here, so that a pass over an unchanged object costs no request (design D3). Objects
//! are trimmed before they are kept: no managed fields, no last-applied annotation (CRT-02-04).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use kube::Resource;
use tokio::sync::watch;

use crate::key::ObjectKey;

/// The objects of one kind. Reads never block for long: a write swaps one pointer.
#[derive(Debug)]
pub struct Cache<K> {
    objects: RwLock<HashMap<ObjectKey, Arc<K>>>,
    synced: watch::Sender<bool>,
}

impl<K> Default for Cache<K> {
    fn default() -> Self {
        Self { objects: RwLock::default(), synced: watch::Sender::new(false) }
    }
}

impl<K: Resource> Cache<K> {
    /// The object, if the watch knows it.
    pub fn get(&self, key: &ObjectKey) -> Option<Arc<K>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// All objects, in no order.
    pub fn list(&self) -> Vec<Arc<K>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Takes in an object that a write of ours answered with, so that the next pass sees it even when the watch is late.
    /// An object that is older than the one kept is ignored. Returns what stood there before, and whether it was replaced.
    pub fn observe(&self, object: K) -> (Option<Arc<K>>, bool) {
        let key = ObjectKey::of(&object);
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        let old = objects.get(&key).cloned();
        let newer = old.as_ref().is_none_or(|old| is_newer(old.as_ref(), &object));
        if newer {
            objects.insert(key, Arc::new(object));
        }
        (old, newer)
    }

    /// Takes an object out.
    pub fn remove(&self, key: &ObjectKey) -> Option<Arc<K>> {
        self.objects.write().unwrap_or_else(PoisonError::into_inner).remove(key)
    }

    /// The keys of all objects.
    pub fn keys(&self) -> Vec<ObjectKey> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Waits until the first list is complete.
    pub async fn synced(&self) {
        let mut synced = self.synced.subscribe();
        // The sender lives in `self`, so the wait cannot end with an error.
        let _ = synced.wait_for(|s| *s).await;
    }

    pub(crate) fn mark_synced(&self) {
        self.synced.send_replace(true);
    }
}

/// Whether `new` is a later state than `old`. Resource versions of one kind are ordered numbers; a recreated object has
/// a later one too. Where a server uses something else, any difference counts as newer.
fn is_newer<K: Resource>(old: &K, new: &K) -> bool {
    let version = |o: &K| o.meta().resource_version.as_deref().map(|v| v.parse::<u64>());
    match (version(old), version(new)) {
        (Some(Ok(old)), Some(Ok(new))) => new > old,
        _ => old.meta().resource_version != new.meta().resource_version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::ConfigMap;

    fn object(version: &str) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.name = Some("a".into());
        object.metadata.resource_version = Some(version.into());
        object
    }

    /// A late watch event must not put back a state older than our own write.
    #[test]
    fn keeps_the_newest() {
        let cache = Cache::default();
        assert!(cache.observe(object("9")).1);
        assert!(cache.observe(object("10")).1);
        assert!(!cache.observe(object("9")).1);
        assert!(!cache.observe(object("10")).1);
        assert_eq!(cache.list()[0].metadata.resource_version.as_deref(), Some("10"));
    }
}
