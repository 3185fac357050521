//! `Alert`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ALERT_VERSION, CATEGORIES, EventSource};
use crate::LocalObjectReference;
use crate::contract::group;
use crate::resource::{Column, custom_resource};
use crate::serde_skip::is_false;

custom_resource! {
    /// Events that are passed on to a provider.
    Alert: group::NOTIFICATION, ALERT_VERSION, "alerts",
    short_names: &[],
    categories: CATEGORIES,
    columns: &[Column::AGE],
    spec: AlertSpec,
}

/// Which events are passed on, and to which provider.
// NC-19…NC-24
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertSpec {
    /// Provider in the same namespace.
    pub provider_ref: LocalObjectReference,
    /// Least severity of events: `info` passes all on, `error` only errors.
    #[serde(default)]
    pub event_severity: EventSeverity,
    /// Objects whose events are passed on.
    pub event_sources: Vec<EventSource>,
    /// Regular expressions; only events whose message matches one are passed on. All if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inclusion_list: Vec<String>,
    /// Metadata to add to the events.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub event_metadata: BTreeMap<String, String>,
    /// Regular expressions; events whose message matches one are not passed on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusion_list: Vec<String>,
    /// Deprecated: use `eventMetadata`. Text to add to the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub summary: Option<String>,
    /// Pass nothing on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
}

/// How bad an event is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventSeverity {
    /// All is well.
    #[default]
    Info,
    /// Something is wrong.
    Error,
}
