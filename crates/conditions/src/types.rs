//! Names of conditions, as they are on the wire.

/// `Ready`: the summary that users, the CLI and dependants look at.
pub const READY: &str = "Ready";
/// `Reconciling`: present, and then True, only while work goes on or will be retried.
pub const RECONCILING: &str = "Reconciling";
/// `Stalled`: present, and then True, only while nothing but a change of the object can help.
pub const STALLED: &str = "Stalled";

/// The objects of a Kustomization pass their health checks.
pub const HEALTHY: &str = "Healthy";
/// The artifact of a source is current and stored.
pub const ARTIFACT_IN_STORAGE: &str = "ArtifactInStorage";
/// A newer revision than the stored one has been seen.
pub const ARTIFACT_OUTDATED: &str = "ArtifactOutdated";
/// The source could not be fetched.
pub const FETCH_FAILED: &str = "FetchFailed";
/// A chart could not be built.
pub const BUILD_FAILED: &str = "BuildFailed";
/// An included GitRepository is not usable.
pub const INCLUDE_UNAVAILABLE: &str = "IncludeUnavailable";
/// The local store refused a read or a write.
pub const STORAGE_OPERATION_FAILED: &str = "StorageOperationFailed";
/// The signature of the source is good.
pub const SOURCE_VERIFIED: &str = "SourceVerified";
/// The release is deployed.
pub const RELEASED: &str = "Released";
/// The release's tests passed.
pub const TEST_SUCCESS: &str = "TestSuccess";
/// A failed release was brought back or removed.
pub const REMEDIATED: &str = "Remediated";
