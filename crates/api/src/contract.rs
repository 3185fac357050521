//! The strings that users, other controllers, the CLI and dashboards rely on: annotations, labels, finalizers,
//! field managers, condition types and reasons. Each stands here once, so that it can be found.

/// API groups.
pub mod group {
    /// Sources and their artifacts.
    pub const SOURCE: &str = "source.toolkit.fluxcd.io";
    /// Kustomizations.
    pub const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
    /// Helm releases.
    pub const HELM: &str = "helm.toolkit.fluxcd.io";
    /// Alerts, providers and receivers.
    pub const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";
    /// Image repositories, policies and update automations.
    pub const IMAGE: &str = "image.toolkit.fluxcd.io";
    /// Generators of artifacts.
    pub const SOURCE_EXTENSIONS: &str = "source.extensions.fluxcd.io";
    /// Flux configurations as the Azure extension knows them.
    pub const CLUSTER_CONFIG: &str = "clusterconfig.azure.com";
}

/// Annotations (RT-20, RT-42, RT-82).
pub mod annotation {
    /// Any new value asks for a reconcile now.
    pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";
    /// With the value of [`REQUESTED_AT`]: a HelmRelease is upgraded even if nothing changed.
    pub const FORCE_AT: &str = "reconcile.fluxcd.io/forceAt";
    /// With the value of [`REQUESTED_AT`]: the failure counts of a HelmRelease are reset.
    pub const RESET_AT: &str = "reconcile.fluxcd.io/resetAt";
    /// Annotations with this prefix are copied into the metadata of every event of the object, without the prefix.
    pub const EVENT_METADATA_PREFIX: &str = "event.toolkit.fluxcd.io/";
    /// `disabled`: an applied object is left alone by kustomize-controller.
    pub const KUSTOMIZE_RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
    /// `disabled`: an applied object is never deleted by garbage collection.
    pub const KUSTOMIZE_PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
    /// How an object is applied: `Override`, `Merge`, `IfNotPresent` or `Ignore`.
    pub const KUSTOMIZE_SSA: &str = "kustomize.toolkit.fluxcd.io/ssa";
    /// `enabled`: an object is recreated when an immutable field changes.
    pub const KUSTOMIZE_FORCE: &str = "kustomize.toolkit.fluxcd.io/force";
    /// `disabled`: no variables are substituted in the object.
    pub const KUSTOMIZE_SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";
    /// `disabled`: the reconcile of an ArtifactGenerator is suspended.
    pub const SOURCE_EXTENSIONS_RECONCILE: &str = "source.extensions.fluxcd.io/reconcile";
    /// Value that switches a behaviour off.
    pub const DISABLED: &str = "disabled";
    /// Value that switches a behaviour on.
    pub const ENABLED: &str = "enabled";
}

/// Labels (RT-20).
pub mod label {
    /// Which shard of a controller handles the object.
    pub const SHARD_KEY: &str = "sharding.fluxcd.io/key";
    /// On Secrets and ConfigMaps; with value [`WATCH_ENABLED`], a change reconciles the objects that refer to it.
    pub const WATCH: &str = "reconcile.fluxcd.io/watch";
    /// The value of [`WATCH`] that counts.
    pub const WATCH_ENABLED: &str = "Enabled";
    /// Name of the Kustomization that applied the object.
    pub const KUSTOMIZE_NAME: &str = "kustomize.toolkit.fluxcd.io/name";
    /// Namespace of the Kustomization that applied the object.
    pub const KUSTOMIZE_NAMESPACE: &str = "kustomize.toolkit.fluxcd.io/namespace";
    /// Name of the HelmRelease that installed the object.
    pub const HELM_NAME: &str = "helm.toolkit.fluxcd.io/name";
    /// Namespace of the HelmRelease that installed the object.
    pub const HELM_NAMESPACE: &str = "helm.toolkit.fluxcd.io/namespace";
}

/// Finalizers.
pub mod finalizer {
    /// On every object of ours that leaves something behind (RT-19).
    pub const FLUX: &str = "finalizers.fluxcd.io";
    /// On an ArtifactGenerator.
    pub const ARTIFACT_GENERATOR: &str = "source.extensions.fluxcd.io/finalizer";
    /// On a FluxConfig (FX-17).
    pub const FLUX_CONFIG: &str = "clusterconfig.azure.com/fluxconfig-finalizer";
}

/// Field managers of our patches (RT-18).
pub mod field_manager {
    /// source-controller, metadata and status.
    pub const SOURCE_CONTROLLER: &str = "source-controller";
    /// kustomize-controller, metadata and applied objects.
    pub const KUSTOMIZE_CONTROLLER: &str = "kustomize-controller";
    /// kustomize-controller, the status of Kustomizations.
    pub const KUSTOMIZE_CONTROLLER_STATUS: &str = "gotk-kustomize-controller";
    /// helm-controller.
    pub const HELM_CONTROLLER: &str = "helm-controller";
    /// notification-controller.
    pub const NOTIFICATION_CONTROLLER: &str = "notification-controller";
    /// image-reflector-controller.
    pub const IMAGE_REFLECTOR_CONTROLLER: &str = "image-reflector-controller";
    /// image-automation-controller.
    pub const IMAGE_AUTOMATION_CONTROLLER: &str = "image-automation-controller";
}

/// Keys in the metadata of artifacts and events.
pub mod metadata_key {
    /// Where the content of an OCI artifact comes from.
    pub const ORIGIN_SOURCE: &str = "org.opencontainers.image.source";
    /// Which revision of that source it is.
    pub const ORIGIN_REVISION: &str = "org.opencontainers.image.revision";
    /// When it was made.
    pub const ORIGIN_CREATED: &str = "org.opencontainers.image.created";
    /// In events, after the group and a slash: the revision.
    pub const REVISION: &str = "revision";
    /// In events, after the group and a slash: the revision at the origin.
    pub const EVENT_ORIGIN_REVISION: &str = "originRevision";
    /// In events, after the group and a slash: the artifact's digest.
    pub const DIGEST: &str = "digest";
    /// In events, after the group and a slash: the digest of what caused the event, so that repeats are told apart.
    pub const TOKEN: &str = "token";
    /// In events, after the group and a slash: which commit status to set.
    pub const COMMIT_STATUS: &str = "commit_status";
}

/// Condition types.
pub mod condition {
    pub use ferroflux_conditions::types::*;
}

/// Condition and event reasons.
pub mod reason {
    // Of every kind (RT-17).

    /// It worked.
    pub const SUCCEEDED: &str = "Succeeded";
    /// It failed, and nothing more exact is known.
    pub const FAILED: &str = "Failed";
    /// Work goes on.
    pub const PROGRESSING: &str = "Progressing";
    /// Work failed and will be tried again.
    pub const PROGRESSING_WITH_RETRY: &str = "ProgressingWithRetry";
    /// The object is suspended.
    pub const SUSPENDED: &str = "Suspended";
    /// Something that the object depends on is not ready.
    pub const DEPENDENCY_NOT_READY: &str = "DependencyNotReady";
    /// A path does not exist or leaves its root.
    pub const INVALID_PATH: &str = "InvalidPath";
    /// A URL cannot be used.
    pub const INVALID_URL: &str = "InvalidURL";
    /// Plain-text connections are not allowed.
    pub const INSECURE_CONNECTIONS_DISALLOWED: &str = "InsecureConnectionsDisallowed";
    /// The kind of connection is not supported.
    pub const UNSUPPORTED_CONNECTION_TYPE: &str = "UnsupportedConnectionType";
    /// Garbage collection failed.
    pub const PRUNE_FAILED: &str = "PruneFailed";
    /// The artifact could not be fetched.
    pub const ARTIFACT_FAILED: &str = "ArtifactFailed";
    /// The manifests could not be built.
    pub const BUILD_FAILED: &str = "BuildFailed";
    /// Health checks failed.
    pub const HEALTH_CHECK_FAILED: &str = "HealthCheckFailed";
    /// Health checks were cut short by a new revision.
    pub const HEALTH_CHECK_CANCELED: &str = "HealthCheckCanceled";
    /// The desired state is applied.
    pub const RECONCILIATION_SUCCEEDED: &str = "ReconciliationSucceeded";
    /// The desired state could not be applied.
    pub const RECONCILIATION_FAILED: &str = "ReconciliationFailed";
    /// A CEL expression is not valid.
    pub const INVALID_CEL_EXPRESSION: &str = "InvalidCELExpression";
    /// The field needs a feature gate that is off.
    pub const FEATURE_GATE_DISABLED: &str = "FeatureGateDisabled";
    /// A reference to another namespace is not allowed.
    pub const ACCESS_DENIED: &str = "AccessDenied";

    // Of the sources (contract: source-controller, conditions and events).

    /// The URL cannot be parsed or its scheme is not supported.
    pub const URL_INVALID: &str = "URLInvalid";
    /// A secret, proxy, certificate or identity does not do.
    pub const AUTHENTICATION_FAILED: &str = "AuthenticationFailed";
    /// The secret and `spec.provider` do not fit.
    pub const INVALID_PROVIDER_CONFIGURATION: &str = "InvalidProviderConfiguration";
    /// `spec.sts` of a Bucket is not valid.
    pub const INVALID_STS_CONFIGURATION: &str = "InvalidSTSConfiguration";
    /// A Git operation failed.
    pub const GIT_OPERATION_FAILED: &str = "GitOperationFailed";
    /// A Git operation succeeded.
    pub const GIT_OPERATION_SUCCEEDED: &str = "GitOperationSucceeded";
    /// The remote repository has no refs.
    pub const EMPTY_GIT_REPOSITORY: &str = "EmptyGitRepository";
    /// Listing or reading a bucket failed.
    pub const BUCKET_OPERATION_FAILED: &str = "BucketOperationFailed";
    /// A Helm index could not be downloaded or parsed.
    pub const INDEXATION_FAILED: &str = "IndexationFailed";
    /// An OCI digest could not be resolved or pulled.
    pub const OCI_ARTIFACT_PULL_FAILED: &str = "OCIArtifactPullFailed";
    /// The OCI layer could not be selected, unpacked or copied.
    pub const OCI_ARTIFACT_LAYER_OPERATION_FAILED: &str = "OCIArtifactLayerOperationFailed";
    /// A tag could not be resolved or a local artifact not be read.
    pub const READ_OPERATION_FAILED: &str = "ReadOperationFailed";
    /// The chart's source does not exist.
    pub const SOURCE_UNAVAILABLE: &str = "SourceUnavailable";
    /// The chart's source is of a kind that has no charts.
    pub const UNSUPPORTED_SOURCE_KIND: &str = "UnsupportedSourceKind";
    /// The chart's source has no artifact yet.
    pub const NO_SOURCE_ARTIFACT: &str = "NoSourceArtifact";
    /// The chart's name or version cannot be found.
    pub const INVALID_CHART_REFERENCE: &str = "InvalidChartReference";
    /// The chart could not be pulled.
    pub const CHART_PULL_ERROR: &str = "ChartPullError";
    /// The chart was pulled.
    pub const CHART_PULL_SUCCEEDED: &str = "ChartPullSucceeded";
    /// The chart was packaged from a tree.
    pub const CHART_PACKAGE_SUCCEEDED: &str = "ChartPackageSucceeded";
    /// The version of a chart could not be changed.
    pub const METADATA_PATCH_ERROR: &str = "MetadataPatchError";
    /// A values file is missing or not valid.
    pub const VALUES_FILES_ERROR: &str = "ValuesFilesError";
    /// A chart's dependency could not be built.
    pub const DEPENDENCY_BUILD_ERROR: &str = "DependencyBuildError";
    /// A chart could not be packaged.
    pub const CHART_PACKAGE_ERROR: &str = "ChartPackageError";
    /// A chart's signature is not good.
    pub const CHART_VERIFICATION_ERROR: &str = "ChartVerificationError";
    /// A directory could not be made.
    pub const DIRECTORY_CREATION_FAILED: &str = "DirectoryCreationFailed";
    /// A file could not be examined.
    pub const STAT_OPERATION_FAILED: &str = "StatOperationFailed";
    /// The lock on an artifact could not be had.
    pub const ACQUIRE_LOCK_FAILED: &str = "AcquireLockFailed";
    /// The archive could not be written.
    pub const ARCHIVE_OPERATION_FAILED: &str = "ArchiveOperationFailed";
    /// A path leaves the work tree.
    pub const ILLEGAL_PATH: &str = "IllegalPath";
    /// Included content could not be copied.
    pub const COPY_FAILURE: &str = "CopyFailure";
    /// The included repository does not exist.
    pub const NOT_FOUND: &str = "NotFound";
    /// The included repository has no artifact yet.
    pub const NO_ARTIFACT: &str = "NoArtifact";
    /// A newer revision was seen.
    pub const NEW_REVISION: &str = "NewRevision";
    /// Included content changed.
    pub const INCLUDE_CHANGE: &str = "IncludeChange";
    /// A newer chart was seen.
    pub const NEW_CHART: &str = "NewChart";
    /// The signature could not be checked or is not good.
    pub const VERIFICATION_ERROR: &str = "VerificationError";
    /// `spec.verify.mode` does not fit the reference.
    pub const INVALID_VERIFICATION_MODE: &str = "InvalidVerificationMode";
    /// The tag is not annotated or not signed.
    pub const INVALID_GIT_OBJECT: &str = "InvalidGitObject";
    /// The tag's signature is not good.
    pub const INVALID_TAG_SIGNATURE: &str = "InvalidTagSignature";
    /// The commit's signature is not good.
    pub const INVALID_COMMIT_SIGNATURE: &str = "InvalidCommitSignature";
    /// Event: a new artifact is stored.
    pub const NEW_ARTIFACT: &str = "NewArtifact";
    /// Event: nothing new at the remote.
    pub const ARTIFACT_UP_TO_DATE: &str = "ArtifactUpToDate";
    /// Event: a stored artifact does not match its digest.
    pub const ARTIFACT_VERIFICATION_FAILED: &str = "ArtifactVerificationFailed";
    /// Event: outdated files were removed.
    pub const GARBAGE_COLLECTION_SUCCEEDED: &str = "GarbageCollectionSucceeded";
    /// Event: outdated files could not be removed.
    pub const GARBAGE_COLLECTION_FAILED: &str = "GarbageCollectionFailed";
    /// Event: the object could not be patched.
    pub const PATCH_OPERATION_FAILED: &str = "PatchOperationFailed";
    /// Event: ignore rules could not be read.
    pub const SOURCE_IGNORE_ERROR: &str = "SourceIgnoreError";
    /// Event: the link to the latest artifact could not be set.
    pub const SYMLINK_UPDATE_FAILED: &str = "SymlinkUpdateFailed";
    /// Event: the index cache refused an entry.
    pub const CACHE_OPERATION_FAILED: &str = "CacheOperationFailed";
    /// Event: a chart's dependencies were found.
    pub const RESOLVED_DEPENDENCIES: &str = "ResolvedDependencies";
}

/// The key of a kubeconfig Secret that is read where none is named; `value.yaml` is read after it (RT-54).
pub const DEFAULT_KUBECONFIG_SECRET_KEYS: [&str; 2] = ["value", "value.yaml"];
