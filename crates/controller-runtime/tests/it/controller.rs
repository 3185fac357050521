//! A watch that fills a cache and a queue.

use std::sync::Arc;
use std::time::Duration;

use ferroflux_api::source::GitRepository;
use ferroflux_controller_runtime::controller::enqueue;
use ferroflux_controller_runtime::metrics::QueueMetrics;
use ferroflux_controller_runtime::queue::{Backoff, Outcome};
use ferroflux_controller_runtime::{Cache, ObjectKey, Queue, watch};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{client, eventually, git_repository, install_git_repository, namespace};

async fn next(queue: &Queue) -> String {
    let lease = queue.next().await.unwrap();
    let key = lease.key.to_string();
    queue.finish(lease, &Outcome::Idle);
    key
}

async fn is_quiet(queue: &Queue) -> bool {
    // A watch event that is on its way arrives well within this; none must come.
    tokio::time::timeout(Duration::from_millis(700), queue.next()).await.is_err()
}

/// RT-20, RT-21, RT-25, RT-37: the first list enqueues everything in the shard; spec changes, requestedAt and deletion
/// trigger, status and label changes do not; objects of other shards are not seen.
#[tokio::test(flavor = "multi_thread")]
async fn triggers_from_a_watch() {
    let (client, _) = client().await;
    install_git_repository(&client).await;
    let ns = namespace(&client, "triggers").await;
    let api: Api<GitRepository> = Api::namespaced(client.clone(), &ns);
    git_repository(&client, &ns, "a").await;
    git_repository(&client, &ns, "other").await;
    let label = |value: &str| Patch::Merge(json!({"metadata": {"labels": {"sharding.fluxcd.io/key": value}}}));
    api.patch("other", &PatchParams::default(), &label("shard2")).await.unwrap();

    let queue = Queue::new(Backoff { min: Duration::from_secs(1), max: Duration::from_secs(1) }, QueueMetrics::detached());
    let cache: Arc<Cache<GitRepository>> = Arc::default();
    let stop = CancellationToken::new();
    tokio::spawn({
        let (api, queue, cache, stop) = (api.clone(), queue.clone(), cache.clone(), stop.clone());
        async move { watch::run(api, "!sharding.fluxcd.io/key", cache, stop, |change| enqueue(&queue, &change)).await }
    });
    cache.synced().await;
    assert_eq!(next(&queue).await, format!("{ns}/a"));
    let key = ObjectKey::new(ns.as_str(), "a");
    assert!(cache.get(&key).unwrap().metadata.managed_fields.is_none(), "managed fields are kept in memory");

    api.patch_status("a", &PatchParams::default(), &Patch::Merge(json!({"status": {"observedGeneration": 1}}))).await.unwrap();
    api.patch("a", &PatchParams::default(), &Patch::Merge(json!({"metadata": {"labels": {"team": "x"}}}))).await.unwrap();
    assert!(is_quiet(&queue).await);
    eventually("the cache has the label", async || cache.get(&key).unwrap().metadata.labels.clone()).await;

    api.patch("a", &PatchParams::default(), &Patch::Merge(json!({"spec": {"interval": "2m"}}))).await.unwrap();
    assert_eq!(next(&queue).await, format!("{ns}/a"));
    let asked = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}});
    api.patch("a", &PatchParams::default(), &Patch::Merge(asked)).await.unwrap();
    assert_eq!(next(&queue).await, format!("{ns}/a"));
    api.delete("a", &DeleteParams::default()).await.unwrap();
    assert_eq!(next(&queue).await, format!("{ns}/a"));
    assert!(cache.get(&key).is_none() && is_quiet(&queue).await);
    stop.cancel();
}
