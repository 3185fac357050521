//! kustomize-controller as a process on a real control plane. Sources are published by the tests themselves, so that each
//! decides what its artifact holds and when it appears. One control plane and one controller serve all tests, each in a
//! namespace of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod apply;
mod deletion;
mod dependencies;
mod expressions;
mod failures;
mod health;
mod process;
mod remote;
mod report;
mod triggers;
mod world;
