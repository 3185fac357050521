//! The artifact: what a source publishes and its consumers fetch.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Time, schema};

/// A file that a source offers over HTTP.
// SRC-GEN-03
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Where the file lies below the root of the store.
    pub path: String,
    /// Address from which the file is fetched.
    pub url: String,
    /// Which state of the source the file holds, such as `main@sha1:…`, a digest or a chart version.
    pub revision: String,
    /// Checksum of the file as `<algorithm>:<hex>`.
    #[schemars(regex(pattern = r"^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$"))]
    pub digest: String,
    /// When the file was written.
    #[schemars(schema_with = "schema::date_time")]
    pub last_update_time: Time,
    /// Length of the file in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// What the source says about the content, such as the annotations of an OCI manifest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}
