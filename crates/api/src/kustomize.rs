//! `kustomize.toolkit.fluxcd.io/v1`: Kustomizations.

mod inventory;
mod kustomization;
mod overrides;
mod snapshot;

pub use inventory::{ResourceInventory, ResourceRef};
pub use kustomization::{
    BuildMetadata, Decryption, DecryptionProvider, DeletionPolicy, Kustomization, KustomizationSpec, KustomizationStatus, PostBuild,
    SourceKind, SourceReference, SubstituteReference, SubstituteStrategy,
};
pub use overrides::{CommonMetadata, CustomHealthCheck, IgnoreRule, Image, Patch, Selector};
pub use snapshot::Snapshot;

/// Version of the group that is served and stored (KC-API-01).
pub const VERSION: &str = "v1";
