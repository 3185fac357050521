//! Git repositories over smart HTTP on loopback, by real Git (`git http-backend`), for the demo and the tests.
//!
//! [`HttpServer`] serves every bare repository below a folder; [`Repository`] is one of them with a work tree, to make
//! commits in. Not meant for anything but loopback.

mod http;
mod repository;

pub use http::{HttpOptions, HttpServer};
pub use repository::{Repository, git};
