//! Tests of the condition rules that the recorded tables do not reach.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use ferroflux_conditions::types::{ARTIFACT_IN_STORAGE, FETCH_FAILED, READY, RECONCILING, SOURCE_VERIFIED, STALLED};
use ferroflux_conditions::{
    Condition, Conditions, Failure, FailureClass, MAX_MESSAGE_BYTES, Pass, Progress, Requeue, Status, Time, reapply, sources,
};
use proptest::prelude::*;

fn at(second: u32) -> Time {
    format!("2025-01-01T00:00:{second:02}Z").parse().unwrap()
}

fn fresh() -> Conditions {
    Conditions::new(Vec::new(), 7, at(0))
}

fn listed(conditions: &Conditions) -> Vec<String> {
    conditions.as_slice().iter().map(|c| format!("{}={}/{}", c.type_, c.status, c.reason)).collect()
}

/// RT-10: an entry on the wire.
#[test]
fn form_on_the_wire() {
    let mut conditions = fresh();
    conditions.mark_false(READY, "Failed", "why");
    let written = serde_json::to_value(conditions.as_slice()).unwrap();
    let wanted = serde_json::json!([{
        "type": "Ready", "status": "False", "reason": "Failed", "message": "why",
        "lastTransitionTime": "2025-01-01T00:00:00Z", "observedGeneration": 7,
    }]);
    assert_eq!(written, wanted);
    let read: Vec<Condition> = serde_json::from_value(written).unwrap();
    assert_eq!(read, conditions.into_vec());
    let fraction: Time = "2025-01-01T01:00:00.999+01:00".parse().unwrap();
    assert_eq!(fraction, at(0));
    let before_epoch: Time = "1969-12-31T23:59:58.5Z".parse().unwrap();
    assert_eq!(before_epoch.to_string(), "1969-12-31T23:59:58Z");
}

/// RT-11: the transition time changes with status, reason or message, and with nothing else.
#[test]
fn transition_time() {
    let changes: [(Status, &str, &str, bool); 4] = [
        (Status::True, "R", "m", false),
        (Status::False, "R", "m", true),
        (Status::True, "Other", "m", true),
        (Status::True, "R", "other", true),
    ];
    for (status, reason, message, changed) in changes {
        let mut conditions = fresh();
        conditions.mark_true(READY, "R", "m");
        let mut later = Conditions::new(conditions.into_vec(), 8, at(9));
        later.set(READY, status, reason, message);
        let condition = later.get(READY).unwrap();
        assert_eq!(condition.last_transition_time, if changed { at(9) } else { at(0) });
        assert_eq!(condition.observed_generation, Some(8));
    }
}

/// RT-11: a message of a mebibyte is cut to what the API server takes, at a whole character.
#[test]
fn long_messages() {
    for (character, length) in [("x", MAX_MESSAGE_BYTES), ("é", MAX_MESSAGE_BYTES - 1), ("€", MAX_MESSAGE_BYTES - 2)] {
        let mut conditions = fresh();
        conditions.mark_false(READY, "Failed", character.repeat(1 << 20));
        let message = &conditions.get(READY).unwrap().message;
        assert_eq!(message.len(), length, "{character}");
        assert!(message.ends_with(&format!("{character}...")));
    }
    let mut conditions = fresh();
    conditions.mark_false(READY, "Failed", "x".repeat(MAX_MESSAGE_BYTES));
    assert!(!conditions.get(READY).unwrap().message.ends_with('.'));
}

/// RT-12: Reconciling and Stalled exclude each other; what is ready.
#[test]
fn exclusion_and_readiness() {
    let mut conditions = fresh();
    conditions.mark_true(READY, "Succeeded", "");
    assert!(conditions.is_ready());
    conditions.mark_reconciling("Progressing", "");
    assert!(!conditions.is_ready());
    conditions.mark_stalled("InvalidPath", "");
    assert_eq!(listed(&conditions), ["Stalled=True/InvalidPath", "Ready=True/Succeeded"]);
    assert!(!conditions.is_ready());
    conditions.mark_reconciling("Progressing", "");
    assert_eq!(listed(&conditions), ["Reconciling=True/Progressing", "Ready=True/Succeeded"]);
}

/// RT-13: from the start of a pass to each of its ends.
#[test]
fn progress_and_ends() {
    let mut conditions = fresh();
    conditions.progress(false, "Progressing", "reconciliation in progress");
    assert_eq!(listed(&conditions), ["Reconciling=True/Progressing", "Ready=Unknown/Progressing"]);
    conditions.fail_and_retry("BuildFailed", "no such file");
    assert_eq!(listed(&conditions), ["Reconciling=True/ProgressingWithRetry", "Ready=False/BuildFailed"]);
    // A known state stays while the pass is on its way, but not in front of a new generation.
    conditions.progress(false, "Progressing", "");
    assert_eq!(conditions.status(READY), Some(Status::False));
    conditions.progress(true, "Progressing", "");
    assert_eq!(conditions.status(READY), Some(Status::Unknown));
    conditions.fail_and_stall("InvalidPath", "");
    assert_eq!(listed(&conditions), ["Stalled=True/InvalidPath", "Ready=False/InvalidPath"]);
    conditions.succeed("ReconciliationSucceeded", "");
    assert_eq!(listed(&conditions), ["Ready=True/ReconciliationSucceeded"]);
}

/// RT-18: after a conflict only our own conditions are written over what somebody else wrote.
#[test]
fn conditions_of_others_survive() {
    let mut ours = fresh();
    ours.mark_true(READY, "Succeeded", "");
    let mut latest = fresh();
    latest.mark_false(READY, "Failed", "");
    latest.mark_true(RECONCILING, "Progressing", "");
    latest.mark_true("Approved", "ByHand", "");
    let merged = Conditions::new(reapply(ours.as_slice(), &[READY, RECONCILING, STALLED], latest.as_slice()), 7, at(0));
    assert_eq!(listed(&merged), ["Ready=True/Succeeded", "Approved=True/ByHand"]);
}

fn pass(progress: Progress, class: Option<FailureClass>) -> Pass<'static> {
    Pass {
        progress,
        failure: class.map(|class| Failure::new(class, "Reason", "message")),
        interval: Duration::from_secs(60),
        requested_at: Some("token"),
    }
}

/// SRC-GEN-07, SRC-GEN-10, RT-15: what each class of failure does to requeue, generation and the handled token.
#[test]
fn classes_of_failure() {
    let interval = Requeue::After(Duration::from_secs(60));
    let waiting = FailureClass::Waiting(Duration::from_secs(30));
    for (progress, class, requeue, observed, error) in [
        (Progress::Done, None, interval, true, false),
        (Progress::Again, None, Requeue::Now, false, false),
        (Progress::BrokenOff, Some(FailureClass::Stalling), Requeue::Never, true, false),
        (Progress::BrokenOff, Some(waiting), Requeue::After(Duration::from_secs(30)), false, false),
        (Progress::BrokenOff, Some(FailureClass::Generic), Requeue::Never, false, true),
        (Progress::BrokenOff, Some(FailureClass::Plain), Requeue::Never, false, true),
        (Progress::BrokenOff, Some(FailureClass::Ignored), interval, true, false),
    ] {
        let mut conditions = fresh();
        conditions.mark_true(ARTIFACT_IN_STORAGE, "Succeeded", "stored");
        let conclusion = conditions.conclude(&pass(progress, class), &sources::GIT_REPOSITORY);
        assert_eq!(conclusion.requeue, requeue, "{class:?}");
        assert_eq!(conclusion.observed_generation, observed.then_some(7), "{class:?}");
        assert_eq!(conclusion.error.is_some(), error, "{class:?}");
        assert_eq!(conclusion.last_handled_reconcile_at.as_deref(), Some("token"));
    }
}

/// SRC-GEN-11: a bad signature decides, also beside a stored artifact.
#[test]
fn a_bad_signature_decides() {
    let mut conditions = fresh();
    conditions.mark_true(ARTIFACT_IN_STORAGE, "Succeeded", "stored");
    conditions.mark_false(SOURCE_VERIFIED, "VerificationError", "no good key");
    conditions.mark_true(FETCH_FAILED, "GitOperationFailed", "later");
    conditions.summarize(&sources::GIT_REPOSITORY);
    let ready = conditions.get(READY).unwrap();
    assert_eq!((ready.status, ready.reason.as_str(), ready.message.as_str()), (Status::False, "VerificationError", "no good key"));
}

/// Something that a controller may do to the conditions of an object.
#[derive(Debug, Clone)]
enum Step {
    Progress(bool),
    Retry,
    Stall,
    Succeed,
    Reconciling,
    Stalled,
    Condition(u8, bool),
    Conclude(Progress, Option<FailureClass>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let class = prop_oneof![
        Just(None),
        Just(Some(FailureClass::Stalling)),
        Just(Some(FailureClass::Waiting(Duration::from_secs(5)))),
        Just(Some(FailureClass::Generic)),
        Just(Some(FailureClass::Ignored)),
        Just(Some(FailureClass::Plain)),
    ];
    let progress = prop_oneof![Just(Progress::Done), Just(Progress::Again), Just(Progress::BrokenOff)];
    let step = prop_oneof![
        any::<bool>().prop_map(Step::Progress),
        Just(Step::Retry),
        Just(Step::Stall),
        Just(Step::Succeed),
        Just(Step::Reconciling),
        Just(Step::Stalled),
        (0..4u8, any::<bool>()).prop_map(|(n, on)| Step::Condition(n, on)),
        (progress, class).prop_map(|(p, c)| Step::Conclude(p, c)),
    ];
    proptest::collection::vec(step, 0..24)
}

proptest! {
    /// RT-10, RT-11, RT-12: whatever happens, Reconciling and Stalled are never both there, never False, each type is
    /// there once, and the three known ones come first.
    #[test]
    fn invariants(steps in steps()) {
        let mut conditions = fresh();
        for step in steps {
            match step {
                Step::Progress(drift) => conditions.progress(drift, "Progressing", "on its way"),
                Step::Retry => conditions.fail_and_retry("Failed", "m"),
                Step::Stall => conditions.fail_and_stall("Failed", "m"),
                Step::Succeed => conditions.succeed("Succeeded", "m"),
                Step::Reconciling => conditions.mark_reconciling("Progressing", "m"),
                Step::Stalled => conditions.mark_stalled("Failed", "m"),
                Step::Condition(n, on) => {
                    let type_ = [FETCH_FAILED, ARTIFACT_IN_STORAGE, SOURCE_VERIFIED, "Approved"][usize::from(n)];
                    conditions.set(type_, if on { Status::True } else { Status::False }, "R", "m");
                }
                Step::Conclude(progress, class) => {
                    let conclusion = conditions.conclude(&pass(progress, class), &sources::GIT_REPOSITORY);
                    // Nothing is forgotten: an object that is not ready is tried again or waits for a change.
                    let waits = conclusion.requeue != Requeue::Never || conclusion.error.is_some();
                    let gone = class.is_none() && progress == Progress::BrokenOff;
                    prop_assert!(waits || gone || conditions.is_true(STALLED));
                }
            }
            prop_assert!(!(conditions.get(RECONCILING).is_some() && conditions.get(STALLED).is_some()));
            for type_ in [RECONCILING, STALLED] {
                prop_assert!(matches!(conditions.status(type_), None | Some(Status::True)));
            }
            let types: Vec<&str> = conditions.as_slice().iter().map(|c| c.type_.as_str()).collect();
            let mut sorted = types.clone();
            sorted.sort_by_key(|t| ([STALLED, RECONCILING, READY].iter().position(|k| k == t).unwrap_or(3), *t));
            prop_assert_eq!(&types, &sorted);
            sorted.dedup();
            prop_assert_eq!(types.len(), sorted.len());
        }
    }
}
