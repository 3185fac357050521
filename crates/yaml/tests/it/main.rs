//! Tests of the YAML reader and writers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod editing;
mod hostile;
mod properties;
mod reading;
mod writing;
