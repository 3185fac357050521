//! Strings that others rely on, spelled out a second time so that none changes by accident.

use ferroflux_api::contract::{annotation, finalizer, label, reason};

/// RT-17: the reasons that every kind shares.
#[test]
fn generic_reasons() {
    let reasons = [
        reason::SUCCEEDED,
        reason::FAILED,
        reason::PROGRESSING,
        reason::PROGRESSING_WITH_RETRY,
        reason::SUSPENDED,
        reason::DEPENDENCY_NOT_READY,
        reason::INVALID_PATH,
        reason::INVALID_URL,
        reason::INSECURE_CONNECTIONS_DISALLOWED,
        reason::UNSUPPORTED_CONNECTION_TYPE,
        reason::PRUNE_FAILED,
        reason::ARTIFACT_FAILED,
        reason::BUILD_FAILED,
        reason::HEALTH_CHECK_FAILED,
        reason::HEALTH_CHECK_CANCELED,
        reason::RECONCILIATION_SUCCEEDED,
        reason::RECONCILIATION_FAILED,
        reason::INVALID_CEL_EXPRESSION,
        reason::FEATURE_GATE_DISABLED,
        reason::ACCESS_DENIED,
    ];
    let wire = "Succeeded Failed Progressing ProgressingWithRetry Suspended DependencyNotReady InvalidPath InvalidURL \
                InsecureConnectionsDisallowed UnsupportedConnectionType PruneFailed ArtifactFailed BuildFailed HealthCheckFailed \
                HealthCheckCanceled ReconciliationSucceeded ReconciliationFailed InvalidCELExpression FeatureGateDisabled AccessDenied";
    assert_eq!(reasons.join(" "), wire);
}

/// What users write on their objects.
#[test]
fn annotations_and_labels() {
    assert_eq!(annotation::REQUESTED_AT, "reconcile.fluxcd.io/requestedAt");
    assert_eq!(annotation::FORCE_AT, "reconcile.fluxcd.io/forceAt");
    assert_eq!(annotation::RESET_AT, "reconcile.fluxcd.io/resetAt");
    assert_eq!(annotation::EVENT_METADATA_PREFIX, "event.toolkit.fluxcd.io/");
    assert_eq!(annotation::KUSTOMIZE_SUBSTITUTE, "kustomize.toolkit.fluxcd.io/substitute");
    assert_eq!(label::SHARD_KEY, "sharding.fluxcd.io/key");
    assert_eq!((label::WATCH, label::WATCH_ENABLED), ("reconcile.fluxcd.io/watch", "Enabled"));
    assert_eq!(finalizer::FLUX, "finalizers.fluxcd.io");
}
