//! From an unpacked artifact to the objects that are sent: build, substitution, owner labels, normalisation
//! (KC-REC-09, KC-REC-10, KC-APPLY-01, KC-APPLY-02).

use std::sync::Arc;

use ferroflux_api::contract::reason;
use ferroflux_api::kustomize::{Kustomization, SubstituteStrategy};
use ferroflux_artifact::digest::Algorithm;
use ferroflux_artifact_transfer::fetch::Tree;
use ferroflux_controller_runtime::ObjectKey;
use ferroflux_envsubst::{Mode, Outcome, Strategy, Variables, post_build};
use ferroflux_manifest::{ObjectRef, annotation, directive, documents, label, normalize, set_metadata};
use ferroflux_remote_bases::RemoteBases;
use kube::Client;
use serde_json::Value;

use crate::config::Config;
use crate::failure::Failure;
use crate::render_cache::{CacheKey, RenderCache};
use crate::variables;

mod overlay;
mod retyped;

pub(crate) use overlay::{Manifest, check_path};

/// Rendered manifests, ready to be applied.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    /// The objects, normalised and labelled.
    pub(crate) objects: Vec<Value>,
    /// SHA-256 of the manifests before normalisation, as `sha256:hex`.
    pub(crate) digest: String,
    /// What users should know: dropped fields, directives that mean nothing.
    pub(crate) warnings: Vec<String>,
    /// Whether remote bases are part of it: then it is rendered anew each time, as the original does.
    pub(crate) used_remote: bool,
}

/// Renders, and remembers what it rendered (KC-PERF-04).
pub(crate) struct Renderer {
    cache: RenderCache,
    strict: bool,
    /// Where remote bases come from; `None` with `--no-remote-bases`.
    remote: Option<Arc<RemoteBases>>,
}

impl Renderer {
    /// A renderer on the current runtime, which unpacks remote bases below `scratch`.
    pub(crate) fn new(config: &Config, scratch: impl Into<std::path::PathBuf>) -> Self {
        let remote = || Arc::new(RemoteBases::new(tokio::runtime::Handle::current(), scratch));
        let remote = (!config.no_remote_bases).then(remote);
        Self { cache: RenderCache::default(), strict: config.strict_substitutions, remote }
    }

    /// The object is gone: its manifests are dropped.
    pub(crate) fn forget(&self, key: &ObjectKey) {
        self.cache.forget(key);
    }

    /// Renders what `tree` holds for `object`.
    pub(crate) async fn render(&self, client: &Client, object: &Arc<Kustomization>, tree: Arc<Tree>) -> Result<Rendered, Failure> {
        let namespace = object.metadata.namespace.clone().unwrap_or_default();
        let variables = match &object.spec.post_build {
            // Read with every pass: only they can tell whether the manifests are still the same.
            Some(post_build) => Some(variables::load(client, &namespace, post_build).await),
            None => None,
        };
        // The failure to read variables is that of the first object that would be substituted.
        let key = CacheKey::new(tree.digest(), object, variables.as_ref().and_then(|v| v.as_ref().ok()));
        let name = ObjectKey::of(object.as_ref());
        if !matches!(variables, Some(Err(_)))
            && let Some(rendered) = self.cache.get(&name, &key)
        {
            return Ok(rendered);
        }
        let (object, strict, remote) = (object.clone(), self.strict, self.remote.clone());
        let work = move || work(&object, &tree, variables, strict, remote.as_deref());
        let rendered = tokio::task::spawn_blocking(work).await;
        // A crash of the renderer is contained (KC-GEN-06).
        let rendered = rendered.map_err(|e| {
            Failure::new(reason::BUILD_FAILED, format!("kustomize build failed: the renderer crashed: {e}; please report this"))
        })??;
        if !rendered.used_remote {
            self.cache.put(&name, key, &rendered);
        }
        Ok(rendered)
    }
}

fn work(
    object: &Kustomization,
    tree: &Tree,
    variables: Option<Result<Variables, String>>,
    strict: bool,
    remote: Option<&RemoteBases>,
) -> Result<Rendered, Failure> {
    let overlay::Built { manifests, mut warnings, used_remote } = overlay::build(tree.path(), object, remote)?;
    let manifests = substitute(object, manifests, variables, strict, &mut warnings)?;
    let mut digest = Algorithm::Sha256.digester();
    for (i, manifest) in manifests.iter().enumerate() {
        if i > 0 {
            digest.update(b"---\n");
        }
        digest.update(manifest.yaml.as_bytes());
    }
    let digest = digest.finish().to_string();
    let mut objects = documents::objects(manifests.into_iter().map(|m| m.value));
    let (name, namespace) = (object.metadata.name.as_deref().unwrap_or_default(), object.metadata.namespace.as_deref().unwrap_or_default());
    for manifest in &mut objects {
        prepare(object, manifest, name, namespace, &mut warnings)?;
    }
    Ok(Rendered { objects, digest, warnings, used_remote })
}

/// Brings an object into the form that is sent.
fn prepare(object: &Kustomization, manifest: &mut Value, name: &str, namespace: &str, warnings: &mut Vec<String>) -> Result<(), Failure> {
    let id = ObjectRef::of(manifest);
    if normalize::is_encrypted_secret(manifest) {
        let text = format!("{id} is SOPS encrypted, configuring decryption is required for this secret to be reconciled");
        return Err(Failure::new(reason::RECONCILIATION_FAILED, text));
    }
    for unknown in directive::unknown_values(manifest) {
        warnings.push(format!("{id}: {unknown} has no meaning and is ignored"));
    }
    normalize::set_owner(manifest, name, namespace);
    let dropped = normalize::normalize(manifest).map_err(|e| Failure::new(reason::RECONCILIATION_FAILED, e.to_string()))?;
    if !dropped.is_empty() {
        warnings.push(format!("{id}: the kind has no fields {}; they are not applied", dropped.join(", ")));
    }
    if let Some(common) = &object.spec.common_metadata {
        set_metadata(manifest, "labels", common.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        set_metadata(manifest, "annotations", common.annotations.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    }
    Ok(())
}

/// Replaces variables in each object.
fn substitute(
    object: &Kustomization,
    manifests: Vec<Manifest>,
    variables: Option<Result<Variables, String>>,
    strict: bool,
    warnings: &mut Vec<String>,
) -> Result<Vec<Manifest>, Failure> {
    let Some(variables) = variables else { return Ok(manifests) };
    let always = object.spec.post_build.as_ref().is_some_and(|p| p.substitute_strategy == Some(SubstituteStrategy::Always));
    let strategy = if always { Strategy::Always } else { Strategy::WithVariables };
    let mode = if strict { Mode::Strict } else { Mode::Lenient };
    let mut out = Vec::with_capacity(manifests.len());
    for manifest in manifests {
        let failed = |error: &dyn std::fmt::Display| {
            let id = ObjectRef::of(&manifest.value);
            Failure::new(reason::BUILD_FAILED, format!("post build failed for '{}/{}': {error}", gvk(&id), id.name))
        };
        if directive::SUBSTITUTE_DISABLED.is_set(&manifest.value) {
            out.push(manifest);
            continue;
        }
        let variables = variables.as_ref().map_err(|error| failed(error))?;
        let has = |key: &str, value: &str| label(&manifest.value, key) == Some(value) || annotation(&manifest.value, key) == Some(value);
        match post_build(&manifest.yaml, has, variables, strategy, mode).map_err(|e| failed(&e))? {
            Outcome::Disabled | Outcome::Untouched => out.push(manifest),
            Outcome::Substituted(value) => {
                let id = ObjectRef::of(&value);
                for (path, kind) in retyped::fields(&manifest.value, &value, variables, mode) {
                    warnings.push(format!(
                        "{id}: {path} becomes a {kind} by the substitution of variables; write it as ${{quote}}${{variable}}${{quote}} with quote='\"' to keep its text"
                    ));
                }
                out.push(Manifest { yaml: ferroflux_yaml::value_to_yaml(&value), value });
            }
        }
    }
    Ok(out)
}

/// A kind as kustomize names it: `Deployment.v1.apps`, with `[noGrp]` where there is no group.
fn gvk(id: &ObjectRef) -> String {
    let part = |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
    format!("{}.{}.{}", part(&id.kind, "[noKind]"), part(&id.version, "[noVer]"), part(&id.group, "[noGrp]"))
}
