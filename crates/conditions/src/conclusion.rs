//! The end of a pass of source-controller: from what happened to conditions, requeue and event (SRC-GEN-09…11).

use std::time::Duration;

use crate::types::{READY, RECONCILING, STALLED};
use crate::{Conditions, Summary};

/// How far a pass came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// To its end.
    Done,
    /// It wants to be called again at once.
    Again,
    /// It broke off, because of a failure; or, without one, because the object is being deleted and nothing is left to do.
    BrokenOff,
}

/// What kind of failure it was, which decides what comes next (SRC-GEN-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// Only a change of the object can help.
    Stalling,
    /// Something else must come first; look again after this time, without backoff.
    Waiting(Duration),
    /// It may work next time; tried again with backoff.
    Generic,
    /// There was nothing to do; as good as success.
    Ignored,
    /// Not told apart by the pass, such as a failed request to the API server; tried again with backoff, without event.
    Plain,
}

/// Why a pass did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What comes next.
    pub class: FailureClass,
    /// Reason of the event, and of `Stalled`.
    pub reason: String,
    /// What went wrong.
    pub message: String,
    /// The event to send; [`Failure::new`] fills in the usual one of the class.
    pub event: Option<EventType>,
}

impl Failure {
    /// A failure with the usual event of its class: Warning, but Trace where one waits, and none for plain errors.
    pub fn new(class: FailureClass, reason: impl Into<String>, message: impl Into<String>) -> Self {
        let event = match class {
            FailureClass::Stalling | FailureClass::Generic | FailureClass::Ignored => Some(EventType::Warning),
            FailureClass::Waiting(_) => Some(EventType::Trace),
            FailureClass::Plain => None,
        };
        Self { class, reason: reason.into(), message: message.into(), event }
    }
}

/// Types of events (RT-41).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventType {
    /// All is well; severity info.
    Normal,
    /// Something is wrong; severity error.
    Warning,
    /// Stored as Normal in Kubernetes, never posted.
    Trace,
}

impl EventType {
    /// The name as it stands in the original's API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
            Self::Trace => "Trace",
        }
    }
}

/// An event about a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureEvent {
    /// Type of the event.
    pub type_: EventType,
    /// Reason of the failure.
    pub reason: String,
    /// Message of the failure.
    pub message: String,
}

/// When the object is looked at again, if nothing happens to it and the pass returned no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requeue {
    /// Not by itself.
    Never,
    /// At once.
    Now,
    /// After this time.
    After(Duration),
}

/// A pass that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass<'a> {
    /// How far it came.
    pub progress: Progress,
    /// Why it did not succeed, if it did not.
    pub failure: Option<Failure>,
    /// `spec.interval`, jitter included.
    pub interval: Duration,
    /// Value of the annotation `reconcile.fluxcd.io/requestedAt`.
    pub requested_at: Option<&'a str>,
}

/// What follows from a pass, besides the conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// New `status.observedGeneration`; `None` leaves the old one (RT-14).
    pub observed_generation: Option<i64>,
    /// New `status.lastHandledReconcileAt`; `None` leaves the old one (RT-15).
    pub last_handled_reconcile_at: Option<String>,
    /// When to look again if there is no `error`.
    pub requeue: Requeue,
    /// Error to hand to the queue, which then backs off, whatever `requeue` says.
    pub error: Option<String>,
    /// Event to send.
    pub event: Option<FailureEvent>,
}

impl Conditions {
    /// Ends a pass: clears `Reconciling` and `Stalled` or brings them up to date, summarises `Ready`, and says what
    /// follows (SRC-GEN-09, SRC-GEN-10, SRC-GEN-11). A pass that ends in success with an object that is not ready is
    /// an error, so that it is tried again.
    pub fn conclude(&mut self, pass: &Pass<'_>, summary: &Summary<'_>) -> Conclusion {
        let failure = pass.failure.as_ref();
        let class = failure.map(|f| f.class);
        if class.is_none() && pass.progress == Progress::Done {
            self.delete(RECONCILING);
        }
        self.note_retry();

        // Without any condition nothing has been observed, and the generation does not count as seen.
        let seen = (!self.as_slice().is_empty()).then_some(self.generation());
        let (observed_generation, mut error) = match (failure.map(|f| (f, f.class)), pass.progress) {
            (Some((failure, FailureClass::Stalling)), Progress::BrokenOff) => {
                self.mark_stalled(&failure.reason, failure.message.as_str());
                (Some(self.generation()), None)
            }
            (Some((_, FailureClass::Waiting(_))), _) => (None, None),
            (Some((_, FailureClass::Ignored)), _) => {
                self.delete(RECONCILING);
                (seen, None)
            }
            // Also a pass that claims to have stalled and not to have broken off: it contradicts itself.
            (Some((failure, _)), _) => (None, Some(failure.message.clone())),
            (None, Progress::Again) => (None, None),
            (None, _) => (seen, None),
        };
        if class != Some(FailureClass::Stalling) {
            self.delete(STALLED);
        }

        self.summarize(summary);

        let requeue = match (class, pass.progress) {
            (Some(FailureClass::Waiting(after)), _) => Requeue::After(after),
            (Some(FailureClass::Ignored), _) | (_, Progress::Done) => Requeue::After(pass.interval),
            (_, Progress::Again) => Requeue::Now,
            (_, Progress::BrokenOff) => Requeue::Never,
        };
        let succeeded = matches!((class, pass.progress), (None, Progress::Done) | (Some(FailureClass::Ignored), _));
        if succeeded && !self.is_ready() {
            error = Some(self.get(READY).map(|c| c.message.clone()).unwrap_or_default());
        }
        Conclusion {
            observed_generation,
            last_handled_reconcile_at: pass.requested_at.map(str::to_owned),
            requeue,
            error,
            event: failure.and_then(|f| f.event.map(|type_| FailureEvent { type_, reason: f.reason.clone(), message: f.message.clone() })),
        }
    }
}
