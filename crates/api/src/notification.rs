//! `notification.toolkit.fluxcd.io`: alerts and their providers (`v1beta3`), receivers of webhooks (`v1`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::references::namespace_or;

mod alert;
mod provider;
mod receiver;

pub use alert::{Alert, AlertSpec, EventSeverity};
pub use provider::{Provider, ProviderSpec, ProviderType};
pub use receiver::{OidcProvider, OidcValidation, OidcVariable, Receiver, ReceiverResource, ReceiverSpec, ReceiverStatus, ReceiverType};

/// Version of Receiver that is served and stored (NC-07).
pub const RECEIVER_VERSION: &str = "v1";
/// Version of Alert and Provider that is served and stored (NC-07).
pub const ALERT_VERSION: &str = "v1beta3";

const CATEGORIES: &[&str] = &["all", "fluxcd", "fluxcd-notifications"];

/// Objects whose events count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventSource {
    /// API version of the objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind of the objects.
    pub kind: EventSourceKind,
    /// Labels that an object must have, if its name is `*`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Name of the object, or `*` for all.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of the objects; the referring object's own if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub namespace: Option<String>,
}

impl EventSource {
    /// The namespace that is meant when an object in `own` refers so.
    pub fn namespace_or<'a>(&'a self, own: &'a str) -> &'a str {
        namespace_or(&self.namespace, own)
    }
}

/// Kinds whose events can be watched and whose reconcile can be asked for (NC-18).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the names of the kinds")]
pub enum EventSourceKind {
    Bucket,
    #[default]
    GitRepository,
    Kustomization,
    HelmRelease,
    HelmChart,
    HelmRepository,
    ImageRepository,
    ImagePolicy,
    ImageUpdateAutomation,
    OCIRepository,
    ArtifactGenerator,
    ExternalArtifact,
}
