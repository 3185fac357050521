//! Waiting for objects to be healthy, or gone (KC-HC-01…05), without a worker and without polling.

use std::sync::Arc;
use std::time::Duration;

use ferroflux_manifest::status::{self, CustomHealth, CustomRule, Status};
use ferroflux_manifest::{LabelSelector, ObjectRef, field, label};
use jiff::Timestamp;
use serde_json::Value;

use crate::api::Cluster;
use crate::watches::{Feed, Selection, Start, Subscription, Waker};

/// How an object was doing when it was last seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its resource version; 0 where it is not known.
    pub(crate) version: u64,
    pub(crate) status: Status,
    /// Why it could not be judged or read.
    pub(crate) error: Option<String>,
    /// For pods: the failure may pass.
    pub(crate) may_pass: bool,
}

impl Seen {
    /// Judges an object, by the rule for it where there is one.
    pub(crate) fn of(object: &Value, now: Timestamp, rule: Option<&CustomRule>) -> Self {
        let version = field(object, &["metadata", "resourceVersion"]).and_then(Value::as_str).and_then(|v| v.parse().ok()).unwrap_or(0);
        let judged = match rule {
            Some(rule) => rule.assess(object).map_err(|error| error.to_string()),
            None => status::assess(object, now).map(|health| health.status).map_err(|error| error.to_string()),
        };
        let (status, error) = match judged {
            Ok(status) => (status, None),
            Err(error) => (Status::Unknown, Some(error)),
        };
        Self { version, status, error, may_pass: rule.is_none() && status == Status::Failed && status::may_pass(object) }
    }

    pub(crate) fn absent(version: u64) -> Self {
        Self { version, status: Status::NotFound, error: None, may_pass: false }
    }
}

/// An object whose health matters.
#[derive(Debug, Clone)]
pub struct Target {
    /// The object.
    pub object: ObjectRef,
    /// How it was doing in the answer to our own request, if there was one.
    seen: Option<Seen>,
    /// The expressions that judge it, in place of what is known of its kind (KC-HC-06).
    rule: Option<Arc<CustomRule>>,
    /// Whether it carries the label by which the shared watches select.
    owned: bool,
    /// Selector of the pods that it controls.
    pods: Option<String>,
    /// A Job that is deleted some time after it ended: gone counts as done.
    expires: bool,
}

impl Target {
    /// A target that was just read or written.
    pub fn of(object: &Value, custom: &CustomHealth) -> Self {
        let id = ObjectRef::of(object);
        let rule = custom.rule(&id).cloned();
        let pods = match status::generated_kind(&id) {
            Some((_, "Pod")) if rule.is_none() => {
                field(object, &["spec", "selector"]).and_then(|s| LabelSelector::from_value(s).ok()).map(|s| s.to_query())
            }
            _ => None,
        };
        let expires =
            id.kind == "Job" && id.group == "batch" && field(object, &["spec", "ttlSecondsAfterFinished"]).is_some_and(Value::is_i64);
        let owned = label(object, OWNER_LABEL).is_some();
        Self { seen: Some(Seen::of(object, Timestamp::now(), rule.as_deref())), rule, owned, pods, expires, object: id }
    }

    /// A target of which nothing is known yet.
    pub fn unread(object: ObjectRef) -> Self {
        Self { object, seen: None, rule: None, owned: false, pods: None, expires: false }
    }

    /// The same target, judged by the rule for it where there is one.
    #[must_use]
    pub fn judged_by(self, custom: &CustomHealth) -> Self {
        Self { rule: custom.rule(&self.object).cloned(), ..self }
    }

    /// Whether it was current when last seen.
    pub fn is_current(&self) -> bool {
        self.seen.as_ref().is_some_and(|s| s.status == Status::Current)
    }

    fn status(&self, goal: Goal) -> Status {
        match self.seen.as_ref().map(|s| s.status) {
            None => Status::Unknown,
            Some(Status::NotFound) if self.expires && goal == Goal::Current => Status::Current,
            Some(status) => status,
        }
    }

    fn describe(&self) -> String {
        match &self.seen {
            None => format!("can't determine status for {}", self.object),
            Some(Seen { status, error: Some(error), .. }) => format!("{} status: '{status}': {error}", self.object),
            Some(Seen { status, .. }) => format!("{} status: '{status}'", self.object),
        }
    }
}

/// The label that all objects of Kustomizations carry.
pub(crate) const OWNER_LABEL: &str = "kustomize.toolkit.fluxcd.io/name";

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Current,
    Gone,
}

/// What a health check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All are where they should be.
    Passed,
    /// Not yet: ask again when the waker was called, at the latest after this time where there is one.
    Waiting(Option<Duration>),
    /// At least one failed for good.
    Failed(HealthFailure),
}

/// Why a health check did not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HealthFailure {
    /// Objects that will not become current.
    #[error("failed early due to stalled resources: [{0}]")]
    Stalled(String),
    /// Objects that were not current in time.
    #[error("timeout waiting for: [{0}]")]
    Timeout(String),
}

/// How often objects are read whose kind cannot be watched with the rights we have.
const POLL: Duration = Duration::from_secs(5);

/// A wait for objects to become current, or to be gone. Dropping it ends its watches.
pub struct HealthWait {
    cluster: Cluster,
    goal: Goal,
    fail_fast: bool,
    waiting: Vec<Waiting>,
    waker: Waker,
}

struct Waiting {
    target: Target,
    feed: Option<Subscription>,
    pods: Option<Subscription>,
}

impl std::fmt::Debug for HealthWait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HealthWait").field("goal", &self.goal).field("targets", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl HealthWait {
    /// Waits for all targets to be current. With `fail_fast` the first failed object ends the wait; otherwise it goes on
    /// while others may still become current.
    pub fn until_current(cluster: Cluster, targets: Vec<Target>, fail_fast: bool, waker: Waker) -> Self {
        Self::new(cluster, Goal::Current, targets, fail_fast, waker)
    }

    /// Waits for all targets to be gone.
    pub fn until_gone(cluster: Cluster, targets: Vec<Target>, waker: Waker) -> Self {
        Self::new(cluster, Goal::Gone, targets, false, waker)
    }

    fn new(cluster: Cluster, goal: Goal, targets: Vec<Target>, fail_fast: bool, waker: Waker) -> Self {
        let waiting = targets.into_iter().map(|target| Waiting { target, feed: None, pods: None }).collect();
        Self { cluster, goal, fail_fast, waiting, waker }
    }

    /// Looks at all targets. Watches begin with the first call that finds something pending.
    pub async fn evaluate(&mut self) -> Verdict {
        let mut poll = false;
        for waiting in &mut self.waiting {
            if waiting.is_settled(self.goal) {
                // Settled and watched: it may have been unsettled since.
                waiting.refresh();
                continue;
            }
            waiting.follow(&self.cluster, self.goal, &self.waker).await;
            poll |= waiting.feed.as_ref().is_none_or(|f| f.feed().is_refused());
        }
        let statuses = || self.waiting.iter().map(|w| w.target.status(self.goal));
        let wanted = match self.goal {
            Goal::Current => Status::Current,
            Goal::Gone => Status::NotFound,
        };
        if statuses().all(|s| s == wanted) {
            return Verdict::Passed;
        }
        if self.goal == Goal::Current {
            let failed = statuses().any(|s| s == Status::Failed);
            let settled = statuses().all(|s| matches!(s, Status::Failed | Status::Current));
            if failed && (self.fail_fast || settled) {
                return Verdict::Failed(HealthFailure::Stalled(self.describe(|s| s == Status::Failed)));
            }
        }
        Verdict::Waiting(poll.then_some(POLL))
    }

    /// The failure to report when time is up.
    pub fn timed_out(&self) -> HealthFailure {
        HealthFailure::Timeout(self.describe(|s| s != Status::Current))
    }

    fn describe(&self, which: impl Fn(Status) -> bool) -> String {
        let described = self.waiting.iter().filter(|w| which(w.target.status(self.goal))).map(|w| w.target.describe());
        described.collect::<Vec<_>>().join(", ")
    }
}

impl Waiting {
    fn is_settled(&self, goal: Goal) -> bool {
        match goal {
            Goal::Current => self.target.is_current(),
            Goal::Gone => self.target.status(goal) == Status::NotFound,
        }
    }

    /// Takes over what the watch saw since.
    fn refresh(&mut self) {
        let Some(feed) = &self.feed else { return };
        if let Some(seen) = feed.feed().seen(&self.target.object.name)
            && self.target.seen.as_ref().is_none_or(|old| seen.version > old.version)
        {
            self.target.seen = Some(seen);
        }
        if let (Some(pods), Some(seen)) = (&self.pods, &mut self.target.seen)
            && seen.status == Status::InProgress
            && pods.feed().any(|pod| pod.status == Status::Failed && !pod.may_pass)
        {
            seen.status = Status::Failed;
        }
    }

    /// Follows the object by a watch, or reads it where it cannot be watched.
    async fn follow(&mut self, cluster: &Cluster, goal: Goal, waker: &Waker) {
        if self.feed.is_none() {
            self.subscribe(cluster, goal, waker).await;
        }
        if self.feed.as_ref().is_none_or(|f| f.feed().is_refused()) {
            self.read(cluster).await;
        }
        self.refresh();
    }

    async fn subscribe(&mut self, cluster: &Cluster, goal: Goal, waker: &Waker) {
        let id = &self.target.object;
        let resource = match cluster.resource(id).await {
            Ok(resource) => resource,
            Err(error) => {
                self.target.seen = Some(Seen { version: 0, status: Status::Unknown, error: Some(error.to_string()), may_pass: false });
                return;
            }
        };
        let version = self.target.seen.as_ref().map_or(0, |s| s.version);
        let (selection, start) = match version {
            0 => (Selection::Name(id.name.clone()), Start::List),
            _ if self.target.owned && resource.namespaced => (Selection::Owned, Start::After(version)),
            _ => (Selection::Name(id.name.clone()), Start::After(version)),
        };
        let feed = cluster.watches().subscribe(
            cluster,
            &resource,
            &id.namespace,
            selection,
            self.target.rule.clone(),
            start,
            Some(&id.name),
            waker,
        );
        // A watch that began after our own request may have missed what happened in between.
        let missed = feed.feed().began_after(version);
        self.feed = Some(feed);
        if missed && version > 0 {
            self.read(cluster).await;
        }
        if let (Goal::Current, Some(selector)) = (goal, &self.target.pods) {
            let pods = ObjectRef { version: "v1".into(), kind: "Pod".into(), ..ObjectRef::default() };
            if let Ok(resource) = cluster.resource(&pods).await {
                let selection = Selection::Labels(selector.clone());
                self.pods = Some(cluster.watches().subscribe(
                    cluster,
                    &resource,
                    &self.target.object.namespace,
                    selection,
                    None,
                    Start::List,
                    None,
                    waker,
                ));
            }
        }
    }

    async fn read(&mut self, cluster: &Cluster) {
        self.target.seen = Some(match cluster.get(&self.target.object).await {
            Ok(live) => Seen::of(&live, Timestamp::now(), self.target.rule.as_deref()),
            Err(error) if error.is_not_found() => Seen::absent(0),
            Err(error) => Seen { version: 0, status: Status::Unknown, error: Some(error.to_string()), may_pass: false },
        });
    }
}

/// So that the compiler tells when a wait could not be kept across threads.
const _: fn() = || {
    fn assert_send<T: Send>() {}
    assert_send::<HealthWait>();
    assert_send::<Arc<Feed>>();
};

#[cfg(test)]
mod tests {
    use ferroflux_manifest::status::CustomExpressions;
    use serde_json::json;

    use super::*;

    /// KC-HC-06: expressions stand in for the rules of every kind, of Jobs and of what has pods too.
    #[test]
    fn expressions_override_built_in_rules() {
        let on = |api_version, kind| CustomExpressions { api_version, kind, current: "spec.done", ..CustomExpressions::default() };
        let custom = CustomHealth::parse([on("batch/v1", "Job"), on("apps/v1", "StatefulSet")]).unwrap();
        for (version, kind) in [("batch/v1", "Job"), ("apps/v1", "StatefulSet")] {
            let object = |done: bool| {
                let spec = json!({"done": done, "selector": {"matchLabels": {"app": "a"}}});
                json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a", "namespace": "ns"}, "spec": spec})
            };
            let built_in = Target::of(&object(true), &CustomHealth::default());
            assert!(!built_in.is_current() && built_in.pods.is_some() == (kind == "StatefulSet"));
            let judged = Target::of(&object(true), &custom);
            assert!(judged.is_current() && judged.pods.is_none() && !Target::of(&object(false), &custom).is_current());
        }
        let unread = Target::unread(ObjectRef::new("batch/v2", "Job", "ns", "a")).judged_by(&custom);
        assert_eq!(unread.rule.as_ref(), custom.rule(&unread.object));
        assert!(unread.rule.is_some());
    }
}
