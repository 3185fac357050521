//! One condition, its names and its order.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Time;

/// `Ready`: the summary that users, the CLI and dependants look at.
pub const READY: &str = "Ready";
/// `Reconciling`: present, and then True, only while work goes on or will be retried.
pub const RECONCILING: &str = "Reconciling";
/// `Stalled`: present, and then True, only while nothing but a change of the object can help.
pub const STALLED: &str = "Stalled";

/// Longest message that the API server's schema takes, in bytes (RT-11).
pub const MAX_MESSAGE_BYTES: usize = 32_768;

/// The three values of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Status {
    /// The condition holds.
    True,
    /// The condition does not hold.
    False,
    /// It is not known yet whether the condition holds.
    Unknown,
}

impl Status {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One entry of `.status.conditions` (RT-10), field for field a Kubernetes `metav1.Condition`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// When status, reason or message last changed.
    pub last_transition_time: Time,
    /// Text for people; at most [`MAX_MESSAGE_BYTES`].
    pub message: String,
    /// The object's generation on which the condition was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// CamelCase word for machines.
    pub reason: String,
    /// Whether the condition holds.
    pub status: Status,
    /// What the condition is about, `Ready` for one.
    #[serde(rename = "type")]
    pub type_: String,
}

impl Condition {
    /// Whether both say the same: all but the time and the generation.
    pub fn same_state(&self, other: &Self) -> bool {
        self.type_ == other.type_ && self.status == other.status && self.reason == other.reason && self.message == other.message
    }
}

/// The stored order (RT-11): `Stalled`, `Reconciling`, `Ready`, then by name.
pub(crate) fn stored_order(a: &str, b: &str) -> Ordering {
    fn rank(type_: &str) -> u8 {
        match type_ {
            STALLED => 0,
            RECONCILING => 1,
            READY => 2,
            _ => 3,
        }
    }
    rank(a).cmp(&rank(b)).then_with(|| a.cmp(b))
}
