//! Whether the process is worth keeping: what `/healthz` answers by (RT-94).
//!
//! A probe that fails makes the kubelet start the process again, which costs every cache and all work under way. So it fails
//! only for what a new start mends and nothing else does:
//!
//! | what is wrong | how it is seen | limit |
//! |---|---|---|
//! | a pass that hangs: its object is never looked at again, its worker is lost | its future has not been polled | [`Limits::pass`], and the patience that its reconciler asks for |
//! | a queue that nobody serves | an object is ready, a worker is free, this replica leads | [`Limits::pass`] |
//! | a watch that hangs | not a byte for its path, neither answer nor bookmark nor error, while the API server answers pings | [`Limits::watch`] |
//!
//! What is no reason to start again, since a new process would be no better off: an API server that is away or refuses us
//! (a refusal is an answer), a lease that somebody else has or that cannot be renewed, an idle queue, a queue that is long
//! because every worker is busy, an object that keeps failing. A process that was stopped for a while finds itself far
//! behind when it goes on; so what is found must be found several times in a row before it counts.
//!
//! Deadlines come first: requests, silent watches and dead connections end by themselves (see [`crate::client`]), within
//! minutes; the limits here lie beyond them, and are reached only by a defect.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Request;
use kube::Client;
use kube::client::Body;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// When something counts as hanging.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time without a sign of life of a pass, and of waiting in a queue that is not served.
    pub pass: Duration,
    /// Silence of a watch.
    pub watch: Duration,
    /// Time between two looks.
    pub every: Duration,
    /// So many looks in a row must find something.
    pub looks: u32,
}

impl Default for Limits {
    /// A pass: far longer than the longest request. A watch: several times the silence that makes the client begin it anew.
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Self { pass: minutes(15), watch: minutes(10), every: Duration::from_secs(15), looks: 12 }
    }
}

/// Finds out whether something hangs, given the time.
type Check = Box<dyn FnMut(Instant, &Limits) -> Option<String> + Send>;

/// The signs of life of a process.
#[derive(Default)]
pub struct Liveness {
    /// By path: how many watches there are, and when anything was heard of one.
    watches: Mutex<HashMap<String, (usize, Instant)>>,
    checks: Mutex<Vec<Check>>,
    verdict: Mutex<Option<String>>,
}

impl std::fmt::Debug for Liveness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Liveness").field("verdict", &self.verdict()).finish_non_exhaustive()
    }
}

impl Liveness {
    /// What hangs, in words; `None` while all is well.
    pub fn verdict(&self) -> Option<String> {
        lock(&self.verdict).clone()
    }

    /// Expects to hear of the watch on `path` (as `/apis/group/version/plural`) until the answer is dropped.
    pub fn expect(self: &Arc<Self>, path: &str) -> Expected {
        lock(&self.watches).entry(path.to_owned()).or_insert((0, Instant::now())).0 += 1;
        Expected { liveness: Arc::clone(self), path: path.to_owned() }
    }

    /// Something came for a path: an answer of any kind, or a part of one.
    pub(crate) fn heard(&self, path: &str) {
        if let Some((_, last)) = lock(&self.watches).get_mut(path) {
            *last = Instant::now();
        }
    }

    /// Adds something to look at. It answers what hangs, in words.
    pub(crate) fn add(&self, check: impl FnMut(Instant, &Limits) -> Option<String> + Send + 'static) {
        lock(&self.checks).push(Box::new(check));
    }

    /// Looks at everything again and again until `shutdown`. `client` asks the API server whether it is there, and only when
    /// a watch is silent.
    pub async fn run(self: Arc<Self>, client: Client, limits: Limits, shutdown: CancellationToken) {
        let mut found = 0;
        loop {
            tokio::select! { () = shutdown.cancelled() => return, () = tokio::time::sleep(limits.every) => {} }
            let hanging = match self.checked(&limits) {
                Some(hanging) => Some(hanging),
                None => match self.silent(&limits) {
                    Some(path) if answers(&client, limits.every).await => Some(format!(
                        "nothing has been heard of the watch on {path} for {} s although the API server answers",
                        limits.watch.as_secs()
                    )),
                    _ => None,
                },
            };
            found = if hanging.is_some() { found + 1 } else { 0 };
            self.judge(hanging.filter(|_| found >= limits.looks));
        }
    }

    fn checked(&self, limits: &Limits) -> Option<String> {
        let now = Instant::now();
        lock(&self.checks).iter_mut().find_map(|check| check(now, limits))
    }

    /// The path of a watch that is silent for too long.
    fn silent(&self, limits: &Limits) -> Option<String> {
        lock(&self.watches).iter().find(|(_, (_, last))| last.elapsed() >= limits.watch).map(|(path, _)| path.clone())
    }

    fn judge(&self, verdict: Option<String>) {
        let mut kept = lock(&self.verdict);
        match (&*kept, &verdict) {
            (None, Some(hanging)) => error!(hanging, "the process hangs, the liveness probe asks for a new start"),
            (Some(_), None) => info!("the process goes on, the liveness probe is content again"),
            _ => {}
        }
        *kept = verdict;
    }
}

/// Whether the API server answers anything at all within a time.
async fn answers(client: &Client, within: Duration) -> bool {
    let Ok(request) = Request::head("/livez/ping").body(Body::empty()) else { return false };
    tokio::time::timeout(within, client.send(request)).await.is_ok_and(|answer| answer.is_ok())
}

/// A watch that is expected to be heard of.
#[derive(Debug)]
pub struct Expected {
    liveness: Arc<Liveness>,
    path: String,
}

impl Drop for Expected {
    fn drop(&mut self) {
        let mut watches = lock(&self.liveness.watches);
        if let Some((count, _)) = watches.get_mut(&self.path) {
            *count -= 1;
            if *count == 0 {
                watches.remove(&self.path);
            }
        }
    }
}

/// The sign of life of one pass: when its future was last polled. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Pulse(Arc<Beats>);

#[derive(Debug)]
struct Beats {
    began: Instant,
    /// Milliseconds from `began` to the last poll.
    last: AtomicU64,
    /// Milliseconds that it may be silent beyond the limit.
    patience: AtomicU64,
}

impl Pulse {
    pub(crate) fn new(began: Instant) -> Self {
        Self(Arc::new(Beats { began, last: AtomicU64::new(0), patience: AtomicU64::new(0) }))
    }

    /// It may wait in silence for so much longer.
    pub(crate) fn allow(&self, patience: Duration) {
        self.0.patience.store(millis(patience), Ordering::Relaxed);
    }

    /// Runs `work`, noting each time it moves.
    pub(crate) async fn over<F: Future>(&self, work: F) -> F::Output {
        let mut work = std::pin::pin!(work);
        std::future::poll_fn(|context| {
            self.0.last.store(millis(self.0.began.elapsed()), Ordering::Relaxed);
            work.as_mut().poll(context)
        })
        .await
    }

    /// How long there was no sign of life, if that is longer than allowed.
    pub(crate) fn overdue(&self, now: Instant, limit: Duration) -> Option<Duration> {
        let beats = &*self.0;
        let silent = (now - beats.began).saturating_sub(Duration::from_millis(beats.last.load(Ordering::Relaxed)));
        (silent >= limit + Duration::from_millis(beats.patience.load(Ordering::Relaxed))).then_some(silent)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Plain data: whoever panicked has left it whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RT-94: a pass that moves now and then is alive however long it takes; one that does not is overdue, after the patience
    /// that was asked for.
    #[tokio::test(start_paused = true)]
    async fn passes_that_move_are_alive() {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        let pulse = Pulse::new(Instant::now());
        let moving = pulse.clone();
        tokio::spawn(async move {
            let work = async {
                for _ in 0..10 {
                    tokio::time::sleep(minutes(14)).await;
                }
                std::future::pending::<()>().await;
            };
            moving.over(work).await;
        });
        for _ in 0..14 {
            tokio::time::sleep(minutes(10)).await;
            assert_eq!(pulse.overdue(Instant::now(), minutes(15)), None);
        }
        tokio::time::sleep(minutes(20)).await;
        assert_eq!(pulse.overdue(Instant::now(), minutes(15)).map(|d| d.as_secs()), Some(20 * 60));
        pulse.allow(minutes(10));
        assert_eq!(pulse.overdue(Instant::now(), minutes(15)), None);
        tokio::time::sleep(minutes(5)).await;
        assert_eq!(pulse.overdue(Instant::now(), minutes(15)).map(|d| d.as_secs()), Some(25 * 60));
    }

    /// RT-94: what is expected is heard of by its path, and no longer expected once it is dropped.
    #[tokio::test(start_paused = true)]
    async fn silence() {
        let (liveness, limits) = (Arc::<Liveness>::default(), Limits::default());
        let expected = [liveness.expect("/apis/a"), liveness.expect("/apis/a"), liveness.expect("/apis/b")];
        tokio::time::sleep(limits.watch).await;
        liveness.heard("/apis/a");
        liveness.heard("/apis/elsewhere");
        assert_eq!(liveness.silent(&limits).as_deref(), Some("/apis/b"));
        drop(expected);
        assert_eq!(liveness.silent(&limits), None);
    }
}
