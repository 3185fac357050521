//! The command from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod build;
mod conformance;
mod template;
mod template_differential;
mod template_messages;
