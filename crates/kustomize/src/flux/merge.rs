//! Merging the spec of a Kustomization object into the root kustomization (KC-GEN-03).

use super::{Image, Overlay};
use crate::error::{Error, ErrorKind, Result};
use crate::file_system::{FileError, FileSystem, join};
use crate::kustomization::Kustomization;

/// What a component path must not begin with.
const REMOTE_PREFIXES: [&str; 8] = ["git::", "gh:", "ssh://", "http://", "https://", "git@", "github.com:", "/"];

pub(super) fn merge(files: &dyn FileSystem, directory: &str, kustomization: &mut Kustomization, overlay: &Overlay) -> Result<()> {
    let replace = |field: &mut String, value: &String| {
        if !value.is_empty() {
            field.clone_from(value);
        }
    };
    replace(&mut kustomization.namespace, &overlay.target_namespace);
    replace(&mut kustomization.name_prefix, &overlay.name_prefix);
    replace(&mut kustomization.name_suffix, &overlay.name_suffix);
    kustomization.patches.extend(overlay.patches.iter().map(super::Patch::to_fields));
    for component in &overlay.components {
        add_component(files, directory, kustomization, component, overlay.ignore_missing_components)?;
    }
    for image in &overlay.images {
        merge_image(kustomization, image);
    }
    if let Some(metadata) = &overlay.build_metadata {
        kustomization.build_metadata.clone_from(metadata);
    }
    Ok(())
}

fn add_component(
    files: &dyn FileSystem,
    directory: &str,
    kustomization: &mut Kustomization,
    component: &str,
    ignore_missing: bool,
) -> Result<()> {
    if REMOTE_PREFIXES.iter().any(|prefix| component.starts_with(prefix)) {
        return Err(Error::new(ErrorKind::KustomizationInvalid, format!("component path '{component}' must be local and relative"))
            .in_field("spec.components"));
    }
    if ignore_missing && files.resolve(&join(directory, component)) == Err(FileError::NotFound) {
        return Ok(());
    }
    kustomization.components.push(component.to_owned());
    Ok(())
}

/// Name by name; tag and digest are one unit.
fn merge_image(kustomization: &mut Kustomization, image: &Image) {
    let Some(known) = kustomization.images.iter_mut().find(|known| known.name == image.name) else {
        kustomization.images.push(image.to_fields());
        return;
    };
    if !image.new_name.is_empty() {
        known.new_name.clone_from(&image.new_name);
    }
    if !image.new_tag.is_empty() || !image.digest.is_empty() {
        known.new_tag.clone_from(&image.new_tag);
        known.digest.clone_from(&image.digest);
    }
}
