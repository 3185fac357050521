//! The process: store, file server, controllers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ferroflux_api::source::GitRepository;
use ferroflux_artifact::storage::{Config, Retention, Scratch, Storage, advertised_address};
use ferroflux_artifact_transfer::server::Server;
use ferroflux_controller_runtime::flags::log_ignored;
use ferroflux_controller_runtime::process::GRACE;
use ferroflux_controller_runtime::{Cache, Controller, FeatureGates, ObjectKey, Process};
use ferroflux_git::{Client as GitClient, Limits, SshAlgorithms};
use ferroflux_proxy_environment::ProxyEnvironment;

use crate::Flags;
use crate::flags::{GATES, OPTIMIZED_CLONES, UNUSED, WORKLOAD_IDENTITY};
use crate::git_repository::{self, GitRepositories};

/// Time between two looks for artifacts of objects that are gone (SRC-ART-07).
const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);
/// Below the storage root; the server serves nothing that begins with a dot.
const MIRRORS: &str = ".mirrors";

/// Runs source-controller until it is told to stop.
pub async fn run(flags: Flags) -> Result<()> {
    let gates = FeatureGates::parse(GATES, &flags.runtime.feature_gates)?;
    if flags.runtime.feature_gates.contains(OPTIMIZED_CLONES) {
        tracing::info!("feature gate {OPTIMIZED_CLONES} has no effect any more and will be refused one day, please remove it");
    }
    if !flags.default_service_account.is_empty() && !gates.enabled(WORKLOAD_IDENTITY) {
        bail!("cannot set default service accounts when the feature gate {WORKLOAD_IDENTITY} is not enabled");
    }
    log_ignored::<Flags>(UNUSED);
    let ssh_algorithms = SshAlgorithms::parse(&flags.ssh_kex_algos, &flags.ssh_hostkey_algos)?;
    let hostname = std::env::var("HOSTNAME").unwrap_or_else(|_| rustix::system::uname().nodename().to_string_lossy().into_owned());
    let config = Config {
        root: flags.storage_path.clone(),
        advertised: advertised_address(&flags.storage_adv_addr, &flags.storage_addr, &hostname),
        algorithm: flags.artifact_digest_algo,
        retention: Retention { ttl: flags.artifact_retention_ttl.as_std(), records: flags.artifact_retention_records },
    };
    let storage = Arc::new(Storage::open(config).context("cannot open --storage-path")?);
    let git = GitClient::new(flags.storage_path.join(MIRRORS), Limits::default(), ProxyEnvironment::from_env())
        .context("cannot open the mirrors below --storage-path")?;
    let scratch = Scratch::open(&std::env::temp_dir(), "source-controller").context("cannot make a temporary directory")?;
    let server = Server::bind(&flags.storage_addr, Arc::clone(&storage))
        .await
        .with_context(|| format!("cannot listen on --storage-addr {}", flags.storage_addr))?;
    tracing::info!(addr = %server.local_addr()?, "starting file server");

    let process = Process::start("source-controller", flags.runtime.clone(), gates).await?;
    // Every replica serves what its volume holds, the leader or not (SRC-ART-10).
    let serving = tokio::spawn(server.run(process.shutdown.clone().cancelled_owned()));
    let controller = Controller::<GitRepository>::new(&process, flags.concurrent);
    let cache = Arc::clone(controller.cache());
    let reconciler = Arc::new(GitRepositories {
        process: Arc::clone(&process),
        cache: Arc::clone(&cache),
        storage: Arc::clone(&storage),
        git,
        scratch: Arc::new(scratch),
        ssh_algorithms,
        requeue_dependency: flags.requeue_dependency.as_std(),
        jitter: flags.interval_jitter_percentage,
    });
    let sweeping = tokio::spawn(sweep(Arc::clone(&process), storage, Arc::clone(&cache)));
    let queue = controller.queue().clone();
    let work = controller.run_with(reconciler, GRACE, move |change| git_repository::on_change(&queue, &cache, change));
    let result = process.run(work).await;
    sweeping.abort();
    let _ = serving.await;
    Ok(result?)
}

/// Removes artifacts of objects that this process does not know, at start and every hour.
async fn sweep(process: Arc<Process>, storage: Arc<Storage>, cache: Arc<Cache<GitRepository>>) {
    process.elected().await;
    cache.synced().await;
    loop {
        let (storage, cache) = (Arc::clone(&storage), Arc::clone(&cache));
        let swept = tokio::task::spawn_blocking(move || {
            storage.sweep_orphans("GitRepository", |ns, name| cache.get(&ObjectKey::new(ns, name)).is_some())
        });
        match swept.await {
            Ok(Ok(gone)) => gone.iter().for_each(|object| tracing::info!(%object, "removed the artifacts of a GitRepository that is gone")),
            Ok(Err(error)) => tracing::error!(%error, "cannot remove the artifacts of objects that are gone"),
            Err(_) => {}
        }
        tokio::time::sleep(SWEEP_INTERVAL).await;
    }
}
