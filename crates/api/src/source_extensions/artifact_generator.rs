//! `ArtifactGenerator`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::contract::group;
use crate::kustomize::CommonMetadata;
use crate::references::namespace_or;
use crate::resource::{Column, custom_resource};
use crate::serde_skip::is_zero;
use crate::{Condition, schema};

custom_resource! {
    /// Makes artifacts out of parts of other sources' artifacts.
    ArtifactGenerator: group::SOURCE_EXTENSIONS, VERSION, "artifactgenerators",
    short_names: &["ag"],
    categories: &["all", "fluxcd", "fluxcd-sources"],
    columns: &[Column::AGE, Column::READY, Column::STATUS],
    spec: ArtifactGeneratorSpec,
    status: ArtifactGeneratorStatus,
}

/// Which artifacts are made, and of what.
// SRC-EXT-10…12
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactGeneratorSpec {
    /// Labels and annotations of the objects that are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_metadata: Option<CommonMetadata>,
    /// Sources to take from, each under an alias.
    #[schemars(length(min = 1, max = 1000))]
    pub sources: Vec<ArtifactGeneratorSource>,
    /// Directories of a source, as `@alias/path/{capture}/*`. For each that matches, one artifact is made, with the
    /// captures filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_pattern: Option<String>,
    /// Artifacts to make.
    #[schemars(length(min = 1, max = 1000))]
    pub artifacts: Vec<OutputArtifact>,
}

/// A source to take from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactGeneratorSource {
    /// Name by which the artifacts refer to the source.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$"))]
    pub alias: String,
    /// Kind of the source.
    pub kind: GeneratorSourceKind,
    /// Name of the source.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of the source; the generator's own if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

impl ArtifactGeneratorSource {
    /// The namespace that is meant when a generator in `own` refers so.
    pub fn namespace_or<'a>(&'a self, own: &'a str) -> &'a str {
        namespace_or(&self.namespace, own)
    }
}

/// Kinds of sources to take from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum GeneratorSourceKind {
    /// A bucket.
    Bucket,
    /// A Git repository.
    #[default]
    GitRepository,
    /// An OCI artifact.
    OCIRepository,
    /// A chart.
    HelmChart,
    /// An artifact of another program.
    ExternalArtifact,
}

impl fmt::Display for GeneratorSourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// An artifact to make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutputArtifact {
    /// Name of the ExternalArtifact.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Source, as `@alias`, whose revision the artifact gets; a digest of its content if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Source, as `@alias`, whose origin the artifact gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_revision: Option<String>,
    /// What is copied into it, in order.
    pub copy: Vec<CopyOperation>,
}

/// A copy from a source into an artifact.
// SRC-EXT-11
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopyOperation {
    /// What to copy, as `@alias/glob`.
    pub from: String,
    /// Where to, as `@artifact/path`.
    pub to: String,
    /// Globs of what is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub exclude: Vec<String>,
    /// What is done with a file that is there already; `Overwrite` if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<CopyStrategy>,
}

/// What is done with files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum CopyStrategy {
    /// They replace what is there.
    #[default]
    Overwrite,
    /// YAML is merged into what is there.
    Merge,
    /// Archives are unpacked.
    Extract,
}

/// What the controller observed.
// SRC-EXT-14
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct ArtifactGeneratorStatus {
    /// Generation that was last reconciled to an end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// State of the object, aspect by aspect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Artifacts that were made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inventory: Vec<GeneratedArtifact>,
    /// Checksum over the sources of the last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_sources_digest: Option<String>,
    /// Value of the annotation reconcile.fluxcd.io/requestedAt that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}

/// An artifact that was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct GeneratedArtifact {
    /// Name of the ExternalArtifact.
    pub name: String,
    /// Namespace of the ExternalArtifact.
    pub namespace: String,
    /// Checksum of the file.
    pub digest: String,
    /// Name of the file in the store.
    pub filename: String,
}
