//! `clusterconfig.azure.com`: Flux configurations as the Azure extension for clusters knows them.

mod flux_config;
mod flux_config_status;
mod flux_config_sync_status;
mod sources;

pub use flux_config::{
    ConfigKustomization, ConfigPostBuild, FluxConfig, FluxConfigSpec, KustomizationKubeConfig, Scope, SourceKind, Validation,
};
pub use flux_config_status::{
    ChildStatus, ChildStatuses, ComplianceState, DataplaneStatus, FluxConfigStatus, HelmReleaseProperties, KustomizationComplianceStatus,
    ManagedStatuses, ProvisioningState, ReportedCondition, SourceStatus,
};
pub use flux_config_sync_status::{FluxConfigSyncStatus, FluxConfigSyncStatusSpec, FluxConfigSyncStatusStatus};
pub use sources::{
    AzureBlob, ConfigBucket, ConfigGitRepository, ConfigGitRepositoryRef, ConfigOciRepository, ConfigOciRepositoryRef,
    ConfigOciVerification, GitProvider, ManagedIdentity, ObjectLevelIdentity, ServicePrincipal,
};

/// Version of FluxConfig that is served and stored (FX-15).
pub const FLUX_CONFIG_VERSION: &str = "v1alpha1";
/// Version of FluxConfigSyncStatus that is served and stored (FX-15).
pub const SYNC_STATUS_VERSION: &str = "v1beta1";
