//! Go's regular expressions from the outside.
#![allow(clippy::unwrap_used, reason = "tests")]

mod laws;
mod matching;
mod refusals;
