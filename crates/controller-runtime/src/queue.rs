//! The work queue of one kind: which object is looked at next, and when.
//!
//! An object is in one state at a time: idle, queued or running. It is never queued twice and never runs twice at once;
//! what happens while it runs is remembered and makes it run again (RT-25). Each object has at most one timer: the
//! interval, the back-off of a failure, or the deadline of a wait. Nothing here waits on a worker: a pass that has to
//! wait ends with [`Outcome::Wait`] and is woken by [`Queue::wake`] or by its timer.
//!
//! Order: interactive requests first, then changes, then the initial list; inside a priority the namespaces take turns,
//! so that a namespace with a thousand objects does not starve one with two (RT-92).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::key::ObjectKey;
use crate::liveness::Pulse;
use crate::metrics::QueueMetrics;

/// How urgent an entry is. Lower in this list is less urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// The first list after a start, and interval timers.
    Background,
    /// Something changed.
    Normal,
    /// A person or a webhook asked (`reconcile.fluxcd.io/requestedAt`).
    Interactive,
}

/// What a pass over an object came to.
#[derive(Debug)]
pub enum Outcome {
    /// Done; look again after this time. The back-off is forgotten.
    After(Duration),
    /// Done; look again when something changes.
    Idle,
    /// Done so far (a finalizer was added, say); go on at once.
    Now,
    /// Not done: the pass waits for a wake-up, at the latest for this long. Holds no worker.
    Wait(Duration),
    /// Failed; tried again with exponential back-off (RT-25).
    Retry(crate::BoxError),
    /// Failed for good until the object changes; the error is counted as terminal.
    Terminal(crate::BoxError),
}

/// Exponential back-off between `min` and `max` (`--min-retry-delay`, `--max-retry-delay`).
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// Delay after the first failure.
    pub min: Duration,
    /// No delay is longer.
    pub max: Duration,
}

impl Backoff {
    /// The delay after `failures` failures in a row: `min·2^(n-1)`, capped.
    pub fn delay(&self, failures: u32) -> Duration {
        let factor = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.min.checked_mul(factor).unwrap_or(self.max).min(self.max)
    }
}

/// One object taken from the queue. Give it back with [`Queue::finish`].
#[derive(Debug)]
pub struct Lease {
    /// The object.
    pub key: ObjectKey,
    /// Cancelled when the object or something it depends on changed after this pass began: the work is out of date.
    pub superseded: CancellationToken,
    /// When this attempt began: the first pass after a rest; passes that only waited do not move it.
    pub began: Instant,
    /// When this pass was handed out.
    pub taken: Instant,
    /// Where the pass shows that it is alive.
    pub(crate) pulse: Pulse,
}

/// A queue of objects of one kind. Clones share one queue.
#[derive(Debug, Clone)]
pub struct Queue {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
    backoff: Backoff,
    metrics: QueueMetrics,
}

#[derive(Debug, Default)]
struct State {
    items: HashMap<ObjectKey, Item>,
    lanes: [Lane; 3],
    timers: BinaryHeap<Reverse<(Instant, ObjectKey)>>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Item {
    phase: Phase,
    failures: u32,
    timer: Option<Instant>,
    began: Option<Instant>,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Idle,
    Queued {
        priority: Priority,
        since: Instant,
    },
    Running {
        again: Option<Priority>,
        superseded: CancellationToken,
        since: Instant,
        pulse: Pulse,
    },
}

/// One priority: a ring of namespaces, each with its objects in the order they came.
#[derive(Debug, Default)]
struct Lane {
    ring: VecDeque<Arc<str>>,
    objects: HashMap<Arc<str>, VecDeque<ObjectKey>>,
}

impl Lane {
    fn push(&mut self, key: ObjectKey) {
        let objects = self.objects.entry(key.namespace.clone()).or_default();
        if objects.is_empty() {
            self.ring.push_back(key.namespace.clone());
        }
        objects.push_back(key);
    }

    fn pop(&mut self) -> Option<ObjectKey> {
        let namespace = self.ring.pop_front()?;
        let objects = self.objects.get_mut(&namespace)?;
        let key = objects.pop_front();
        if objects.is_empty() {
            self.objects.remove(&namespace);
        } else {
            self.ring.push_back(namespace);
        }
        key
    }
}

impl State {
    /// Puts an idle object into its lane, or raises the priority of a queued one.
    fn enqueue(&mut self, key: &ObjectKey, priority: Priority, metrics: &QueueMetrics) {
        let item = self.items.entry(key.clone()).or_default();
        let raised = match &mut item.phase {
            Phase::Idle => {
                item.phase = Phase::Queued { priority, since: Instant::now() };
                metrics.added();
                true
            }
            // The entry in the lower lane stays behind; `next` sees that it is stale and drops it.
            Phase::Queued { priority: current, .. } if *current < priority => {
                *current = priority;
                true
            }
            Phase::Queued { .. } => false,
            Phase::Running { again, .. } => {
                *again = Some(again.map_or(priority, |p| p.max(priority)));
                false
            }
        };
        if raised {
            self.lanes[priority as usize].push(key.clone());
        }
    }

    fn due(&mut self, now: Instant, metrics: &QueueMetrics) {
        while let Some(Reverse((at, _))) = self.timers.peek() {
            if *at > now {
                break;
            }
            let Some(Reverse((at, key))) = self.timers.pop() else { break };
            let current = self.items.get_mut(&key).is_some_and(|item| item.timer.take_if(|t| *t == at).is_some());
            if current {
                self.enqueue(&key, Priority::Background, metrics);
            }
        }
    }
}

impl Queue {
    /// An empty queue.
    pub fn new(backoff: Backoff, metrics: QueueMetrics) -> Self {
        Self { shared: Arc::new(Shared { state: Mutex::default(), changed: Notify::new(), backoff, metrics }) }
    }

    /// Sets the gauges of the passes under way.
    pub(crate) fn measure(&self) {
        let state = self.state();
        let now = Instant::now();
        self.shared.metrics.running(state.items.values().filter_map(|item| match item.phase {
            Phase::Running { since, .. } => Some(now - since),
            _ => None,
        }));
    }

    /// What hangs, in words: a pass without a sign of life, or an object that is ready since `limit` and later than
    /// `served` although one of `workers` is free (RT-94). `served` is when the queue began to be served, if it is at all.
    pub(crate) fn hanging(&self, now: Instant, limit: Duration, workers: usize, served: Option<Instant>) -> Option<String> {
        let state = self.state();
        let (mut running, mut ready) = (0, None);
        for (key, item) in &state.items {
            match &item.phase {
                Phase::Running { pulse, .. } => {
                    running += 1;
                    if let Some(silent) = pulse.overdue(now, limit) {
                        return Some(format!("the reconcile of {key} has not moved for {} s", silent.as_secs()));
                    }
                }
                Phase::Queued { since, .. } if ready.is_none_or(|(earliest, _)| *since < earliest) => ready = Some((*since, key)),
                Phase::Queued { .. } | Phase::Idle => {}
            }
        }
        let (since, key) = ready.filter(|_| running < workers)?;
        let waits = now.saturating_duration_since(since.max(served?));
        (waits >= limit).then(|| format!("{key} is ready since {} s, a worker is free, and none takes it", waits.as_secs()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves plain data; the queue must outlive it (RT-27).
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object changed, or something it refers to did: it runs soon, its back-off is forgotten (RT-95), and a pass
    /// that is under way is told that it is out of date.
    pub fn changed(&self, key: &ObjectKey, priority: Priority) {
        let mut state = self.state();
        let item = state.items.entry(key.clone()).or_default();
        item.failures = 0;
        if let Phase::Running { superseded, .. } = &item.phase {
            superseded.cancel();
        }
        state.enqueue(key, priority, &self.shared.metrics);
        drop(state);
        self.shared.changed.notify_one();
    }

    /// A condition that the object waits for may have come true: it runs soon, but what is under way stays valid.
    pub fn wake(&self, key: &ObjectKey) {
        self.state().enqueue(key, Priority::Normal, &self.shared.metrics);
        self.shared.changed.notify_one();
    }

    /// As [`Queue::wake`], with low urgency: the first list after a start.
    pub fn add_initial(&self, key: &ObjectKey) {
        self.state().enqueue(key, Priority::Background, &self.shared.metrics);
        self.shared.changed.notify_one();
    }

    /// Waits for the next object. `None` once the queue is closed.
    pub async fn next(&self) -> Option<Lease> {
        loop {
            let notified = self.shared.changed.notified();
            let wake_at = {
                let mut state = self.state();
                if state.closed {
                    return None;
                }
                let now = Instant::now();
                state.due(now, &self.shared.metrics);
                if let Some(lease) = self.take(&mut state, now) {
                    return Some(lease);
                }
                state.timers.peek().map(|Reverse((at, _))| *at)
            };
            match wake_at {
                Some(at) => {
                    tokio::select! { () = notified => {}, () = tokio::time::sleep_until(at) => {} }
                }
                None => notified.await,
            }
        }
    }

    fn take(&self, state: &mut State, now: Instant) -> Option<Lease> {
        for lane in (0..state.lanes.len()).rev() {
            while let Some(key) = state.lanes[lane].pop() {
                let Some(item) = state.items.get_mut(&key) else { continue };
                let Phase::Queued { priority, since } = item.phase else { continue };
                if priority as usize != lane {
                    continue;
                }
                let (superseded, pulse) = (CancellationToken::new(), Pulse::new(now));
                item.phase = Phase::Running { again: None, superseded: superseded.clone(), since: now, pulse: pulse.clone() };
                item.timer = None;
                let began = *item.began.get_or_insert(now);
                self.shared.metrics.taken(now - since);
                return Some(Lease { key, superseded, began, taken: now, pulse });
            }
        }
        None
    }

    /// Ends a pass. Sets the object's timer from the outcome.
    pub fn finish(&self, lease: Lease, outcome: &Outcome) {
        let now = Instant::now();
        self.shared.metrics.finished(now - lease.taken);
        let mut state = self.state();
        let Some(item) = state.items.get_mut(&lease.key) else { return };
        let again = match std::mem::take(&mut item.phase) {
            Phase::Running { again, .. } => again,
            other => {
                item.phase = other;
                None
            }
        };
        if !matches!(outcome, Outcome::Wait(_) | Outcome::Now) {
            item.began = None;
        }
        let delay = match outcome {
            Outcome::Retry(_) => {
                item.failures = item.failures.saturating_add(1);
                self.shared.metrics.retried();
                Some(self.shared.backoff.delay(item.failures))
            }
            Outcome::Wait(delay) => Some(*delay),
            Outcome::After(delay) => {
                item.failures = 0;
                Some(*delay)
            }
            Outcome::Now | Outcome::Idle | Outcome::Terminal(_) => {
                item.failures = 0;
                None
            }
        };
        item.timer = delay.map(|d| now + d);
        if let Some(at) = item.timer {
            state.timers.push(Reverse((at, lease.key.clone())));
        }
        let again = if matches!(outcome, Outcome::Now) { Some(again.unwrap_or(Priority::Normal)) } else { again };
        if let Some(priority) = again {
            state.enqueue(&lease.key, priority, &self.shared.metrics);
        }
        drop(state);
        self.shared.changed.notify_one();
    }

    /// Forgets an object that is gone: its timer, its back-off.
    pub fn forget(&self, key: &ObjectKey) {
        let mut state = self.state();
        if state.items.get(key).is_some_and(|item| matches!(item.phase, Phase::Idle)) {
            state.items.remove(key);
        } else if let Some(item) = state.items.get_mut(key) {
            item.timer = None;
            item.failures = 0;
        }
    }

    /// No further objects are handed out; [`Queue::next`] answers `None`.
    pub fn close(&self) {
        self.state().closed = true;
        self.shared.changed.notify_waiters();
        self.shared.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn queue() -> Queue {
        Queue::new(Backoff { min: Duration::from_millis(750), max: Duration::from_secs(900) }, QueueMetrics::detached())
    }

    fn key(ns: &str, name: &str) -> ObjectKey {
        ObjectKey::new(ns, name)
    }

    async fn names(q: &Queue, n: usize) -> Vec<String> {
        let mut out = Vec::new();
        for _ in 0..n {
            let lease = q.next().await.unwrap();
            out.push(lease.key.to_string());
            q.finish(lease, &Outcome::Idle);
        }
        out
    }

    /// RT-25: an object is queued once, and what happens while it runs makes it run once more.
    #[tokio::test(start_paused = true)]
    async fn coalesces_and_runs_again() {
        let q = queue();
        for _ in 0..3 {
            q.changed(&key("a", "x"), Priority::Normal);
        }
        let lease = q.next().await.unwrap();
        q.wake(&lease.key);
        q.wake(&lease.key);
        assert!(!lease.superseded.is_cancelled());
        q.finish(lease, &Outcome::Idle);
        let lease = q.next().await.unwrap();
        q.changed(&lease.key, Priority::Normal);
        assert!(lease.superseded.is_cancelled());
        q.finish(lease, &Outcome::Idle);
        assert_eq!(names(&q, 1).await, ["a/x"]);
        assert!(tokio::time::timeout(Duration::from_secs(3600), q.next()).await.is_err());
    }

    /// RT-25, RT-95: failures back off as min·2^n up to the cap; a change forgets them.
    #[tokio::test(start_paused = true)]
    async fn backs_off_per_object() {
        let q = queue();
        q.changed(&key("a", "x"), Priority::Normal);
        let mut delays = Vec::new();
        for _ in 0..12 {
            let lease = q.next().await.unwrap();
            let before = Instant::now();
            q.finish(lease, &Outcome::Retry("no".into()));
            let lease = q.next().await.unwrap();
            delays.push((Instant::now() - before).as_millis());
            q.finish(lease, &Outcome::Now);
            // `Now` is a success and would reset the back-off: put the count back as a failing object has it.
            q.state().items.get_mut(&key("a", "x")).unwrap().failures = u32::try_from(delays.len()).unwrap();
        }
        assert_eq!(delays[..4], [750, 1500, 3000, 6000]);
        assert_eq!(delays[11], 900_000);
        q.changed(&key("a", "x"), Priority::Normal);
        assert_eq!(q.state().items[&key("a", "x")].failures, 0);
    }

    /// RT-94: a queue is not stuck while it is idle, while its workers are busy, or while it is not to be served; it is when
    /// a ready object is left lying, and when a pass does not move.
    #[tokio::test(start_paused = true)]
    async fn tells_what_hangs() {
        let (q, limit) = (queue(), Duration::from_secs(900));
        let start = Instant::now();
        let hanging = |workers, served| q.hanging(Instant::now(), limit, workers, served);
        tokio::time::sleep(limit).await;
        assert_eq!(hanging(1, Some(start)), None, "idle");
        q.changed(&key("a", "x"), Priority::Normal);
        tokio::time::sleep(limit).await;
        q.changed(&key("a", "y"), Priority::Normal);
        assert_eq!(hanging(1, None), None, "another replica leads");
        assert_eq!(hanging(1, Some(Instant::now())), None, "served since now");
        assert!(hanging(1, Some(start)).unwrap().starts_with("a/x is ready since 900 s"));
        let lease = q.next().await.unwrap();
        let pass = lease.pulse.over(tokio::time::sleep(limit * 9));
        assert!(tokio::time::timeout(limit, pass).await.is_err());
        // The time-out polled it once more.
        assert_eq!(hanging(1, Some(start)), None, "busy");
        assert!(hanging(2, Some(start)).unwrap().starts_with("a/y is ready since 900 s"));
        tokio::time::sleep(limit).await;
        assert_eq!(hanging(1, None).unwrap(), "the reconcile of a/x has not moved for 900 s");
        q.finish(lease, &Outcome::Idle);
        assert_eq!(hanging(1, None), None);
    }

    /// RT-92: urgent objects first, and namespaces take turns.
    #[tokio::test(start_paused = true)]
    async fn orders_by_priority_and_namespace() {
        let q = queue();
        for name in ["1", "2", "3"] {
            q.add_initial(&key("big", name));
        }
        q.add_initial(&key("small", "1"));
        q.changed(&key("big", "9"), Priority::Normal);
        q.changed(&key("big", "3"), Priority::Interactive);
        assert_eq!(names(&q, 5).await, ["big/3", "big/9", "big/1", "small/1", "big/2"]);
    }

    /// A wait ends with its deadline or with a wake-up, whichever is first, and holds no worker meanwhile.
    #[tokio::test(start_paused = true)]
    async fn waits_without_a_worker() {
        let q = queue();
        q.changed(&key("a", "x"), Priority::Normal);
        let lease = q.next().await.unwrap();
        let began = lease.began;
        q.finish(lease, &Outcome::Wait(Duration::from_secs(60)));
        q.changed(&key("a", "y"), Priority::Normal);
        assert_eq!(names(&q, 1).await, ["a/y"]);
        tokio::time::advance(Duration::from_secs(5)).await;
        q.wake(&key("a", "x"));
        let lease = q.next().await.unwrap();
        assert_eq!((lease.began, Instant::now() - began), (began, Duration::from_secs(5)));
        q.finish(lease, &Outcome::Wait(Duration::from_secs(60)));
        let lease = q.next().await.unwrap();
        assert_eq!(Instant::now() - began, Duration::from_secs(65));
        q.finish(lease, &Outcome::Idle);
    }

    /// RT-38: a closed queue hands out nothing more.
    #[tokio::test(start_paused = true)]
    async fn closes() {
        let q = queue();
        q.changed(&key("a", "x"), Priority::Normal);
        q.close();
        assert!(q.next().await.is_none());
    }
}
