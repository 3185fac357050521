//! A directory on disk as a file tree.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use super::{Entry, EntryKind, FileError, FileSystem, Loaded, Resolved};

/// The largest file that a build reads unless told otherwise: 100 MiB.
const MAX_FILE_BYTES: u64 = 100 << 20;

/// A directory on disk. Nothing outside it can be read, by whatever links.
#[derive(Debug, Clone)]
pub struct DiskFileSystem {
    root: PathBuf,
    max_file_bytes: u64,
}

impl DiskFileSystem {
    /// The tree below `root`, which must exist.
    pub fn new(root: impl AsRef<Path>) -> std::io::Result<Self> {
        Ok(Self { root: root.as_ref().canonicalize()?, max_file_bytes: MAX_FILE_BYTES })
    }

    /// Another limit on the size of one file, in bytes.
    #[must_use]
    pub fn with_max_file_bytes(mut self, limit: u64) -> Self {
        self.max_file_bytes = limit;
        self
    }

    /// The path of a file of this machine inside the tree, or `None` if it lies outside.
    pub fn path_of(&self, path: &Path) -> Option<String> {
        self.inside(&path.canonicalize().ok()?).ok()
    }

    fn real(&self, path: &str) -> Result<PathBuf, FileError> {
        if super::climbs_out("/", path) {
            return Err(FileError::Outside);
        }
        let real = self.root.join(path.trim_start_matches('/')).canonicalize().map_err(explain)?;
        if real.starts_with(&self.root) { Ok(real) } else { Err(FileError::Outside) }
    }

    fn read_real(&self, real: &Path) -> Result<Vec<u8>, FileError> {
        let mut file = File::open(real).map_err(explain)?;
        let metadata = file.metadata().map_err(explain)?;
        if metadata.is_dir() {
            return Err(FileError::IsDirectory);
        }
        if !metadata.is_file() {
            return Err(FileError::Io("not a regular file".to_owned()));
        }
        if metadata.len() > self.max_file_bytes {
            return Err(FileError::TooLarge(self.max_file_bytes));
        }
        let mut content = Vec::with_capacity(metadata.len() as usize);
        // a file that says how long it is needs no second read to find its end
        let most = if metadata.len() > 0 { metadata.len() } else { self.max_file_bytes + 1 };
        (&mut file).take(most).read_to_end(&mut content).map_err(explain)?;
        if content.len() as u64 > self.max_file_bytes {
            return Err(FileError::TooLarge(self.max_file_bytes));
        }
        Ok(content)
    }

    fn inside(&self, real: &Path) -> Result<String, FileError> {
        let relative = real.strip_prefix(&self.root).map_err(|_| FileError::Outside)?;
        let mut path = String::new();
        for part in relative.components() {
            if let Component::Normal(name) = part {
                path.push('/');
                path.push_str(name.to_str().ok_or_else(|| FileError::Io("the name is not UTF-8".to_owned()))?);
            }
        }
        Ok(if path.is_empty() { "/".to_owned() } else { path })
    }
}

impl FileSystem for DiskFileSystem {
    fn resolve(&self, path: &str) -> Result<Resolved, FileError> {
        let real = self.real(path)?;
        Ok(Resolved { is_dir: real.is_dir(), path: self.inside(&real)? })
    }

    fn load(&self, path: &str) -> Result<Loaded, FileError> {
        // one walk over the links, one look at the file
        let real = self.real(path)?;
        let path = self.inside(&real)?;
        let content = match self.read_real(&real) {
            Ok(content) => Some(content),
            Err(FileError::IsDirectory) => None,
            Err(e) => return Err(e),
        };
        Ok(Loaded { path, content })
    }

    fn load_entry(&self, directory: &str, name: &str) -> Result<Loaded, FileError> {
        // most entries are files; then the walk over the links of the directory need not be done again
        let path = super::join(directory, name);
        let real = self.root.join(path.trim_start_matches('/'));
        match std::fs::symlink_metadata(&real) {
            Ok(metadata) if metadata.is_file() => Ok(Loaded { content: Some(self.read_real(&real)?), path }),
            _ => self.load(&path),
        }
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.read_real(&self.real(path)?)
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>, FileError> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.real(path)?).map_err(explain)? {
            let entry = entry.map_err(explain)?;
            let kind = entry.file_type().map_err(explain)?;
            let name = entry.file_name().into_string().map_err(|_| FileError::Io("a name is not UTF-8".to_owned()))?;
            let kind = if kind.is_dir() {
                EntryKind::Directory
            } else if kind.is_file() {
                EntryKind::File
            } else {
                EntryKind::Other
            };
            entries.push(Entry { name, kind });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}

fn explain(error: std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound => FileError::NotFound,
        ErrorKind::NotADirectory => FileError::NotDirectory,
        ErrorKind::IsADirectory => FileError::IsDirectory,
        _ => FileError::Io(error.to_string()),
    }
}
