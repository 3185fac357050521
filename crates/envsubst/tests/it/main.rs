//! Tests of variable substitution.
#![allow(clippy::unwrap_used, reason = "tests")]
