//! What the scenarios share: a control plane, the controllers as processes of their own, a Git server, and a [`World`] for
//! each scenario (a namespace and a repository).
//!
//! The scenarios are in `tests/it`, a file a feature. They see the engine only as its users do: through the API server, Git
//! and HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "test support")]

mod stack;
mod world;

pub use stack::{Controllers, Stack, stack};
pub use world::{World, http_get, ready, resource};
