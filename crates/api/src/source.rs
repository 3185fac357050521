//! `source.toolkit.fluxcd.io/v1`: sources and the artifacts they publish.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Duration;

mod bucket;
mod external_artifact;
mod git_repository;
mod helm_chart;
mod helm_repository;
mod oci_repository;

pub use bucket::{Bucket, BucketProvider, BucketSpec, BucketStatus, BucketSts, StsProvider};
pub use external_artifact::{ExternalArtifact, ExternalArtifactSpec, ExternalArtifactStatus};
pub use git_repository::{
    GitProvider, GitRepository, GitRepositoryInclude, GitRepositoryRef, GitRepositorySpec, GitRepositoryStatus, GitRepositoryVerification,
    GitVerificationMode,
};
pub use helm_chart::{ChartSourceKind, ChartSourceReference, HelmChart, HelmChartSpec, HelmChartStatus, ReconcileStrategy};
pub use helm_repository::{AccessFrom, HelmRepository, HelmRepositorySpec, HelmRepositoryStatus, HelmRepositoryType, NamespaceSelector};
pub use oci_repository::{
    LayerOperation, OCILayerSelector, OCIRepository, OCIRepositoryRef, OCIRepositorySpec, OCIRepositoryStatus, OCIRepositoryVerification,
};

/// Version of the group that is served and stored (SRC-GEN-01).
pub const VERSION: &str = "v1";

/// How long a source may take where its `timeout` is not set (SRC-GEN-02).
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

const CATEGORIES: &[&str] = &["all", "fluxcd", "fluxcd-sources"];

/// Whose identity and API a registry is read with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RegistryProvider {
    /// Any registry, with the credentials of a Secret.
    #[default]
    Generic,
    /// Amazon ECR.
    Aws,
    /// Azure Container Registry.
    Azure,
    /// Google Artifact Registry.
    Gcp,
}

/// How the signature of an OCI artifact or chart is checked.
// SRC-OCI-08…11
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["provider"]))]
pub struct OciVerification {
    /// Which tool signed it.
    #[serde(default)]
    pub provider: VerificationProvider,
    /// Secret with the public keys or certificates that are trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<crate::LocalObjectReference>,
    /// Who may have signed, where cosign signs without keys. One that matches is enough.
    #[serde(default, rename = "matchOIDCIdentity", skip_serializing_if = "Vec::is_empty")]
    pub match_oidc_identity: Vec<OidcIdentityMatch>,
}

/// Tools that sign OCI artifacts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VerificationProvider {
    /// Sigstore cosign.
    #[default]
    Cosign,
    /// Notary notation.
    Notation,
}

/// Issuer and subject of a signer's certificate, both as regular expressions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct OidcIdentityMatch {
    /// Expression for the issuer.
    pub issuer: String,
    /// Expression for the subject.
    pub subject: String,
}
