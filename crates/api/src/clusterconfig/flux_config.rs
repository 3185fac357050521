//! `FluxConfig`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::sources::ten_minutes;
use super::{
    AzureBlob, ConfigBucket, ConfigGitRepository, ConfigOciRepository, FLUX_CONFIG_VERSION, FluxConfigStatus, ObjectLevelIdentity,
};
use crate::contract::group;
use crate::kustomize::SubstituteReference;
use crate::resource::{Column, custom_resource};
use crate::schema::{self, DURATION_PATTERN};
use crate::serde_skip::is_false;
use crate::{Duration, LocalObjectReference};

custom_resource! {
    /// A source and the Kustomizations on it, as one configuration of a cluster.
    FluxConfig: group::CLUSTER_CONFIG, FLUX_CONFIG_VERSION, "fluxconfigs",
    short_names: &["fc"],
    categories: &[],
    columns: &[
        Column::text("Scope", ".spec.scope"),
        Column::text("URL", ".status.sourceUrl"),
        Column::text("Provision", ".status.provisioningState"),
        Column::AGE,
        Column::wide("Kind", ".spec.sourceKind"),
        Column::wide("Compliance", ".status.complianceState"),
        Column::wide("Commit", ".status.lastSyncedCommit"),
        Column::wide("Message", r#".status.conditions[?(@.type=="Ready")].message"#),
    ],
    rules: [
        ("has(self.spec)", "a configuration needs a spec"),
        (
            "self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",
            "the name of a configuration has at most 63 characters: lower-case letters, digits, '-' and '.'",
        ),
        (
            "!has(self.spec) || !has(self.spec.kustomizations) || self.spec.kustomizations.all(k, self.metadata.name.size() + 1 + k.name.size() <= 62)",
            "the name of the configuration and that of a kustomization, joined by '-', have at most 62 characters",
        ),
    ],
    spec: FluxConfigSpec,
    status: FluxConfigStatus,
}

/// Where the manifests come from and what is applied of them.
// FX-18, FX-19
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {
        "rule": "self.sourceKind != 'GitRepository' || has(self.gitRepository)",
        "message": "sourceKind GitRepository needs the block gitRepository",
    },
    {
        "rule": "self.sourceKind != 'Bucket' || has(self.bucket)",
        "message": "sourceKind Bucket needs the block bucket",
    },
    {
        "rule": "self.sourceKind != 'AzureBlob' || has(self.azureBlob)",
        "message": "sourceKind AzureBlob needs the block azureBlob",
    },
    {
        "rule": "self.sourceKind != 'OCIRepository' || has(self.ociRepository)",
        "message": "sourceKind OCIRepository needs the block ociRepository",
    },
]))]
pub struct FluxConfigSpec {
    /// How far the configuration reaches: the whole cluster, or only its own namespace. Cannot be changed.
    #[serde(default)]
    #[schemars(extend("x-kubernetes-validations" = [{ "rule": "self == oldSelf", "message": "scope cannot be changed" }]))]
    pub scope: Scope,
    /// Which of the source blocks counts.
    #[serde(default)]
    pub source_kind: SourceKind,
    /// Suspend the source and all Kustomizations.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// The source, for GitRepository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_repository: Option<ConfigGitRepository>,
    /// The source, for Bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<ConfigBucket>,
    /// The source, for AzureBlob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure_blob: Option<AzureBlob>,
    /// The source, for OCIRepository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oci_repository: Option<ConfigOciRepository>,
    /// What is applied of the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub kustomizations: Vec<ConfigKustomization>,
    /// Secret in the same namespace with the secret values of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected_parameters_secret_ref: Option<LocalObjectReference>,
    /// Id that the request to the configuration service carried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Id of the operation that the request started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<String>,
    /// Delete what belongs to the configuration, but keep this object until the agent has reported that.
    #[serde(default, skip_serializing_if = "is_false")]
    pub soft_delete: bool,
    /// Report success only when everything is compliant.
    #[serde(default, skip_serializing_if = "is_false")]
    pub wait_for_reconciliation: bool,
    /// How long to wait for that before reporting a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = DURATION_PATTERN))]
    pub reconciliation_wait_duration: Option<Duration>,
}

/// How far a configuration reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The whole cluster.
    #[default]
    Cluster,
    /// Its own namespace.
    Namespace,
}

/// Kinds of sources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SourceKind {
    /// A Git repository.
    #[default]
    GitRepository,
    /// A bucket with the API of S3.
    Bucket,
    /// A container of Azure Blob Storage.
    AzureBlob,
    /// An OCI repository.
    OCIRepository,
}

/// A path of the source and how it is applied.
// FX-10
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.dependsOn) || !(self.name in self.dependsOn)",
    "message": "a kustomization cannot depend on itself",
}]))]
pub struct ConfigKustomization {
    /// Name; the Kustomization that is made is called as the configuration, `-` and this.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// Directory of the source; the root if empty.
    #[serde(default)]
    pub path: String,
    /// Names of kustomizations of this configuration that must be ready first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 63)))]
    pub depends_on: Vec<String>,
    /// How long building, applying and health checks may take.
    #[serde(default = "ten_minutes")]
    #[schemars(length(max = 64), regex(pattern = DURATION_PATTERN), extend("x-kubernetes-validations" = [{
        "rule": "duration(self) > duration('0s')",
        "message": "timeout must be more than zero",
    }]))]
    pub timeout: Duration,
    /// How often the cluster is compared with the source.
    #[serde(default = "ten_minutes")]
    #[schemars(length(max = 64), regex(pattern = DURATION_PATTERN), extend("x-kubernetes-validations" = [{
        "rule": "duration(self) > duration('0s')",
        "message": "syncInterval must be more than zero",
    }]))]
    pub sync_interval: Duration,
    /// When to try again after a failure; as `syncInterval` if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), regex(pattern = DURATION_PATTERN), extend("x-kubernetes-validations" = [{
        "rule": "duration(self) > duration('0s')",
        "message": "retryInterval must be more than zero",
    }]))]
    pub retry_interval: Option<Duration>,
    /// Delete objects that are no longer in the source.
    #[serde(default)]
    pub prune: bool,
    /// Recreate objects when an immutable field changes.
    #[serde(default)]
    pub force: bool,
    /// Await the health of all applied objects.
    #[serde(default = "yes")]
    pub wait: bool,
    /// Accepted from older versions, without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
    /// What is substituted in the built manifests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_build: Option<ConfigPostBuild>,
    /// Another cluster to apply to; this one if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kube_config: Option<KustomizationKubeConfig>,
    /// Further fields of the spec of the Kustomization that is made.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_object")]
    pub additional_configurations: Map<String, Value>,
}

fn yes() -> bool {
    true
}

/// How manifests were once checked before they were applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Validation {
    /// Not at all.
    #[default]
    None,
    /// By the client.
    Client,
    /// By the server.
    Server,
}

/// What is substituted in the built manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigPostBuild {
    /// Variables and their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub substitute: BTreeMap<String, String>,
    /// ConfigMaps and Secrets whose keys are variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substitute_from: Vec<SubstituteReference>,
}

/// Another cluster and the identity to reach it with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KustomizationKubeConfig {
    /// Full resource id of the cluster.
    pub cluster_resource_id: String,
    /// Identity at the provider.
    pub object_level_identity: ObjectLevelIdentity,
}
