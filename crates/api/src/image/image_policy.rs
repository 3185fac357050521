//! `ImagePolicy`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CATEGORIES, ImageRef, VERSION};
use crate::contract::group;
use crate::resource::{Column, custom_resource, reconciled};
use crate::schema::{self, DURATION_PATTERN};
use crate::serde_skip::{is_false, is_zero};
use crate::{Condition, Duration, NamespacedObjectReference};

custom_resource! {
    /// A rule that picks one tag of an image.
    ImagePolicy: group::IMAGE, VERSION, "imagepolicies",
    short_names: &["imgpol", "imagepol"],
    categories: CATEGORIES,
    columns: &[
        Column::text("Image", ".status.latestRef.name"),
        Column::text("Tag", ".status.latestRef.tag"),
        Column::READY,
        Column::STATUS,
        Column::AGE,
    ],
    spec: ImagePolicySpec,
    status: ImagePolicyStatus,
}
reconciled!(ImagePolicy);

/// Of which image, and how, the tag is picked.
// IMG-POL
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {
        "rule": "!has(self.interval) || (has(self.digestReflectionPolicy) && self.digestReflectionPolicy == 'Always')",
        "message": "spec.interval is only accepted when spec.digestReflectionPolicy is set to 'Always'",
    },
    {
        "rule": "has(self.interval) || !has(self.digestReflectionPolicy) || self.digestReflectionPolicy != 'Always'",
        "message": "spec.interval must be set when spec.digestReflectionPolicy is set to 'Always'",
    },
]))]
pub struct ImagePolicySpec {
    /// ImageRepository that has the tags.
    pub image_repository_ref: NamespacedObjectReference,
    /// How the tag is picked.
    pub policy: ImagePolicyChoice,
    /// Which tags are picked from, and what of them is compared; all and whole if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_tags: Option<TagFilter>,
    /// Whether the digest of the image is looked up: `Never`, `IfNotPresent`, once for each tag, or `Always`, at each
    /// interval.
    #[serde(default)]
    pub digest_reflection_policy: DigestReflectionPolicy,
    /// How often the digest is looked up, for `Always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = DURATION_PATTERN))]
    pub interval: Option<Duration>,
    /// Stop reconciling; the picked tag stays as it is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
}

/// How the tag is picked. The first that is set counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ImagePolicyChoice {
    /// The highest version in a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver: Option<SemVerPolicy>,
    /// The last one in the order of bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alphabetical: Option<AlphabeticalPolicy>,
    /// The last one in the order of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerical: Option<NumericalPolicy>,
}

/// Picks the highest version in a range.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SemVerPolicy {
    /// Range of versions.
    pub range: String,
}

/// Picks by the order of bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AlphabeticalPolicy {
    /// `asc` picks the last one, `desc` the first.
    #[serde(default)]
    pub order: Order,
}

/// Picks by the order of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct NumericalPolicy {
    /// `asc` picks the largest one, `desc` the smallest.
    #[serde(default)]
    pub order: Order,
}

/// A direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Ascending.
    #[default]
    Asc,
    /// Descending.
    Desc,
}

/// Which tags are picked from, and what of them is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct TagFilter {
    /// Regular expression; only tags that match it are picked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What to compare, with the groups of the expression as `$1` or `$name`; the whole tag if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extract: Option<String>,
}

/// Whether the digest of the image is looked up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DigestReflectionPolicy {
    /// At each interval.
    Always,
    /// Once for each tag.
    IfNotPresent,
    /// Never.
    #[default]
    Never,
}

/// What the controller observed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct ImagePolicyStatus {
    /// The picked image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_ref: Option<ImageRef>,
    /// The image that was picked before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_previous_ref: Option<ImageRef>,
    /// Generation that was last reconciled to an end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// State of the object, aspect by aspect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Value of the annotation reconcile.fluxcd.io/requestedAt that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}
