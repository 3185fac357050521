//! Versions, constraints and selection from the outside.
#![allow(clippy::unwrap_used, reason = "tests")]

mod laws;
mod ranges;
mod selection;
mod versions;
