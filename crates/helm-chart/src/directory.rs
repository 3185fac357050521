//! A chart directory on disk as a [`FileTree`].

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use crate::tree::{EntryKind, FileTree, TreeEntry};

/// A directory on disk. Links are followed only to targets inside it.
#[derive(Debug, Clone)]
pub struct DirectoryTree {
    root: PathBuf,
    /// The absolute path by which people know the directory.
    given: PathBuf,
}

impl DirectoryTree {
    /// Opens a directory; its path is made canonical, so that what a link resolves to can be compared with it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = fs::canonicalize(path)?;
        if !root.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{}: not a directory", path.display())));
        }
        Ok(Self { root, given: lexically_clean(&std::path::absolute(path)?) })
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

/// How many links are followed to find out where one leads.
const MAX_HOPS: usize = 40;

/// What is missing where a link leads, in the words of Go's `filepath.EvalSymlinks`.
fn missing(link: &Path, error: &io::Error) -> String {
    let mut at = link.to_owned();
    for _ in 0..MAX_HOPS {
        let Ok(target) = fs::read_link(&at) else { break };
        at = lexically_clean(&at.parent().unwrap_or(Path::new("/")).join(target));
    }
    if at.symlink_metadata().is_ok_and(|m| m.is_symlink()) {
        return "EvalSymlinks: too many links".to_owned();
    }
    let gone = at.ancestors().filter(|path| path.symlink_metadata().is_err()).last().unwrap_or(&at);
    let why = if error.kind() == io::ErrorKind::NotFound { "no such file or directory".to_owned() } else { error.to_string() };
    format!("lstat {}: {why}", gone.display())
}

/// A path without `.`, and without `..` where it is plain what that leads to; links are not looked at.
pub fn lexically_clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match (part, clean.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => _ = clean.pop(),
            (part, _) => clean.push(part),
        }
    }
    clean
}

impl FileTree for DirectoryTree {
    fn list(&self, directory: &str) -> io::Result<Vec<TreeEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.resolve(directory)?)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if directory.is_empty() { name.clone() } else { format!("{directory}/{name}") };
            let mut meta = entry.metadata()?;
            let mut link = None;
            if meta.is_symlink() {
                let shown = self.given.join(&path).display().to_string();
                let special = |kind, target: String| TreeEntry {
                    name: name.clone(),
                    kind,
                    modified: SystemTime::UNIX_EPOCH,
                    link: Some((shown.clone(), target)),
                };
                match fs::canonicalize(self.root.join(&path)) {
                    Ok(real) if real.starts_with(&self.root) => {
                        meta = fs::metadata(&real)?;
                        link = Some((shown, real.display().to_string()));
                    }
                    Ok(real) => {
                        entries.push(special(EntryKind::Outside, real.display().to_string()));
                        continue;
                    }
                    Err(error) => {
                        entries.push(special(EntryKind::Dangling, missing(&self.given.join(&path), &error)));
                        continue;
                    }
                }
            }
            let kind = if meta.is_dir() {
                EntryKind::Directory
            } else if meta.is_file() {
                EntryKind::File(meta.len())
            } else {
                EntryKind::Irregular
            };
            entries.push(TreeEntry { name, kind, modified: meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), link });
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
