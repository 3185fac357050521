//! Other repositories' artifacts inside of this one (SRC-GIT-12).

use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use ferroflux_api::Artifact;
use ferroflux_api::contract::reason;
use ferroflux_api::source::{GitRepository, GitRepositoryInclude};
use ferroflux_artifact::storage::{ArtifactPath, Storage};
use ferroflux_artifact::tarball::{Limits, UnpackOptions, unpack_file};
use ferroflux_conditions::types::{INCLUDE_UNAVAILABLE, STORAGE_OPERATION_FAILED};
use ferroflux_controller_runtime::{Cache, ObjectKey};

use crate::steps::Broken;

/// The artifacts that the object includes, in order.
pub(super) fn artifacts(cache: &Cache<GitRepository>, object: &GitRepository, again: Duration) -> Result<Vec<Artifact>, Broken> {
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    let find = |include: &GitRepositoryInclude| {
        let name = &include.repository.name;
        let waiting = |reason, message| Broken::waiting(INCLUDE_UNAVAILABLE, reason, message, again);
        let found = cache.get(&ObjectKey::new(namespace, name.as_str()));
        let found = found.ok_or_else(|| {
            waiting(reason::NOT_FOUND, format!("could not get resource for include '{name}': GitRepository '{namespace}/{name}' not found"))
        })?;
        found.status.artifact.clone().ok_or_else(|| waiting(reason::NO_ARTIFACT, format!("no artifact available for include '{name}'")))
    };
    object.spec.include.iter().map(find).collect()
}

/// Copies the included artifacts into the exported tree `root`, by way of directories below `scratch`.
pub(super) fn copy(
    includes: &[GitRepositoryInclude],
    artifacts: &[Artifact],
    storage: &Storage,
    root: &Path,
    scratch: &Path,
) -> Result<(), Broken> {
    for (include, artifact) in includes.iter().zip(artifacts) {
        let name = &include.repository.name;
        let illegal = |what: &str| {
            Broken::generic(STORAGE_OPERATION_FAILED, reason::ILLEGAL_PATH, format!("path calculation for include '{name}' failed: {what}"))
        };
        let failed = |what: String| {
            Broken::generic(STORAGE_OPERATION_FAILED, reason::COPY_FAILURE, format!("failed to copy '{name}' include: {what}"))
        };
        let from =
            inside(include.from_path.as_deref().unwrap_or_default()).ok_or_else(|| illegal("fromPath must stay inside of the artifact"))?;
        let to = match include.to_path.as_deref() {
            None | Some("") => name.as_str(),
            Some(path) => path,
        };
        let to = inside(to).ok_or_else(|| illegal("toPath must stay inside of the repository"))?;
        let path = ArtifactPath::parse(&artifact.path).map_err(|e| illegal(&e.to_string()))?;
        let unpacked = tempfile::tempdir_in(scratch).map_err(|e| failed(e.to_string()))?;
        let options = UnpackOptions { limits: Limits::UNLIMITED, skip_symlinks: false };
        unpack_file(&storage.local_path(&path), unpacked.path(), options).map_err(|e| failed(e.to_string()))?;
        let (source, target) = (unpacked.path().join(from), root.join(to));
        move_tree(&source, &target)
            .map_err(|e| failed(format!("{} to {}: {e}", shown(include.from_path.as_deref()), shown(include.to_path.as_deref()))))?;
    }
    Ok(())
}

fn shown(path: Option<&str>) -> String {
    format!("'{}'", path.unwrap_or_default())
}

/// The path without its root; `None` if it climbs above it.
fn inside(path: &str) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(segment) => clean.push(segment),
            Component::ParentDir if !clean.pop() => return None,
            _ => {}
        }
    }
    Some(clean)
}

/// Moves a directory to a place that is free or an empty directory.
fn move_tree(source: &Path, target: &Path) -> io::Result<()> {
    if !source.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "fromPath is not a directory of the artifact"));
    }
    match std::fs::symlink_metadata(target) {
        Ok(meta) if !meta.is_dir() => return Err(io::Error::other("toPath is a file")),
        // Goes only if it is empty: nothing is merged.
        Ok(_) => std::fs::remove_dir(target).map_err(|_| io::Error::other("toPath is a directory that is not empty"))?,
        Err(_) => {}
    }
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::rename(source, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SRC-GIT-12: nothing climbs, nothing is merged.
    #[test]
    fn paths_stay_inside_and_nothing_is_merged() {
        assert_eq!(inside("./a/../b"), Some("b".into()));
        assert_eq!(inside("/a"), Some("a".into()));
        assert_eq!(inside("../a"), None);
        assert_eq!(inside("a/../../b"), None);
        let dir = tempfile::tempdir().unwrap();
        let at = |p: &str| dir.path().join(p);
        for d in ["from/x", "full/y", "empty"] {
            std::fs::create_dir_all(at(d)).unwrap();
        }
        assert!(move_tree(&at("nope"), &at("t")).is_err());
        assert!(move_tree(&at("from"), &at("full")).is_err());
        move_tree(&at("from"), &at("empty")).unwrap();
        assert!(at("empty/x").is_dir());
    }
}
