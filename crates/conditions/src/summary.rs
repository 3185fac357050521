//! One condition out of several (RT-16).

use crate::types::READY;
use crate::{Condition, Conditions, Status};

/// How `Ready` follows from other conditions of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary<'a> {
    /// The conditions that count; within a group the first of this list gives reason and message.
    pub conditions: &'a [&'a str],
    /// Those of them that are bad when True.
    pub negative: &'a [&'a str],
    /// Those of them that, when False, decide alone, before all others.
    pub decisive: &'a [&'a str],
}

/// What a condition says about the object, most important first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    NegativeTrue,
    PositiveFalse,
    PositiveTrue,
    NegativeFalse,
    Unknown,
}

impl Group {
    fn of(condition: &Condition, negative: &[&str]) -> Self {
        match (condition.status, negative.contains(&condition.type_.as_str())) {
            (Status::Unknown, _) => Self::Unknown,
            (Status::True, true) => Self::NegativeTrue,
            (Status::False, false) => Self::PositiveFalse,
            (Status::True, false) => Self::PositiveTrue,
            (Status::False, true) => Self::NegativeFalse,
        }
    }

    fn ready(&self) -> Status {
        match self {
            Self::NegativeTrue | Self::PositiveFalse => Status::False,
            Self::PositiveTrue | Self::NegativeFalse => Status::True,
            Self::Unknown => Status::Unknown,
        }
    }
}

impl Conditions {
    /// Sets `Ready` to the summary of other conditions. Where none of them is there, `Ready` stays as it is.
    pub fn summarize(&mut self, summary: &Summary<'_>) {
        let first_false = summary.decisive.iter().filter_map(|t| self.get(t)).find(|c| c.status == Status::False);
        // min_by_key gives the first of equals, so the order of the list decides within a group.
        let top = summary.conditions.iter().filter_map(|t| self.get(t)).min_by_key(|c| Group::of(c, summary.negative));
        let Some(Condition { reason, message, .. }) = first_false.or(top).cloned() else { return };
        let status = match (first_false, top) {
            (None, Some(top)) => Group::of(top, summary.negative).ready(),
            _ => Status::False,
        };
        self.set(READY, status, &reason, message);
    }
}
