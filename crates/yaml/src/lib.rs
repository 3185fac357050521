//! YAML as the Go libraries read and write it.
//!
//! Kubernetes tools speak two YAML dialects: go-yaml v3 inside kustomize's kyaml, and sigs.k8s.io/yaml (go-yaml v2 with a
//! detour through JSON) everywhere else. What a scalar means, which documents are refused and which bytes come out
//! decide what runs in clusters, so this crate follows both exactly.
//!
//! Entry points:
//! - [`Documents`], [`read_document`]: text to a tree of [`Node`]s that can be edited and written again (kyaml).
//! - [`build`], [`Values`]: text straight into the caller's value type by a [`Builder`]; [`to_json`] and
//!   [`to_json_text`] are such callers (sigs.k8s.io/yaml `Unmarshal`, `YAMLToJSON`).
//! - [`write_document`]: a tree back to text with its styles, comments and anchors (kyaml); [`node_to_value`] and
//!   [`node_to_json_text`]: a tree as plain data.
//! - [`SigsWriter`]: a streaming writer with the bytes of sigs.k8s.io/yaml `Marshal` (Helm's `toYaml`, what kustomize
//!   prints); [`node_to_yaml`], [`value_to_yaml`] and [`json_to_yaml`] drive it.
//! - [`number`]: numbers as Go reads and prints them; [`sort_keys`]: the order in which go-yaml prints keys.
//!
//! It does no I/O, knows no Kubernetes types and does not deserialize into structs: go through [`to_json`] for that.

mod build;
mod common_form;
mod error;
mod json;
mod key_order;
mod limits;
mod node;
pub mod number;
mod read;
mod resolve;
mod source;
mod timestamp;
mod write;

pub use build::{BuildOptions, Builder, Values, build};
pub use error::{Error, ErrorKind};
pub use json::{JsonBuilder, to_json, to_json_text, write_json, write_json_string};
pub use key_order::{compare_keys, sort_keys, sort_keys_v3};
pub use limits::Limits;
pub use node::{Kind, Meta, Node, Style, Tag};
pub use read::{Aliases, Documents, Duplicates, ReadOptions, read_document};
pub use resolve::{Dialect, Scalar, plain_tag};
pub use timestamp::Timestamp;
pub use write::{
    SequenceIndent, SigsWriter, WriteOptions, json_to_yaml, node_to_json_text, node_to_value, node_to_yaml, value_to_yaml, write_document,
};

use std::borrow::Cow;

/// The text of a file: a byte order mark is dropped and UTF-16 converted; bytes that are not text, and characters that
/// YAML forbids, are errors with their place.
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, str>, Error> {
    source::decode(bytes, limits)
}
