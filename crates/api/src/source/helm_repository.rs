//! `HelmRepository`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CATEGORIES, DEFAULT_TIMEOUT, RegistryProvider, VERSION};
use crate::contract::group;
use crate::resource::{Column, custom_resource, reconciled, source};
use crate::schema::{self, DURATION_PATTERN, SHORT_DURATION_PATTERN};
use crate::serde_skip::{is_false, is_zero};
use crate::{Artifact, Condition, Duration, LocalObjectReference};

custom_resource! {
    /// A repository of Helm charts: an index over HTTP, or a registry.
    HelmRepository: group::SOURCE, VERSION, "helmrepositories",
    short_names: &["helmrepo"],
    categories: CATEGORIES,
    columns: &[Column::text("URL", ".spec.url"), Column::AGE, Column::READY, Column::STATUS],
    spec: HelmRepositorySpec,
    status: HelmRepositoryStatus,
}
reconciled!(HelmRepository);
source!(HelmRepository);

/// Interval of a HelmRepository where it is not set (SRC-GEN-02).
pub(super) const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);

/// Where the charts are and how often the index is read.
// SRC-HELMREPO
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelmRepositorySpec {
    /// Address of the repository: http, https or oci.
    #[schemars(regex(pattern = "^(http|https|oci)://.*$"))]
    pub url: String,
    /// Secret with `username` and `password`; for a registry of type kubernetes.io/dockerconfigjson.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// Secret with `tls.crt` and `tls.key`, `ca.crt`, or all three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalObjectReference>,
    /// Send the credentials also to other hosts that the index names. Only safe where the index is trusted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pass_credentials: bool,
    /// How often the index is read, with some jitter; 1m if not set. Has no meaning for a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = DURATION_PATTERN))]
    pub interval: Option<Duration>,
    /// Allow plain HTTP, for a registry.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// How long reading the index or a chart may take; 1m if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SHORT_DURATION_PATTERN))]
    pub timeout: Option<Duration>,
    /// Stop reconciling; the artifact stays as it is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// Accepted, without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_from: Option<AccessFrom>,
    /// `oci` for a registry; an index over HTTP if `default` or not set.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<HelmRepositoryType>,
    /// Whose identity to log in to a registry with; `generic` uses the Secret.
    #[serde(default)]
    pub provider: RegistryProvider,
}

impl HelmRepositorySpec {
    /// The interval, or the default where it is not set.
    pub fn interval(&self) -> Duration {
        self.interval.unwrap_or(DEFAULT_INTERVAL)
    }

    /// The timeout, or the default where it is not set.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }

    /// Whether the charts are in a registry.
    pub fn is_oci(&self) -> bool {
        self.type_ == Some(HelmRepositoryType::Oci)
    }
}

/// What kind of repository it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HelmRepositoryType {
    /// An index over HTTP.
    #[default]
    Default,
    /// A registry.
    Oci,
}

/// Which namespaces may refer to the object from outside its own.
// RT-53
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessFrom {
    /// Namespaces whose labels one of these selects.
    pub namespace_selectors: Vec<NamespaceSelector>,
}

/// Selects namespaces by their labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceSelector {
    /// Labels that a namespace must have; every namespace if empty.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
}

/// What the controller observed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct HelmRepositoryStatus {
    /// Generation that was last reconciled to an end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// State of the object, aspect by aspect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Address that always leads to the newest index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The index that is offered now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// Value of the annotation reconcile.fluxcd.io/requestedAt that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}
