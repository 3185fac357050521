//! source-controller as a process, with Flux's flags, against a real API server and real Git servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod hostile;
mod replicas;
mod runtime;
mod signatures;
mod sources;
mod start;
mod world;

use world::World;
