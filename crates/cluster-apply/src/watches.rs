//! Watches on objects that somebody waits for, shared by all who wait in the same namespace.
//!
//! A watch starts at the resource version of the first answer that somebody wants to follow, so that it costs one request
//! and no list. Of each object only the judgement is kept. A watch that nobody listens to ends after a short while.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ferroflux_manifest::status::{CustomRule, Status};
use futures::TryStreamExt;
use jiff::Timestamp;
use kube::core::WatchEvent;
use serde_json::Value;
use tracing::debug;

use crate::api::Cluster;
use crate::discovery::ApiResource;
use crate::error::ApiError;
use crate::health::{OWNER_LABEL, Seen};

/// Called when something that is waited for changed.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Which objects of a kind and namespace a watch is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Selection {
    /// All that a Kustomization applied.
    Owned,
    /// Those that a label selector selects.
    Labels(String),
    /// One object.
    Name(String),
}

/// Where a watch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// With what is there.
    List,
    /// With what happens after a resource version.
    After(u64),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    user: Option<String>,
    resource: ApiResource,
    namespace: String,
    selection: Selection,
    /// Only the judgement on an object is kept, so that those who judge differently do not share a watch.
    rule: Option<Arc<CustomRule>>,
}

/// The watches of one cluster.
#[derive(Default)]
pub struct Watches {
    feeds: Mutex<HashMap<Key, Arc<Feed>>>,
}

/// How long a watch goes on when nobody listens: the next one to wait in the same namespace is likely near.
const LINGER: Duration = Duration::from_secs(10);
/// Pause before a broken watch is taken up again.
const RETRY: Duration = Duration::from_secs(1);
/// Seconds after which the server ends a watch, so that a dead connection does not go unnoticed for long.
const WINDOW_SECONDS: u32 = 290;
/// How long a pod may be unschedulable before it is judged again.
const POD_WINDOW: Duration = Duration::from_secs(16);

/// One watch with what it saw.
pub(crate) struct Feed {
    state: Mutex<State>,
    rule: Option<Arc<CustomRule>>,
    began: AtomicU64,
    refused: AtomicBool,
}

#[derive(Default)]
struct State {
    seen: HashMap<String, Seen>,
    listeners: Vec<Listener>,
    next_listener: u64,
}

struct Listener {
    id: u64,
    /// `None` listens to all objects.
    name: Option<String>,
    waker: Waker,
}

/// A listener's place; dropping it ends the listening.
pub(crate) struct Subscription {
    feed: Arc<Feed>,
    id: u64,
}

impl Subscription {
    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.feed.state().listeners.retain(|l| l.id != self.id);
    }
}

impl Watches {
    /// Listens to one object, or to all of a watch, which is begun if there is none yet.
    #[allow(clippy::too_many_arguments, reason = "the parts of a watch and of a listener")]
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        cluster: &Cluster,
        resource: &ApiResource,
        namespace: &str,
        selection: Selection,
        rule: Option<Arc<CustomRule>>,
        start: Start,
        name: Option<&str>,
        waker: &Waker,
    ) -> Subscription {
        let user = cluster.user().map(str::to_owned);
        let key = Key { user, resource: resource.clone(), namespace: namespace.to_owned(), selection, rule };
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let feed = feeds.entry(key.clone()).or_insert_with(|| {
            let feed = Arc::new(Feed::new(start, key.rule.clone()));
            tokio::spawn(run(self.clone(), cluster.clone(), key, feed.clone(), start));
            feed
        });
        let id = feed.listen(name, waker);
        Subscription { feed: feed.clone(), id }
    }

    /// Takes a feed out if nobody listens; no new listener can come while this is decided.
    fn retire(&self, key: &Key, feed: &Feed) -> bool {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = feed.state().listeners.is_empty();
        if idle {
            feeds.remove(key);
        }
        idle
    }
}

impl Feed {
    fn new(start: Start, rule: Option<Arc<CustomRule>>) -> Self {
        let began = match start {
            Start::List => 0,
            Start::After(version) => version,
        };
        Self { state: Mutex::default(), rule, began: AtomicU64::new(began), refused: AtomicBool::new(false) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, object: &Value, now: Timestamp) -> Seen {
        Seen::of(object, now, self.rule.as_deref())
    }

    fn listen(&self, name: Option<&str>, waker: &Waker) -> u64 {
        let mut state = self.state();
        state.next_listener += 1;
        let id = state.next_listener;
        state.listeners.push(Listener { id, name: name.map(str::to_owned), waker: waker.clone() });
        id
    }

    /// The last judgement on an object.
    pub(crate) fn seen(&self, name: &str) -> Option<Seen> {
        self.state().seen.get(name).cloned()
    }

    /// Whether any object is as asked.
    pub(crate) fn any(&self, is: impl Fn(&Seen) -> bool) -> bool {
        self.state().seen.values().any(is)
    }

    /// Whether we may not watch these objects.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether the watch began later than at a resource version, so that it may not have seen what happened since.
    pub(crate) fn began_after(&self, version: u64) -> bool {
        self.began.load(Ordering::Relaxed) > version
    }

    /// Takes in an object, and wakes those who listen to it if its judgement changed.
    fn observe(&self, name: &str, seen: Seen) {
        let mut state = self.state();
        let before = state.seen.get(name).map(|s| s.status);
        let status = seen.status;
        state.seen.insert(name.to_owned(), seen);
        // Whoever listens knows the object as in progress until told otherwise.
        if before.unwrap_or(Status::InProgress) == status {
            return;
        }
        let wakers: Vec<Waker> =
            state.listeners.iter().filter(|l| l.name.as_deref().is_none_or(|n| n == name)).map(|l| l.waker.clone()).collect();
        drop(state);
        wakers.iter().for_each(|wake| wake());
    }

    fn wake_all(&self) {
        let wakers: Vec<Waker> = self.state().listeners.iter().map(|l| l.waker.clone()).collect();
        wakers.iter().for_each(|wake| wake());
    }

    /// Takes in a complete list: what is not in it is gone.
    fn replace(&self, items: &[Value], version: u64) {
        let now = Timestamp::now();
        // Judged before anybody is kept from looking.
        let mut seen: HashMap<String, Seen> = items.iter().map(|item| (name_of(item).to_owned(), self.judge(item, now))).collect();
        let mut state = self.state();
        let names: Vec<String> = state.seen.keys().cloned().chain(state.listeners.iter().filter_map(|l| l.name.clone())).collect();
        for name in names {
            seen.entry(name).or_insert_with(|| Seen::absent(version));
        }
        state.seen = seen;
        drop(state);
        self.began.store(0, Ordering::Relaxed);
        self.wake_all();
    }
}

fn name_of(object: &Value) -> &str {
    ferroflux_manifest::field(object, &["metadata", "name"]).and_then(Value::as_str).unwrap_or_default()
}

impl Selection {
    fn query(&self) -> String {
        match self {
            Self::Owned => format!("labelSelector={}", encode(OWNER_LABEL)),
            Self::Labels(selector) => format!("labelSelector={}", encode(selector)),
            Self::Name(name) => format!("fieldSelector={}", encode(&format!("metadata.name={name}"))),
        }
    }
}

fn encode(text: &str) -> String {
    let one = |b: u8| if b.is_ascii_alphanumeric() || b"-._~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(one).collect()
}

async fn run(watches: Arc<Watches>, cluster: Cluster, key: Key, feed: Arc<Feed>, start: Start) {
    let mut at = match start {
        Start::List => None,
        Start::After(version) => Some(version.to_string()),
    };
    let retired = async {
        loop {
            tokio::time::sleep(LINGER).await;
            if watches.retire(&key, &feed) {
                return;
            }
        }
    };
    let following = async {
        loop {
            if let Err(error) = follow(&cluster, &key, &feed, &mut at).await {
                match error.code() {
                    // Too old: begin with a list.
                    410 => at = None,
                    401 | 403 => {
                        debug!(%error, resource = %key.resource.plural, "objects cannot be watched, they are read instead");
                        if !feed.refused.swap(true, Ordering::Relaxed) {
                            feed.wake_all();
                        }
                        tokio::time::sleep(30 * RETRY).await;
                    }
                    _ => {
                        debug!(%error, resource = %key.resource.plural, "watch ended");
                        tokio::time::sleep(RETRY).await;
                    }
                }
            }
        }
    };
    tokio::select! {
        () = retired => {}
        () = following => {}
    }
}

/// Lists if there is no version to begin at, then watches until the server ends it.
async fn follow(cluster: &Cluster, key: &Key, feed: &Arc<Feed>, at: &mut Option<String>) -> Result<(), ApiError> {
    let path = key.resource.path(&key.namespace, None);
    let selection = key.selection.query();
    let from = match at {
        Some(version) => version.clone(),
        None => {
            let list = cluster.list(&path, &selection).await?;
            let version =
                ferroflux_manifest::field(&list, &["metadata", "resourceVersion"]).and_then(Value::as_str).unwrap_or_default().to_owned();
            let items = list.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            feed.replace(items, version.parse().unwrap_or(0));
            at.insert(version).clone()
        }
    };
    let uri = format!("{path}?watch=true&allowWatchBookmarks=true&timeoutSeconds={WINDOW_SECONDS}&resourceVersion={from}&{selection}");
    let request = cluster.request(http::Method::GET, uri, None, Vec::new())?;
    let events = cluster.client().request_events::<Value>(request).await.map_err(refused)?;
    tokio::pin!(events);
    feed.refused.store(false, Ordering::Relaxed);
    while let Some(event) = events.try_next().await.map_err(refused)? {
        match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                let seen = feed.judge(&object, Timestamp::now());
                *at = Some(seen.version.to_string());
                judge_again_later(feed, &object, &seen);
                feed.observe(name_of(&object), seen);
            }
            WatchEvent::Deleted(object) => {
                let seen = Seen::absent(feed.judge(&object, Timestamp::now()).version);
                *at = Some(seen.version.to_string());
                feed.observe(name_of(&object), seen);
            }
            WatchEvent::Bookmark(bookmark) => *at = Some(bookmark.metadata.resource_version),
            WatchEvent::Error(status) => return Err(ApiError::Refused(status)),
        }
    }
    Ok(())
}

fn refused(error: kube::Error) -> ApiError {
    match error {
        kube::Error::Api(status) => ApiError::Refused(status),
        other => ApiError::Transport(other),
    }
}

/// A pod that waits for a node is judged by time, too: no event tells that it waited for too long.
fn judge_again_later(feed: &Arc<Feed>, object: &Value, seen: &Seen) {
    if seen.status == Status::InProgress
        && feed.rule.is_none()
        && ferroflux_manifest::ObjectRef::of(object).kind == "Pod"
        && ferroflux_manifest::status::may_pass(object)
    {
        let (feed, object, version) = (Arc::downgrade(feed), object.clone(), seen.version);
        tokio::spawn(async move {
            tokio::time::sleep(POD_WINDOW).await;
            let Some(feed) = feed.upgrade() else { return };
            if feed.seen(name_of(&object)).is_some_and(|s| s.version == version) {
                feed.observe(name_of(&object), feed.judge(&object, Timestamp::now()));
            }
        });
    }
}
