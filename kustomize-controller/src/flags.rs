//! The command line (KC-FLAG-01) and the feature gates (KC-GATE-01).

use clap::{ArgAction, Parser};
use ferroflux_api::Duration;
use ferroflux_controller_runtime::{Jitter, RuntimeFlags};

/// Flags that nothing is done with: they are about decryption, which is not here.
pub(crate) const UNUSED: &[&str] = &["sops_age_secret", "sops_vault_configmap", "default_decryption_service_account"];

/// The flags of kustomize-controller, with Flux's names and defaults.
#[derive(Debug, Clone, Parser)]
#[command(name = "kustomize-controller", version, args_override_self = true, about = "Keeps rendered kustomizations applied on a cluster")]
pub struct Flags {
    /// Flags of every controller.
    #[command(flatten)]
    pub runtime: RuntimeFlags,
    /// Kustomizations reconciled at once.
    #[arg(long, default_value_t = 4)]
    pub concurrent: usize,
    /// Dry-runs at once within a Kustomization.
    #[arg(long, default_value_t = 4)]
    pub concurrent_ssa: usize,
    /// Time after which unmet dependencies and missing artifacts are looked at again.
    #[arg(long, default_value = "30s")]
    pub requeue_dependency: Duration,
    /// Refuse remote bases and resources.
    #[arg(long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub no_remote_bases: bool,
    /// Refuse references to sources in other namespaces.
    #[arg(long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub no_cross_namespace_refs: bool,
    /// Tries to download an artifact after the first.
    #[arg(long, default_value_t = 9)]
    pub http_retry: u32,
    /// Service account that is impersonated where a Kustomization names none.
    #[arg(long, default_value = "")]
    pub default_service_account: String,
    /// Service account for decryption where a Kustomization names none.
    #[arg(long, default_value = "")]
    pub default_decryption_service_account: String,
    /// Service account for remote clusters where a Kustomization names none.
    #[arg(long, default_value = "")]
    pub default_kubeconfig_service_account: String,
    /// Secret in the controller's namespace with age keys for all Kustomizations.
    #[arg(long, default_value = "")]
    pub sops_age_secret: String,
    /// ConfigMap in the controller's namespace that says where Vault instances log in.
    #[arg(long, default_value = "")]
    pub sops_vault_configmap: String,
    /// Field manager whose changes are taken over; may be given several times.
    #[arg(long)]
    pub override_manager: Vec<String>,
    /// Kinds that are applied in a stage of their own, as group/Kind,…
    #[arg(long, default_value = "")]
    pub custom_apply_stage_kinds: String,
    /// Spreads intervals by this many percent.
    #[arg(long, default_value = "5")]
    pub interval_jitter_percentage: Jitter,
    /// Allow exec plugins in kubeconfigs.
    #[arg(long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub insecure_kubeconfig_exec: bool,
    /// Allow unverified TLS in kubeconfigs.
    #[arg(long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub insecure_kubeconfig_tls: bool,
    /// Tokens kept in memory; 0 keeps none.
    #[arg(long, default_value_t = 100)]
    pub token_cache_max_size: usize,
    /// How long tokens are kept at most.
    #[arg(long, default_value = "1h")]
    pub token_cache_max_duration: Duration,
}

/// Names of the feature gates.
pub(crate) mod gate {
    pub(crate) const ADDITIVE_CEL_DEPENDENCY_CHECK: &str = "AdditiveCELDependencyCheck";
    pub(crate) const CANCEL_HEALTH_CHECK_ON_NEW_REVISION: &str = "CancelHealthCheckOnNewRevision";
    pub(crate) const DIRECT_SOURCE_FETCH: &str = "DirectSourceFetch";
    pub(crate) const DISABLE_CONFIG_WATCHERS: &str = "DisableConfigWatchers";
    pub(crate) const DISABLE_FAIL_FAST_BEHAVIOR: &str = "DisableFailFastBehavior";
    pub(crate) const EXTERNAL_ARTIFACT: &str = "ExternalArtifact";
    pub(crate) const GROUP_CHANGE_LOG: &str = "GroupChangeLog";
    pub(crate) const MIGRATE_API_VERSION: &str = "MigrateAPIVersion";
    pub(crate) const OBJECT_LEVEL_WORKLOAD_IDENTITY: &str = "ObjectLevelWorkloadIdentity";
    pub(crate) const STRICT_POST_BUILD_SUBSTITUTIONS: &str = "StrictPostBuildSubstitutions";
}

/// The gates with their defaults. The two about caches change nothing here: there is no cache of Secrets, and health is
/// read from watches.
pub(crate) const GATES: [(&str, bool); 12] = [
    ("CacheSecretsAndConfigMaps", false),
    ("DisableStatusPollerCache", true),
    (gate::ADDITIVE_CEL_DEPENDENCY_CHECK, false),
    (gate::CANCEL_HEALTH_CHECK_ON_NEW_REVISION, false),
    (gate::DIRECT_SOURCE_FETCH, false),
    (gate::DISABLE_CONFIG_WATCHERS, false),
    (gate::DISABLE_FAIL_FAST_BEHAVIOR, false),
    (gate::EXTERNAL_ARTIFACT, false),
    (gate::GROUP_CHANGE_LOG, false),
    (gate::MIGRATE_API_VERSION, false),
    (gate::OBJECT_LEVEL_WORKLOAD_IDENTITY, false),
    (gate::STRICT_POST_BUILD_SUBSTITUTIONS, true),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use ferroflux_controller_runtime::FeatureGates;

    fn parse(args: &[&str]) -> Result<Flags, clap::Error> {
        Flags::try_parse_from(["kustomize-controller"].iter().chain(args))
    }

    /// KC-FLAG-01, RT-01: Flux's defaults and forms.
    #[test]
    fn defaults_and_forms() {
        let flags = parse(&[]).unwrap();
        assert_eq!((flags.concurrent, flags.concurrent_ssa, flags.http_retry, flags.token_cache_max_size), (4, 4, 9, 100));
        assert_eq!(flags.requeue_dependency.to_string(), "30s");
        assert!(!flags.no_remote_bases && !flags.no_cross_namespace_refs && flags.override_manager.is_empty());
        let args = [
            "--no-remote-bases",
            "--no-cross-namespace-refs=true",
            "--override-manager=a",
            "--override-manager",
            "b",
            "--concurrent-ssa=8",
            "--interval-jitter-percentage=0",
        ];
        let flags = parse(&args).unwrap();
        assert!(flags.no_remote_bases && flags.no_cross_namespace_refs);
        assert_eq!((flags.override_manager, flags.concurrent_ssa), (vec!["a".to_owned(), "b".to_owned()], 8));
        let command = <Flags as clap::CommandFactory>::command();
        assert!(UNUSED.iter().all(|flag| command.get_arguments().any(|a| a.get_id() == flag)));
        // Patches of the manifests add flags that are there already: the last counts.
        let flags = parse(&["--concurrent=4", "--watch-all-namespaces=true", "--concurrent=20", "--watch-all-namespaces=false"]).unwrap();
        assert_eq!((flags.concurrent, flags.runtime.watch_all_namespaces), (20, false));
    }

    /// KC-FLAG-04, KC-GATE-01: a jitter of 100 and an unknown gate are errors; the gates have Flux's defaults.
    #[test]
    fn refused() {
        assert!(parse(&["--interval-jitter-percentage=100"]).is_err());
        assert!(parse(&["--no-such-flag"]).is_err());
        assert!(FeatureGates::parse(&GATES, "NoSuchGate=true").is_err());
        let gates = FeatureGates::parse(&GATES, "").unwrap();
        let on: Vec<_> = GATES.iter().filter(|(name, _)| gates.enabled(name)).map(|(name, _)| *name).collect();
        assert_eq!(on, ["DisableStatusPollerCache", "StrictPostBuildSubstitutions"]);
    }
}
