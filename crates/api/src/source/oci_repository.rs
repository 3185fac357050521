//! `OCIRepository`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CATEGORIES, DEFAULT_TIMEOUT, OidcIdentityMatch, RegistryProvider, VERSION, VerificationProvider};
use crate::contract::group;
use crate::resource::{Column, custom_resource, reconciled, source};
use crate::schema::{self, DURATION_PATTERN, SHORT_DURATION_PATTERN};
use crate::serde_skip::{is_false, is_zero};
use crate::{Artifact, Condition, Duration, LocalObjectReference};

custom_resource! {
    /// A tag or digest of an OCI repository, offered as an artifact.
    OCIRepository: group::SOURCE, VERSION, "ocirepositories",
    short_names: &["ocirepo"],
    categories: CATEGORIES,
    columns: &[Column::text("URL", ".spec.url"), Column::READY, Column::STATUS, Column::AGE],
    spec: OCIRepositorySpec,
    status: OCIRepositoryStatus,
}
reconciled!(OCIRepository);
source!(OCIRepository);

/// Which OCI repository is pulled from, how often, and what of it goes into the artifact.
// SRC-OCI
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OCIRepositorySpec {
    /// Address of the repository, `oci://` with host and path, without tag or digest.
    #[schemars(regex(pattern = "^oci://.*$"))]
    pub url: String,
    /// What to pull; the tag `latest` if not set.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<OCIRepositoryRef>,
    /// Which layer to take and what to do with it; the first one, unpacked, if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer_selector: Option<OCILayerSelector>,
    /// Whose identity to log in with; `generic` uses the Secret.
    #[serde(default)]
    pub provider: RegistryProvider,
    /// Secret of type kubernetes.io/dockerconfigjson with the credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// How the signature is checked; not at all if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<OCIRepositoryVerification>,
    /// Service account whose image pull secrets, or whose identity at the provider, are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Secret with `tls.crt` and `tls.key`, `ca.crt`, or all three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalObjectReference>,
    /// Secret with the proxy's `address` and, where it asks for them, `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_secret_ref: Option<LocalObjectReference>,
    /// How often the registry is asked for news, with some jitter.
    #[schemars(regex(pattern = DURATION_PATTERN))]
    pub interval: Duration,
    /// How long one operation on the registry may take; 60s if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SHORT_DURATION_PATTERN), extend("default" = "60s"))]
    pub timeout: Option<Duration>,
    /// Patterns of files to leave out, in the syntax of .gitignore. They replace the default patterns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<String>,
    /// Allow plain HTTP and unverified certificates.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// Stop reconciling; the artifact stays as it is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
}

impl OCIRepositorySpec {
    /// The timeout, or the default where it is not set.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }
}

/// What to pull. If several are set: digest, then semver, then tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OCIRepositoryRef {
    /// Digest of the manifest, as `sha256:<hex>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Range of versions; the highest tag in it is pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver: Option<String>,
    /// Regular expression; only tags that match it are held against the range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver_filter: Option<String>,
    /// Tag to pull.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// Which layer is taken, and what is done with it.
// SRC-OCI-03
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OCILayerSelector {
    /// Media type of the layer; the first layer if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// `extract` unpacks the layer and archives its files anew, `copy` keeps its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<LayerOperation>,
}

/// What is done with the selected layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LayerOperation {
    /// Unpack it and archive its files anew.
    #[default]
    Extract,
    /// Keep its bytes.
    Copy,
}

/// How the signature of an OCI artifact is checked.
// SRC-OCI-08…11
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["provider"]))]
pub struct OCIRepositoryVerification {
    /// Which tool signed it.
    #[serde(default)]
    pub provider: VerificationProvider,
    /// Secret with the public keys or certificates that are trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// Who may have signed, where cosign signs without keys. One that matches is enough.
    #[serde(default, rename = "matchOIDCIdentity", skip_serializing_if = "Vec::is_empty")]
    pub match_oidc_identity: Vec<OidcIdentityMatch>,
    /// Secret with a Sigstore `trusted_root.json` that replaces the public one, for cosign without keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_root_secret_ref: Option<LocalObjectReference>,
}

/// What the controller observed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct OCIRepositoryStatus {
    /// Generation that was last reconciled to an end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// State of the object, aspect by aspect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Address that always leads to the newest artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The artifact that is offered now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// Ignore patterns with which the artifact was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_ignore: Option<String>,
    /// Layer selector with which the artifact was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_layer_selector: Option<OCILayerSelector>,
    /// Value of the annotation reconcile.fluxcd.io/requestedAt that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}
