//! Trees by digest, and downloads under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ferroflux_artifact::digest::Digest;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};

use super::{FetchError, Tree};

type Outcome = Result<Arc<Tree>, Arc<FetchError>>;
type Flight = BoxFuture<'static, Outcome>;

/// What is kept.
#[derive(Debug)]
pub(super) struct Cache {
    cap: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    trees: HashMap<Digest, (Arc<Tree>, u64)>,
    /// Weak: when the last one who waits gives up, the download ends.
    flights: HashMap<Digest, WeakShared<Flight>>,
    clock: u64,
}

enum Found {
    Tree(Arc<Tree>),
    Flight(Shared<Flight>),
}

impl Cache {
    pub(super) fn new(cap: u64) -> Self {
        Self { cap, state: Mutex::default() }
    }

    /// The tree, or the outcome of the one download that is under way, or of the one that `start` begins. A failure is
    /// shared by those who waited and not kept.
    pub(super) async fn get_or(&self, digest: Digest, start: impl FnOnce() -> Flight) -> Outcome {
        let flight = match self.find(&digest, start) {
            Found::Tree(tree) => return Ok(tree),
            Found::Flight(flight) => flight,
        };
        let outcome = flight.clone().await;
        self.land(&digest, &flight, &outcome);
        outcome
    }

    fn find(&self, digest: &Digest, start: impl FnOnce() -> Flight) -> Found {
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        if let Some((tree, used)) = state.trees.get_mut(digest) {
            *used = now;
            return Found::Tree(Arc::clone(tree));
        }
        if let Some(flight) = state.flights.get(digest).and_then(WeakShared::upgrade) {
            return Found::Flight(flight);
        }
        let flight = start().shared();
        state.flights.retain(|_, flight| flight.upgrade().is_some());
        if let Some(weak) = flight.downgrade() {
            state.flights.insert(digest.clone(), weak);
        }
        Found::Flight(flight)
    }

    /// Takes the flight off and keeps its tree; the first of those who waited does it.
    fn land(&self, digest: &Digest, flight: &Shared<Flight>, outcome: &Outcome) {
        let mut state = self.lock();
        let mine = state.flights.get(digest).and_then(WeakShared::upgrade).is_some_and(|other| other.ptr_eq(flight));
        if !mine {
            return;
        }
        state.flights.remove(digest);
        if let Ok(tree) = outcome {
            state.clock += 1;
            let now = state.clock;
            state.trees.insert(digest.clone(), (Arc::clone(tree), now));
            state.evict(self.cap);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Drops the least recently used of the trees that nobody holds until those fit.
    fn evict(&mut self, cap: u64) {
        let mut idle: Vec<(u64, u64, Digest)> = self
            .trees
            .iter()
            .filter(|(_, (tree, _))| Arc::strong_count(tree) == 1)
            .map(|(d, (tree, used))| (*used, tree.bytes(), d.clone()))
            .collect();
        idle.sort_unstable_by_key(|(used, ..)| *used);
        let mut sum: u64 = idle.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, digest) in idle {
            if sum <= cap {
                break;
            }
            self.trees.remove(&digest);
            sum -= bytes;
        }
    }
}
