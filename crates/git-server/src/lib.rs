//! Git repositories over smart HTTP on loopback, by real Git (`git http-backend`), for the demo and the tests.
//!
//! [`HttpServer`] serves every bare repository below a folder, [`Backend`] is the same without a listener, for tests that
//! put TLS before it; [`Repository`] is one of the repositories with a work tree, to make commits in. Not meant for
//! anything but loopback: no limits, no logs.

mod http;
mod repository;

pub use http::{Backend, HttpOptions, HttpServer, spoken_protocol};
pub use repository::{Repository, environment, git};
