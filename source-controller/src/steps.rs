//! How a reconcile of any source kind ends: what its steps leave behind, and what follows (SRC-GEN-09, SRC-GEN-10).

use std::time::Duration;

use ferroflux_conditions::{Conclusion, Conditions, EventType, Failure, FailureClass, Requeue, Status};
use ferroflux_controller_runtime::Outcome;

/// A step that did not succeed: the condition to set, and what kind of failure it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Broken {
    /// The condition that tells it, with its status; none for failures that have no condition of their own.
    pub(crate) condition: Option<(&'static str, Status)>,
    pub(crate) failure: Failure,
}

impl Broken {
    /// Tried again with back-off.
    pub(crate) fn generic(condition: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self { condition: Some((condition, Status::True)), failure: Failure::new(FailureClass::Generic, reason, message) }
    }

    /// Only a change of the object can help.
    pub(crate) fn stalling(condition: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self { condition: Some((condition, Status::True)), failure: Failure::new(FailureClass::Stalling, reason, message) }
    }

    /// Something else must come first.
    pub(crate) fn waiting(condition: &'static str, reason: &str, message: impl Into<String>, again: Duration) -> Self {
        Self { condition: Some((condition, Status::True)), failure: Failure::new(FailureClass::Waiting(again), reason, message) }
    }

    /// A signature that is not good: the condition becomes False. Tried again with back-off.
    pub(crate) fn unverified(condition: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self { condition: Some((condition, Status::False)), failure: Failure::new(FailureClass::Generic, reason, message) }
    }

    /// What is to be verified cannot be: the condition becomes False, and only a change of the object can help.
    pub(crate) fn unverifiable(condition: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self { condition: Some((condition, Status::False)), failure: Failure::new(FailureClass::Stalling, reason, message) }
    }

    /// There was nothing to do. No event: what has not changed is not written.
    pub(crate) fn nothing_to_do(reason: &str, message: impl Into<String>) -> Self {
        Self { condition: None, failure: Failure { event: None, ..Failure::new(FailureClass::Ignored, reason, message) } }
    }

    /// Sets its condition.
    pub(crate) fn note(&self, conditions: &mut Conditions) {
        if let Some((condition, status)) = self.condition {
            conditions.set(condition, status, &self.failure.reason, self.failure.message.as_str());
        }
    }
}

/// What the queue is told.
pub(crate) fn outcome(conclusion: &Conclusion) -> Outcome {
    match (&conclusion.error, conclusion.requeue) {
        (Some(error), _) => Outcome::Retry(error.clone().into()),
        (None, Requeue::Never) => Outcome::Idle,
        (None, Requeue::Now) => Outcome::Now,
        (None, Requeue::After(time)) => Outcome::After(time),
    }
}

/// Events of the conditions crate in the runtime's words.
pub(crate) fn event_type(type_: EventType) -> ferroflux_controller_runtime::EventType {
    match type_ {
        EventType::Normal => ferroflux_controller_runtime::EventType::Normal,
        EventType::Warning => ferroflux_controller_runtime::EventType::Warning,
        EventType::Trace => ferroflux_controller_runtime::EventType::Trace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferroflux_conditions::types::{FETCH_FAILED, READY};
    use ferroflux_conditions::{Pass, Progress, sources};

    fn conclude(broken: Option<Broken>) -> (Conditions, Conclusion) {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut conditions = Conditions::new(Vec::new(), 3, now);
        conditions.progress(false, "Progressing", "reconciliation in progress");
        match &broken {
            Some(broken) => broken.note(&mut conditions),
            None => conditions.mark_true("ArtifactInStorage", "Succeeded", "stored artifact for revision 'r'"),
        }
        let progress = if broken.is_none() { Progress::Done } else { Progress::BrokenOff };
        let pass = Pass { progress, failure: broken.map(|b| b.failure), interval: Duration::from_secs(60), requested_at: Some("now") };
        let conclusion = conditions.conclude(&pass, &sources::GIT_REPOSITORY);
        (conditions, conclusion)
    }

    /// SRC-GEN-10: each class of failure leads to its requeue, generation, event and conditions.
    #[test]
    fn each_class_has_its_end() {
        let cases = [
            (None, "After(60s)", Some(3), None, "True"),
            (Some(Broken::generic(FETCH_FAILED, "GitOperationFailed", "no")), "Retry", None, Some("Warning"), "False"),
            (Some(Broken::stalling(FETCH_FAILED, "URLInvalid", "no")), "Idle", Some(3), Some("Warning"), "False"),
            (
                Some(Broken::waiting("IncludeUnavailable", "NotFound", "no", Duration::from_secs(30))),
                "After(30s)",
                None,
                Some("Trace"),
                "False",
            ),
        ];
        for (broken, next, generation, event, ready) in cases {
            let (conditions, conclusion) = conclude(broken.clone());
            let shown = match outcome(&conclusion) {
                Outcome::Retry(_) => "Retry".to_owned(),
                other => format!("{other:?}"),
            };
            assert_eq!(shown, next, "{broken:?}");
            assert_eq!(conclusion.observed_generation, generation, "{broken:?}");
            assert_eq!(conclusion.event.map(|e| e.type_.as_str()), event, "{broken:?}");
            assert_eq!(conditions.status(READY).map(|s| s.as_str()), Some(ready), "{broken:?}");
            assert_eq!(conclusion.last_handled_reconcile_at.as_deref(), Some("now"), "SRC-GEN-07");
        }
    }
}
