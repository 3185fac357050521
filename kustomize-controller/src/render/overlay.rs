//! The build of a Kustomization's directory, with what its spec adds (KC-GEN-01…07).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ferroflux_api::contract::reason;
use ferroflux_api::kustomize::{BuildMetadata, Kustomization, Selector};
use ferroflux_artifact_transfer::fetch::Tree;
use ferroflux_kustomize::{DiskFileSystem, FileSystem, HttpFile, Options, RemoteError, RemoteLoader, RepositoryUrl, flux};
use ferroflux_remote_bases::RemoteBases;
use serde_json::Value;

use crate::failure::Failure;

/// A rendered object, typed and as text.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) value: Value,
    /// The text that kustomize prints; variables are replaced in it.
    pub(crate) yaml: String,
}

/// What a build made.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) manifests: Vec<Manifest>,
    pub(crate) warnings: Vec<String>,
    /// Whether something remote was read, which may be another thing next time.
    pub(crate) used_remote: bool,
}

/// Remembers whether it was asked for anything.
struct Noted<'a> {
    remote: &'a RemoteBases,
    used: AtomicBool,
}

impl RemoteLoader for Noted<'_> {
    fn get(&self, url: &str) -> Result<HttpFile, RemoteError> {
        self.used.store(true, Ordering::Relaxed);
        self.remote.get(url)
    }

    fn fetch(&self, repository: &RepositoryUrl) -> Result<Arc<dyn FileSystem>, RemoteError> {
        self.used.store(true, Ordering::Relaxed);
        self.remote.fetch(repository)
    }
}

/// Whether the artifact has `spec.path` (KC-REC-07).
pub(crate) fn check_path(tree: &Tree, object: &Kustomization) -> Result<(), Failure> {
    let path = inside(object.spec.path.as_deref().unwrap_or_default());
    let Err(error) = std::fs::metadata(tree.path().join(&path)) else { return Ok(()) };
    let why = if error.kind() == std::io::ErrorKind::NotFound { "no such file or directory".to_owned() } else { error.to_string() };
    Err(Failure::new(reason::ARTIFACT_FAILED, format!("kustomization path not found: stat /{path}: {why}")))
}

/// Builds `spec.path` below `root`, the unpacked artifact. Of this machine nothing outside of `root` is read; without
/// `remote`, remote bases and files are refused (KC-GEN-05).
pub(crate) fn build(root: &Path, object: &Kustomization, remote: Option<&RemoteBases>) -> Result<Built, Failure> {
    let path = inside(object.spec.path.as_deref().unwrap_or_default());
    let failed = |error: &dyn std::fmt::Display| Failure::new(reason::BUILD_FAILED, format!("kustomize build failed: {error}"));
    let files = DiskFileSystem::new(root).map_err(|e| failed(&e))?;
    let remote = remote.map(|remote| Noted { remote, used: AtomicBool::new(false) });
    let loader = remote.as_ref().map(|r| r as &dyn RemoteLoader);
    let output = flux::build(&files, &path, &overlay(object), &Options::flux(), loader).map_err(|e| failed(&e))?;
    let used_remote = remote.is_some_and(|r| r.used.into_inner());
    let mut manifests = Vec::with_capacity(output.objects.len());
    for object in &output.objects {
        manifests.push(Manifest { value: object.to_value().map_err(|e| failed(&e))?, yaml: object.to_yaml().map_err(|e| failed(&e))? });
    }
    Ok(Built { manifests, warnings: output.warnings.iter().map(ToString::to_string).collect(), used_remote })
}

/// The path below the root, in which `..` never leads out of it (KC-REC-07).
fn inside(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn overlay(object: &Kustomization) -> flux::Overlay {
    let spec = &object.spec;
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let names = |m: &BuildMetadata| match m {
        BuildMetadata::OriginAnnotations => "originAnnotations".to_owned(),
        BuildMetadata::TransformerAnnotations => "transformerAnnotations".to_owned(),
    };
    flux::Overlay {
        target_namespace: text(&spec.target_namespace),
        name_prefix: text(&spec.name_prefix),
        name_suffix: text(&spec.name_suffix),
        patches: spec.patches.iter().map(|p| flux::Patch { patch: p.patch.clone(), target: p.target.as_ref().map(selector) }).collect(),
        images: spec
            .images
            .iter()
            .map(|i| flux::Image { name: i.name.clone(), new_name: text(&i.new_name), new_tag: text(&i.new_tag), digest: text(&i.digest) })
            .collect(),
        components: spec.components.clone(),
        ignore_missing_components: spec.ignore_missing_components,
        build_metadata: (!spec.build_metadata.is_empty()).then(|| spec.build_metadata.iter().map(names).collect()),
    }
}

fn selector(target: &Selector) -> flux::Selector {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    flux::Selector {
        group: text(&target.group),
        version: text(&target.version),
        kind: text(&target.kind),
        name: text(&target.name),
        namespace: text(&target.namespace),
        annotation_selector: text(&target.annotation_selector),
        label_selector: text(&target.label_selector),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KC-REC-07: the path never leaves the artifact.
    #[test]
    fn stays_inside() {
        assert_eq!(inside("./apps/staging/"), "apps/staging");
        assert_eq!(inside("../../etc"), "etc");
        assert_eq!(inside("a/../../b"), "b");
        assert_eq!(inside(""), "");
    }
}
