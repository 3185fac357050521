//! History of a Kustomization.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Duration, Time, schema};

/// Attempts to bring one set of objects to one outcome, counted together.
// KC-HIST-01
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Checksum of the set as `<algorithm>:<hex>`.
    pub digest: String,
    /// When the first attempt ended.
    #[schemars(schema_with = "schema::date_time")]
    pub first_reconciled: Time,
    /// When the last attempt ended.
    #[schemars(schema_with = "schema::date_time")]
    pub last_reconciled: Time,
    /// How long the last attempt took.
    pub last_reconciled_duration: Duration,
    /// Reason with which the last attempt ended.
    pub last_reconciled_status: String,
    /// How many attempts there were.
    pub total_reconciliations: i64,
    /// What else is known, such as the revision.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}
