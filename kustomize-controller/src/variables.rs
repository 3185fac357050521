//! The variables of `spec.postBuild` (KC-SUB-02), read with the controller's own identity (KC-IMP-04).

use ferroflux_api::ConfigKind;
use ferroflux_api::kustomize::PostBuild;
use ferroflux_envsubst::Variables;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client};

use crate::failure::told;

/// Reads the variables of a namespace's object: `substituteFrom` in order, then `substitute`.
pub(crate) async fn load(client: &Client, namespace: &str, post_build: &PostBuild) -> Result<Variables, String> {
    let mut out = Variables::new();
    for reference in &post_build.substitute_from {
        let name = &reference.name;
        let found = match reference.kind {
            ConfigKind::ConfigMap => from_config_map(client, namespace, name, &mut out).await,
            ConfigKind::Secret => from_secret(client, namespace, name, &mut out).await,
        };
        let kind = match reference.kind {
            ConfigKind::ConfigMap => "ConfigMap",
            ConfigKind::Secret => "Secret",
        };
        match found {
            Ok(true) => {}
            Ok(false) if reference.optional => {}
            Ok(false) => return Err(format!("substitute from '{kind}/{name}' error: {}s {name:?} not found", kind.to_lowercase())),
            Err(error) => return Err(format!("substitute from '{kind}/{name}' error: {}", told(&error))),
        }
    }
    for (name, value) in &post_build.substitute {
        out.set(name, value);
    }
    Ok(out)
}

async fn from_config_map(client: &Client, namespace: &str, name: &str, out: &mut Variables) -> Result<bool, kube::Error> {
    let Some(object) = Api::<ConfigMap>::namespaced(client.clone(), namespace).get_opt(name).await? else { return Ok(false) };
    for (key, value) in object.data.unwrap_or_default() {
        out.set(key, value);
    }
    Ok(true)
}

async fn from_secret(client: &Client, namespace: &str, name: &str, out: &mut Variables) -> Result<bool, kube::Error> {
    let Some(object) = Api::<Secret>::namespaced(client.clone(), namespace).get_opt(name).await? else { return Ok(false) };
    for (key, value) in object.data.unwrap_or_default() {
        out.set(key, &value.0);
    }
    Ok(true)
}
