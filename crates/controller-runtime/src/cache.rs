//! The objects of one kind as a watch last saw them.
//!
//! Reads of a reconcile come from here, so that a pass over an unchanged object costs no request (design D3). Objects
//! are trimmed before they are kept: no managed fields, no last-applied annotation (CRT-02-04).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kube::Resource;
use tokio::sync::watch;

use crate::key::ObjectKey;

/// The objects of one kind. Reads never block for long: a write swaps one pointer.
#[derive(Debug)]
pub struct Cache<K> {
    state: RwLock<State<K>>,
    synced: watch::Sender<bool>,
}

#[derive(Debug)]
struct State<K> {
    objects: HashMap<ObjectKey, Arc<K>>,
    /// What the watch last told about objects that a write of ours has brought further since. The answer to a write may
    /// hold somebody else's change too, whose event would otherwise find nothing new.
    untold: HashMap<ObjectKey, Arc<K>>,
}

impl<K> Default for Cache<K> {
    fn default() -> Self {
        let state = State { objects: HashMap::new(), untold: HashMap::new() };
        Self { state: RwLock::new(state), synced: watch::Sender::new(false) }
    }
}

/// A cache that has these objects, as after a first list.
impl<K: Resource> FromIterator<K> for Cache<K> {
    fn from_iter<I: IntoIterator<Item = K>>(objects: I) -> Self {
        let cache = Self::default();
        for object in objects {
            cache.announce(object);
        }
        cache
    }
}

impl<K: Resource> Cache<K> {
    /// The object, if the watch knows it.
    pub fn get(&self, key: &ObjectKey) -> Option<Arc<K>> {
        self.read().objects.get(key).cloned()
    }

    /// All objects, in no order.
    pub fn list(&self) -> Vec<Arc<K>> {
        self.read().objects.values().cloned().collect()
    }

    /// Takes in an object that a write of ours answered with, so that the next pass sees it even when the watch is late.
    /// An object that is older than the one kept is ignored, and so is one that is not kept: the watch may have told of its
    /// end already. What has changed with it is told when the watch gets there.
    pub fn observe(&self, object: K) {
        let key = ObjectKey::of(&object);
        let mut state = self.write();
        let Some(old) = state.objects.get(&key).cloned() else { return };
        if is_newer(old.as_ref(), &object) {
            state.untold.entry(key.clone()).or_insert(old);
            state.objects.insert(key, Arc::new(object));
        }
    }

    /// Takes in an object that the watch tells of. Returns what it was when the watch last told of it and what it is now,
    /// or nothing if that is no news.
    pub(crate) fn announce(&self, object: K) -> Option<(Option<Arc<K>>, Arc<K>)> {
        let key = ObjectKey::of(&object);
        let mut state = self.write();
        let untold = state.untold.remove(&key);
        let kept = state.objects.get(&key).cloned();
        match &kept {
            Some(kept) if !is_newer(kept.as_ref(), &object) => untold.map(|old| (Some(old), Arc::clone(kept))),
            _ => {
                let new = Arc::new(object);
                state.objects.insert(key, Arc::clone(&new));
                Some((untold.or(kept), new))
            }
        }
    }

    /// Takes an object out.
    pub fn remove(&self, key: &ObjectKey) -> Option<Arc<K>> {
        let mut state = self.write();
        state.untold.remove(key);
        state.objects.remove(key)
    }

    /// The keys of all objects.
    pub fn keys(&self) -> Vec<ObjectKey> {
        self.read().objects.keys().cloned().collect()
    }

    /// Waits until the first list is complete.
    pub async fn synced(&self) {
        let mut synced = self.synced.subscribe();
        // The sender lives in `self`, so the wait cannot end with an error.
        let _ = synced.wait_for(|s| *s).await;
    }

    fn read(&self) -> RwLockReadGuard<'_, State<K>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<K>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
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
        assert!(cache.announce(object("9")).is_some());
        assert!(cache.announce(object("10")).is_some());
        assert!(cache.announce(object("9")).is_none());
        assert!(cache.announce(object("10")).is_none());
        cache.observe(object("9"));
        assert_eq!(cache.list()[0].metadata.resource_version.as_deref(), Some("10"));
    }

    /// RT-51: the answer to a write that let an object go may come after the watch has told of its end: it stays gone.
    #[test]
    fn what_is_gone_stays_gone() {
        let cache = Cache::default();
        cache.announce(object("9"));
        cache.remove(&ObjectKey::new("", "a"));
        cache.observe(object("10"));
        assert!(cache.list().is_empty());
    }

    /// RT-21: the answer to a write of ours may hold a change by somebody else; when the watch tells of that, it is news,
    /// against what the watch told before, and once.
    #[test]
    fn changes_in_answers_to_writes_are_told() {
        let cache = Cache::default();
        cache.announce(object("9"));
        cache.observe(object("11"));
        cache.observe(object("12"));
        let version = |o: &ConfigMap| o.metadata.resource_version.clone().unwrap_or_default();
        let told = cache.announce(object("10")).map(|(old, new)| (old.map(|o| version(&o)), version(&new)));
        assert_eq!(told, Some((Some("9".to_owned()), "12".to_owned())));
        assert!(cache.announce(object("11")).is_none() && cache.announce(object("12")).is_none());
        assert!(cache.announce(object("13")).is_some_and(|(old, _)| old.is_some_and(|o| version(&o) == "12")));
    }
}
