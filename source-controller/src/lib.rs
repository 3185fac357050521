//! The source controller: turns what is elsewhere into artifacts that the other controllers can fetch.
//!
//! ```text
//!  GitRepository ─▶ storage ─▶ source (one listing; fetch if new; verify) ─▶ include ─▶ artifact ─▶ status, event
//!                                        │                                        │
//!                                  mirror of the remote                    store ─▶ HTTP server
//! ```
//!
//! A reconcile is a row of steps, each a function that ends in success or in a [`steps::Broken`]; what a failure does to
//! conditions, requeue and event is decided in one place, by `ferroflux-conditions`. An unchanged source costs one
//! listing at the remote, no read of the store and no request to the API server.
//!
//! Entry points: [`Flags`], [`run`]. What is not here: Git itself (`ferroflux-git`), archives and the store
//! (`ferroflux-artifact`), the file server (`ferroflux-artifact-transfer`), queue and process
//! (`ferroflux-controller-runtime`).
//!
//! Mirrors fluxcd/source-controller v1.9. Of its kinds GitRepository is here, but for cloud identities.

mod flags;
mod git_repository;
mod setup;
mod steps;

pub use flags::Flags;
pub use setup::run;
