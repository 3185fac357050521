//! Puts the parts together and runs them.

use std::fmt::Debug;
use std::sync::Arc;

use anyhow::{Context, bail};
use ferroflux_api::ConfigKind;
use ferroflux_api::Source;
use ferroflux_api::kustomize::{Kustomization, SourceKind};
use ferroflux_artifact::tarball::Limits;
use ferroflux_artifact_transfer::fetch::{Config as FetchConfig, Fetcher};
use ferroflux_controller_runtime::controller::enqueue;
use ferroflux_controller_runtime::flags::log_ignored;
use ferroflux_controller_runtime::process::GRACE;
use ferroflux_controller_runtime::{Cache, Controller, FeatureGates, Process, TokenCache};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::PartialObjectMeta;
use kube::core::NamespaceResourceScope;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

use crate::attempt::Writer;
use crate::config::{CONTROLLER, Config};
use crate::flags::{Flags, GATES, UNUSED, gate};
use crate::reconcile::KustomizationReconciler;
use crate::render::Renderer;
use crate::run::Memory;
use crate::source::Sources;
use crate::target::Targets;
use crate::triggers::{Blocked, Triggers};

/// Runs the controller until a signal ends the process. The process must have installed a crypto provider.
pub async fn run(flags: Flags) -> anyhow::Result<()> {
    let gates = FeatureGates::parse(&GATES, &flags.runtime.feature_gates)?;
    let default_account = !flags.default_decryption_service_account.is_empty() || !flags.default_kubeconfig_service_account.is_empty();
    if default_account && !gates.enabled(gate::OBJECT_LEVEL_WORKLOAD_IDENTITY) {
        bail!("cannot set default service accounts when the feature gate ObjectLevelWorkloadIdentity is not enabled");
    }
    log_ignored::<Flags>(UNUSED);
    let config = Config::new(&flags, &gates);
    let workers = flags.concurrent;
    let token_cache = (flags.token_cache_max_size, flags.token_cache_max_duration.as_std());
    let process = Process::start(CONTROLLER, flags.runtime, gates).await?;
    let tokens = TokenCache::new(&process.metrics, token_cache.0, token_cache.1);
    let controller = Controller::<Kustomization>::new(&process, workers);
    let sources = Arc::new(Sources::default());
    let triggers = Triggers {
        queue: controller.queue().clone(),
        cache: controller.cache().clone(),
        memory: Arc::<Memory>::default(),
        blocked: Arc::<Blocked>::default(),
    };
    watch_sources(&process, &controller, &sources, &triggers, config.external_artifact);
    if !process.gates.enabled(gate::DISABLE_CONFIG_WATCHERS) {
        watch_configs(&process, &controller, &triggers);
    }
    let mut fetch = FetchConfig::new(std::env::temp_dir());
    fetch.max_download = None;
    fetch.limits = Limits::UNLIMITED;
    let reconciler = Arc::new(KustomizationReconciler {
        writer: Writer { client: process.client.clone(), cache: controller.cache().clone(), events: process.events.clone() },
        queue: controller.queue().clone(),
        sources,
        fetcher: Fetcher::new(fetch).context("unable to set up the download of artifacts")?,
        renderer: Arc::new(Renderer::new(&config, std::env::temp_dir())),
        targets: Targets::new(process.client.clone(), process.metrics.clone(), process.flags.rates(), tokens),
        memory: triggers.memory.clone(),
        blocked: triggers.blocked.clone(),
        config,
    });
    let queue = controller.queue().clone();
    let work = controller.run_with(reconciler, GRACE, move |change| {
        enqueue(&queue, change);
        triggers.dependency_changed(change);
    });
    process.run(work).await?;
    Ok(())
}

fn watch_sources(process: &Arc<Process>, controller: &Controller<Kustomization>, sources: &Sources, triggers: &Triggers, external: bool) {
    watch_source(process, controller, &sources.git, triggers, SourceKind::GitRepository);
    watch_source(process, controller, &sources.oci, triggers, SourceKind::OCIRepository);
    watch_source(process, controller, &sources.bucket, triggers, SourceKind::Bucket);
    if external {
        watch_source(process, controller, &sources.external, triggers, SourceKind::ExternalArtifact);
    }
}

fn watch_source<S>(
    process: &Arc<Process>,
    controller: &Controller<Kustomization>,
    cache: &Arc<Cache<S>>,
    triggers: &Triggers,
    kind: SourceKind,
) where
    S: Source + Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    let mut scope = process.scope();
    // The shard's selector is about Kustomizations; their sources may be anybody's.
    scope.labels.clear();
    let triggers = triggers.clone();
    controller.also_watch(scope.api::<S>(process.client.clone()), "", cache.clone(), move |change| triggers.source_changed(kind, &change));
}

/// ConfigMaps and Secrets are watched by their metadata alone, and only those that carry the label for it.
fn watch_configs(process: &Arc<Process>, controller: &Controller<Kustomization>, triggers: &Triggers) {
    watch_config::<ConfigMap>(process, controller, triggers, ConfigKind::ConfigMap);
    watch_config::<Secret>(process, controller, triggers, ConfigKind::Secret);
}

fn watch_config<K>(process: &Arc<Process>, controller: &Controller<Kustomization>, triggers: &Triggers, kind: ConfigKind)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let client = process.client.clone();
    let api: Api<PartialObjectMeta<K>> = match process.scope().namespace {
        Some(namespace) => Api::namespaced(client, &namespace),
        None => Api::all(client),
    };
    let triggers = triggers.clone();
    controller.also_watch(api, &process.flags.watch_configs_label_selector, Arc::default(), move |change| {
        if !change.initial {
            triggers.config_changed(kind, &change.key);
        }
    });
}
