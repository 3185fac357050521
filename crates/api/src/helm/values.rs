//! Where the values of a release come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ConfigKind;
use crate::serde_skip::is_false;

/// A key of a ConfigMap or Secret in the same namespace that holds values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValuesReference {
    /// Kind of the object.
    pub kind: ConfigKind,
    /// Name of the object.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key that holds the values; `values.yaml` if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253), regex(pattern = r"^[\-._a-zA-Z0-9]+$"))]
    pub values_key: Option<String>,
    /// Path, in the notation of helm's --set, that the one value of the key is put at. Without a path the key holds a
    /// YAML document, which is merged into the values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 250), regex(pattern = r"^([a-zA-Z0-9_\-.\\\/]|\[[0-9]{1,5}\])+$"))]
    pub target_path: Option<String>,
    /// Go on without the object or the key if it does not exist.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// Take the value at `targetPath` as text, as helm's --set-literal does.
    #[serde(default, skip_serializing_if = "is_false")]
    pub literal: bool,
}
