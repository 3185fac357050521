//! Status conditions and the rules by which controllers set and summarise them.
//!
//! [`Conditions`] is the list of one object during one pass: it keeps the stored order, the transition times, the
//! exclusion of `Reconciling` and `Stalled`, and the API server's limits. [`Conditions::summarize`] makes `Ready` out of
//! other conditions; [`Conditions::conclude`] ends a pass of source-controller: conditions, requeue, event.
//! Time comes in from outside. Which condition types and polarities a kind has comes in as a [`Summary`]; those of the
//! source kinds are in [`sources`].
//!
//! Not here: the status of other objects (kstatus of workloads is in the manifest crate), patches, the API server.
//! Mirrors: `fluxcd/pkg/runtime/conditions` and source-controller's `internal/reconcile/summarize`.

mod conclusion;
mod condition;
mod conditions;
pub mod sources;
mod summary;
mod time;
pub mod types;

pub use conclusion::{Conclusion, EventType, Failure, FailureClass, FailureEvent, Pass, Progress, Requeue};
pub use condition::{Condition, MAX_MESSAGE_BYTES, Status};
pub use conditions::{Conditions, reapply};
pub use summary::Summary;
pub use time::Time;
