//! `image.toolkit.fluxcd.io/v1`: image repositories, policies and update automations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod image_policy;
mod image_repository;
mod image_update_automation;

pub use image_policy::{
    AlphabeticalPolicy, DigestReflectionPolicy, ImagePolicy, ImagePolicyChoice, ImagePolicySpec, ImagePolicyStatus, NumericalPolicy, Order,
    SemVerPolicy, TagFilter,
};
pub use image_repository::{ImageRepository, ImageRepositorySpec, ImageRepositoryStatus, ScanResult};
pub use image_update_automation::{
    AutomationSourceKind, AutomationSourceReference, CommitSpec, CommitUser, GitCheckoutSpec, GitSpec, ImageUpdateAutomation,
    ImageUpdateAutomationSpec, ImageUpdateAutomationStatus, PushSpec, SigningKey, SigningKeyType, UpdateStrategy, UpdateStrategyName,
};

/// Version of the group that is served and stored.
pub const VERSION: &str = "v1";

const CATEGORIES: &[&str] = &["all", "fluxcd", "fluxcd-images"];

/// An image with tag and, where it is known, digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ImageRef {
    /// Name of the image, without tag.
    pub name: String,
    /// Tag of the image.
    pub tag: String,
    /// Digest of the image, as `<algorithm>:<hex>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}
