//! The cluster that a Kustomization applies to, and as whom (KC-IMP-01…03).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ferroflux_api::kustomize::Kustomization;
use ferroflux_cluster_apply::Cluster;
use ferroflux_controller_runtime::client::{Deadlines, Options, Rates};
use ferroflux_controller_runtime::metrics::Metrics;
use ferroflux_controller_runtime::{Liveness, ObjectKey, TokenCache};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, Client};

use crate::config::Config;

mod identity;
mod kubeconfig;

/// Remote clusters whose connection is kept.
const REMOTE_CLUSTERS: usize = 16;

/// Requests to a remote cluster that take longer are given up (RT-54).
const REMOTE_TIMEOUT: Duration = Duration::from_secs(30);

/// The cluster cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    /// Trying again may help.
    #[error("{0}")]
    Failed(String),
    /// This build cannot do what is asked for.
    #[error("{0}")]
    Unsupported(String),
}

impl From<String> for TargetError {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// The clusters that are in use.
pub(crate) struct Targets {
    local: Cluster,
    remote: Remote,
    tokens: Arc<TokenCache>,
}

/// What clients of remote clusters are made with, and those that are kept.
struct Remote {
    metrics: Arc<Metrics>,
    rates: Rates,
    /// Clusters by all that makes them another one; the last used at the end.
    kept: Mutex<VecDeque<(String, Cluster)>>,
}

/// The service account that an object's requests impersonate, if any.
pub(crate) fn service_account<'a>(object: &'a Kustomization, config: &'a Config) -> Option<&'a str> {
    let own = object.spec.service_account_name.as_deref().filter(|s| !s.is_empty());
    own.or(Some(&config.default_service_account)).filter(|s| !s.is_empty())
}

impl Targets {
    /// The cluster of `client`, and remote ones, whose requests are counted in `metrics` and are not faster than `rates`.
    pub(crate) fn new(client: Client, metrics: Arc<Metrics>, rates: Rates, tokens: TokenCache) -> Self {
        let remote = Remote { metrics, rates, kept: Mutex::default() };
        Self { local: Cluster::new(client), remote, tokens: Arc::new(tokens) }
    }

    /// The cluster of an object, used as the object's service account, on a remote cluster too (RT-54).
    pub(crate) async fn of(&self, object: &Kustomization, config: &Config) -> Result<Cluster, TargetError> {
        let key = ObjectKey::of(object);
        let cluster = match &object.spec.kube_config {
            None => self.local.clone(),
            Some(reference) => match (&reference.secret_ref, &reference.config_map_ref) {
                (Some(secret), _) => self.by_secret(&key.namespace, secret, config).await?,
                (None, Some(map)) => self.by_config_map(&key, &map.name, config).await?,
                (None, None) => {
                    let text = "exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef must be specified";
                    return Err(TargetError::Unsupported(text.to_owned()));
                }
            },
        };
        Ok(match service_account(object, config) {
            None => cluster,
            Some(account) => cluster.impersonating(&format!("system:serviceaccount:{}:{account}", key.namespace)),
        })
    }

    /// Whether the account that an object impersonates is there (KC-DEL-03). On remote clusters it is not looked up.
    pub(crate) async fn account_exists(&self, object: &Kustomization, config: &Config) -> bool {
        let Some(account) = service_account(object, config) else { return true };
        if object.spec.kube_config.is_some() {
            return true;
        }
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        let found = Api::<ServiceAccount>::namespaced(self.local.client().clone(), namespace).get_metadata_opt(account).await;
        !matches!(found, Ok(None))
    }

    /// Drops what the metrics tell of an object that is gone.
    pub(crate) fn forget(&self, key: &ObjectKey) {
        self.tokens.forget(KIND, key);
    }
}

/// The kind as metrics name it.
const KIND: &str = "Kustomization";

impl Remote {
    /// What a client of a remote cluster is made with. Its watches end with the waits that they serve, so that nobody
    /// misses them.
    fn options(&self) -> Options {
        let deadlines = Deadlines { request: REMOTE_TIMEOUT, ..Deadlines::default() };
        Options { metrics: Arc::clone(&self.metrics), liveness: Arc::<Liveness>::default(), rates: self.rates, deadlines }
    }

    /// The cluster that is kept under an identity.
    fn known(&self, identity: &str) -> Option<Cluster> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| known == identity)?;
        let entry = kept.remove(at)?;
        let cluster = entry.1.clone();
        kept.push_back(entry);
        Some(cluster)
    }

    /// Keeps the cluster of a new client.
    fn keep(&self, identity: String, client: Client) -> Cluster {
        let cluster = Cluster::new(client);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((identity, cluster.clone()));
        while kept.len() > REMOTE_CLUSTERS {
            kept.pop_front();
        }
        cluster
    }
}
