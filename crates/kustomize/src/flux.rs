//! The profile of Flux's kustomize-controller (KC-GEN-01 … KC-GEN-07): a kustomization is made where there is none, the
//! Kustomization object's own fields are merged into it, and the result is rendered in input order without load
//! restrictions inside the file tree.

use crate::build::{Output, RootFile, build_with_root};
use crate::error::Result;
use crate::file_system::FileSystem;
use crate::kustomization::fields::{Image as ImageFields, Patch as PatchFields, SelectorFields};
use crate::options::Options;
use crate::remote::RemoteLoader;

mod generate;
mod merge;

/// What the spec of a Kustomization object adds to the root kustomization. Empty fields add nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    /// `spec.targetNamespace`: takes the place of `namespace`.
    pub target_namespace: String,
    /// `spec.namePrefix`.
    pub name_prefix: String,
    /// `spec.nameSuffix`.
    pub name_suffix: String,
    /// `spec.patches`: appended.
    pub patches: Vec<Patch>,
    /// `spec.images`: merged by name.
    pub images: Vec<Image>,
    /// `spec.components`: appended; each local and relative.
    pub components: Vec<String>,
    /// `spec.ignoreMissingComponents`.
    pub ignore_missing_components: bool,
    /// `spec.buildMetadata`: takes the place of `buildMetadata` where it is given.
    pub build_metadata: Option<Vec<String>>,
}

/// A patch of the spec: strategic merge or JSON 6902, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    /// The patch.
    pub patch: String,
    /// The objects it is for; `None` means the one it names.
    pub target: Option<Selector>,
}

/// Which objects a patch is for; texts are regular expressions, empty ones match everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// The API group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// A label selector over annotations.
    pub annotation_selector: String,
    /// A label selector.
    pub label_selector: String,
}

/// An image override of the spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// The name that is matched.
    pub name: String,
    /// The name to use instead.
    pub new_name: String,
    /// The tag to use instead.
    pub new_tag: String,
    /// The digest to use instead of a tag.
    pub digest: String,
}

/// Renders the directory `path` of a file tree as the controller does.
///
/// `options` is [`Options::flux`] with the caller's limits and token. The objects come in input order unless the
/// kustomization has `sortOptions`. The caller puts `kustomize build failed: ` in front of errors.
pub fn build(
    files: &dyn FileSystem,
    path: &str,
    overlay: &Overlay,
    options: &Options,
    remote: Option<&dyn RemoteLoader>,
) -> Result<Output> {
    let path = crate::file_system::join("/", path);
    let root = root_kustomization(files, &path, overlay, options)?;
    build_with_root(files, &path, options, remote, Some(root))
}

/// The root kustomization: read or made, then merged.
fn root_kustomization(files: &dyn FileSystem, path: &str, overlay: &Overlay, options: &Options) -> Result<RootFile> {
    let existing = generate::find(files, path)?;
    let (name, mut kustomization) = match existing {
        Some(found) => found,
        None => ("kustomization.yaml".to_owned(), generate::generate(files, path, options)?),
    };
    merge::merge(files, path, &mut kustomization, overlay)?;
    Ok(RootFile { name, kustomization })
}

impl Patch {
    fn to_fields(&self) -> PatchFields {
        PatchFields { patch: self.patch.clone(), target: self.target.as_ref().map(Selector::to_fields), ..PatchFields::default() }
    }
}

impl Selector {
    fn to_fields(&self) -> SelectorFields {
        let mut fields = SelectorFields::default();
        fields.id.gvk.group.clone_from(&self.group);
        fields.id.gvk.version.clone_from(&self.version);
        fields.id.gvk.kind.clone_from(&self.kind);
        fields.id.name.clone_from(&self.name);
        fields.id.namespace.clone_from(&self.namespace);
        fields.annotation_selector.clone_from(&self.annotation_selector);
        fields.label_selector.clone_from(&self.label_selector);
        fields
    }
}

impl Image {
    fn to_fields(&self) -> ImageFields {
        ImageFields {
            name: self.name.clone(),
            new_name: self.new_name.clone(),
            new_tag: self.new_tag.clone(),
            digest: self.digest.clone(),
            ..ImageFields::default()
        }
    }
}
