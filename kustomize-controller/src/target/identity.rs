//! Remote clusters by a ConfigMap, without a stored credential: a token is made for each (KC-IMP-03, RT-55, RT-70).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use ferroflux_cluster_apply::Cluster;
use ferroflux_controller_runtime::client::{TokenSource, build_with_token};
use ferroflux_controller_runtime::token_cache::{Purpose, Secret, Token};
use ferroflux_controller_runtime::{BoxError, ObjectKey};
use futures::FutureExt;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client};

use super::{KIND, TargetError, Targets};
use crate::config::Config;
use crate::failure::told;

/// What tokens for clusters are fetched for, as the metrics name it (KC-MET-01).
const OPERATION: &str = "fetch_kubeconfig";

/// The token of the pod that the controller runs in.
const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// What a ConfigMap says of a cluster.
#[derive(Debug, PartialEq, Eq)]
struct Settings {
    /// `https://…`.
    address: String,
    /// Authorities in PEM; without them the system's count.
    authority: Option<String>,
    /// Whom the token is for.
    audiences: Vec<String>,
    /// Whose token it is, if the ConfigMap says so.
    account: Option<String>,
}

impl Settings {
    fn read(data: &BTreeMap<String, String>) -> Result<Self, TargetError> {
        let given = |key: &str| data.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
        let failed = |text: &str| Err(TargetError::Failed(text.to_owned()));
        match given("provider") {
            Some("generic") => {}
            Some(cloud @ ("aws" | "azure" | "gcp")) => {
                return Err(TargetError::Unsupported(format!(
                    "the provider '{cloud}' needs workload identity, which this build does not have; use the provider 'generic', or spec.kubeConfig.secretRef"
                )));
            }
            Some(other) => return failed(&format!("the provider '{other}' is none of aws, azure, gcp, generic")),
            None => return failed("the key 'provider' is missing; it must be one of aws, azure, gcp, generic"),
        }
        let Some(address) = given("address") else { return failed("the key 'address' is missing; the provider 'generic' needs it") };
        let url = if address.contains("://") { address.to_owned() } else { format!("https://{address}") };
        if !url.starts_with("https://") {
            return failed(&format!("the address '{address}' must be an https URL"));
        }
        let mut audiences: Vec<String> =
            given("audiences").iter().flat_map(|a| a.lines()).map(str::trim).filter(|a| !a.is_empty()).map(str::to_owned).collect();
        if audiences.is_empty() {
            audiences.push(address.to_owned());
        }
        let authority = given("ca.crt").map(str::to_owned);
        Ok(Self { address: url, authority, audiences, account: given("serviceAccountName").map(str::to_owned) })
    }
}

/// How tokens of a service account are made.
#[derive(Clone)]
struct Issuer {
    client: Client,
    account: ObjectKey,
    audiences: Vec<String>,
    /// The account is that of a flag, not of the object.
    default: bool,
}

impl Issuer {
    /// A new token, and when it runs out.
    async fn issue(&self) -> Result<(Secret, SystemTime), String> {
        let spec = TokenRequestSpec { audiences: Some(self.audiences.clone()), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
        let api: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &self.account.namespace);
        let answer = api.create_token_request(&self.account.name, &PostParams::default(), &request).await;
        let answer = answer.map_err(|error| {
            let lockdown = match &error {
                kube::Error::Api(status) if status.code == 404 && self.default => {
                    "; the controller's flag --default-kubeconfig-service-account (multi-tenancy lockdown) names it for all objects that name none"
                }
                _ => "",
            };
            format!("unable to create a token for the service account '{}': {}{lockdown}", self.account, told(&error))
        })?;
        let made = answer.status.and_then(|status| Some((Secret::new(status.token?), status.expiration_timestamp?.0.into())));
        made.ok_or_else(|| "the API server answered a token request without a token".to_owned())
    }
}

impl Targets {
    /// The cluster that a ConfigMap of the object's namespace describes.
    pub(super) async fn by_config_map(&self, object: &ObjectKey, name: &str, config: &Config) -> Result<Cluster, TargetError> {
        let namespace = &object.namespace;
        let map = Api::<ConfigMap>::namespaced(self.local.client().clone(), namespace).get(name).await;
        let map = map.map_err(|e| format!("unable to read KubeConfig ConfigMap '{namespace}/{name}' error: {}", told(&e)))?;
        let named = |error: TargetError| {
            let text = format!("KubeConfig ConfigMap '{namespace}/{name}': {error}");
            if matches!(error, TargetError::Failed(_)) { TargetError::Failed(text) } else { TargetError::Unsupported(text) }
        };
        let settings = Settings::read(&map.data.unwrap_or_default()).map_err(named)?;
        let (account, default) = account(&settings, namespace, config).map_err(|e| named(e.into()))?;
        let issuer = Issuer { client: self.local.client().clone(), account, audiences: settings.audiences.clone(), default };
        let parts = ["generic", &issuer.audiences.join(" "), &issuer.account.to_string(), &settings.address];
        let identity = parts.join("\n") + "\n" + settings.authority.as_deref().unwrap_or_default();
        let purpose = Purpose { kind: KIND, object: object.clone(), operation: OPERATION };
        let token = self.tokens.get(&identity, Some(&purpose), async || issuer.issue().await).await.map_err(|e| named(e.into()))?;
        if let Some(cluster) = self.remote.known(&identity) {
            return Ok(cluster);
        }
        let unusable = |error: String| named(format!("the cluster cannot be used: {error}").into());
        let made = connection(&settings).await.map_err(unusable)?;
        let source = self.source(identity.clone(), issuer, token);
        let client = build_with_token(made, self.remote.options(), source).map_err(|e| unusable(e.to_string()))?;
        Ok(self.remote.keep(identity, client))
    }

    /// The tokens of a client's requests: the one at hand while it is fresh, then another, also in the middle of a wait.
    fn source(&self, identity: String, issuer: Issuer, first: Token) -> TokenSource {
        let tokens = Arc::clone(&self.tokens);
        let current = Arc::new(tokio::sync::Mutex::new(first));
        TokenSource::new(move || {
            let (tokens, current, issuer, identity) = (Arc::clone(&tokens), Arc::clone(&current), issuer.clone(), identity.clone());
            async move {
                let mut current = current.lock().await;
                if !current.is_fresh() {
                    let renewed = tokens.get(&identity, None, async || issuer.issue().await).await;
                    *current = renewed.map_err(BoxError::from)?;
                }
                Ok(current.value.clone())
            }
            .boxed()
        })
    }
}

/// Whose token is used, and whether a flag said so: the account that the ConfigMap names, the one that the flag does, or our
/// own.
fn account(settings: &Settings, namespace: &str, config: &Config) -> Result<(ObjectKey, bool), String> {
    if let Some(name) = &settings.account {
        if !config.object_level_identity {
            return Err("to use the key 'serviceAccountName' please enable the ObjectLevelWorkloadIdentity feature gate in the controller"
                .to_owned());
        }
        return Ok((ObjectKey::new(namespace, name.as_str()), false));
    }
    let default = &config.default_kubeconfig_service_account;
    if !default.is_empty() {
        return Ok((ObjectKey::new(namespace, default.as_str()), true));
    }
    own_account(Path::new(POD_TOKEN)).map(|account| (account, false))
}

/// The service account of the pod, by the subject of its token.
fn own_account(token: &Path) -> Result<ObjectKey, String> {
    let text = std::fs::read_to_string(token).map_err(|e| {
        format!("there is no service account to make a token for: the key 'serviceAccountName' is missing, and the controller does not run in a pod ({}: {e})", token.display())
    })?;
    let subject = || {
        let claims = text.split('.').nth(1)?;
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims.trim()).ok()?;
        let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
        let (namespace, name) = claims.get("sub")?.as_str()?.strip_prefix("system:serviceaccount:")?.split_once(':')?;
        Some(ObjectKey::new(namespace, name))
    };
    subject().ok_or_else(|| format!("{} is not the token of a service account", token.display()))
}

/// How the cluster is reached.
async fn connection(settings: &Settings) -> Result<kube::Config, String> {
    let authority = settings.authority.as_ref().map(|pem| base64::engine::general_purpose::STANDARD.encode(pem));
    let kubeconfig = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": {"server": settings.address, "certificate-authority-data": authority}}],
        "users": [{"name": "it", "user": {}}],
    });
    let kubeconfig: Kubeconfig = serde_json::from_value(kubeconfig).map_err(|e| e.to_string())?;
    kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(entries: &[(&str, &str)]) -> Result<Settings, TargetError> {
        Settings::read(&entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    /// RT-55, KC-IMP-03: the keys of the ConfigMap, their defaults, and what is refused.
    #[test]
    fn keys() {
        let full = [
            ("provider", "generic"),
            ("address", "api.example.org:6443"),
            ("ca.crt", "PEM"),
            ("audiences", "a\n b \n\n"),
            ("serviceAccountName", "sa"),
            ("cluster", "unused"),
        ];
        let settings = read(&full).unwrap();
        assert_eq!((settings.address.as_str(), settings.authority.as_deref()), ("https://api.example.org:6443", Some("PEM")));
        assert_eq!((settings.audiences, settings.account.as_deref()), (vec!["a".to_owned(), "b".to_owned()], Some("sa")));
        let least = read(&[("provider", "generic"), ("address", "https://api.example.org")]).unwrap();
        assert_eq!((least.audiences, least.account), (vec!["https://api.example.org".to_owned()], None));
        for (entries, text) in [
            (&[("address", "https://x")][..], "the key 'provider' is missing"),
            (&[("provider", "vsphere")], "'vsphere' is none of"),
            (&[("provider", "generic")], "the key 'address' is missing"),
            (&[("provider", "generic"), ("address", "http://x")], "must be an https URL"),
        ] {
            let error = read(entries).unwrap_err();
            assert!(matches!(&error, TargetError::Failed(t) if t.contains(text)), "{error}");
        }
        for cloud in ["aws", "azure", "gcp"] {
            let error = read(&[("provider", cloud), ("cluster", "x")]).unwrap_err();
            assert!(matches!(&error, TargetError::Unsupported(t) if t.contains(cloud) && t.contains("workload identity")), "{error}");
        }
    }

    /// RT-70: without a named account the controller's own is used, which its token tells.
    #[test]
    fn own_identity() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        let claims =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"sub":"system:serviceaccount:flux-system:kustomize-controller"}"#);
        std::fs::write(&file, format!("e30.{claims}.c2ln\n")).unwrap();
        assert_eq!(own_account(&file), Ok(ObjectKey::new("flux-system", "kustomize-controller")));
        std::fs::write(&file, "nonsense").unwrap();
        assert!(own_account(&file).unwrap_err().contains("not the token of a service account"));
        assert!(own_account(&dir.path().join("none")).unwrap_err().contains("does not run in a pod"));
    }
}
