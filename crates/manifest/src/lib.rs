//! Kubernetes objects as data: who they are, in which order they are applied and deleted, what an inventory remembers
//! of them, whether they are healthy, and what Flux does to them before they are sent.
//!
//! An object is a [`serde_json::Value`]; everything here is a pure function of such values. The crate talks to no
//! cluster and reads no file: `ferroflux-cluster-apply` does the former, `ferroflux-kustomize` the latter.
//!
//! Entry points: [`ObjectRef`] (identity), [`order`] (stages and order), [`Inventory`], [`status::compute`] and
//! [`status::poll`] (health), [`normalize::normalize`], [`drift::has_drifted`], [`IgnoreRules`], [`managed_fields`],
//! [`directive`], [`pointer`].
//!
//! Mirrors fluxcd/pkg/ssa, the inventory of kustomize-controller and cli-utils' kstatus, as pinned by Flux 2.9.

pub mod directive;
pub mod documents;
pub mod drift;
mod ignore;
mod inventory;
pub mod managed_fields;
pub mod normalize;
mod object;
pub mod order;
pub mod pointer;
mod selector;
pub mod status;

pub use ignore::{IgnoreRule, IgnoreRules, IgnoreTarget, Resolution, RuleError};
pub use inventory::{Entry, IdError, Inventory};
pub use object::{ObjectRef, annotation, field, label, metadata_map, set_metadata};
pub use selector::{LabelSelector, SelectorError};
