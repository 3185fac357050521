//! What became of each object.

use std::collections::BTreeMap;
use std::fmt;

use ferroflux_manifest::{Inventory, ObjectRef};
use serde::Serialize;

/// What was done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was not there.
    Created,
    /// It differed.
    Configured,
    /// It is as it should be.
    Unchanged,
    /// It asks to be left alone.
    Skipped,
    /// It is gone, or going.
    Deleted,
    /// The request failed.
    Unknown,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Deleted => "deleted",
            Self::Unknown => "unknown",
        })
    }
}

/// An object and what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The object as the server names it.
    pub object: ObjectRef,
    /// What was done.
    pub action: Action,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.object, self.action)
    }
}

/// What was done, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeSet(pub Vec<Change>);

impl ChangeSet {
    /// One `Kind/namespace/name action` line per created or configured object (KC-APPLY-12).
    pub fn changed_lines(&self) -> String {
        lines(self.0.iter().filter(|c| matches!(c.action, Action::Created | Action::Configured)))
    }

    /// One line per object (KC-INV-04).
    pub fn all_lines(&self) -> String {
        lines(&self.0)
    }

    /// Subject → action, for the log.
    pub fn by_subject(&self) -> BTreeMap<String, Action> {
        self.0.iter().map(|c| (c.object.subject(), c.action)).collect()
    }

    /// Action → subjects, for the log with the gate GroupChangeLog.
    pub fn by_action(&self) -> BTreeMap<Action, Vec<String>> {
        let mut out: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for c in &self.0 {
            out.entry(c.action).or_default().push(c.object.subject());
        }
        out
    }

    /// The inventory of these objects, in apply order (KC-INV-01).
    pub fn inventory(&self) -> Inventory {
        let mut inventory = Inventory::default();
        self.0.iter().for_each(|c| inventory.push(&c.object));
        inventory
    }
}

fn lines<'a>(changes: impl IntoIterator<Item = &'a Change>) -> String {
    changes.into_iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
