//! Tests of the YAML reader and writers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
