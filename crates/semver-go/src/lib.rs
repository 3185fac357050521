//! Semantic versions and constraints with the rules of Masterminds semver v3.5, the library behind Flux and Helm.
//!
//! What it does: parse versions ([`Version::parse`], [`Version::parse_strict`], [`Version::parse_tag`]), order them
//! ([`Version::precedence`]), parse and check ranges ([`Constraints`]), and pick the version that a source, a chart
//! reference or an image policy asks for ([`select`]). The rules differ from Cargo's: a bare `1.2.3` is equality, a bare
//! `1.2` is a tilde range, and one comparator with a pre-release admits all pre-releases of its group.
//!
//! What it does not do: list tags, read indexes or filter tags by regular expression; callers bring the candidates.
//! Everything here is pure and allocates at most a few hundred bytes a call, because the inputs are capped.

mod constraint;
mod quote;
mod scan;
pub mod select;
mod version;

pub use constraint::{ConstraintError, Constraints, MAX_CONSTRAINT_GROUPS, MAX_CONSTRAINT_LEN};
pub use version::{MAX_VERSION_LEN, Version, VersionError};
