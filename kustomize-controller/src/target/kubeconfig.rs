//! Remote clusters by the kubeconfig in a Secret (KC-IMP-02, RT-54).

use ferroflux_api::SecretKeyReference;
use ferroflux_api::contract::DEFAULT_KUBECONFIG_SECRET_KEYS;
use ferroflux_cluster_apply::Cluster;
use ferroflux_controller_runtime::client;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::config::{KubeConfigOptions, Kubeconfig};

use super::{TargetError, Targets};
use crate::config::Config;
use crate::failure::told;

impl Targets {
    /// The cluster of the kubeconfig in a Secret, which is read with our own identity (KC-IMP-04).
    pub(super) async fn by_secret(&self, namespace: &str, reference: &SecretKeyReference, config: &Config) -> Result<Cluster, TargetError> {
        let name = &reference.name;
        let secret = Api::<Secret>::namespaced(self.local.client().clone(), namespace).get(name).await;
        let secret = secret.map_err(|e| format!("unable to read KubeConfig secret '{namespace}/{name}' error: {}", told(&e)))?;
        let identity = format!(
            "secret {namespace}/{name}/{}/{}",
            reference.key.as_deref().unwrap_or_default(),
            secret.metadata.resource_version.as_deref().unwrap_or_default()
        );
        if let Some(cluster) = self.remote.known(&identity) {
            return Ok(cluster);
        }
        let data = secret.data.unwrap_or_default();
        let text = match reference.key.as_deref().filter(|k| !k.is_empty()) {
            Some(key) => data.get(key).ok_or_else(|| missing(namespace, name, key))?,
            None => {
                let [first, second] = DEFAULT_KUBECONFIG_SECRET_KEYS;
                data.get(first).or_else(|| data.get(second)).ok_or_else(|| missing(namespace, name, second))?
            }
        };
        let failed = |e: String| format!("KubeConfig secret '{namespace}/{name}': {e}");
        let kubeconfig = read(&text.0, config).map_err(failed)?;
        let made = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        let made = made.map_err(|e| failed(format!("the kubeconfig cannot be used: {e}")))?;
        let client = client::build(made, self.remote.options()).map_err(|e| failed(format!("the kubeconfig cannot be used: {e}")))?;
        Ok(self.remote.keep(identity, client))
    }
}

fn missing(namespace: &str, name: &str, key: &str) -> String {
    format!("KubeConfig secret '{namespace}/{name}' does not contain a '{key}' key with a kubeconfig")
}

/// The kubeconfig of a user, who must not make the controller run programs, read its files or skip the check of
/// certificates, unless the operator allows the first and the last.
fn read(text: &[u8], config: &Config) -> Result<Kubeconfig, String> {
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
    Ok(kubeconfig)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use clap::Parser;
    use ferroflux_controller_runtime::FeatureGates;

    use super::*;
    use crate::flags::{Flags, GATES};

    const HOSTILE: &str = r"
apiVersion: v1
kind: Config
current-context: it
contexts: [{name: it, context: {cluster: it, user: it}}]
clusters:
- name: it
  cluster: {server: 'https://example.org', certificate-authority: /etc/passwd, insecure-skip-tls-verify: true, proxy-url: 'http://proxy:3128', tls-server-name: other}
users:
- name: it
  user:
    token: abc
    tokenFile: /etc/shadow
    client-certificate: /c
    client-key: /k
    auth-provider: {name: gcp}
    exec: {apiVersion: client.authentication.k8s.io/v1, command: touch}
";

    fn sanitised(flags: &[&str]) -> Kubeconfig {
        let flags = Flags::try_parse_from(["kustomize-controller"].iter().chain(flags)).unwrap();
        read(HOSTILE.as_bytes(), &Config::new(&flags, &FeatureGates::parse(&GATES, "").unwrap())).unwrap()
    }

    /// RT-54, KC-IMP-02: files and providers of credentials are dropped, programs and unchecked TLS unless a flag allows
    /// them; the proxy, the name of the server and what is inline stay.
    #[test]
    fn what_users_may_say() {
        let it = sanitised(&[]);
        let (user, cluster) = (it.auth_infos[0].auth_info.as_ref().unwrap(), it.clusters[0].cluster.as_ref().unwrap());
        assert_eq!((&user.token_file, &user.client_certificate, &user.client_key), (&None, &None, &None));
        assert!(user.auth_provider.is_none() && user.exec.is_none() && user.token.is_some());
        assert_eq!((&cluster.certificate_authority, cluster.insecure_skip_tls_verify), (&None, None));
        assert_eq!((cluster.proxy_url.as_deref(), cluster.tls_server_name.as_deref()), (Some("http://proxy:3128"), Some("other")));
        let allowed = sanitised(&["--insecure-kubeconfig-exec", "--insecure-kubeconfig-tls"]);
        let (user, cluster) = (allowed.auth_infos[0].auth_info.as_ref().unwrap(), allowed.clusters[0].cluster.as_ref().unwrap());
        assert!(user.exec.is_some() && cluster.insecure_skip_tls_verify == Some(true));
        assert!(user.token_file.is_none() && user.auth_provider.is_none() && cluster.certificate_authority.is_none());
    }
}
