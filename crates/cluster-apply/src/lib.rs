//! Applies objects to a cluster the way Flux does, with as few requests as the change needs, and tells when they are
//! healthy without asking again and again.
//!
//! ```text
//! objects ─▶ Apply: stage by stage, dry-run all, write what differs ─▶ ChangeSet ─▶ Inventory
//!                │ a stage that must be current first                        │
//!                ▼                                                           ▼
//!           HealthWait ◀──────── Watches (one a kind and namespace) ◀─── HealthWait
//! ```
//!
//! Nothing here waits for the cluster to get somewhere: [`Apply::advance`] and [`HealthWait::evaluate`] say what they are
//! waiting for, and the given waker is called when it is time to ask them again (design D2).
//!
//! Entry points: [`Cluster`] (one API server as one identity), [`Apply`], [`prune::delete_all`], [`HealthWait`].
//! What is not here: what an object is and when it is healthy (`ferroflux-manifest`), whose objects these are and when to
//! try again (the controllers).
//!
//! Mirrors fluxcd/pkg/ssa's resource manager and the status poller of cli-utils.

mod api;
pub mod apply;
mod change;
mod discovery;
mod error;
pub mod health;
pub mod prune;
pub mod watches;

pub use api::Cluster;
pub use apply::{Apply, Options, Progress};
pub use change::{Action, Change, ChangeSet};
pub use discovery::ApiResource;
pub use error::{ApiError, ApplyError, told};
pub use health::{HealthFailure, HealthWait, Target, Verdict};
pub use watches::Waker;
