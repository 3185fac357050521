//! The runtime that every controller stands on, in place of Go's controller-runtime and Flux's `pkg/runtime`.
//!
//! ```text
//!  API server ──watch──▶ Cache ──Change──▶ Queue ──Lease──▶ worker ──▶ Reconciler::reconcile(Pass)
//!                          ▲                 ▲  ▲                              │
//!                          │            wake │  │ timer, back-off              │ Outcome
//!                          └── own writes ───┴──┴──────────────────────────────┘
//! ```
//!
//! A reconcile is a state machine that never parks a worker (design D2): a pass that must wait for health, a dependency
//! or a retry returns [`Outcome::Wait`] and is called again when something wakes it or its time is up. What it needs to
//! remember between passes it keeps itself, by [`ObjectKey`].
//!
//! What is here: [`Process`] (client, metrics, probes, events, leadership, signals), [`Controller`] (watch, cache, queue,
//! workers), [`liveness`] (what a new start would mend), [`patch`] (status and finalizers without needless requests), [`flags`], [`gates`], [`logging`]. What is not:
//! conditions (crate `ferroflux-conditions`), anything that knows what a source or a Kustomization is.

pub mod cache;
pub mod client;
pub mod controller;
pub mod events;
pub mod flags;
pub mod gates;
pub mod key;
pub mod leader;
pub mod liveness;
pub mod logging;
pub mod metrics;
pub mod patch;
pub mod process;
pub mod queue;
pub mod serve;
pub mod token_cache;
pub mod watch;

pub use cache::Cache;
pub use controller::{Controller, Object, Pass, Reconciler};
pub use events::{Event, EventRecorder, EventType};
pub use flags::{Jitter, RuntimeFlags};
pub use gates::FeatureGates;
pub use key::ObjectKey;
pub use liveness::Liveness;
pub use process::Process;
pub use queue::{Outcome, Priority, Queue};
pub use token_cache::TokenCache;
pub use watch::Change;

use ferroflux_api::contract::annotation::{EVENT_METADATA_PREFIX, REQUESTED_AT};

/// An error of any kind, for a log line.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Reads the command line of a controller. A flag that does not exist ends the process with 2, a value that does not fit
/// with 1, both with a message, as the originals do.
pub fn parse_flags<F: clap::Parser>() -> F {
    F::try_parse().unwrap_or_else(|error| {
        let _ = error.print();
        std::process::exit(match error.kind() {
            clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion => 0,
            clap::error::ErrorKind::UnknownArgument => 2,
            _ => 1,
        })
    })
}
