//! The GitRepository kind (SRC-GEN, SRC-GIT).

mod artifact;
mod credentials;
mod include;
mod notify;
mod reconcile;
mod source;
mod verify;

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

#[cfg(test)]
mod tests {
    use super::*;
    use ferroflux_api::Artifact;
    use ferroflux_api::source::GitRepositoryInclude;
    use ferroflux_controller_runtime::metrics::QueueMetrics;
    use ferroflux_controller_runtime::queue::Backoff;

    fn repository(namespace: &str, name: &str, includes: Option<&str>) -> GitRepository {
        let mut object = GitRepository::default();
        object.metadata.namespace = Some(namespace.into());
        object.metadata.name = Some(name.into());
        object.metadata.resource_version = Some("1".into());
        object.spec.include = includes
            .map(|name| GitRepositoryInclude {
                repository: ferroflux_api::LocalObjectReference { name: name.into() },
                ..Default::default()
            })
            .into_iter()
            .collect();
        object
    }

    /// SRC-GIT-12: a new artifact wakes those of the namespace that include it, and nobody else.
    #[tokio::test]
    async fn includers_are_woken() {
        let queue = Queue::new(Backoff { min: Duration::from_secs(1), max: Duration::from_secs(2) }, QueueMetrics::detached());
        let old = repository("ns", "app", None);
        let mut new = old.clone();
        new.status.artifact = Some(Artifact {
            path: String::new(),
            url: String::new(),
            revision: "main@sha1:1".into(),
            digest: "sha256:1".into(),
            last_update_time: "2026-01-01T00:00:00Z".parse().unwrap(),
            size: None,
            metadata: Default::default(),
        });
        let cache = Cache::from_iter([
            new.clone(),
            repository("ns", "includer", Some("app")),
            repository("other", "includer", Some("app")),
            repository("ns", "apart", None),
        ]);
        let key = ObjectKey::new("ns", "app");
        on_change(&queue, &cache, &Change { key, old: Some(Arc::new(old)), new: Some(Arc::new(new)), initial: false });
        let woken = queue.next().await.map(|lease| lease.key.clone());
        assert_eq!(woken, Some(ObjectKey::new("ns", "includer")));
        assert!(tokio::time::timeout(Duration::from_millis(50), queue.next()).await.is_err(), "nobody else");
    }
}
