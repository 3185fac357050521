//! The build of a Kustomization's directory, with what its spec adds (KC-GEN-01…07).

use std::path::Path;

use ferroflux_api::contract::reason;
use ferroflux_api::kustomize::{BuildMetadata, Kustomization, Selector};
use ferroflux_kustomize::{DiskFileSystem, Options, flux};
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
}

/// Builds `spec.path` below `root`, the unpacked artifact. Nothing outside of `root` is read. Remote bases are refused:
/// there is no loader for them yet.
pub(crate) fn build(root: &Path, object: &Kustomization) -> Result<Built, Failure> {
    let path = inside(object.spec.path.as_deref().unwrap_or_default());
    if let Err(error) = std::fs::metadata(root.join(&path)) {
        let why = if error.kind() == std::io::ErrorKind::NotFound { "no such file or directory".to_owned() } else { error.to_string() };
        return Err(Failure::new(reason::ARTIFACT_FAILED, format!("kustomization path not found: stat /{path}: {why}")));
    }
    let failed = |error: &dyn std::fmt::Display| Failure::new(reason::BUILD_FAILED, format!("kustomize build failed: {error}"));
    let files = DiskFileSystem::new(root).map_err(|e| failed(&e))?;
    let output = flux::build(&files, &path, &overlay(object), &Options::flux(), None).map_err(|e| failed(&e))?;
    let mut manifests = Vec::with_capacity(output.objects.len());
    for object in &output.objects {
        manifests.push(Manifest { value: object.to_value().map_err(|e| failed(&e))?, yaml: object.to_yaml().map_err(|e| failed(&e))? });
    }
    Ok(Built { manifests, warnings: output.warnings.iter().map(ToString::to_string).collect() })
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
