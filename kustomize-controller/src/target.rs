//! The cluster that a Kustomization applies to, and as whom (KC-IMP-01, KC-IMP-02).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ferroflux_api::KubeConfigReference;
use ferroflux_api::contract::DEFAULT_KUBECONFIG_SECRET_KEYS;
use ferroflux_api::kustomize::Kustomization;
use ferroflux_cluster_apply::Cluster;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client};

use crate::config::Config;
use crate::failure::told;

/// Clients of remote clusters that are kept.
const REMOTE_CLIENTS: usize = 16;

/// Requests to a remote cluster that take longer are given up.
const REMOTE_TIMEOUT: Duration = Duration::from_secs(30);

/// The clusters that are in use.
pub(crate) struct Targets {
    local: Cluster,
    /// Clusters by namespace, name and version of the Secret with their kubeconfig; the last used at the end.
    remote: Mutex<VecDeque<(String, Cluster)>>,
}

/// The service account that an object's requests impersonate, if any.
pub(crate) fn service_account<'a>(object: &'a Kustomization, config: &'a Config) -> Option<&'a str> {
    let own = object.spec.service_account_name.as_deref().filter(|s| !s.is_empty());
    own.or(Some(&config.default_service_account)).filter(|s| !s.is_empty())
}

impl Targets {
    pub(crate) fn new(client: Client) -> Self {
        Self { local: Cluster::new(client), remote: Mutex::default() }
    }

    /// The cluster of an object, used as the object's service account.
    pub(crate) async fn of(&self, object: &Kustomization, config: &Config) -> Result<Cluster, String> {
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        let cluster = match &object.spec.kube_config {
            None => self.local.clone(),
            Some(reference) => self.remote(namespace, reference, config).await?,
        };
        Ok(match service_account(object, config) {
            None => cluster,
            Some(account) => cluster.impersonating(&format!("system:serviceaccount:{namespace}:{account}")),
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

    async fn remote(&self, namespace: &str, reference: &KubeConfigReference, config: &Config) -> Result<Cluster, String> {
        let Some(secret_ref) = &reference.secret_ref else {
            return Err("spec.kubeConfig.configMapRef is not supported by this build; use spec.kubeConfig.secretRef".into());
        };
        let name = &secret_ref.name;
        let secret = Api::<Secret>::namespaced(self.local.client().clone(), namespace).get(name).await;
        let secret = secret.map_err(|e| format!("unable to read KubeConfig secret '{namespace}/{name}' error: {}", told(&e)))?;
        let identity = format!(
            "{namespace}/{name}/{}/{}",
            secret_ref.key.as_deref().unwrap_or_default(),
            secret.metadata.resource_version.as_deref().unwrap_or_default()
        );
        if let Some(cluster) = self.known(&identity) {
            return Ok(cluster);
        }
        let data = secret.data.unwrap_or_default();
        let text = match secret_ref.key.as_deref().filter(|k| !k.is_empty()) {
            Some(key) => data.get(key).ok_or_else(|| missing(namespace, name, key))?,
            None => {
                let [first, second] = DEFAULT_KUBECONFIG_SECRET_KEYS;
                data.get(first).or_else(|| data.get(second)).ok_or_else(|| missing(namespace, name, second))?
            }
        };
        let client = connect(&text.0, config).await.map_err(|e| format!("KubeConfig secret '{namespace}/{name}': {e}"))?;
        let cluster = Cluster::new(client);
        let mut remote = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        remote.push_back((identity, cluster.clone()));
        while remote.len() > REMOTE_CLIENTS {
            remote.pop_front();
        }
        Ok(cluster)
    }

    fn known(&self, identity: &str) -> Option<Cluster> {
        let mut remote = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        let at = remote.iter().position(|(known, _)| known == identity)?;
        let entry = remote.remove(at)?;
        let cluster = entry.1.clone();
        remote.push_back(entry);
        Some(cluster)
    }
}

fn missing(namespace: &str, name: &str, key: &str) -> String {
    format!("KubeConfig secret '{namespace}/{name}' does not contain a '{key}' key with a kubeconfig")
}

/// A client for the kubeconfig of a user, who must not make the controller run programs, read its files or skip the check
/// of certificates, unless the operator allows the first and the last.
async fn connect(text: &[u8], config: &Config) -> Result<Client, String> {
    let text = std::str::from_utf8(text).map_err(|_| "the kubeconfig is not UTF-8 text".to_owned())?;
    let mut kubeconfig = Kubeconfig::from_yaml(text).map_err(|e| format!("the kubeconfig cannot be read: {e}"))?;
    for user in kubeconfig.auth_infos.iter_mut().filter_map(|u| u.auth_info.as_mut()) {
        user.token_file = None;
        user.client_certificate = None;
        user.client_key = None;
        user.auth_provider = None;
        if !config.insecure_kubeconfig_exec {
            user.exec = None;
        }
    }
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|c| c.cluster.as_mut()) {
        cluster.certificate_authority = None;
        if !config.insecure_kubeconfig_tls {
            cluster.insecure_skip_tls_verify = None;
        }
    }
    let made = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let mut made = made.map_err(|e| format!("the kubeconfig cannot be used: {e}"))?;
    made.connect_timeout = Some(REMOTE_TIMEOUT);
    Client::try_from(made).map_err(|e| format!("the kubeconfig cannot be used: {e}"))
}
