//! A chart directory on disk as a [`FileTree`].

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::tree::{EntryKind, FileTree, TreeEntry};

/// A directory on disk. Links are followed only to targets inside it.
#[derive(Debug, Clone)]
pub struct DirectoryTree {
    root: PathBuf,
}

impl DirectoryTree {
    /// Opens a directory; its path is made canonical, so that what a link resolves to can be compared with it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = fs::canonicalize(path)?;
        if !root.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{}: not a directory", path.display())));
        }
        Ok(Self { root })
    }

    /// The real place of a path, if that is inside the tree.
    fn resolve(&self, path: &str) -> io::Result<PathBuf> {
        let real = fs::canonicalize(self.root.join(path))?;
        if real.starts_with(&self.root) {
            Ok(real)
        } else {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "the link points outside the chart directory"))
        }
    }
}

impl FileTree for DirectoryTree {
    fn list(&self, directory: &str) -> io::Result<Vec<TreeEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.resolve(directory)?)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if directory.is_empty() { name.clone() } else { format!("{directory}/{name}") };
            let mut meta = entry.metadata()?;
            if meta.is_symlink() {
                match self.resolve(&path) {
                    Ok(real) => meta = fs::metadata(real)?,
                    Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                        entries.push(TreeEntry { name, kind: EntryKind::Outside, modified: SystemTime::UNIX_EPOCH });
                        continue;
                    }
                    Err(e) => return Err(io::Error::new(e.kind(), format!("error evaluating symlink {path}: {e}"))),
                }
            }
            let kind = if meta.is_dir() {
                EntryKind::Directory
            } else if meta.is_file() {
                EntryKind::File(meta.len())
            } else {
                EntryKind::Irregular
            };
            entries.push(TreeEntry { name, kind, modified: meta.modified().unwrap_or(SystemTime::UNIX_EPOCH) });
        }
        Ok(entries)
    }

    fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>> {
        let file = File::open(self.resolve(path)?)?;
        let mut data = Vec::with_capacity(usize::try_from(file.metadata()?.len().min(limit)).unwrap_or(0));
        file.take(limit).read_to_end(&mut data)?;
        Ok(data)
    }
}
