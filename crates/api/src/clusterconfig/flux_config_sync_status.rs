//! `FluxConfigSyncStatus`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SYNC_STATUS_VERSION;
use crate::contract::group;
use crate::resource::{Column, custom_resource};
use crate::serde_skip::{is_false, is_zero};
use crate::{Time, schema};

custom_resource! {
    /// What the agent has yet to tell the configuration service about the FluxConfig of the same name.
    FluxConfigSyncStatus: group::CLUSTER_CONFIG, SYNC_STATUS_VERSION, "fluxconfigsyncstatuses",
    short_names: &[],
    categories: &[],
    columns: &[Column::text("Synced", ".status.isSyncedWithAzure"), Column::text("Last synced", ".status.lastSyncedTime"), Column::AGE],
    spec: FluxConfigSyncStatusSpec,
    status: FluxConfigSyncStatusStatus,
}

/// Which FluxConfig it is about.
// FX-24
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FluxConfigSyncStatusSpec {
    /// UID of the FluxConfig.
    #[serde(default, rename = "fluxConfigUID", skip_serializing_if = "Option::is_none")]
    pub flux_config_uid: Option<String>,
}

/// What was sent and what is waiting.
// FX-24
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FluxConfigSyncStatusStatus {
    /// Whether the service has the newest status.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_synced_with_azure: bool,
    /// When the service last took a status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::date_time")]
    pub last_synced_time: Option<Time>,
    /// Number of the status that was last sent; it only grows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub last_pushed_seq: i64,
    /// Since when a status waits to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::date_time")]
    pub pending_since: Option<Time>,
    /// How often sending it was tried.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: i64,
    /// Why the last try failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Checksum of the status that was last sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_pushed_digest: Option<String>,
}
