//! The command line (SRC-GEN, "Flags").

use clap::Parser;
use ferroflux_api::Duration;
use ferroflux_artifact::digest::Algorithm;
use ferroflux_controller_runtime::{Jitter, RuntimeFlags};

/// Feature gates with their defaults (RT-05, SRC-GEN-17).
pub(crate) const GATES: &[(&str, bool)] = &[("CacheSecretsAndConfigMaps", false), (WORKLOAD_IDENTITY, false), (OPTIMIZED_CLONES, true)];
/// Identities of objects at cloud providers.
pub(crate) const WORKLOAD_IDENTITY: &str = "ObjectLevelWorkloadIdentity";
/// Documented, but long gone: every clone is as small as it can be.
pub(crate) const OPTIMIZED_CLONES: &str = "OptimizedGitClones";

/// Flags that nothing is done with: they are about charts and about cloud identities, which are not here.
pub(crate) const UNUSED: &[&str] = &[
    "helm_index_max_size",
    "helm_chart_max_size",
    "helm_chart_file_max_size",
    "helm_cache_max_size",
    "helm_cache_ttl",
    "helm_cache_purge_interval",
    "token_cache_max_size",
    "token_cache_max_duration",
    "default_service_account",
];

/// The flags of source-controller, with Flux's names and defaults.
#[derive(Debug, Clone, Parser)]
#[command(name = "source-controller", version, args_override_self = true, about = "Turns sources into artifacts")]
pub struct Flags {
    /// What all controllers share.
    #[command(flatten)]
    pub runtime: RuntimeFlags,
    /// Reconciles that run at once, for each kind.
    #[arg(long, default_value_t = 2)]
    pub concurrent: usize,
    /// Directory of the artifacts.
    #[arg(long, default_value = "/data", env = "STORAGE_PATH")]
    pub storage_path: std::path::PathBuf,
    /// Address that artifacts are served on.
    #[arg(long, default_value = ":9090", env = "STORAGE_ADDRESS")]
    pub storage_addr: String,
    /// Address that artifact URLs carry.
    #[arg(long, default_value = "", env = "STORAGE_ADV_ADDR")]
    pub storage_adv_addr: String,
    /// Age after which artifacts that are not current go.
    #[arg(long, default_value = "1m")]
    pub artifact_retention_ttl: Duration,
    /// Artifacts that are kept of an object while they are young.
    #[arg(long, default_value_t = 2)]
    pub artifact_retention_records: usize,
    /// Algorithm of the artifacts' digests: sha1, sha256, sha384, sha512 or blake3.
    #[arg(long, default_value = "sha256")]
    pub artifact_digest_algo: Algorithm,
    /// Time after which unmet dependencies are looked at again.
    #[arg(long, default_value = "30s")]
    pub requeue_dependency: Duration,
    /// Spreads intervals by this percentage.
    #[arg(long, default_value = "5")]
    pub interval_jitter_percentage: Jitter,
    /// Largest index of a Helm repository, in bytes.
    #[arg(long, default_value_t = 52_428_800)]
    pub helm_index_max_size: u64,
    /// Largest Helm chart, in bytes.
    #[arg(long, default_value_t = 10_485_760)]
    pub helm_chart_max_size: u64,
    /// Largest file of a Helm chart, in bytes.
    #[arg(long, default_value_t = 5_242_880)]
    pub helm_chart_file_max_size: u64,
    /// Indexes that are kept in memory; 0 keeps none.
    #[arg(long, default_value_t = 0)]
    pub helm_cache_max_size: usize,
    /// How long an index is kept in memory.
    #[arg(long, default_value = "15m")]
    pub helm_cache_ttl: Duration,
    /// How often the indexes in memory are looked through.
    #[arg(long, default_value = "1m")]
    pub helm_cache_purge_interval: Duration,
    /// Tokens of cloud providers that are kept; 0 keeps none.
    #[arg(long, default_value_t = 100)]
    pub token_cache_max_size: usize,
    /// How long a token is kept at most.
    #[arg(long, default_value = "1h")]
    pub token_cache_max_duration: Duration,
    /// Key exchange algorithms of SSH, in order of preference.
    #[arg(long, value_delimiter = ',')]
    pub ssh_kex_algos: Vec<String>,
    /// Host key algorithms of SSH, in order of preference.
    #[arg(long, value_delimiter = ',')]
    pub ssh_hostkey_algos: Vec<String>,
    /// Service account for cloud identities of objects that name none.
    #[arg(long, default_value = "")]
    pub default_service_account: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SRC-GEN (flags), RT-01: the defaults of Flux; unknown algorithms and percentages end the process.
    #[test]
    fn defaults() {
        let parse = |args: &[&str]| Flags::try_parse_from(["source-controller"].iter().chain(args));
        let flags = parse(&[]).unwrap();
        assert_eq!((flags.concurrent, flags.storage_addr.as_str(), flags.artifact_retention_records), (2, ":9090", 2));
        assert_eq!(flags.artifact_digest_algo, Algorithm::Sha256);
        assert_eq!(flags.requeue_dependency.as_std().as_secs(), 30);
        let flags =
            parse(&["--ssh-kex-algos=a,b", "--artifact-digest-algo=blake3", "--storage-path", "/x", "--concurrent=1", "--concurrent=9"]);
        let flags = flags.unwrap();
        assert_eq!((flags.ssh_kex_algos, flags.concurrent), (vec!["a".to_owned(), "b".to_owned()], 9));
        let command = <Flags as clap::CommandFactory>::command();
        assert!(UNUSED.iter().all(|flag| command.get_arguments().any(|a| a.get_id() == flag)));
        for bad in ["--artifact-digest-algo=md5", "--interval-jitter-percentage=100", "--no-such-flag"] {
            assert!(parse(&[bad]).is_err(), "{bad}");
        }
    }

    /// SRC-GEN-17: two gates and a dead one are known, others end the process.
    #[test]
    fn gates() {
        let parse = |text| ferroflux_controller_runtime::FeatureGates::parse(GATES, text);
        assert!(parse("").is_ok_and(|g| !g.enabled(WORKLOAD_IDENTITY) && !g.enabled("CacheSecretsAndConfigMaps")));
        assert!(parse("OptimizedGitClones=false,ObjectLevelWorkloadIdentity=true").is_ok_and(|g| g.enabled(WORKLOAD_IDENTITY)));
        assert!(parse("GitAllBranchReferences=true").is_err());
    }
}
