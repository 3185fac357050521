//! What a Kustomization has applied.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The objects that a controller has applied and may delete.
// KC-INV
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceInventory {
    /// One entry an object, in the order of their ids.
    pub entries: Vec<ResourceRef>,
}

/// One applied object.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ResourceRef {
    /// The object as `<namespace>_<name>_<group>_<kind>`.
    pub id: String,
    /// API version of the object's kind, without the group.
    pub v: String,
}
