//! Status conditions and the rules by which controllers set and summarise them.
#![doc = ""]

mod condition;
mod time;

pub use condition::{Condition, MAX_MESSAGE_BYTES, READY, RECONCILING, STALLED, Status};
pub use time::Time;
