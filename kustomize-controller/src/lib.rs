//! The kustomize controller: renders what a source offers and keeps it applied on a cluster.
//!
//! ```text
//!            sources, Kustomizations, configs (watches)
//!                          │ triggers
//!                          ▼
//!  reconcile: checks ─▶ fetch ─▶ render ─▶ write ahead ─▶ apply ─▶ prune ─▶ health ─▶ done
//!                                  │                        │                 │
//!                             render cache            a stage to be current   │
//!                                                     or an object to be gone ┴─▶ Run, kept until a watch wakes it
//! ```
//!
//! A reconcile never waits on a worker: what has to wait is a [`run::Run`], kept by key and taken up again when a watch or
//! a timer wakes the object (design D2). A new revision, generation or request drops the old run.
//!
//! Entry points: [`Flags`], [`run`]. What is not here: how objects are rendered (`ferroflux-kustomize`), how they are
//! applied (`ferroflux-cluster-apply`), the queue and the process (`ferroflux-controller-runtime`).
//!
//! Mirrors fluxcd/kustomize-controller v1.9.

mod attempt;
mod config;
mod dependencies;
mod expression;
mod failure;
mod finalize;
mod flags;
mod history;
mod reconcile;
mod render;
mod render_cache;
mod run;
mod setup;
mod source;
mod target;
mod triggers;
mod variables;

pub use flags::Flags;
pub use setup::run;
