//! Writing YAML the way the two Go libraries do.

mod analysis;
mod out;
mod sigs;

pub use sigs::{SigsWriter, json_to_yaml, node_to_yaml, value_to_yaml};
