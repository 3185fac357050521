//! The source of a Kustomization and its artifact (KC-REC-04).

use std::fmt::Debug;
use std::sync::Arc;

use ferroflux_api::contract::reason;
use ferroflux_api::kustomize::{Kustomization, SourceKind};
use ferroflux_api::source::{Bucket, ExternalArtifact, GitRepository, OCIRepository};
use ferroflux_api::{Artifact, Source};
use ferroflux_controller_runtime::{Cache, ObjectKey};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use crate::config::Config;
use crate::failure::{Failure, Then, printed, told};

/// The sources as watches see them.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) git: Arc<Cache<GitRepository>>,
    pub(crate) oci: Arc<Cache<OCIRepository>>,
    pub(crate) bucket: Arc<Cache<Bucket>>,
    pub(crate) external: Arc<Cache<ExternalArtifact>>,
}

/// Metadata of an artifact that names the revision it was made from.
const ORIGIN_REVISION: &str = ferroflux_api::contract::metadata_key::ORIGIN_REVISION;

/// The revision that an artifact was made from, where the source says so.
pub(crate) fn origin_revision(artifact: &Artifact) -> Option<String> {
    artifact.metadata.get(ORIGIN_REVISION).filter(|r| !r.is_empty()).cloned()
}

/// The key of the source that a Kustomization refers to.
pub(crate) fn key(object: &Kustomization) -> ObjectKey {
    let own = object.metadata.namespace.as_deref().unwrap_or_default();
    ObjectKey::new(object.spec.source_ref.namespace_or(own), object.spec.source_ref.name.as_str())
}

impl Sources {
    /// The artifact that a Kustomization is to apply.
    pub(crate) async fn artifact(&self, client: &Client, config: &Config, object: &Kustomization) -> Result<Artifact, Failure> {
        let reference = &object.spec.source_ref;
        let key = key(object);
        let denied = |why: &str| {
            let message = format!("can't access '{}/{key}', {why}", reference.kind);
            Failure::terminal(reason::ACCESS_DENIED, message)
        };
        if config.no_cross_namespace_refs && Some(&*key.namespace) != object.metadata.namespace.as_deref() {
            return Err(denied("cross-namespace references have been blocked"));
        }
        if reference.kind == SourceKind::ExternalArtifact && !config.external_artifact {
            return Err(denied("ExternalArtifact feature gate is disabled"));
        }
        let artifact = match reference.kind {
            SourceKind::GitRepository => find(&self.git, client, config, &key).await?,
            SourceKind::OCIRepository => find(&self.oci, client, config, &key).await?,
            SourceKind::Bucket => find(&self.bucket, client, config, &key).await?,
            SourceKind::ExternalArtifact => find(&self.external, client, config, &key).await?,
        };
        artifact.ok_or_else(|| {
            let message = format!("Source artifact not found, retrying in {}", printed(config.requeue_dependency));
            Failure::waiting(reason::ARTIFACT_FAILED, message, Then::Dependency)
        })
    }

    /// The revision of a source's artifact as the watch last saw it.
    pub(crate) fn cached_revision(&self, object: &Kustomization) -> Option<String> {
        let key = key(object);
        let artifact = match object.spec.source_ref.kind {
            SourceKind::GitRepository => self.git.get(&key).and_then(|s| s.artifact().cloned()),
            SourceKind::OCIRepository => self.oci.get(&key).and_then(|s| s.artifact().cloned()),
            SourceKind::Bucket => self.bucket.get(&key).and_then(|s| s.artifact().cloned()),
            SourceKind::ExternalArtifact => self.external.get(&key).and_then(|s| s.artifact().cloned()),
        };
        artifact.map(|a| a.revision)
    }
}

/// The artifact of a source: from the cache, or read where the cache does not have the source, since a watch may be late.
async fn find<S>(cache: &Cache<S>, client: &Client, config: &Config, key: &ObjectKey) -> Result<Option<Artifact>, Failure>
where
    S: Source + Resource<Scope = kube::core::NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    if !config.direct_source_fetch
        && let Some(source) = cache.get(key)
    {
        return Ok(source.artifact().cloned());
    }
    match Api::<S>::namespaced(client.clone(), &key.namespace).get_opt(&key.name).await {
        Ok(Some(source)) => Ok(source.artifact().cloned()),
        Ok(None) => {
            let message = format!("{}.{} {:?} not found", S::kind(&()), S::group(&()), &*key.name);
            Err(Failure::waiting(reason::ARTIFACT_FAILED, message, Then::RetryInterval))
        }
        Err(error) => Err(Failure {
            then: Then::Backoff,
            ..Failure::waiting(reason::ARTIFACT_FAILED, format!("unable to get source '{key}': {}", told(&error)), Then::Backoff)
        }),
    }
}
