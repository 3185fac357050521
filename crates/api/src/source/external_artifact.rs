//! `ExternalArtifact`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CATEGORIES, VERSION};
use crate::contract::group;
use crate::resource::{Column, custom_resource, source};
use crate::{Artifact, Condition, NamespacedObjectKindReference, schema};

custom_resource! {
    /// An artifact that another program makes and publishes.
    ExternalArtifact: group::SOURCE, VERSION, "externalartifacts",
    short_names: &["ea"],
    categories: CATEGORIES,
    columns: &[Column::AGE, Column::READY, Column::STATUS, Column::text("Source", ".spec.sourceRef.name")],
    spec: ExternalArtifactSpec,
    status: ExternalArtifactStatus,
}
source!(ExternalArtifact);

/// Who makes the artifact. For information only.
// SRC-EXT-01
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalArtifactSpec {
    /// Object that the artifact comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<NamespacedObjectKindReference>,
}

/// What the maker of the artifact says about it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalArtifactStatus {
    /// The artifact that is offered now; only to be used while the object is Ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// State of the object, aspect by aspect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
}
