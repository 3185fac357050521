//! The flags and gates in the form in which a reconcile asks for them.

use std::collections::BTreeSet;
use std::time::Duration;

use ferroflux_artifact_transfer::fetch::Retries;
use ferroflux_controller_runtime::{FeatureGates, Jitter};
use ferroflux_manifest::managed_fields::{ForeignManager, foreign_managers};
use ferroflux_manifest::order::parse_stage_kinds;

use crate::flags::{Flags, gate};

/// Name of the controller and of its field manager.
pub(crate) const CONTROLLER: &str = "kustomize-controller";

/// What does not change while the process lives.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) requeue_dependency: Duration,
    pub(crate) jitter: Jitter,
    pub(crate) retries: Retries,
    pub(crate) no_cross_namespace_refs: bool,
    pub(crate) no_remote_bases: bool,
    pub(crate) default_service_account: String,
    pub(crate) default_kubeconfig_service_account: String,
    pub(crate) foreign_managers: Vec<ForeignManager>,
    pub(crate) custom_stage_kinds: BTreeSet<(String, String)>,
    pub(crate) concurrent_ssa: usize,
    pub(crate) insecure_kubeconfig_exec: bool,
    pub(crate) insecure_kubeconfig_tls: bool,
    pub(crate) strict_substitutions: bool,
    pub(crate) fail_fast: bool,
    pub(crate) group_change_log: bool,
    pub(crate) migrate_api_version: bool,
    pub(crate) additive_expressions: bool,
    pub(crate) external_artifact: bool,
    pub(crate) direct_source_fetch: bool,
    pub(crate) report_canceled_health_checks: bool,
    pub(crate) object_level_identity: bool,
}

impl Config {
    pub(crate) fn new(flags: &Flags, gates: &FeatureGates) -> Self {
        let on = |name| gates.enabled(name);
        Self {
            requeue_dependency: flags.requeue_dependency.as_std(),
            jitter: flags.interval_jitter_percentage,
            retries: Retries { limit: flags.http_retry },
            no_cross_namespace_refs: flags.no_cross_namespace_refs,
            no_remote_bases: flags.no_remote_bases,
            default_service_account: flags.default_service_account.clone(),
            default_kubeconfig_service_account: flags.default_kubeconfig_service_account.clone(),
            foreign_managers: foreign_managers(CONTROLLER, &flags.override_manager),
            custom_stage_kinds: parse_stage_kinds(&flags.custom_apply_stage_kinds),
            concurrent_ssa: flags.concurrent_ssa.max(1),
            insecure_kubeconfig_exec: flags.insecure_kubeconfig_exec,
            insecure_kubeconfig_tls: flags.insecure_kubeconfig_tls,
            strict_substitutions: on(gate::STRICT_POST_BUILD_SUBSTITUTIONS),
            fail_fast: !on(gate::DISABLE_FAIL_FAST_BEHAVIOR),
            group_change_log: on(gate::GROUP_CHANGE_LOG),
            migrate_api_version: on(gate::MIGRATE_API_VERSION),
            additive_expressions: on(gate::ADDITIVE_CEL_DEPENDENCY_CHECK),
            external_artifact: on(gate::EXTERNAL_ARTIFACT),
            direct_source_fetch: on(gate::DIRECT_SOURCE_FETCH),
            report_canceled_health_checks: on(gate::CANCEL_HEALTH_CHECK_ON_NEW_REVISION),
            object_level_identity: on(gate::OBJECT_LEVEL_WORKLOAD_IDENTITY),
        }
    }
}
