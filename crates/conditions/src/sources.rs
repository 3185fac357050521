//! How `Ready` follows from the other conditions of each source kind (SRC-GEN-11).

use crate::Summary;
use crate::types::{
    ARTIFACT_IN_STORAGE, ARTIFACT_OUTDATED, BUILD_FAILED, FETCH_FAILED, INCLUDE_UNAVAILABLE, RECONCILING, SOURCE_VERIFIED, STALLED,
    STORAGE_OPERATION_FAILED,
};

const NEGATIVE: &[&str] =
    &[STORAGE_OPERATION_FAILED, FETCH_FAILED, INCLUDE_UNAVAILABLE, BUILD_FAILED, ARTIFACT_OUTDATED, STALLED, RECONCILING];

/// Of a GitRepository.
pub const GIT_REPOSITORY: Summary<'static> = Summary {
    conditions: &[
        STORAGE_OPERATION_FAILED,
        FETCH_FAILED,
        INCLUDE_UNAVAILABLE,
        ARTIFACT_OUTDATED,
        ARTIFACT_IN_STORAGE,
        SOURCE_VERIFIED,
        STALLED,
        RECONCILING,
    ],
    negative: NEGATIVE,
    decisive: &[SOURCE_VERIFIED],
};

/// Of an OCIRepository.
pub const OCI_REPOSITORY: Summary<'static> = Summary {
    conditions: &[STORAGE_OPERATION_FAILED, FETCH_FAILED, ARTIFACT_OUTDATED, ARTIFACT_IN_STORAGE, SOURCE_VERIFIED, STALLED, RECONCILING],
    negative: NEGATIVE,
    decisive: &[SOURCE_VERIFIED],
};

/// Of a Bucket and of a HelmRepository: the same, without signatures.
pub const UNSIGNED: Summary<'static> = Summary {
    conditions: &[STORAGE_OPERATION_FAILED, FETCH_FAILED, ARTIFACT_OUTDATED, ARTIFACT_IN_STORAGE, STALLED, RECONCILING],
    negative: NEGATIVE,
    decisive: &[],
};

/// Of a HelmChart.
pub const HELM_CHART: Summary<'static> = Summary {
    conditions: &[
        STORAGE_OPERATION_FAILED,
        FETCH_FAILED,
        BUILD_FAILED,
        ARTIFACT_OUTDATED,
        ARTIFACT_IN_STORAGE,
        SOURCE_VERIFIED,
        STALLED,
        RECONCILING,
    ],
    negative: NEGATIVE,
    decisive: &[SOURCE_VERIFIED],
};
