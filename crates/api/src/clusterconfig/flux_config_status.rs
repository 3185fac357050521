//! The status of a FluxConfig (FX-20).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::serde_skip::is_zero;
use crate::{Condition, Time, schema};

/// What the controller and the agent observed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct FluxConfigStatus {
    /// Generation that was last handled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// Generation that was last provisioned with success.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub last_succeeded_generation: i64,
    /// How far the configuration has been put in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning_state: Option<ProvisioningState>,
    /// Whether the cluster is as the source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliance_state: Option<ComplianceState>,
    /// Why provisioning failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Address of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// Public half of the SSH key, to register at the Git server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// What the user should know although it is no failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// State of the object, aspect by aspect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// When the last change of the spec was handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::date_time")]
    pub last_config_update_time: Option<Time>,
    /// When the artifact of the source was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::date_time")]
    pub last_source_synced_time: Option<Time>,
    /// Revision of the artifact of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_synced_commit: Option<String>,
    /// Kustomizations that were last seen ready at the current generation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_succeeded_kustomizations: Vec<String>,
    /// Whether the service knows this status. Written by the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataplane_status: Option<DataplaneStatus>,
    /// State of the source and of the Kustomizations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_statuses: Option<ManagedStatuses>,
}

/// How far a configuration has been put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ProvisioningState {
    /// Fully.
    Succeeded,
    /// Not, and errorMessage says why.
    Failed,
    /// A later request has replaced it.
    Canceled,
    /// On the way, for the first time.
    Creating,
    /// On the way, after a change.
    Updating,
    /// It is being removed.
    Deleting,
}

/// Whether the cluster is as the source says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ComplianceState {
    /// It is.
    Compliant,
    /// It is not.
    #[serde(rename = "Non-Compliant")]
    NonCompliant,
    /// It is on the way there.
    Pending,
    /// Reconciling is suspended.
    Suspended,
    /// It is not known.
    #[default]
    Unknown,
}

/// Whether the service knows the status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataplaneStatus {
    /// Whether the last status has been accepted.
    pub is_synced_with_azure: bool,
    /// When a status was last accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::date_time")]
    pub last_synced_time: Option<Time>,
}

/// State of the source and of the Kustomizations. The one of the source stands under its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedStatuses {
    /// The source, if it is a GitRepository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_repository: Option<SourceStatus>,
    /// The source, if it is a Bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<SourceStatus>,
    /// The source, if it is an OCIRepository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oci_repository: Option<SourceStatus>,
    /// The Kustomizations, by `<namespace>/<name>`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kustomizations: BTreeMap<String, KustomizationComplianceStatus>,
    /// How many entries were left out to keep the object small.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub truncated: i64,
}

/// State of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceStatus {
    /// Whether it is as it should be.
    pub compliance_state: ComplianceState,
    /// Its conditions, as they stand on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ReportedCondition>,
    /// What to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// State of a Kustomization and of the Flux objects it applied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KustomizationComplianceStatus {
    /// Whether it is as it should be.
    pub compliance_state: ComplianceState,
    /// Its conditions, as they stand on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ReportedCondition>,
    /// What to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The Flux objects it applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child_statuses: Option<ChildStatuses>,
}

/// State of Flux objects by kind, and in each kind by `<namespace>/<name>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChildStatuses {
    /// Buckets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bucket: BTreeMap<String, ChildStatus>,
    /// GitRepositories.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub git_repository: BTreeMap<String, ChildStatus>,
    /// HelmCharts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub helm_chart: BTreeMap<String, ChildStatus>,
    /// HelmReleases.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub helm_release: BTreeMap<String, ChildStatus>,
    /// HelmRepositories.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub helm_repository: BTreeMap<String, ChildStatus>,
    /// Kustomizations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kustomization: BTreeMap<String, ChildStatus>,
    /// OCIRepositories.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub oci_repository: BTreeMap<String, ChildStatus>,
    /// ExternalArtifacts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_artifact: BTreeMap<String, ChildStatus>,
    /// ImageRepositories.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub image_repository: BTreeMap<String, ChildStatus>,
    /// ImagePolicies.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub image_policy: BTreeMap<String, ChildStatus>,
    /// ImageUpdateAutomations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub image_update_automation: BTreeMap<String, ChildStatus>,
}

/// State of one Flux object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChildStatus {
    /// Whether it is as it should be.
    pub compliance_state: ComplianceState,
    /// Its conditions, as they stand on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ReportedCondition>,
    /// What to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// More about a HelmRelease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helm_release_properties: Option<HelmReleaseProperties>,
}

/// More about a HelmRelease.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelmReleaseProperties {
    /// Its HelmChart, as `<namespace>/<name>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helm_chart: Option<String>,
    /// Revision of its newest release.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub last_release_revision: i64,
    /// Failures since the last success.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failure_count: i64,
    /// Failed installs since the last success.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub install_failure_count: i64,
    /// Failed upgrades since the last success.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub upgrade_failure_count: i64,
}

/// A condition of another object, copied as it is (FX-49) and therefore not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportedCondition {
    /// When the status, reason or message last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<String>,
    /// What happened, for people to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What happened, as one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the condition holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What the condition is about.
    #[serde(rename = "type")]
    pub type_: String,
}
