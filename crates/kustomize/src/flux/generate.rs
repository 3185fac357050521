//! Making the kustomization of a directory that has none (KC-GEN-01).

use crate::decode::Unknown;
use crate::documents::{read_objects, text_of};
use crate::error::{Error, ErrorKind, Result};
use crate::file_system::{EntryKind, FileError, FileSystem, join};
use crate::kustomization::{FILE_NAMES, Kustomization};
use crate::options::Options;

/// How deep directories are searched.
const MAX_DEPTH: usize = 200;

/// The namespace of a kustomization that lists nothing: without any field it would count as empty and fail.
const PLACEHOLDER: &str = "_placeholder";

/// What the controller asks for where nothing lists resources.
const ORIGIN_ANNOTATIONS: &str = "originAnnotations";

fn file_error(operation: &str, path: &str, error: &FileError) -> Error {
    match error {
        FileError::Outside => {
            Error::new(ErrorKind::OutsideRoot, format!("fs-security-constraint {operation} {path}: path '{path}' is not in or below '/'"))
        }
        FileError::NotFound => Error::new(ErrorKind::NotFound, format!("'{path}': {error}")),
        error => Error::new(ErrorKind::Other, format!("'{path}': {error}")),
    }
}

/// The kustomization that is there, read leniently (KC-GEN-02).
pub(super) fn find(files: &dyn FileSystem, directory: &str) -> Result<Option<(String, Kustomization)>> {
    let resolved = files.resolve(directory).map_err(|e| file_error("stat", directory, &e))?;
    if !resolved.is_dir {
        return Err(Error::new(ErrorKind::NotFound, format!("'{directory}' is not a directory")));
    }
    for name in FILE_NAMES {
        let path = join(directory, name);
        match files.resolve(&path) {
            Ok(resolved) if !resolved.is_dir => {}
            Err(FileError::Outside) => return Err(file_error("read", &path, &FileError::Outside)),
            _ => continue,
        }
        let content = files.read(&path).map_err(|e| file_error("read", &path, &e))?;
        let read = || {
            let text = text_of(&content)?;
            Kustomization::read(&text, directory, Unknown::IgnoreAtTop, &mut |_| {})
        };
        let mut kustomization = match read() {
            Ok(kustomization) => kustomization,
            // what the object's spec adds may fill it
            Err(e) if e.kind() == ErrorKind::KustomizationEmpty => Kustomization::empty(),
            Err(e) => return Err(e.in_file(&path)),
        };
        if kustomization.resources.is_empty() {
            kustomization.build_metadata = vec![ORIGIN_ANNOTATIONS.to_owned()];
        }
        return Ok(Some((name.to_owned(), kustomization)));
    }
    Ok(None)
}

/// A kustomization that lists what a lexical walk of the directory finds.
pub(super) fn generate(files: &dyn FileSystem, directory: &str, options: &Options) -> Result<Kustomization> {
    let mut kustomization = Kustomization::empty();
    walk(files, directory, "", 0, options, &mut kustomization.resources)?;
    if kustomization.resources.is_empty() {
        kustomization.namespace = PLACEHOLDER.to_owned();
    }
    Ok(kustomization)
}

fn walk(files: &dyn FileSystem, root: &str, below: &str, depth: usize, options: &Options, found: &mut Vec<String>) -> Result<()> {
    options.cancel.check()?;
    if depth > MAX_DEPTH {
        return Err(Error::new(ErrorKind::Limit, format!("directories are nested more than {MAX_DEPTH} deep")));
    }
    let directory = join(root, below);
    for entry in files.list(&directory).map_err(|e| file_error("walk", &directory, &e))? {
        let relative = if below.is_empty() { entry.name.clone() } else { format!("{below}/{}", entry.name) };
        let path = join(root, &relative);
        match entry.kind {
            EntryKind::Directory if has_kustomization(files, &path) => found.push(format!("./{relative}")),
            EntryKind::Directory => walk(files, root, &relative, depth + 1, options, found)?,
            EntryKind::File if entry.name.ends_with(".yaml") || entry.name.ends_with(".yml") => {
                let content = files.read(&path).map_err(|e| file_error("read", &path, &e))?;
                text_of(&content).and_then(|text| read_objects(&text)).map_err(|e| {
                    let cause = format!("failed to decode Kubernetes YAML from {path}: {}", e.cause());
                    e.with_cause(cause).in_file(&path)
                })?;
                found.push(format!("./{relative}"));
            }
            EntryKind::File | EntryKind::Other => {}
        }
    }
    Ok(())
}

fn has_kustomization(files: &dyn FileSystem, directory: &str) -> bool {
    FILE_NAMES.iter().any(|name| files.resolve(&join(directory, name)).is_ok_and(|r| !r.is_dir))
}
