//! `helm.toolkit.fluxcd.io/v2`: Helm releases.

mod actions;
mod chart;
mod helm_release;
mod history;
mod values;

pub use actions::{
    ActionStrategyName, ChartNameChangeStrategy, CrdsPolicy, DeletionPropagation, Install, InstallRemediation, InstallStrategy,
    RemediationStrategy, Rollback, ServerSideApplyMode, Test, TestFilter, Uninstall, Upgrade, UpgradeRemediation, UpgradeStrategy,
};
pub use chart::{
    ChartReference, ChartReferenceKind, ChartTemplate, ChartTemplateMetadata, ChartTemplateSourceReference, ChartTemplateSpec,
    ChartTemplateVerification,
};
pub use helm_release::{
    DriftDetection, DriftDetectionMode, HelmRelease, HelmReleaseSpec, HelmReleaseStatus, KustomizePostRenderer, PostRenderStrategy,
    PostRenderer, ReleaseAction, WaitStrategy, WaitStrategyName,
};
pub use history::{ReleaseSnapshot, TestHookStatus};
pub use values::ValuesReference;

/// Version of the group that is served and stored (HC-API-01).
pub const VERSION: &str = "v2";
