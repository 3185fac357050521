//! The source of a FluxConfig, one block a kind (FX-08, FX-18). Secret values are never here: they are in the Secret
//! that `protectedParametersSecretRef` names.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Duration;
use crate::schema::{self, DURATION_PATTERN};
use crate::serde_skip::is_false;
use crate::source::{OCILayerSelector, OidcIdentityMatch, VerificationProvider};

/// Interval and timeout where none is set (FX-19).
pub(super) fn ten_minutes() -> Duration {
    Duration::from_secs(600)
}

/// A Git repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {
        "rule": "!has(self.localAuthRef) || !(has(self.httpsUser) || has(self.httpsCACert) || has(self.sshKnownHosts) || has(self.objectLevelIdentity))",
        "message": "localAuthRef names a Secret that is used as it is: it excludes httpsUser, httpsCACert, sshKnownHosts and objectLevelIdentity",
    },
    {
        "rule": "!(has(self.provider) && self.provider != 'Generic' || has(self.objectLevelIdentity)) || !(has(self.httpsUser) || has(self.sshKnownHosts))",
        "message": "provider and objectLevelIdentity exclude httpsUser and sshKnownHosts",
    },
    {
        "rule": "!(has(self.httpsUser) || has(self.httpsCACert)) || self.url.startsWith('http')",
        "message": "httpsUser and httpsCACert need a url that begins with http:// or https://",
    },
    {
        "rule": "!has(self.sshKnownHosts) || !self.url.startsWith('http')",
        "message": "sshKnownHosts needs a url that begins with ssh:// or user@host:",
    },
]))]
pub struct ConfigGitRepository {
    /// Address of the repository: http, https, ssh or user@host:path.
    #[schemars(length(max = 2048), regex(pattern = r"^((http|https|ssh)://|[^@/:]+@[^@/:]+:).*$"))]
    pub url: String,
    /// What to check out.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<ConfigGitRepositoryRef>,
    /// How often the repository is asked for news.
    #[serde(default = "ten_minutes")]
    #[schemars(length(max = 64), regex(pattern = DURATION_PATTERN), extend("x-kubernetes-validations" = [{
        "rule": "duration(self) > duration('0s')",
        "message": "syncInterval must be more than zero",
    }]))]
    pub sync_interval: Duration,
    /// How long one Git operation may take.
    #[serde(default = "ten_minutes")]
    #[schemars(length(max = 64), regex(pattern = DURATION_PATTERN), extend("x-kubernetes-validations" = [{
        "rule": "duration(self) > duration('0s')",
        "message": "timeout must be more than zero",
    }]))]
    pub timeout: Duration,
    /// Secret in the namespace of the configuration with the credentials, used as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_auth_ref: Option<String>,
    /// User name for https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https_user: Option<String>,
    /// Certificates of the authorities that are trusted for https, base64 of PEM.
    #[serde(default, rename = "httpsCACert", skip_serializing_if = "Option::is_none")]
    pub https_ca_cert: Option<String>,
    /// Keys of the SSH server, base64 of lines as in known_hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_known_hosts: Option<String>,
    /// Whose identity to log in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<GitProvider>,
    /// Directories to check out; all if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sparse_checkout: Vec<String>,
    /// Identity of this source alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_level_identity: Option<ObjectLevelIdentity>,
    /// Further fields of the spec of the source that is made.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_object")]
    pub additional_configurations: Map<String, Value>,
}

/// What to check out. If several are set: commit, then semver, tag, branch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ConfigGitRepositoryRef {
    /// Branch to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Tag to check out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Range of versions; the highest tag in it is checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver: Option<String>,
    /// Hash of a commit; may go with a branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// Whose identity a Git server is logged in to with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum GitProvider {
    /// Azure DevOps.
    Azure,
    /// A GitHub App, whose keys are in the Secret of `localAuthRef`.
    GitHub,
    /// The credentials given here.
    Generic,
}

/// An identity at the provider, by way of a service account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectLevelIdentity {
    /// Client id of the identity.
    pub client_id: String,
    /// Tenant of the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Service account to use; one is made if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
}

/// A bucket with the API of S3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "(has(self.localAuthRef) ? 1 : 0) + (has(self.accessKey) ? 1 : 0) + (has(self.objectLevelIdentity) ? 1 : 0) <= 1",
    "message": "only one of localAuthRef, accessKey and objectLevelIdentity may be set",
}]))]
pub struct ConfigBucket {
    /// Address of the service: http or https.
    #[schemars(length(max = 2048), regex(pattern = "^(http|https)://.*$"))]
    pub url: String,
    /// Name of the bucket.
    #[schemars(length(min = 1))]
    pub bucket_name: String,
    /// Allow plain HTTP.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// Access key; its secret half is in the Secret of protected parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    /// How often the bucket is asked for news.
    #[serde(default = "ten_minutes")]
    #[schemars(length(max = 64), regex(pattern = DURATION_PATTERN), extend("x-kubernetes-validations" = [{
        "rule": "duration(self) > duration('0s')",
        "message": "syncInterval must be more than zero",
    }]))]
    pub sync_interval: Duration,
    /// How long listing or downloading may take.
    #[serde(default = "ten_minutes")]
    #[schemars(length(max = 64), regex(pattern = DURATION_PATTERN), extend("x-kubernetes-validations" = [{
        "rule": "duration(self) > duration('0s')",
        "message": "timeout must be more than zero",
    }]))]
    pub timeout: Duration,
    /// Secret in the namespace of the configuration with the credentials, used as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_auth_ref: Option<String>,
    /// Identity of this source alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_level_identity: Option<ObjectLevelIdentity>,
    /// Further fields of the spec of the source that is made.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_object")]
    pub additional_configurations: Map<String, Value>,
}

/// A container of Azure Blob Storage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "(has(self.localAuthRef) ? 1 : 0) + (has(self.servicePrincipal) ? 1 : 0) + (has(self.managedIdentity) ? 1 : 0) + (has(self.objectLevelIdentity) ? 1 : 0) <= 1",
    "message": "only one of localAuthRef, servicePrincipal, managedIdentity and objectLevelIdentity may be set",
}]))]
pub struct AzureBlob {
    /// Address of the storage account: http or https.
    #[schemars(length(max = 2048), regex(pattern = "^(http|https)://.*$"))]
    pub url: String,
    /// Name of the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_name: Option<String>,
    /// A service principal; its secrets are in the Secret of protected parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_principal: Option<ServicePrincipal>,
    /// A managed identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_identity: Option<ManagedIdentity>,
    /// How often the container is asked for news.
    #[serde(default = "ten_minutes")]
    #[schemars(length(max = 64), regex(pattern = DURATION_PATTERN), extend("x-kubernetes-validations" = [{
        "rule": "duration(self) > duration('0s')",
        "message": "syncInterval must be more than zero",
    }]))]
    pub sync_interval: Duration,
    /// How long listing or downloading may take.
    #[serde(default = "ten_minutes")]
    #[schemars(length(max = 64), regex(pattern = DURATION_PATTERN), extend("x-kubernetes-validations" = [{
        "rule": "duration(self) > duration('0s')",
        "message": "timeout must be more than zero",
    }]))]
    pub timeout: Duration,
    /// Secret in the namespace of the configuration with the credentials, used as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_auth_ref: Option<String>,
    /// Identity of this source alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_level_identity: Option<ObjectLevelIdentity>,
    /// Further fields of the spec of the source that is made.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_object")]
    pub additional_configurations: Map<String, Value>,
}

/// A service principal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServicePrincipal {
    /// Client id.
    pub client_id: String,
    /// Tenant id.
    pub tenant_id: String,
    /// Send the chain of certificates when logging in with one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub client_certificate_send_chain: bool,
}

/// A managed identity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedIdentity {
    /// Client id.
    pub client_id: String,
}

/// An OCI repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "(has(self.localAuthRef) ? 1 : 0) + (has(self.useWorkloadIdentity) && self.useWorkloadIdentity ? 1 : 0) + (has(self.objectLevelIdentity) ? 1 : 0) <= 1",
    "message": "only one of localAuthRef, useWorkloadIdentity and objectLevelIdentity may be set",
}]))]
pub struct ConfigOciRepository {
    /// Address of the repository, `oci://` with host and path.
    #[schemars(length(max = 2048), regex(pattern = "^oci://.*$"))]
    pub url: String,
    /// What to pull; the tag `latest` if not set.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<ConfigOciRepositoryRef>,
    /// Which layer to take and what to do with it; the first one, unpacked, if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer_selector: Option<OCILayerSelector>,
    /// Allow plain HTTP and unverified certificates.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// Log in with the workload identity of Azure.
    #[serde(default, skip_serializing_if = "is_false")]
    pub use_workload_identity: bool,
    /// Service account whose image pull secrets or identity are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// How the signature is checked; not at all if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<ConfigOciVerification>,
    /// How often the registry is asked for news.
    #[serde(default = "ten_minutes")]
    #[schemars(length(max = 64), regex(pattern = DURATION_PATTERN), extend("x-kubernetes-validations" = [{
        "rule": "duration(self) > duration('0s')",
        "message": "syncInterval must be more than zero",
    }]))]
    pub sync_interval: Duration,
    /// How long one operation on the registry may take.
    #[serde(default = "ten_minutes")]
    #[schemars(length(max = 64), regex(pattern = DURATION_PATTERN), extend("x-kubernetes-validations" = [{
        "rule": "duration(self) > duration('0s')",
        "message": "timeout must be more than zero",
    }]))]
    pub timeout: Duration,
    /// Secret in the namespace of the configuration with the credentials, used as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_auth_ref: Option<String>,
    /// Identity of this source alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_level_identity: Option<ObjectLevelIdentity>,
    /// Further fields of the spec of the source that is made.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_object")]
    pub additional_configurations: Map<String, Value>,
}

/// What to pull. If several are set: digest, then semver, then tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ConfigOciRepositoryRef {
    /// Tag to pull.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Range of versions; the highest tag in it is pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver: Option<String>,
    /// Digest of the manifest, as `sha256:<hex>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// How the signature of an OCI artifact is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigOciVerification {
    /// Which tool signed it.
    #[serde(default)]
    pub provider: VerificationProvider,
    /// Files that the tool needs, such as public keys or a trust policy: base64, by file name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub verification_config: BTreeMap<String, String>,
    /// Who may have signed, where cosign signs without keys. One that matches is enough.
    #[serde(default, rename = "matchOidcIdentity", skip_serializing_if = "Vec::is_empty")]
    pub match_oidc_identity: Vec<OidcIdentityMatch>,
}
