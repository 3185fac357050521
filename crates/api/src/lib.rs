//! Types of every API group and the CRDs generated from them.
//!
//! One module a group, one file a kind; each kind is a root type with `metadata`, `spec` and `status` that implements
//! [`kube_core::Resource`], so that `kube::Api<T>` works on it. The CRD manifests in `crds/` are made from the same
//! types by [`crd`]. What users and other programs rely on as text (annotations, labels, reasons …) is in [`contract`].
//!
//! Reading is lenient where the API server's schema is: an object without `spec` or with a duration too long for Go
//! is still an object, because a watch ends on the first one that cannot be read. Unknown fields are dropped when
//! read; they survive because controllers only ever send merge patches of the fields that are theirs (RT-81).
//! As in Go, an empty string in an optional field means the same as none, unless the field's documentation says else.
//!
//! Entry points: the groups ([`source`], [`kustomize`] …), the traits [`Reconciled`] and [`Source`], [`crd::all`].
//! Not here: clients, defaulting beyond the schema's, any behaviour of controllers.
//! Mirrors: the `api` modules of the Flux controllers v2.9 and `fluxcd/pkg/apis`.

pub mod clusterconfig;
pub mod contract;
pub mod crd;
pub mod helm;
pub mod image;
pub mod kustomize;
pub mod notification;
pub mod source;
pub mod source_extensions;

mod artifact;
mod duration;
mod references;
mod resource;
mod schema;
mod serde_skip;

pub use artifact::Artifact;
pub use duration::{Duration, ParseDurationError};
pub use ferroflux_conditions::{Condition, Time};
pub use references::{
    ConfigKind, DependencyReference, KubeConfigReference, LocalObjectReference, NamespacedObjectKindReference, NamespacedObjectReference,
    SecretKeyReference,
};
pub use resource::{Column, CustomResource, Definition, Reconciled, Source};
