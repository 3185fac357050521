//! Why a reconcile did not succeed, and what happens then.

use std::time::Duration;

use ferroflux_api::contract::reason;
pub(crate) use ferroflux_cluster_apply::told;

/// When a failed reconcile is tried again (KC-TRIG-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// After `spec.retryInterval`.
    RetryInterval,
    /// After `--requeue-dependency`, or when what is missing appears.
    Dependency,
    /// With exponential back-off.
    Backoff,
    /// When the object changes.
    Never,
    /// At once.
    Now,
}

/// A reconcile that did not succeed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// Reason of the Ready condition.
    pub(crate) reason: &'static str,
    /// Message of the Ready condition.
    pub(crate) message: String,
    /// What the event says, if there is one.
    pub(crate) event: Option<Event>,
    /// What is set in Stalled and observed, for failures that only a change of the object mends.
    pub(crate) stalled: bool,
    /// Whether `status.observedGeneration` moves although the reconcile failed.
    pub(crate) observed: bool,
    /// When it is tried again.
    pub(crate) then: Then,
}

/// The event of a failure.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) message: String,
    pub(crate) warning: bool,
}

impl Failure {
    /// A failure that is reported and tried again after the retry interval.
    pub(crate) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        let event = Some(Event { message: message.clone(), warning: true });
        Self { reason, message, event, stalled: false, observed: false, then: Then::RetryInterval }
    }

    /// A failure that only a change of the object mends.
    pub(crate) fn terminal(reason: &'static str, message: impl Into<String>) -> Self {
        Self { stalled: true, then: Then::Never, ..Self::new(reason, message) }
    }

    /// A mistake in the object's configuration that trying again cannot mend (KC-REC-02).
    pub(crate) fn invalid_expression(error: impl std::fmt::Display) -> Self {
        let message = format!("Reconciliation failed terminally due to configuration error: {error}");
        Self { observed: true, ..Self::terminal(reason::INVALID_CEL_EXPRESSION, message) }
    }

    /// Something that should appear by itself; no event.
    pub(crate) fn waiting(reason: &'static str, message: impl Into<String>, then: Then) -> Self {
        Self { event: None, then, ..Self::new(reason, message) }
    }

    /// The object's own state could not be read or written.
    pub(crate) fn api(error: impl std::fmt::Display) -> Self {
        Self { event: None, then: Then::Backoff, ..Self::new(reason::RECONCILIATION_FAILED, error.to_string()) }
    }
}

/// A length of time as Flux prints it in messages.
pub(crate) fn printed(time: Duration) -> ferroflux_api::Duration {
    time.into()
}
