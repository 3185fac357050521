//! Writing YAML the way the two Go libraries do.

mod analysis;
mod block;
mod export;
mod node;
mod out;

pub use block::{SigsWriter, json_to_yaml, value_to_yaml};
pub use export::{node_to_json_text, node_to_value, node_to_yaml};
pub use node::{SequenceIndent, WriteOptions, write_document};
