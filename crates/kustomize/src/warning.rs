//! What a build noticed and went on: warnings are data, the caller decides where they go (KB-UX-02).

use std::cell::RefCell;
use std::fmt;

use crate::error::Place;

/// Something that the author of a kustomization should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The file that causes it; line and column where known.
    pub place: Option<Place>,
    /// What was noticed, one line.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// At most this many warnings are kept; more say nothing new.
const MAX_WARNINGS: usize = 1000;

/// Collects warnings of one build.
#[derive(Debug, Default)]
pub(crate) struct Warnings(RefCell<Vec<Warning>>);

impl Warnings {
    pub(crate) fn push(&self, place: Option<Place>, message: impl Into<String>) {
        let mut list = self.0.borrow_mut();
        let warning = Warning { place, message: message.into() };
        if list.len() < MAX_WARNINGS && !list.contains(&warning) {
            list.push(warning);
        }
    }

    pub(crate) fn into_list(self) -> Vec<Warning> {
        self.0.into_inner()
    }
}
