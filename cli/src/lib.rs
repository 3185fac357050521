//! The commands of `ferroflux` that are its own: `demo` and `dev` run a control plane on this machine, `conformance` runs
//! corpora. What renders without a cluster is in `ferroflux-render-commands`.
//!
//! They stand apart from the program's `main`, so that a render, which is over in milliseconds, touches none of their
//! pages.
//!
//! Entry points: `run` in each module.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "commands speak on standard output and error")]

pub mod conformance;
pub mod demo;
pub mod dev;
