//! The files of a repository, removed when nobody reads them any more.

use ferroflux_kustomize::{DiskFileSystem, FileError, FileSystem};

/// A directory that lives as long as this.
pub(crate) struct Fetched {
    files: DiskFileSystem,
    _directory: tempfile::TempDir,
}

impl Fetched {
    pub(crate) fn new(files: DiskFileSystem, directory: tempfile::TempDir) -> Self {
        Self { files, _directory: directory }
    }
}

impl FileSystem for Fetched {
    fn resolve(&self, path: &str) -> Result<ferroflux_kustomize::Resolved, FileError> {
        self.files.resolve(path)
    }

    fn load(&self, path: &str) -> Result<ferroflux_kustomize::Loaded, FileError> {
        self.files.load(path)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.files.read(path)
    }

    fn list(&self, path: &str) -> Result<Vec<ferroflux_kustomize::Entry>, FileError> {
        self.files.list(path)
    }
}
