//! `ImageRepository`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CATEGORIES, VERSION};
use crate::contract::group;
use crate::resource::{Column, custom_resource, reconciled};
use crate::schema::{self, DURATION_PATTERN, SHORT_DURATION_PATTERN};
use crate::serde_skip::{is_false, is_zero};
use crate::source::{AccessFrom, RegistryProvider};
use crate::{Condition, Duration, LocalObjectReference, Time};

custom_resource! {
    /// An image whose tags are read from its registry.
    ImageRepository: group::IMAGE, VERSION, "imagerepositories",
    short_names: &["imgrepo", "imagerepo"],
    categories: CATEGORIES,
    columns: &[
        Column::text("Image", ".spec.image"),
        Column::text("Tags", ".status.lastScanResult.tagCount"),
        Column::READY,
        Column::STATUS,
        Column::wide("Last scan", ".status.lastScanResult.scanTime"),
        Column::AGE,
    ],
    spec: ImageRepositorySpec,
    status: ImageRepositoryStatus,
}
reconciled!(ImageRepository);

/// Which image's tags are read, and how often.
// IMG-REPO
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageRepositorySpec {
    /// Name of the image, without scheme, tag and digest.
    pub image: String,
    /// How often the registry is asked for news, with some jitter.
    #[schemars(regex(pattern = DURATION_PATTERN))]
    pub interval: Duration,
    /// How long reading the tags may take; the interval if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SHORT_DURATION_PATTERN))]
    pub timeout: Option<Duration>,
    /// Secret of type kubernetes.io/dockerconfigjson with the credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// Secret with the proxy's `address` and, where it asks for them, `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_secret_ref: Option<LocalObjectReference>,
    /// Service account whose image pull secrets, or whose identity at the provider, are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub service_account_name: Option<String>,
    /// Secret with `tls.crt` and `tls.key`, `ca.crt`, or all three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalObjectReference>,
    /// Stop reconciling; the tags stay as they are.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// Which other namespaces may refer to the object; none if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_from: Option<AccessFrom>,
    /// Regular expressions; tags that match one are left out.
    #[serde(default = "signatures", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 25), extend("default" = [r"^.*\.sig$"]))]
    pub exclusion_list: Vec<String>,
    /// Whose identity to log in with; `generic` uses the Secret.
    #[serde(default)]
    pub provider: RegistryProvider,
    /// Allow plain HTTP.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
}

/// Tags under which cosign keeps signatures.
fn signatures() -> Vec<String> {
    vec![r"^.*\.sig$".to_owned()]
}

/// What the last reading of the tags found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScanResult {
    /// Checksum of the list of tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// How many tags there are.
    #[schemars(schema_with = "schema::integer")]
    pub tag_count: i64,
    /// When the tags were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::date_time")]
    pub scan_time: Option<Time>,
    /// The first tags in descending order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latest_tags: Vec<String>,
}

/// What the controller observed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct ImageRepositoryStatus {
    /// State of the object, aspect by aspect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Generation that was last reconciled to an end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// Full name of the image, with its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical_image_name: Option<String>,
    /// What the last reading of the tags found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_scan_result: Option<ScanResult>,
    /// Exclusions with which the tags were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed_exclusion_list: Vec<String>,
    /// Value of the annotation reconcile.fluxcd.io/requestedAt that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}
