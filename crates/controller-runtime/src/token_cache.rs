//! Tokens for other services, kept while they are fresh (RT-72).
//!
//! A token is used for 80 % of its life, and never longer than `--token-cache-max-duration`. Whoever wants a token that
//! somebody else is fetching waits for that one. The least recently used one goes when there are too many.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;

use crate::key::ObjectKey;
use crate::metrics::Metrics;

/// No token is kept longer, whatever the flag says.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// A secret that cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The secret itself, for the request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A token and how long it is to be used.
#[derive(Debug, Clone)]
pub struct Token {
    /// What requests carry.
    pub value: Secret,
    /// By both clocks: one may stand still while a machine sleeps, the other may be set.
    until: (Instant, SystemTime),
}

impl Token {
    fn new(value: Secret, expires: SystemTime, max_age: Duration) -> Self {
        let (now, wall) = (Instant::now(), SystemTime::now());
        let life = expires.duration_since(wall).unwrap_or_default();
        let usable = life.mul_f64(0.8).min(max_age);
        Self { value, until: (now + usable, wall + usable) }
    }

    /// Whether it is still to be used.
    pub fn is_fresh(&self) -> bool {
        Instant::now() < self.until.0 && SystemTime::now() < self.until.1
    }
}

/// Who wants a token and what for, as the metrics tell it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Purpose {
    /// Kind of the object.
    pub kind: &'static str,
    /// The object.
    pub object: ObjectKey,
    /// What is done with the token, for example `fetch_kubeconfig`.
    pub operation: &'static str,
}

type Labels = Vec<(&'static str, String)>;
type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// The tokens of a process.
#[derive(Debug)]
pub struct TokenCache {
    size: usize,
    max_age: Duration,
    state: Mutex<State>,
    events: Family<Labels, Counter>,
    requests: Family<Labels, Counter>,
    evictions: Counter,
    items: Gauge,
}

#[derive(Debug, Default)]
struct State {
    /// By identity: the token, and when it was last asked for.
    slots: HashMap<String, (Slot, u64)>,
    asked: u64,
    told: BTreeSet<(ObjectKey, &'static str, &'static str)>,
}

impl TokenCache {
    /// A cache for `size` tokens (0: none is kept) that are kept for at most `max_age`.
    pub fn new(metrics: &Metrics, size: usize, max_age: Duration) -> Self {
        let (events, requests) = (Family::default(), Family::default());
        let (evictions, items) = (Counter::default(), Gauge::default());
        metrics.register(|registry| {
            registry.register("gotk_token_cache_events", "Tokens that were asked for, by where they came from", Family::clone(&events));
            registry.register("gotk_token_cache_requests", "Tokens that were fetched, by success", Family::clone(&requests));
            registry.register("gotk_token_cache_evictions", "Tokens that made room for others", evictions.clone());
            registry.register("gotk_token_cached_items", "Tokens that are kept", items.clone());
        });
        Self { size, max_age: max_age.min(MAX_AGE), state: Mutex::default(), events, requests, evictions, items }
    }

    /// The token of `identity`: all that makes it another token, one part a line. `fetch` answers with a new one and when it
    /// runs out. `purpose` is counted; without one (a renewal in the middle of the work) nothing is.
    pub async fn get<E>(
        &self,
        identity: &str,
        purpose: Option<&Purpose>,
        fetch: impl AsyncFnOnce() -> Result<(Secret, SystemTime), E>,
    ) -> Result<Token, E> {
        let slot = (self.size > 0).then(|| self.slot(identity));
        let mut kept = match &slot {
            Some(slot) => Some(slot.lock().await),
            None => None,
        };
        let known = kept.as_ref().and_then(|kept| kept.as_ref()).filter(|token| token.is_fresh()).cloned();
        if let Some(purpose) = purpose {
            self.count(purpose, if known.is_some() { "cache_hit" } else { "cache_miss" });
        }
        if let Some(token) = known {
            return Ok(token);
        }
        let fetched = fetch().await;
        let status = if fetched.is_ok() { "success" } else { "failure" };
        self.requests.get_or_create(&vec![("status", status.to_owned())]).inc();
        let (value, expires) = fetched?;
        let token = Token::new(value, expires, self.max_age);
        if let Some(kept) = &mut kept {
            **kept = Some(token.clone());
        }
        Ok(token)
    }

    /// Removes the series of an object that is gone (RT-51).
    pub fn forget(&self, kind: &str, object: &ObjectKey) {
        let mut state = self.state();
        let gone: Vec<_> = state.told.iter().filter(|(o, k, _)| o == object && *k == kind).cloned().collect();
        for (object, kind, operation) in gone {
            for type_ in ["cache_hit", "cache_miss"] {
                self.events.remove(&labels(&Purpose { kind, object: object.clone(), operation }, type_));
            }
            state.told.remove(&(object, kind, operation));
        }
    }

    fn count(&self, purpose: &Purpose, type_: &str) {
        self.state().told.insert((purpose.object.clone(), purpose.kind, purpose.operation));
        self.events.get_or_create(&labels(purpose, type_)).inc();
    }

    /// The place of a token, made if there is none; the one that was asked for longest ago makes room.
    fn slot(&self, identity: &str) -> Slot {
        let mut state = self.state();
        state.asked += 1;
        let asked = state.asked;
        let entry = state.slots.entry(identity.to_owned()).or_default();
        entry.1 = asked;
        let slot = entry.0.clone();
        while state.slots.len() > self.size {
            let Some(oldest) = state.slots.iter().min_by_key(|(_, (_, asked))| *asked).map(|(identity, _)| identity.clone()) else { break };
            state.slots.remove(&oldest);
            self.evictions.inc();
        }
        self.items.set(i64::try_from(state.slots.len()).unwrap_or(i64::MAX));
        slot
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn labels(purpose: &Purpose, type_: &str) -> Labels {
    vec![
        ("event_type", type_.to_owned()),
        ("kind", purpose.kind.to_owned()),
        ("name", purpose.object.name.to_string()),
        ("namespace", purpose.object.namespace.to_string()),
        ("operation", purpose.operation.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::metrics::Format;

    struct World {
        metrics: Metrics,
        cache: TokenCache,
        fetched: AtomicU32,
    }

    impl World {
        fn new(size: usize, max_age: u64) -> Self {
            let metrics = Metrics::default();
            let cache = TokenCache::new(&metrics, size, Duration::from_secs(max_age));
            Self { metrics, cache, fetched: AtomicU32::new(0) }
        }

        async fn get(&self, identity: &str, life: u64) -> Token {
            let purpose = Purpose { kind: "Kustomization", object: ObjectKey::new("ns", "app"), operation: "fetch_kubeconfig" };
            let fetch = async || {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let n = self.fetched.fetch_add(1, Ordering::SeqCst);
                Ok::<_, std::convert::Infallible>((Secret::new(format!("token-{n}")), SystemTime::now() + Duration::from_secs(life)))
            };
            self.cache.get(identity, Some(&purpose), fetch).await.unwrap_or_else(|e| match e {})
        }

        fn fetched(&self) -> u32 {
            self.fetched.load(Ordering::SeqCst)
        }
    }

    /// RT-72: 80 % of a token's life, capped; one fetch for all who ask at once.
    #[tokio::test(start_paused = true)]
    async fn freshness_and_single_flight() {
        let world = World::new(10, 3600);
        let (a, b) = tokio::join!(world.get("id", 1000), world.get("id", 1000));
        assert_eq!((a.value, world.fetched()), (b.value, 1));
        tokio::time::sleep(Duration::from_secs(790)).await;
        world.get("id", 1000).await;
        assert_eq!(world.fetched(), 1);
        tokio::time::sleep(Duration::from_secs(20)).await;
        world.get("id", 1000).await;
        assert_eq!(world.fetched(), 2);
        let capped = World::new(10, 7200);
        let token = capped.get("id", 864_000).await;
        tokio::time::sleep(Duration::from_secs(3590)).await;
        assert!(token.is_fresh());
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(!token.is_fresh(), "an hour at most");
    }

    /// RT-72, RT-50, RT-51: the least recently used goes, 0 keeps none, and the series tell it and leave with their object.
    #[tokio::test(start_paused = true)]
    async fn size_and_series() {
        let world = World::new(2, 3600);
        for identity in ["a", "b", "a", "c", "a", "b"] {
            world.get(identity, 1000).await;
        }
        assert_eq!(world.fetched(), 4, "b had to go for c");
        let text = world.metrics.encode(Format::Text);
        for line in [
            r#"gotk_token_cache_events_total{event_type="cache_hit",kind="Kustomization",name="app",namespace="ns",operation="fetch_kubeconfig"} 2"#,
            r#"gotk_token_cache_events_total{event_type="cache_miss",kind="Kustomization",name="app",namespace="ns",operation="fetch_kubeconfig"} 4"#,
            r#"gotk_token_cache_requests_total{status="success"} 4"#,
            "gotk_token_cache_evictions_total 2",
            "gotk_token_cached_items 2",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        world.cache.forget("Kustomization", &ObjectKey::new("ns", "app"));
        assert!(!world.metrics.encode(Format::Text).contains("fetch_kubeconfig"));
        let none = World::new(0, 3600);
        none.get("a", 1000).await;
        none.get("a", 1000).await;
        assert_eq!(none.fetched(), 2);
    }

    /// A token cannot be printed.
    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "***");
    }
}
