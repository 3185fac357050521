//! Tests of the API types.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod api_server;
mod contract;
mod crds;
mod duration;
mod objects;
mod schema_driven;
