//! One reconcile of one object: the status as it should be, and how it is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ferroflux_api::Time;
use ferroflux_api::contract::annotation::REQUESTED_AT;
use ferroflux_api::contract::{field_manager, reason};
use ferroflux_api::kustomize::{Kustomization, KustomizationStatus};
use ferroflux_conditions::Conditions;
use ferroflux_conditions::types::{HEALTHY, READY, RECONCILING, STALLED};
use ferroflux_controller_runtime::events::{reference, user_metadata};
use ferroflux_controller_runtime::patch::{Written, write_status};
use ferroflux_controller_runtime::{Cache, Event, EventRecorder, EventType};
use kube::{Api, Client, ResourceExt};

use crate::failure::{Failure, printed};

/// The conditions that this controller owns.
const OWNED: [&str; 4] = [HEALTHY, READY, RECONCILING, STALLED];

/// Prefix of the metadata of events.
const GROUP: &str = ferroflux_api::contract::group::KUSTOMIZE;

/// What status and events are written with.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) client: Client,
    pub(crate) cache: Arc<Cache<Kustomization>>,
    pub(crate) events: EventRecorder,
}

/// A reconcile under way.
pub(crate) struct Attempt {
    /// The object as it was last read or written.
    pub(crate) object: Arc<Kustomization>,
    /// Its status as it should be, without conditions.
    pub(crate) status: KustomizationStatus,
    /// Its conditions as they should be.
    pub(crate) conditions: Conditions,
    /// Whether the work on a revision has begun and not come to an end: events then have the reason `Progressing`, also
    /// where the status still shows the last result, since it is not worth a write.
    in_progress: bool,
    /// Revisions for events.
    pub(crate) revision: Option<String>,
    pub(crate) origin_revision: Option<String>,
    writer: Writer,
}

impl Attempt {
    pub(crate) fn new(object: Arc<Kustomization>, writer: Writer) -> Self {
        let status = object.status.clone();
        let conditions = Conditions::new(status.conditions.clone(), object.metadata.generation.unwrap_or_default(), now());
        Self { object, status, conditions, revision: None, origin_revision: None, in_progress: false, writer }
    }

    pub(crate) fn api(&self) -> Api<Kustomization> {
        Api::namespaced(self.writer.client.clone(), self.namespace())
    }

    pub(crate) fn client(&self) -> &Client {
        &self.writer.client
    }

    pub(crate) fn namespace(&self) -> &str {
        self.object.metadata.namespace.as_deref().unwrap_or_default()
    }

    /// Takes in what a write of ours answered with.
    pub(crate) fn observe(&mut self, object: Kustomization) {
        self.object = Arc::new(object.clone());
        self.writer.cache.observe(object);
    }

    /// Says what is being done, for the case that it fails. Success takes it back, so that a look at an object that is as
    /// it should be writes nothing about it.
    pub(crate) fn working(&mut self, doing: &str, revision: &str) {
        let message = format!("{doing} for revision {revision} with a timeout of {}", printed(self.timeout()));
        self.conditions.mark_reconciling(reason::PROGRESSING, message);
        self.in_progress = true;
    }

    /// Reports what is being done: Ready is unknown until it is done.
    pub(crate) fn progressing(&mut self) {
        self.conditions.mark_unknown(READY, reason::PROGRESSING, "Reconciliation in progress");
    }

    /// Writes the status if it differs from what the object has. `false`: the object is gone.
    pub(crate) async fn write(&mut self) -> Result<bool, kube::Error> {
        self.status.conditions = self.conditions.as_slice().to_vec();
        let manager = field_manager::KUSTOMIZE_CONTROLLER_STATUS;
        match write_status(&self.api(), manager, self.object.as_ref(), &self.status, &OWNED).await? {
            Written::Unchanged => Ok(true),
            Written::Changed(object) => {
                self.observe(*object);
                Ok(true)
            }
            Written::Gone => Ok(false),
        }
    }

    /// Ends the reconcile: what was asked for counts as handled, and the conditions are brought in line (KC-REC-12).
    pub(crate) fn conclude(&mut self) {
        self.in_progress = false;
        if let Some(requested) = self.object.annotations().get(REQUESTED_AT) {
            self.status.last_handled_reconcile_at = Some(requested.clone());
        }
        if self.conditions.is_true(READY) {
            self.conditions.delete(RECONCILING);
            self.conditions.delete(STALLED);
            self.status.observed_generation = self.conditions.generation();
        }
        if self.conditions.is_false(READY)
            && let Some(reconciling) = self.conditions.get(RECONCILING)
        {
            let message = reconciling.message.clone();
            self.conditions.mark_true(RECONCILING, reason::PROGRESSING_WITH_RETRY, message);
        }
    }

    /// Sets the conditions of a failure.
    pub(crate) fn fail(&mut self, failure: &Failure) {
        self.in_progress = false;
        self.conditions.mark_false(READY, failure.reason, failure.message.clone());
        if failure.stalled {
            self.conditions.mark_stalled(failure.reason, failure.message.clone());
        }
        if failure.observed {
            self.status.observed_generation = self.conditions.generation();
        }
    }

    /// Records advice to the user: a Kubernetes Event that is not posted, since nothing failed.
    pub(crate) fn advise(&self, message: String) {
        let (object, metadata) = (reference(self.object.as_ref()), self.event_metadata());
        self.writer.events.record(Event { object, type_: EventType::Trace, reason: "Advice".to_owned(), message, metadata });
    }

    /// Records an event under the reason of the Ready condition (KC-EVT-01, KC-EVT-02).
    pub(crate) fn event(&self, warning: bool, message: String, extra: Option<(&str, &str)>) {
        let mut metadata = self.event_metadata();
        metadata.extend(extra.map(|(key, value)| (format!("{GROUP}/{key}"), value.to_owned())));
        let severity = if warning { "error" } else { "info" };
        let ready = self.conditions.get(READY).map(|c| c.reason.as_str()).filter(|r| !r.is_empty());
        let reason = if self.in_progress { reason::PROGRESSING } else { ready.unwrap_or(severity) };
        let type_ = if warning { EventType::Warning } else { EventType::Normal };
        self.writer.events.record(Event { object: reference(self.object.as_ref()), type_, reason: reason.to_owned(), message, metadata });
    }

    fn event_metadata(&self) -> BTreeMap<String, String> {
        let mut metadata = user_metadata(self.object.as_ref());
        let revisions = [("revision", &self.revision), ("originRevision", &self.origin_revision)];
        metadata.extend(revisions.into_iter().filter_map(|(key, value)| Some((format!("{GROUP}/{key}"), value.clone()?))));
        metadata
    }

    /// The time that health checks and waits may take: `spec.timeout`, or the interval less 30 s, and never under 30 s.
    pub(crate) fn timeout(&self) -> Duration {
        const FLOOR: Duration = Duration::from_secs(30);
        let spec = &self.object.spec;
        let timeout = spec.timeout.map_or_else(|| spec.interval.as_std().saturating_sub(FLOOR), ferroflux_api::Duration::as_std);
        timeout.max(FLOOR)
    }

    /// `spec.retryInterval`, or the interval.
    pub(crate) fn retry_interval(&self) -> Duration {
        self.object.spec.retry_interval.unwrap_or(self.object.spec.interval).as_std()
    }
}

/// The current time, in whole seconds as conditions have it.
pub(crate) fn now() -> Time {
    Time::from(jiff::Timestamp::now())
}
