//! Values: what a chart's `values.yaml`, a user's files and `--set` arguments hold, and how they become one tree.
//!
//! A [`Tree`] is immutable, shared by reference count and free to cross threads: the defaults of a parsed chart serve
//! every release of it. [`coalesce`] lays trees over each other as Helm does; only the tables that both sides
//! have are ever copied.

mod coalesce;
mod live;
mod options;
mod read;
mod strvals;
mod tree;

pub(crate) use coalesce::{ChartValues, coalesce, import_values};
pub use coalesce::{Coalesced, Import, ReusePolicy, Reused, TypeMismatch, reuse_values};
pub use options::{OptionsError, ValueOptions};
pub use read::{ReadError, read_values};
pub use strvals::{SetError, set, set_file, set_json, set_literal, set_string};
pub use tree::{Table, Tree, merge_tables};
