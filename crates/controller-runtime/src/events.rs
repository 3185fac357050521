//! Events: what happened to an object, for people (Kubernetes Events) and for notification-controller (a POST).
//!
//! Recording never waits (RT-44): an event goes into a bounded queue that a task of its own empties in order; when the
//! receiver is down and the queue full, the oldest are given up and counted.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::{Event as CoreEvent, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::metrics::Metrics;

mod post;

/// How much an event matters (RT-41).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventType {
    /// The normal course; severity `info`.
    Normal,
    /// Something failed; severity `error`.
    Warning,
    /// A detail: stored as Normal in Kubernetes, never posted.
    Trace,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// The object it happened to, with its version for the record.
    pub object: ObjectReference,
    /// How much it matters.
    pub type_: EventType,
    /// CamelCase word for machines.
    pub reason: String,
    /// Text for people.
    pub message: String,
    /// `<group>/revision` and the like, and the object's own `event.toolkit.fluxcd.io/` annotations (RT-42).
    pub metadata: BTreeMap<String, String>,
}

/// A reference to `object` as events carry it.
pub fn reference<K: Resource<DynamicType = ()>>(object: &K) -> ObjectReference {
    let meta = object.meta();
    ObjectReference {
        api_version: Some(K::api_version(&()).into_owned()),
        kind: Some(K::kind(&()).into_owned()),
        name: meta.name.clone(),
        namespace: meta.namespace.clone(),
        uid: meta.uid.clone(),
        resource_version: meta.resource_version.clone(),
        field_path: None,
    }
}

/// The annotations of `object` that users want to see in its events.
pub fn user_metadata<K: Resource>(object: &K) -> BTreeMap<String, String> {
    object
        .annotations()
        .iter()
        .filter(|(key, _)| key.starts_with(crate::EVENT_METADATA_PREFIX))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

/// Events kept for a slow receiver.
const QUEUE_LENGTH: usize = 1000;
/// Bytes of a message, as of a condition's; the API server itself sets no limit for core/v1 Events.
const MAX_MESSAGE: usize = 32_768;
/// Different events whose count is remembered for aggregation.
const REMEMBERED: usize = 4096;

/// Takes events and passes them on. Clones share one recorder.
#[derive(Clone)]
pub struct EventRecorder {
    shared: Arc<Shared>,
}

struct Shared {
    controller: String,
    instance: String,
    client: Client,
    records: Queue,
    posts: Option<(url::Url, Queue)>,
    metrics: Arc<Metrics>,
}

/// A bounded queue that drops its oldest entry when full.
#[derive(Debug, Default)]
struct Queue {
    events: Mutex<VecDeque<Arc<Event>>>,
    added: Notify,
}

impl Queue {
    fn push(&self, event: Arc<Event>, metrics: &Metrics) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() >= QUEUE_LENGTH {
            events.pop_front();
            metrics.count_dropped_event();
        }
        events.push_back(event);
        drop(events);
        self.added.notify_one();
    }

    fn pop(&self) -> Option<Arc<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// The next event; `None` when `shutdown` came and the queue is empty.
    async fn next(&self, shutdown: &CancellationToken) -> Option<Arc<Event>> {
        loop {
            let added = self.added.notified();
            if let Some(event) = self.pop() {
                return Some(event);
            }
            tokio::select! {
                () = shutdown.cancelled() => return self.pop(),
                () = added => {}
            }
        }
    }
}

impl EventRecorder {
    /// A recorder for `controller`; `events_addr` is the URL of notification-controller or empty. Its tasks end after
    /// `shutdown`, when their queues are empty; the handle is the one that writes Kubernetes Events.
    pub fn start(
        controller: &str,
        events_addr: &str,
        client: Client,
        metrics: Arc<Metrics>,
        shutdown: CancellationToken,
    ) -> Result<(Self, JoinHandle<()>), url::ParseError> {
        let url = if events_addr.is_empty() { None } else { Some(url::Url::parse(events_addr)?) };
        let instance = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let shared = Arc::new(Shared {
            controller: controller.to_owned(),
            instance,
            client,
            records: Queue::default(),
            posts: url.map(|url| (url, Queue::default())),
            metrics,
        });
        let writer = tokio::spawn(write_records(shared.clone(), shutdown.clone()));
        if shared.posts.is_some() {
            tokio::spawn(post::run(shared.clone(), shutdown));
        }
        Ok((Self { shared }, writer))
    }

    /// Records an event. Does not wait. An object without kind or name is logged and not recorded (RT-45).
    pub fn record(&self, event: Event) {
        let complete = |part: &Option<String>| part.as_deref().is_some_and(|p| !p.is_empty());
        if !complete(&event.object.kind) || !complete(&event.object.name) || !complete(&event.object.namespace) {
            error!(reason = %event.reason, "event without the kind, name or namespace of its object is not recorded");
            return;
        }
        let event = Arc::new(event);
        if let Some((_, posts)) = &self.shared.posts
            && event.type_ != EventType::Trace
        {
            posts.push(event.clone(), &self.shared.metrics);
        }
        self.shared.records.push(event, &self.shared.metrics);
    }
}

/// What makes two events one with a count (RT-40).
type Identity = (Option<String>, EventType, String, String);

/// Writes Kubernetes Events, one after the other.
async fn write_records(shared: Arc<Shared>, shutdown: CancellationToken) {
    let mut written: HashMap<Identity, (String, i32)> = HashMap::new();
    while let Some(event) = shared.records.next(&shutdown).await {
        let identity = (event.object.uid.clone(), event.type_, event.reason.clone(), event.message.clone());
        let api: Api<CoreEvent> = Api::namespaced(shared.client.clone(), event.object.namespace.as_deref().unwrap_or("default"));
        if let Some((name, count)) = written.get_mut(&identity) {
            *count += 1;
            let patch = json!({"count": *count, "lastTimestamp": Time(jiff::Timestamp::now())});
            match api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await {
                Ok(_) => continue,
                // It was cleaned up: the next lines write it anew.
                Err(error) => debug!(%error, "event could not be counted up"),
            }
        }
        match api.create(&PostParams::default(), &kubernetes_event(&shared, &event)).await {
            Ok(created) => {
                if written.len() >= REMEMBERED {
                    written.clear();
                }
                written.insert(identity, (created.name_any(), 1));
            }
            Err(error) => debug!(%error, reason = %event.reason, "Kubernetes Event could not be written"),
        }
    }
}

fn kubernetes_event(shared: &Shared, event: &Event) -> CoreEvent {
    let now = jiff::Timestamp::now();
    CoreEvent {
        metadata: ObjectMeta {
            // client-go's form: the object's name and the time in hexadecimal nanoseconds.
            name: Some(format!("{}.{:x}", event.object.name.as_deref().unwrap_or_default(), now.as_nanosecond())),
            namespace: event.object.namespace.clone(),
            annotations: (!event.metadata.is_empty()).then(|| event.metadata.clone()),
            ..ObjectMeta::default()
        },
        involved_object: event.object.clone(),
        type_: Some(if event.type_ == EventType::Warning { "Warning" } else { "Normal" }.to_owned()),
        reason: Some(event.reason.clone()),
        message: Some(cut(&event.message, MAX_MESSAGE)),
        count: Some(1),
        first_timestamp: Some(Time(now)),
        last_timestamp: Some(Time(now)),
        source: Some(EventSource { component: Some(shared.controller.clone()), host: None }),
        reporting_component: Some(shared.controller.clone()),
        reporting_instance: Some(shared.instance.clone()),
        ..CoreEvent::default()
    }
}

fn cut(message: &str, max: usize) -> String {
    if message.len() <= max {
        return message.to_owned();
    }
    let mut end = max - 3;
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &message[..end])
}
