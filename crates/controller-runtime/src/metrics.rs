//! Prometheus metrics under the names that Flux's stock dashboards and alerts read (RT-50).
//!
//! One [`Metrics`] serves a process. The per-kind parts ([`ControllerMetrics`], [`QueueMetrics`]) hold the handles of
//! their series, so that counting costs no look-up.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::key::ObjectKey;

mod format;
mod process;

pub use format::Format;

type Labels = Vec<(&'static str, String)>;
type Seconds = Gauge<f64, AtomicU64>;

/// Ten steps from 10 ms to half an hour, as Flux buckets the duration of a reconcile.
const GOTK_BUCKETS: [f64; 10] = [0.01, 0.038_364, 0.147_176, 0.564_622, 2.166_091, 8.309_901, 31.879_757, 122.302_172, 469.194_959, 1800.0];
/// controller-runtime's buckets of a single pass.
const PASS_BUCKETS: [f64; 32] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0,
    3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 60.0,
];
/// client-go's buckets of the work queue, 10 ns to 10 s.
const QUEUE_BUCKETS: [f64; 10] = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0];

fn gotk_histogram() -> Histogram {
    Histogram::new(GOTK_BUCKETS)
}
fn pass_histogram() -> Histogram {
    Histogram::new(PASS_BUCKETS)
}
fn queue_histogram() -> Histogram {
    Histogram::new(QUEUE_BUCKETS)
}

type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// Brings gauges up to date that are worked out only when somebody looks.
type Refresh = Box<dyn Fn() + Send>;

/// All series of a process.
pub struct Metrics {
    registry: Mutex<Registry>,
    before_scrape: Mutex<Vec<Refresh>>,
    reconcile_duration: Histograms,
    reconcile_total: Family<Labels, Counter>,
    reconcile_errors: Family<Labels, Counter>,
    terminal_errors: Family<Labels, Counter>,
    panics: Family<Labels, Counter>,
    timeouts: Family<Labels, Counter>,
    reconcile_time: Histograms,
    max_concurrent: Family<Labels, Gauge>,
    active_workers: Family<Labels, Gauge>,
    depth: Family<Labels, Gauge>,
    adds: Family<Labels, Counter>,
    retries: Family<Labels, Counter>,
    unfinished: Family<Labels, Seconds>,
    longest_running: Family<Labels, Seconds>,
    queue_duration: Histograms,
    work_duration: Histograms,
    client_requests: Family<Labels, Counter>,
    leader: Family<Labels, Gauge>,
    events_dropped: Counter,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        macro_rules! registered {
            ($name:literal, $help:literal, $metric:expr) => {{
                let metric = $metric;
                registry.register($name, $help, metric.clone());
                metric
            }};
        }
        // The library writes `_total` after the name of every counter by itself.
        let metrics = Self {
            reconcile_duration: registered!(
                "gotk_reconcile_duration_seconds",
                "Time from the start of a reconcile of an object to its end, waits included",
                Histograms::new_with_constructor(gotk_histogram)
            ),
            reconcile_total: registered!("controller_runtime_reconcile", "Passes by their result", Family::default()),
            reconcile_errors: registered!(
                "controller_runtime_reconcile_errors",
                "Passes that failed and are tried again",
                Family::default()
            ),
            terminal_errors: registered!("controller_runtime_terminal_reconcile_errors", "Passes that failed for good", Family::default()),
            panics: registered!("controller_runtime_reconcile_panics", "Passes that panicked", Family::default()),
            timeouts: registered!("controller_runtime_reconcile_timeouts", "Passes that ran out of time", Family::default()),
            reconcile_time: registered!(
                "controller_runtime_reconcile_time_seconds",
                "Length of a pass",
                Histograms::new_with_constructor(pass_histogram)
            ),
            max_concurrent: registered!("controller_runtime_max_concurrent_reconciles", "Workers of a kind", Family::default()),
            active_workers: registered!("controller_runtime_active_workers", "Workers that run a pass now", Family::default()),
            depth: registered!("workqueue_depth", "Objects that wait for a worker", Family::default()),
            adds: registered!("workqueue_adds", "Objects put into the queue", Family::default()),
            retries: registered!("workqueue_retries", "Objects put back after a failure", Family::default()),
            unfinished: registered!("workqueue_unfinished_work_seconds", "Age of the passes under way, added up", Family::default()),
            longest_running: registered!(
                "workqueue_longest_running_processor_seconds",
                "Age of the oldest pass under way",
                Family::default()
            ),
            queue_duration: registered!(
                "workqueue_queue_duration_seconds",
                "Time an object waited for a worker",
                Histograms::new_with_constructor(queue_histogram)
            ),
            work_duration: registered!(
                "workqueue_work_duration_seconds",
                "Time a worker was busy with an object",
                Histograms::new_with_constructor(queue_histogram)
            ),
            client_requests: registered!("rest_client_requests", "Requests to the API server", Family::default()),
            leader: registered!("leader_election_master_status", "1 while this process holds the lease", Family::default()),
            events_dropped: registered!(
                "gotk_events_dropped",
                "Events given up because the queue to their receiver was full",
                Counter::default()
            ),
            registry: Mutex::default(),
            before_scrape: Mutex::default(),
        };
        registry.register_collector(Box::new(process::Process));
        *metrics.registry.lock().unwrap_or_else(PoisonError::into_inner) = registry;
        metrics
    }
}

impl Metrics {
    /// Adds series of a controller's own; `f` is called once with the registry.
    pub fn register<T>(&self, f: impl FnOnce(&mut Registry) -> T) -> T {
        f(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls `refresh` before each scrape.
    pub fn before_scrape(&self, refresh: impl Fn() + Send + 'static) {
        self.before_scrape.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(refresh));
    }

    /// The text of `/metrics`.
    pub fn encode(&self, format: Format) -> String {
        for refresh in &*self.before_scrape.lock().unwrap_or_else(PoisonError::into_inner) {
            refresh();
        }
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner));
        format.convert(text)
    }

    /// The series of one controller, for example `kustomization`, with so many workers.
    pub fn controller(&self, kind: &str, controller: &str, workers: usize) -> ControllerMetrics {
        let labels: Labels = vec![("controller", controller.to_owned())];
        self.max_concurrent.get_or_create(&labels).set(i64::try_from(workers).unwrap_or(i64::MAX));
        let result = |result: &str| {
            self.reconcile_total.get_or_create_owned(&vec![("controller", controller.to_owned()), ("result", result.to_owned())])
        };
        ControllerMetrics {
            kind: kind.to_owned(),
            reconcile_duration: self.reconcile_duration.clone(),
            success: result("success"),
            error: result("error"),
            requeue: result("requeue"),
            requeue_after: result("requeue_after"),
            errors: self.reconcile_errors.get_or_create_owned(&labels),
            terminal_errors: self.terminal_errors.get_or_create_owned(&labels),
            panics: self.panics.get_or_create_owned(&labels),
            _timeouts: self.timeouts.get_or_create_owned(&labels),
            time: self.reconcile_time.get_or_create_owned(&labels),
            active: self.active_workers.get_or_create_owned(&labels),
            queue: QueueMetrics::new(self, controller),
        }
    }

    /// Counts one request to the API server; `host` is its authority.
    pub fn count_request(&self, code: &str, method: &str, host: &str) {
        self.client_requests
            .get_or_create(&vec![("code", code.to_owned()), ("host", host.to_owned()), ("method", method.to_owned())])
            .inc();
    }

    /// Notes whether this process holds the lease `name`.
    pub fn set_leader(&self, name: &str, leads: bool) {
        self.leader.get_or_create(&vec![("name", name.to_owned())]).set(i64::from(leads));
    }

    /// Counts an event that was dropped because its queue was full (RT-44).
    pub fn count_dropped_event(&self) {
        self.events_dropped.inc();
    }
}

/// The series of one controller.
#[derive(Debug, Clone)]
pub struct ControllerMetrics {
    kind: String,
    reconcile_duration: Histograms,
    pub(crate) success: Counter,
    pub(crate) error: Counter,
    pub(crate) requeue: Counter,
    pub(crate) requeue_after: Counter,
    pub(crate) errors: Counter,
    pub(crate) terminal_errors: Counter,
    pub(crate) panics: Counter,
    // Held so that the series is there from the start, as controller-runtime shows it.
    _timeouts: Counter,
    pub(crate) time: Histogram,
    pub(crate) active: Gauge,
    pub(crate) queue: QueueMetrics,
}

impl ControllerMetrics {
    fn object_labels(&self, key: &ObjectKey) -> Labels {
        vec![("kind", self.kind.clone()), ("name", key.name.to_string()), ("namespace", key.namespace.to_string())]
    }

    /// Records a finished reconcile of an object.
    pub fn reconciled(&self, key: &ObjectKey, took: Duration) {
        self.reconcile_duration.get_or_create(&self.object_labels(key)).observe(took.as_secs_f64());
    }

    /// Removes the series of an object that is gone (RT-51).
    pub fn forget(&self, key: &ObjectKey) {
        self.reconcile_duration.remove(&self.object_labels(key));
    }
}

/// The series of one work queue.
#[derive(Debug, Clone, Default)]
pub struct QueueMetrics(Option<QueueSeries>);

#[derive(Debug, Clone)]
struct QueueSeries {
    depth: Gauge,
    unfinished: Seconds,
    longest_running: Seconds,
    adds: Counter,
    retries: Counter,
    queue_duration: Histogram,
    work_duration: Histogram,
}

impl QueueMetrics {
    fn new(metrics: &Metrics, controller: &str) -> Self {
        let labels: Labels = vec![("controller", controller.to_owned()), ("name", controller.to_owned())];
        Self(Some(QueueSeries {
            depth: metrics.depth.get_or_create_owned(&labels),
            unfinished: metrics.unfinished.get_or_create_owned(&labels),
            longest_running: metrics.longest_running.get_or_create_owned(&labels),
            adds: metrics.adds.get_or_create_owned(&labels),
            retries: metrics.retries.get_or_create_owned(&labels),
            queue_duration: metrics.queue_duration.get_or_create_owned(&labels),
            work_duration: metrics.work_duration.get_or_create_owned(&labels),
        }))
    }

    /// A queue that nobody measures.
    pub fn detached() -> Self {
        Self(None)
    }

    pub(crate) fn added(&self) {
        if let Some(series) = &self.0 {
            series.adds.inc();
            series.depth.inc();
        }
    }

    pub(crate) fn taken(&self, waited: Duration) {
        if let Some(series) = &self.0 {
            series.depth.dec();
            series.queue_duration.observe(waited.as_secs_f64());
        }
    }

    pub(crate) fn finished(&self, took: Duration) {
        if let Some(series) = &self.0 {
            series.work_duration.observe(took.as_secs_f64());
        }
    }

    /// Sets the ages of the passes under way, just before a scrape.
    pub(crate) fn running(&self, ages: impl Iterator<Item = Duration>) {
        if let Some(series) = &self.0 {
            let (sum, oldest) = ages.fold((Duration::ZERO, Duration::ZERO), |(sum, oldest), age| (sum + age, oldest.max(age)));
            series.unfinished.set(sum.as_secs_f64());
            series.longest_running.set(oldest.as_secs_f64());
        }
    }

    pub(crate) fn retried(&self) {
        if let Some(series) = &self.0 {
            series.retries.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RT-50, RT-51: the series of the stock dashboards are there under their names, and leave with their object.
    #[test]
    fn names_and_removal() {
        let metrics = Metrics::default();
        let controller = metrics.controller("Kustomization", "kustomization", 4);
        let key = ObjectKey::new("ns", "app");
        controller.reconciled(&key, Duration::from_millis(20));
        controller.queue.added();
        metrics.count_request("200", "GET", "127.0.0.1:6443");
        metrics.set_leader("kustomize-controller-leader-election", true);
        let text = metrics.encode(Format::Text);
        for line in [
            r#"gotk_reconcile_duration_seconds_bucket{le="0.038364",kind="Kustomization",name="app",namespace="ns"} 1"#,
            r#"controller_runtime_reconcile_total{controller="kustomization",result="requeue_after"} 0"#,
            r#"controller_runtime_max_concurrent_reconciles{controller="kustomization"} 4"#,
            r#"workqueue_depth{controller="kustomization",name="kustomization"} 1"#,
            r#"rest_client_requests_total{code="200",host="127.0.0.1:6443",method="GET"} 1"#,
            r#"leader_election_master_status{name="kustomize-controller-leader-election"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        for name in [
            "process_cpu_seconds_total ",
            "process_resident_memory_bytes ",
            "process_open_fds ",
            "process_start_time_seconds ",
            "go_info{",
            "go_memstats_alloc_bytes ",
        ] {
            assert!(text.lines().any(|l| l.starts_with(name)), "{name} is missing in\n{text}");
        }
        controller.forget(&key);
        assert!(!metrics.encode(Format::Text).contains(r#"name="app""#));
    }
}
