//! `HelmChart`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CATEGORIES, OciVerification, VERSION};
use crate::contract::group;
use crate::resource::{Column, custom_resource, reconciled, source};
use crate::schema::{self, DURATION_PATTERN};
use crate::serde_skip::{is_false, is_zero};
use crate::{Artifact, Condition, Duration};

custom_resource! {
    /// A Helm chart, pulled or packaged, and offered as an artifact.
    HelmChart: group::SOURCE, VERSION, "helmcharts",
    short_names: &["hc"],
    categories: CATEGORIES,
    columns: &[
        Column::text("Chart", ".spec.chart"),
        Column::text("Version", ".spec.version"),
        Column::text("Source Kind", ".spec.sourceRef.kind"),
        Column::text("Source Name", ".spec.sourceRef.name"),
        Column::AGE,
        Column::READY,
        Column::STATUS,
    ],
    spec: HelmChartSpec,
    status: HelmChartStatus,
}
reconciled!(HelmChart);
source!(HelmChart);

/// Which chart is taken from which source.
// SRC-CHART
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.verify) || self.sourceRef.kind == 'HelmRepository'",
    "message": "spec.verify is only supported when spec.sourceRef.kind is 'HelmRepository'",
}]))]
pub struct HelmChartSpec {
    /// Name of the chart in a HelmRepository, or its path in a GitRepository or Bucket.
    pub chart: String,
    /// Version or range of versions; the highest in it is taken. Has no meaning for a GitRepository or Bucket.
    #[serde(default = "any_version")]
    pub version: String,
    /// Where the chart comes from.
    pub source_ref: ChartSourceReference,
    /// How often the source is asked for news, with some jitter.
    #[schemars(regex(pattern = DURATION_PATTERN))]
    pub interval: Duration,
    /// When a new artifact is made: on another version of the chart, or on any revision of its source.
    #[serde(default)]
    pub reconcile_strategy: ReconcileStrategy,
    /// Values files that are merged, in order, into the values.yaml of the chart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values_files: Vec<String>,
    /// Go on without values files that do not exist.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ignore_missing_values_files: bool,
    /// Stop reconciling; the artifact stays as it is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// How the chart's signature is checked; not at all if not set. Only for a HelmRepository that is a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<OciVerification>,
}

fn any_version() -> String {
    "*".to_owned()
}

/// The source of a chart, in the same namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartSourceReference {
    /// API version of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind of the source.
    pub kind: ChartSourceKind,
    /// Name of the source.
    pub name: String,
}

/// Kinds that charts come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ChartSourceKind {
    /// A repository of charts.
    #[default]
    HelmRepository,
    /// A directory or package in a Git repository.
    GitRepository,
    /// A directory or package in a bucket.
    Bucket,
}

impl fmt::Display for ChartSourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// When a new chart artifact is made.
// SRC-CHART-08
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ReconcileStrategy {
    /// When the version of the chart is another.
    #[default]
    ChartVersion,
    /// When the revision of the source is another.
    Revision,
}

/// What the controller observed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct HelmChartStatus {
    /// Generation that was last reconciled to an end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// Revision of the source that was looked at last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_source_artifact_revision: Option<String>,
    /// Name of the chart that was resolved last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_chart_name: Option<String>,
    /// Values files that were merged into the artifact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed_values_files: Vec<String>,
    /// State of the object, aspect by aspect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Address that always leads to the newest chart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The chart that is offered now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// Value of the annotation reconcile.fluxcd.io/requestedAt that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}
