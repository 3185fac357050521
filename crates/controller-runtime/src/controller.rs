//! The loop of one kind: its watch fills a cache and a queue, its workers run passes.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span};

use crate::cache::Cache;
use crate::key::ObjectKey;
use crate::leader::Leadership;
use crate::metrics::ControllerMetrics;
use crate::process::Process;
use crate::queue::{Lease, Outcome, Priority, Queue};
use crate::watch::{self, Change};

/// A kind that a controller reconciles.
pub trait Object:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Serialize + Send + Sync + 'static
{
}
impl<K> Object for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Serialize + Send + Sync + 'static
{
}

/// One look at one object.
#[derive(Debug, Clone)]
pub struct Pass<K> {
    /// Which object.
    pub key: ObjectKey,
    /// The object as the cache has it; a write of ours that [`Cache::observe`] took in is already in it.
    pub object: Arc<K>,
    /// Cancelled when the object, or something that [`Queue::changed`] was told about, changed after the pass began. What
    /// is under way is then out of date: end soon, another pass follows (engine rule 5).
    pub superseded: CancellationToken,
    /// When this reconcile began; passes that end with [`Outcome::Wait`] or [`Outcome::Now`] belong to one reconcile.
    pub began: Instant,
}

/// What a controller does with an object of its kind.
pub trait Reconciler: Send + Sync + 'static {
    /// The kind.
    type Object: Object;

    /// Looks at the object and does what is next. Must not wait for anything that takes longer than a request: return
    /// [`Outcome::Wait`] and be woken instead (design D2). Must be idempotent; it may be dropped at any await.
    fn reconcile(&self, pass: Pass<Self::Object>) -> impl Future<Output = Outcome> + Send;

    /// How much longer than usual a pass over the object may wait without moving, for a fetch with a timeout of its own,
    /// say, before the process is taken for stuck (RT-94).
    fn patience(&self, _object: &Self::Object) -> Duration {
        Duration::ZERO
    }

    /// The object is gone from the cluster (or from this shard): drop what is kept about it.
    fn forgotten(&self, _key: &ObjectKey) {}
}

/// The controller of one kind.
pub struct Controller<K> {
    process: Arc<Process>,
    name: String,
    workers: usize,
    queue: Queue,
    cache: Arc<Cache<K>>,
    metrics: ControllerMetrics,
}

impl<K: Object> Controller<K> {
    /// A controller with so many workers (`--concurrent`). Its name in metrics and logs is the kind in lower case.
    pub fn new(process: &Arc<Process>, workers: usize) -> Self {
        let kind = K::kind(&());
        let name = kind.to_lowercase();
        let workers = workers.max(1);
        let metrics = process.metrics.controller(&kind, &name, workers);
        let queue = Queue::new(process.flags.backoff(), metrics.queue.clone());
        process.metrics.before_scrape({
            let queue = queue.clone();
            move || queue.measure()
        });
        process.liveness.add({
            let (queue, leadership) = (queue.clone(), process.leadership.clone());
            let mut served = None;
            move |now, limits| {
                let leads = *leadership.borrow() == Leadership::Leading;
                served = leads.then(|| served.unwrap_or(now));
                queue.hanging(now, limits.pass, workers, served)
            }
        });
        Self { process: process.clone(), name, workers, queue, cache: Arc::default(), metrics }
    }

    /// The queue, to wake objects.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// The objects of the kind.
    pub fn cache(&self) -> &Arc<Cache<K>> {
        &self.cache
    }

    /// Watches another kind: `cache` is kept current, and `on_change` is called for each difference, typically to call
    /// [`Queue::changed`] for the objects that refer to it. Ends with the process.
    pub fn also_watch<S>(
        &self,
        api: Api<S>,
        labels: &str,
        cache: Arc<Cache<S>>,
        on_change: impl FnMut(Change<S>) + Send + 'static,
    ) -> JoinHandle<()>
    where
        S: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let (labels, shutdown) = (labels.to_owned(), self.process.shutdown.clone());
        let expected = self.process.liveness.expect(api.resource_url());
        tokio::spawn(async move {
            watch::run(api, &labels, cache, shutdown.clone(), on_change).await;
            // A watch that ends by itself is missed.
            shutdown.cancelled().await;
            drop(expected);
        })
    }

    /// Watches the kind, with the default triggers (RT-21), and works until the process stops; passes under way are given
    /// `grace` to end (RT-38).
    pub async fn run<R: Reconciler<Object = K>>(self, reconciler: Arc<R>, grace: Duration) {
        let queue = self.queue.clone();
        self.run_with(reconciler, grace, move |change| enqueue(&queue, change)).await;
    }

    /// As [`Controller::run`], with triggers of one's own: `on_change` decides what to enqueue.
    pub async fn run_with<R: Reconciler<Object = K>>(
        self,
        reconciler: Arc<R>,
        grace: Duration,
        on_change: impl FnMut(&Change<K>) + Send + 'static,
    ) {
        let scope = self.process.scope();
        let api: Api<K> = scope.api(self.process.client.clone());
        info!(controller = %self.name, controllerGroup = %K::group(&()), controllerKind = %K::kind(&()), "Starting Controller");
        let mut on_change = on_change;
        let _expected = self.process.liveness.expect(api.resource_url());
        let watching = tokio::spawn({
            let (cache, shutdown, labels) = (self.cache.clone(), self.process.shutdown.clone(), scope.labels.clone());
            async move { watch::run(api, &labels, cache, shutdown, |change| on_change(&change)).await }
        });
        self.work(reconciler, grace).await;
        watching.abort();
    }

    async fn work<R: Reconciler<Object = K>>(&self, reconciler: Arc<R>, grace: Duration) {
        let permits = Arc::new(Semaphore::new(self.workers));
        let mut leadership = self.process.leadership.clone();
        info!(controller = %self.name, controllerGroup = %K::group(&()), controllerKind = %K::kind(&()), "worker count" = self.workers, "Starting workers");
        loop {
            let taken = async {
                let _ = leadership.wait_for(|l| *l == Leadership::Leading).await;
                let permit = permits.clone().acquire_owned().await.ok()?;
                Some((permit, self.queue.next().await?))
            };
            let next = tokio::select! {
                () = self.process.shutdown.cancelled() => None,
                next = taken => next,
            };
            let Some((permit, lease)) = next else { break };
            let run =
                Run { queue: self.queue.clone(), cache: self.cache.clone(), metrics: self.metrics.clone(), controller: self.name.clone() };
            let reconciler = reconciler.clone();
            tokio::spawn(async move {
                run.pass(lease, reconciler).await;
                drop(permit);
            });
        }
        self.queue.close();
        info!(controller = %self.name, "Shutdown signal received, waiting for all workers to finish");
        let all = u32::try_from(self.workers).unwrap_or(u32::MAX);
        if tokio::time::timeout(grace, permits.acquire_many(all)).await.is_err() {
            error!(controller = %self.name, "workers did not finish in time, their objects go on at the next start");
        }
        info!(controller = %self.name, "All workers finished");
    }
}

/// The default triggers: a changed object runs soon, an object asked for by annotation runs first, the first list after a
/// start runs in the background.
pub fn enqueue<K: Resource>(queue: &Queue, change: &Change<K>) {
    if change.initial {
        queue.add_initial(&change.key);
    } else if change.concerns_reconcile() {
        queue.changed(&change.key, if change.is_requested() { Priority::Interactive } else { Priority::Normal });
    }
}

/// What a running pass needs of its controller.
struct Run<K> {
    queue: Queue,
    cache: Arc<Cache<K>>,
    metrics: ControllerMetrics,
    controller: String,
}

impl<K: Object> Run<K> {
    async fn pass<R: Reconciler<Object = K>>(self, lease: Lease, reconciler: Arc<R>) {
        let key = lease.key.clone();
        let Some(object) = self.cache.get(&key) else {
            reconciler.forgotten(&key);
            self.metrics.forget(&key);
            self.queue.finish(lease, &Outcome::Idle);
            self.queue.forget(&key);
            return;
        };
        let span = info_span!(
            "reconcile",
            controller = %self.controller,
            controllerGroup = %K::group(&()),
            controllerKind = %K::kind(&()),
            namespace = %key.namespace,
            name = %key.name,
            reconcileID = %uuid::Uuid::new_v4(),
        );
        self.metrics.active.inc();
        let pass = Pass { key: key.clone(), object, superseded: lease.superseded.clone(), began: lease.began };
        // A task of its own, so that a panic ends the pass and not the controller (RT-27).
        let pulse = lease.pulse.clone();
        pulse.allow(reconciler.patience(&pass.object));
        let task = tokio::spawn(async move { pulse.over(reconciler.reconcile(pass)).await }.instrument(span.clone()));
        let outcome = task.await.unwrap_or_else(|failed| {
            self.metrics.panics.inc();
            Outcome::Retry(format!("the reconcile of {key} panicked: {failed}; this is a fault of ours, please report it").into())
        });
        self.metrics.active.dec();
        self.metrics.time.observe(lease.taken.elapsed().as_secs_f64());
        span.in_scope(|| self.count(&outcome));
        if !matches!(outcome, Outcome::Wait(_) | Outcome::Now) {
            self.metrics.reconciled(&key, lease.began.elapsed());
        }
        self.queue.finish(lease, &outcome);
    }

    fn count(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Idle => _ = self.metrics.success.inc(),
            Outcome::Now => _ = self.metrics.requeue.inc(),
            Outcome::After(_) | Outcome::Wait(_) => _ = self.metrics.requeue_after.inc(),
            Outcome::Retry(error) | Outcome::Terminal(error) => {
                self.metrics.errors.inc();
                self.metrics.error.inc();
                if matches!(outcome, Outcome::Terminal(_)) {
                    self.metrics.terminal_errors.inc();
                }
                error!(%error, "Reconciler error");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::metrics::{Format, Metrics};
    use crate::queue::Backoff;
    use ferroflux_api::source::GitRepository;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Panics at its first pass.
    #[derive(Default)]
    struct Stumbles(AtomicBool);

    impl Reconciler for Stumbles {
        type Object = GitRepository;

        async fn reconcile(&self, _pass: Pass<GitRepository>) -> Outcome {
            assert!(self.0.swap(true, Ordering::SeqCst), "stumbled");
            Outcome::Idle
        }
    }

    /// RT-27: a pass that panics is counted as such and as an error, and its object is tried again with back-off, by
    /// workers that are all there still.
    #[tokio::test(start_paused = true)]
    async fn a_panic_ends_the_pass_alone() {
        let metrics = Metrics::default();
        let counts = metrics.controller("GitRepository", "gitrepository", 1);
        let queue = Queue::new(Backoff { min: Duration::from_secs(1), max: Duration::from_secs(2) }, counts.queue.clone());
        let mut object = GitRepository::default();
        (object.metadata.namespace, object.metadata.name) = (Some("ns".into()), Some("a".into()));
        object.metadata.resource_version = Some("1".into());
        let cache = Arc::new(Cache::from_iter([object]));
        let key = ObjectKey::new("ns", "a");
        queue.changed(&key, Priority::Normal);
        let reconciler = Arc::new(Stumbles::default());
        for _ in 0..2 {
            let run = Run { queue: queue.clone(), cache: Arc::clone(&cache), metrics: counts.clone(), controller: "gitrepository".into() };
            // Time passes by itself while nobody works: the second lease comes after the back-off.
            let lease = queue.next().await.unwrap();
            assert_eq!(lease.key, key);
            run.pass(lease, Arc::clone(&reconciler)).await;
        }
        let text = metrics.encode(Format::Text);
        for line in [
            r#"controller_runtime_reconcile_panics_total{controller="gitrepository"} 1"#,
            r#"controller_runtime_reconcile_total{controller="gitrepository",result="error"} 1"#,
            r#"controller_runtime_reconcile_total{controller="gitrepository",result="success"} 1"#,
            r#"controller_runtime_active_workers{controller="gitrepository"} 0"#,
            r#"workqueue_retries_total{controller="gitrepository",name="gitrepository"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }
}
