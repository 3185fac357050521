//! Git servers for tests and for the demo: the real `git` behind smart HTTP, HTTPS and SSH, on loopback.
//!
//! [`Repository`] makes a bare repository and commits to it, [`http::serve`] and [`ssh::serve`] offer a directory of
//! repositories. Needs `git` on the path. Not for production: no limits, no logs.

pub mod http;
mod repository;
pub mod ssh;

pub use repository::Repository;
