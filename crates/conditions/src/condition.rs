//! One condition, its names and its order.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::types::{READY, RECONCILING, STALLED};

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

/// The stored order (RT-11): `Stalled`, `Reconciling`, `Ready`, then what was set for the newest generation, then by name.
pub(crate) fn stored_order(a: &Condition, b: &Condition) -> Ordering {
    let rank = |type_: &str| [STALLED, RECONCILING, READY].iter().position(|t| *t == type_).unwrap_or(3);
    let (rank_a, rank_b) = (rank(&a.type_), rank(&b.type_));
    rank_a.cmp(&rank_b).then_with(|| {
        let newest_first = if rank_a == 3 { b.observed_generation.cmp(&a.observed_generation) } else { Ordering::Equal };
        newest_first.then_with(|| a.type_.cmp(&b.type_))
    })
}
