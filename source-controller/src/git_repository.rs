//! The GitRepository kind (SRC-GEN, SRC-GIT).

mod artifact;
mod credentials;
mod include;
mod notify;
mod reconcile;
mod source;

use std::sync::Arc;
use std::time::Duration;

use ferroflux_api::source::GitRepository;
use ferroflux_artifact::storage::{Scratch, Storage};
use ferroflux_controller_runtime::controller::enqueue;
use ferroflux_controller_runtime::{Cache, Change, Jitter, ObjectKey, Priority, Process, Queue};
use ferroflux_git::{Client as GitClient, SshAlgorithms};

/// The kind's name as it stands in paths and messages.
const KIND: &str = "GitRepository";

/// The reconciler and what it works with.
pub(crate) struct GitRepositories {
    pub(crate) process: Arc<Process>,
    pub(crate) cache: Arc<Cache<GitRepository>>,
    pub(crate) storage: Arc<Storage>,
    pub(crate) git: GitClient,
    pub(crate) scratch: Arc<Scratch>,
    pub(crate) ssh_algorithms: SshAlgorithms,
    pub(crate) requeue_dependency: Duration,
    pub(crate) jitter: Jitter,
}

/// The default triggers, and one more: a new artifact wakes the repositories that include it (SRC-GIT-12).
pub(crate) fn on_change(queue: &Queue, cache: &Cache<GitRepository>, change: &Change<GitRepository>) {
    enqueue(queue, change);
    let digest = |object: &Option<Arc<GitRepository>>| object.as_ref().and_then(|o| o.status.artifact.as_ref()).map(|a| a.digest.clone());
    if change.initial || digest(&change.old) == digest(&change.new) {
        return;
    }
    for other in cache.list() {
        let key = ObjectKey::of(other.as_ref());
        if key.namespace == change.key.namespace && other.spec.include.iter().any(|i| i.repository.name == *change.key.name) {
            queue.changed(&key, Priority::Normal);
        }
    }
}
