//! Watches that fill a [`Cache`] and tell what changed.

use std::fmt::Debug;
use std::sync::Arc;

use futures::{StreamExt, pin_mut};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::cache::Cache;
use crate::key::ObjectKey;

/// A difference that a watch saw. At least one of `old` and `new` is there.
#[derive(Debug, Clone)]
pub struct Change<K> {
    /// Which object.
    pub key: ObjectKey,
    /// As it was, if it was known.
    pub old: Option<Arc<K>>,
    /// As it is, if it is still there.
    pub new: Option<Arc<K>>,
    /// The object came with the first list after a start.
    pub initial: bool,
}

impl<K: Resource> Change<K> {
    /// Whether a controller has to look at its own object: it came, it went, its generation changed, or somebody asked by
    /// `reconcile.fluxcd.io/requestedAt` (RT-21).
    pub fn concerns_reconcile(&self) -> bool {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => {
                old.meta().generation != new.meta().generation
                    || old.meta().deletion_timestamp != new.meta().deletion_timestamp
                    || old.meta().uid != new.meta().uid
                    || self.is_requested()
            }
            _ => true,
        }
    }

    /// Whether the change is a new value of the annotation `reconcile.fluxcd.io/requestedAt` (RT-20).
    pub fn is_requested(&self) -> bool {
        let token = |o: &Option<Arc<K>>| o.as_ref().and_then(|o| o.annotations().get(crate::REQUESTED_AT).cloned());
        let new = token(&self.new);
        self.old.is_some() && new.is_some() && token(&self.old) != new
    }
}

/// Which objects are watched: an API handle (one namespace or all) and the label selector.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Only this namespace; `None` watches all (`--watch-all-namespaces`).
    pub namespace: Option<String>,
    /// Only objects whose labels match (`--watch-label-selector`, sharding); empty matches all.
    pub labels: String,
}

impl Scope {
    /// The handle for a kind in this scope.
    pub fn api<K>(&self, client: kube::Client) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        match &self.namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        }
    }
}

/// Watches `api` until `shutdown`, keeps `cache` current and calls `on_change` for each difference. Errors
/// are retried with back-off and never end the watch.
pub async fn run<K>(
    api: Api<K>,
    labels: &str,
    cache: Arc<Cache<K>>,
    shutdown: CancellationToken,
    mut on_change: impl FnMut(Change<K>) + Send,
) where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    // Paged lists, not streamed ones: the stream starts from whatever state the server has at hand, and a first list that
    // misses objects would let a dependency look absent.
    let mut config = watcher::Config::default().page_size(250);
    if !labels.is_empty() {
        config = config.labels(labels);
    }
    let stream = watcher(api, config).default_backoff();
    pin_mut!(stream);
    let mut listed: Option<std::collections::HashSet<ObjectKey>> = None;
    let mut synced = false;
    loop {
        let event = tokio::select! {
            () = shutdown.cancelled() => return,
            event = stream.next() => event,
        };
        match event {
            None => return,
            Some(Err(error)) => {
                if is_expected(&error) {
                    debug!(%error, kind = %K::kind(&()), "watch restarts");
                } else {
                    warn!(%error, kind = %K::kind(&()), "watch failed, it is tried again");
                }
            }
            Some(Ok(watcher::Event::Init)) => listed = Some(std::collections::HashSet::new()),
            Some(Ok(watcher::Event::InitApply(object))) => {
                let key = ObjectKey::of(&object);
                if let Some(listed) = &mut listed {
                    listed.insert(key.clone());
                }
                applied(&cache, key, object, !synced, &mut on_change);
            }
            Some(Ok(watcher::Event::InitDone)) => {
                let listed = listed.take().unwrap_or_default();
                for key in cache.keys() {
                    if !listed.contains(&key) {
                        removed(&cache, key, &mut on_change);
                    }
                }
                synced = true;
                cache.mark_synced();
            }
            Some(Ok(watcher::Event::Apply(object))) => applied(&cache, ObjectKey::of(&object), object, false, &mut on_change),
            Some(Ok(watcher::Event::Delete(object))) => removed(&cache, ObjectKey::of(&object), &mut on_change),
        }
    }
}

fn applied<K: Resource>(cache: &Cache<K>, key: ObjectKey, mut object: K, initial: bool, on_change: &mut impl FnMut(Change<K>)) {
    trim(&mut object);
    if let Some((old, new)) = cache.announce(object) {
        on_change(Change { key, old, new: Some(new), initial });
    }
}

fn removed<K: Resource>(cache: &Cache<K>, key: ObjectKey, on_change: &mut impl FnMut(Change<K>)) {
    if let Some(old) = cache.remove(&key) {
        on_change(Change { key, old: Some(old), new: None, initial: false });
    }
}

/// Drops what no reconcile reads and what makes up most of an object's size.
pub(crate) fn trim<K: Resource>(object: &mut K) {
    let meta = object.meta_mut();
    meta.managed_fields = None;
    if let Some(annotations) = &mut meta.annotations {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}

/// A watch that the server ends because its window is over is the normal course.
fn is_expected(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchError(status) if status.code == 410)
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::ConfigMap;

    fn change(edit: impl Fn(&mut ConfigMap)) -> Change<ConfigMap> {
        let mut old = ConfigMap::default();
        old.metadata.generation = Some(1);
        let mut new = old.clone();
        edit(&mut new);
        Change { key: ObjectKey::new("", "a"), old: Some(Arc::new(old)), new: Some(Arc::new(new)), initial: false }
    }

    /// RT-21: status updates never trigger; a new generation and a new requestedAt do.
    #[test]
    fn triggers() {
        assert!(!change(|o| o.metadata.resource_version = Some("2".into())).concerns_reconcile());
        assert!(!change(|o| o.labels_mut().extend([("a".to_owned(), "b".to_owned())])).concerns_reconcile());
        assert!(change(|o| o.metadata.generation = Some(2)).concerns_reconcile());
        let asked = change(|o| o.annotations_mut().extend([(crate::REQUESTED_AT.to_owned(), "now".to_owned())]));
        assert!(asked.concerns_reconcile() && asked.is_requested());
    }
}
