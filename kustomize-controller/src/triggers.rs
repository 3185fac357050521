//! What makes Kustomizations run besides themselves (KC-TRIG-02…04), and those that wait for others.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ferroflux_api::ConfigKind;
use ferroflux_api::Source;
use ferroflux_api::kustomize::{Kustomization, SourceKind};
use ferroflux_conditions::types::{READY, RECONCILING};
use ferroflux_controller_runtime::{Cache, Change, ObjectKey, Priority, Queue};
use kube::ResourceExt;
use tokio::time::Instant;
use tracing::error;

use crate::run::Memory;
use crate::{dependencies, source};

/// Objects whose dependencies were not ready when they were last looked at.
#[derive(Debug, Default)]
pub(crate) struct Blocked(Mutex<HashMap<ObjectKey, Option<Instant>>>);

impl Blocked {
    fn map(&self) -> MutexGuard<'_, HashMap<ObjectKey, Option<Instant>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn insert(&self, key: &ObjectKey) {
        self.map().entry(key.clone()).or_default();
    }

    pub(crate) fn remove(&self, key: &ObjectKey) {
        self.map().remove(key);
    }

    /// Whether an object's waiting should be reported again: it is looked at more often than users want to read of it.
    pub(crate) fn report_is_due(&self, key: &ObjectKey, every: Duration) -> bool {
        let mut map = self.map();
        let Some(last) = map.get_mut(key) else { return true };
        // A timer may fire a little early.
        let due = last.is_none_or(|at| at.elapsed() + Duration::from_millis(500) >= every);
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    fn keys(&self) -> Vec<ObjectKey> {
        self.map().keys().cloned().collect()
    }
}

/// Enqueues Kustomizations on behalf of other objects.
#[derive(Clone)]
pub(crate) struct Triggers {
    pub(crate) queue: Queue,
    pub(crate) cache: Arc<Cache<Kustomization>>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) blocked: Arc<Blocked>,
}

impl Triggers {
    /// A Kustomization changed: those that wait for it look again.
    pub(crate) fn dependency_changed(&self, change: &Change<Kustomization>) {
        for key in self.blocked.keys() {
            let waits = self.cache.get(&key).is_some_and(|o| dependencies::keys(&o).any(|(d, _)| d == change.key));
            if waits {
                self.queue.wake(&key);
            }
        }
    }

    /// A source changed: those that refer to it run if it has an artifact that they do not have yet.
    pub(crate) fn source_changed<S: Source>(&self, kind: SourceKind, change: &Change<S>) {
        let artifact = |s: &Option<Arc<S>>| s.as_ref().and_then(|s| s.artifact().map(|a| a.revision.clone()));
        let (old, new) = (artifact(&change.old), artifact(&change.new));
        let Some(revision) = new else { return };
        if change.old.is_some() && old.as_ref() == Some(&revision) {
            return;
        }
        let refers = |o: &Kustomization| o.spec.source_ref.kind == kind && source::key(o) == change.key;
        let objects: Vec<Arc<Kustomization>> =
            self.cache.list().into_iter().filter(|o| refers(o) && !is_up_to_date(o, &revision)).collect();
        self.enqueue_in_order(&objects);
    }

    /// A ConfigMap or Secret changed: those of its namespace that read it run.
    pub(crate) fn config_changed(&self, kind: ConfigKind, key: &ObjectKey) {
        let objects: Vec<Arc<Kustomization>> = self.cache.list().into_iter().filter(|o| reads(o, kind, key)).collect();
        let kind = match kind {
            ConfigKind::Secret => "Secret",
            ConfigKind::ConfigMap => "ConfigMap",
        };
        for object in &objects {
            self.memory.interrupt(&ObjectKey::of(object.as_ref()), &format!("{kind}/{key}"));
        }
        self.enqueue_in_order(&objects);
    }

    /// Enqueues objects after what they depend on, which is enqueued too. Of a cycle nothing is enqueued (KC-TRIG-04).
    fn enqueue_in_order(&self, objects: &[Arc<Kustomization>]) {
        let edges: BTreeMap<ObjectKey, Vec<ObjectKey>> =
            objects.iter().map(|o| (ObjectKey::of(o.as_ref()), dependencies::keys(o).map(|(key, _)| key).collect())).collect();
        match dependencies::in_order(&edges) {
            Ok(keys) => {
                // Dependencies outside of our shard are somebody else's.
                for key in keys.iter().filter(|key| edges.contains_key(*key) || self.cache.get(key).is_some()) {
                    self.queue.changed(key, Priority::Normal);
                }
            }
            Err(cycle) => error!("circular dependency detected: {cycle}"),
        }
    }
}

/// Whether an object has applied a revision, or is about to.
fn is_up_to_date(object: &Kustomization, revision: &str) -> bool {
    let is = |type_: &str| object.status.conditions.iter().any(|c| c.type_ == type_ && c.status.as_str() == "True");
    (is(READY) || is(RECONCILING)) && object.status.last_attempted_revision.as_deref() == Some(revision)
}

/// Whether an object reads a ConfigMap or Secret.
fn reads(object: &Kustomization, kind: ConfigKind, key: &ObjectKey) -> bool {
    if object.namespace().as_deref() != Some(&*key.namespace) {
        return false;
    }
    let spec = &object.spec;
    let mut names = BTreeSet::new();
    if let Some(post_build) = &spec.post_build {
        names.extend(post_build.substitute_from.iter().filter(|r| r.kind == kind).map(|r| r.name.as_str()));
    }
    match kind {
        ConfigKind::Secret => {
            names.extend(spec.kube_config.iter().filter_map(|k| k.secret_ref.as_ref()).map(|r| r.name.as_str()));
            names.extend(spec.decryption.iter().filter_map(|d| d.secret_ref.as_ref()).map(|r| r.name.as_str()));
        }
        ConfigKind::ConfigMap => {
            names.extend(spec.kube_config.iter().filter_map(|k| k.config_map_ref.as_ref()).map(|r| r.name.as_str()));
        }
    }
    names.contains(&*key.name)
}
