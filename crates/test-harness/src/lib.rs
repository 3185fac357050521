//! What stands between a Git client and the server of `ferroflux-git-server`, for tests: [`https`] with an authority of
//! its own, [`ssh`], a [`proxy`] that tells what it was asked for, and a [`gate`] that can be shut.
//!
//! Everything listens on loopback and ends when it is dropped.

pub mod gate;
pub mod https;
pub mod proxy;
pub mod ssh;
