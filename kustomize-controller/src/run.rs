//! Reconciles that wait: what is kept of one between the passes of its object.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ferroflux_api::contract::annotation::REQUESTED_AT;
use ferroflux_api::kustomize::Kustomization;
use ferroflux_cluster_apply::{Apply, ChangeSet, Cluster, HealthWait, Options, Target};
use ferroflux_controller_runtime::ObjectKey;
use ferroflux_manifest::Inventory;
use kube::ResourceExt;
use tokio::time::Instant;

use crate::finalize::Terminating;

/// What a reconcile was begun for. When any of it changes, the reconcile is out of date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    uid: Option<String>,
    generation: Option<i64>,
    requested: Option<String>,
}

impl Cause {
    pub(crate) fn of(object: &Kustomization) -> Self {
        Self { uid: object.uid(), generation: object.metadata.generation, requested: object.annotations().get(REQUESTED_AT).cloned() }
    }
}

/// What all phases of a reconcile need.
pub(crate) struct Run {
    pub(crate) cause: Cause,
    /// Revision that is applied, and the one it was made from.
    pub(crate) revision: String,
    pub(crate) origin_revision: Option<String>,
    /// SHA-256 of the rendered manifests.
    pub(crate) digest: String,
    pub(crate) cluster: Cluster,
    pub(crate) options: Arc<Options>,
    /// The inventory before this reconcile.
    pub(crate) before: Inventory,
    /// The inventory after the apply; until then the status has the union of what was and what may come.
    pub(crate) after: Option<Inventory>,
    /// When the work on the revision began.
    pub(crate) began: Instant,
}

/// What a reconcile waits for.
pub(crate) enum Phase {
    /// A stage must be current, or doomed objects gone, before the apply goes on.
    Stage { apply: Box<Apply>, wait: HealthWait, deadline: Instant, gone: bool },
    /// The applied objects must be current. No rendered object is kept.
    Health { wait: HealthWait, began: Instant, deadline: Instant, announced: bool, outcome: Applied },
}

impl Phase {
    /// What is being done, as the status says it (KC-REC-06).
    pub(crate) fn doing(&self) -> &'static str {
        match self {
            Self::Stage { .. } => "Detecting drift",
            Self::Health { .. } => "Running health checks",
        }
    }
}

/// What an apply came to, as far as the health check's report needs it.
#[derive(Debug, Clone)]
pub(crate) struct Applied {
    pub(crate) was_healthy: bool,
    pub(crate) drifted: bool,
    pub(crate) new_revision: bool,
}

/// What a health check is made on.
pub(crate) struct Checked {
    pub(crate) changes: ChangeSet,
    pub(crate) targets: Vec<Target>,
}

/// What is kept by object between passes.
pub(crate) struct Kept<T>(Mutex<HashMap<ObjectKey, T>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Kept<T> {
    fn map(&self) -> MutexGuard<'_, HashMap<ObjectKey, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self, key: &ObjectKey) -> Option<T> {
        self.map().remove(key)
    }

    pub(crate) fn put(&self, key: &ObjectKey, value: T) {
        self.map().insert(key.clone(), value);
    }
}

/// All that is kept of the objects between passes.
#[derive(Default)]
pub(crate) struct Memory {
    /// Reconciles that wait.
    pub(crate) runs: Kept<(Run, Phase)>,
    /// Deletions that wait for objects to be gone.
    pub(crate) terminations: Kept<Terminating>,
    /// By what the waiting reconcile of an object was made out of date, other than the object and its source.
    interrupted: Kept<String>,
    /// Digest of the artifact whose download failed, and how often it did.
    downloads: Kept<(String, u32)>,
}

impl Memory {
    /// Notes that what an object's reconcile was made from changed. It may be under way and come to wait only later; a
    /// reconcile that has yet to begin does not care.
    pub(crate) fn interrupt(&self, key: &ObjectKey, by: &str) {
        self.interrupted.put(key, by.to_owned());
    }

    pub(crate) fn take_interruption(&self, key: &ObjectKey) -> Option<String> {
        self.interrupted.take(key)
    }

    /// Counts a failed download and returns how many there were of this artifact.
    pub(crate) fn count_download(&self, key: &ObjectKey, digest: &str) -> u32 {
        let before = self.downloads.take(key).filter(|(d, _)| d == digest).map_or(0, |(_, n)| n);
        self.downloads.put(key, (digest.to_owned(), before + 1));
        before + 1
    }

    pub(crate) fn downloaded(&self, key: &ObjectKey) {
        self.downloads.take(key);
    }

    /// Drops all that is kept of an object.
    pub(crate) fn forget(&self, key: &ObjectKey) {
        self.runs.take(key);
        self.terminations.take(key);
        self.interrupted.take(key);
        self.downloads.take(key);
    }
}
