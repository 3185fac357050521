//! `source.extensions.fluxcd.io/v1beta1`: generators of artifacts.

mod artifact_generator;

pub use artifact_generator::{
    ArtifactGenerator, ArtifactGeneratorSource, ArtifactGeneratorSpec, ArtifactGeneratorStatus, CopyOperation, CopyStrategy,
    GeneratedArtifact, GeneratorSourceKind, OutputArtifact,
};

/// Version of the group that is served and stored (RT-80).
pub const VERSION: &str = "v1beta1";
