//! Where the chart of a release comes from.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::references::namespace_or;
use crate::schema::DURATION_PATTERN;
use crate::serde_skip::is_false;
use crate::source::{ChartSourceKind, ReconcileStrategy, VerificationProvider};
use crate::{Duration, LocalObjectReference};

/// A HelmChart to make for the release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChartTemplate {
    /// Labels and annotations of the HelmChart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<ChartTemplateMetadata>,
    /// What the HelmChart asks for.
    pub spec: ChartTemplateSpec,
}

/// Labels and annotations of the HelmChart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChartTemplateMetadata {
    /// Labels to set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations to set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What the HelmChart asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartTemplateSpec {
    /// Name of the chart in a HelmRepository, or its path in a GitRepository or Bucket.
    #[schemars(length(min = 1, max = 2048))]
    pub chart: String,
    /// Version or range of versions; the highest in it is taken. Has no meaning for a GitRepository or Bucket.
    #[serde(default = "any_version")]
    pub version: String,
    /// Where the chart comes from.
    pub source_ref: ChartTemplateSourceReference,
    /// How often the source is asked for news; the release's interval if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = DURATION_PATTERN))]
    pub interval: Option<Duration>,
    /// When a new chart is made: on another version of the chart, or on any revision of its source.
    #[serde(default)]
    pub reconcile_strategy: ReconcileStrategy,
    /// Values files that are merged, in order, into the values.yaml of the chart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values_files: Vec<String>,
    /// Go on without values files that do not exist.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ignore_missing_values_files: bool,
    /// How the chart's signature is checked; not at all if not set. Only for a HelmRepository that is a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<ChartTemplateVerification>,
}

fn any_version() -> String {
    "*".to_owned()
}

/// The source of a chart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartTemplateSourceReference {
    /// API version of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind of the source.
    pub kind: ChartSourceKind,
    /// Name of the source.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of the source; the release's own if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

impl ChartTemplateSourceReference {
    /// The namespace that is meant when an object in `own` refers so.
    pub fn namespace_or<'a>(&'a self, own: &'a str) -> &'a str {
        namespace_or(&self.namespace, own)
    }
}

/// How the signature of a chart is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["provider"]))]
pub struct ChartTemplateVerification {
    /// Which tool signed it.
    #[serde(default)]
    pub provider: VerificationProvider,
    /// Secret with the public keys or certificates that are trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
}

/// An object that has the chart as its artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartReference {
    /// API version of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind of the object.
    pub kind: ChartReferenceKind,
    /// Name of the object.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of the object; the release's own if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

impl ChartReference {
    /// The namespace that is meant when an object in `own` refers so.
    pub fn namespace_or<'a>(&'a self, own: &'a str) -> &'a str {
        namespace_or(&self.namespace, own)
    }
}

/// Kinds that have a chart as their artifact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ChartReferenceKind {
    /// An OCI artifact.
    #[default]
    OCIRepository,
    /// A chart.
    HelmChart,
    /// An artifact of another program.
    ExternalArtifact,
}

impl fmt::Display for ChartReferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
