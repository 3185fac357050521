//! The conditions of one object during one pass.

use crate::condition::stored_order;
use crate::types::{READY, RECONCILING, STALLED};
use crate::{Condition, MAX_MESSAGE_BYTES, Status, Time};

/// Reason of `Reconciling` while work is tried again (RT-13).
const PROGRESSING_WITH_RETRY: &str = "ProgressingWithRetry";

/// The conditions of one object, edited during one pass over it and always in stored order.
///
/// Every write stamps the object's generation, and the pass's time where status, reason or message change (RT-10, RT-11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    entries: Vec<Condition>,
    generation: i64,
    now: Time,
}

impl Conditions {
    /// Starts from what is stored on an object of this generation.
    pub fn new(mut stored: Vec<Condition>, generation: i64, now: Time) -> Self {
        stored.sort_by(stored_order);
        Self { entries: stored, generation, now }
    }

    /// Moves the clock: later changes get this time.
    pub fn set_time(&mut self, now: Time) {
        self.now = now;
    }

    /// The object's generation in this pass.
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// All conditions in stored order.
    pub fn as_slice(&self) -> &[Condition] {
        &self.entries
    }

    /// All conditions in stored order, to be written.
    pub fn into_vec(self) -> Vec<Condition> {
        self.entries
    }

    /// The condition of this type.
    pub fn get(&self, type_: &str) -> Option<&Condition> {
        self.entries.iter().find(|c| c.type_ == type_)
    }

    /// The status of the condition of this type.
    pub fn status(&self, type_: &str) -> Option<Status> {
        self.get(type_).map(|c| c.status)
    }

    /// Whether the condition is there and True.
    pub fn is_true(&self, type_: &str) -> bool {
        self.status(type_) == Some(Status::True)
    }

    /// Whether the condition is there and False.
    pub fn is_false(&self, type_: &str) -> bool {
        self.status(type_) == Some(Status::False)
    }

    /// Whether the object is ready: `Ready` True, and neither `Stalled` nor `Reconciling` True (RT-12).
    pub fn is_ready(&self) -> bool {
        self.is_true(READY) && !self.is_true(STALLED) && !self.is_true(RECONCILING)
    }

    /// Sets a condition. A message too long for the API server is cut (RT-11). Other types stay as they are; use
    /// [`mark_reconciling`](Self::mark_reconciling) and [`mark_stalled`](Self::mark_stalled) for the two that exclude
    /// each other.
    pub fn set(&mut self, type_: &str, status: Status, reason: &str, message: impl Into<String>) {
        let mut condition = Condition {
            last_transition_time: self.now,
            message: cut(message.into()),
            observed_generation: Some(self.generation),
            reason: reason.to_owned(),
            status,
            type_: type_.to_owned(),
        };
        match self.entries.iter_mut().find(|c| c.type_ == type_) {
            Some(old) => {
                if old.same_state(&condition) {
                    condition.last_transition_time = old.last_transition_time;
                }
                *old = condition;
            }
            None => self.entries.push(condition),
        }
        self.entries.sort_by(stored_order);
    }

    /// Sets a condition to True.
    pub fn mark_true(&mut self, type_: &str, reason: &str, message: impl Into<String>) {
        self.set(type_, Status::True, reason, message);
    }

    /// Sets a condition to False.
    pub fn mark_false(&mut self, type_: &str, reason: &str, message: impl Into<String>) {
        self.set(type_, Status::False, reason, message);
    }

    /// Sets a condition to Unknown.
    pub fn mark_unknown(&mut self, type_: &str, reason: &str, message: impl Into<String>) {
        self.set(type_, Status::Unknown, reason, message);
    }

    /// Removes a condition.
    pub fn delete(&mut self, type_: &str) {
        self.entries.retain(|c| c.type_ != type_);
    }

    /// Says that work goes on, and with it that the object is not stalled (RT-12).
    pub fn mark_reconciling(&mut self, reason: &str, message: impl Into<String>) {
        self.delete(STALLED);
        self.mark_true(RECONCILING, reason, message);
    }

    /// Says that only a change of the object can help, and with it that no work goes on (RT-12).
    pub fn mark_stalled(&mut self, reason: &str, message: impl Into<String>) {
        self.delete(RECONCILING);
        self.mark_true(STALLED, reason, message);
    }

    /// Says how far a pass has come (RT-13): `Reconciling` True, and `Ready` Unknown if nothing is known yet or what is
    /// known is out of date, because the generation or the remote state is another (`drift`).
    pub fn progress(&mut self, drift: bool, reason: &str, message: impl Into<String>) {
        let message = message.into();
        if drift || matches!(self.status(READY), None | Some(Status::Unknown)) {
            self.mark_unknown(READY, reason, message.as_str());
        }
        self.mark_reconciling(reason, message);
    }

    /// Ends a pass in success: `Ready` True, `Reconciling` and `Stalled` gone (RT-13).
    pub fn succeed(&mut self, reason: &str, message: impl Into<String>) {
        self.delete(RECONCILING);
        self.delete(STALLED);
        self.mark_true(READY, reason, message);
    }

    /// Ends a pass in a failure that will be tried again: `Ready` False with the reason, `Reconciling` with the reason
    /// `ProgressingWithRetry` (RT-13).
    pub fn fail_and_retry(&mut self, reason: &str, message: impl Into<String>) {
        let message = message.into();
        self.mark_false(READY, reason, message.as_str());
        self.mark_reconciling(PROGRESSING_WITH_RETRY, message);
    }

    /// Ends a pass in a failure that only a change of the object can help: `Stalled` True and `Ready` False for the
    /// same reason (RT-13).
    pub fn fail_and_stall(&mut self, reason: &str, message: impl Into<String>) {
        let message = message.into();
        self.mark_false(READY, reason, message.as_str());
        self.mark_stalled(reason, message);
    }

    /// Where `Reconciling` is still there at the end of a pass, the pass failed and will be tried again.
    pub(crate) fn note_retry(&mut self) {
        if let Some(Condition { message, status: Status::True, .. }) = self.get(RECONCILING) {
            let message = message.clone();
            self.mark_true(RECONCILING, PROGRESSING_WITH_RETRY, message);
        }
    }
}

/// Puts the conditions that a controller owns into a list that was read anew after a conflict: owned ones as they are in
/// `ours` (or gone, if they are gone there), all others as they are in `latest` (RT-18).
pub fn reapply(ours: &[Condition], owned: &[&str], latest: &[Condition]) -> Vec<Condition> {
    let is_owned = |c: &&Condition| owned.contains(&c.type_.as_str());
    let mut merged: Vec<Condition> = ours.iter().filter(is_owned).cloned().collect();
    merged.extend(latest.iter().filter(|c| !is_owned(c)).cloned());
    merged.sort_by(stored_order);
    merged
}

/// Cuts a message to what the API server takes, at a character's boundary, ending in `...`.
fn cut(mut message: String) -> String {
    const ELLIPSIS: &str = "...";
    if message.len() > MAX_MESSAGE_BYTES {
        let mut end = MAX_MESSAGE_BYTES - ELLIPSIS.len();
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push_str(ELLIPSIS);
    }
    message
}
