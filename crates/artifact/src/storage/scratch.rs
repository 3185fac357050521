//! Temporary directories that do not outlive the process, even if it is killed (SRC-ART-24).

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

const LOCK: &str = ".lock";

/// A directory of this process below `base`, locked as long as the process lives.
#[derive(Debug)]
pub struct Scratch {
    dir: TempDir,
    _lock: File,
}

impl Scratch {
    /// Makes `<base>/<name>-<random>` and removes those of processes that are gone.
    pub fn open(base: &Path, name: &str) -> io::Result<Self> {
        let prefix = format!("{name}-");
        DirBuilder::new().recursive(true).mode(0o700).create(base)?;
        for entry in std::fs::read_dir(base)?.flatten() {
            if entry.file_type().is_ok_and(|t| t.is_dir())
                && entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes())
                && is_abandoned(&entry.path())
            {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let dir = tempfile::Builder::new().prefix(&prefix).tempdir_in(base)?;
        let lock = File::create(dir.path().join(LOCK))?;
        lock.try_lock()?;
        Ok(Self { dir, _lock: lock })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A fresh directory inside, removed when it is dropped.
    pub fn dir(&self) -> io::Result<TempDir> {
        tempfile::Builder::new().prefix("work-").tempdir_in(self.dir.path())
    }
}

/// Whether nobody holds the lock. Without a lock file the directory is either just being made or not ours.
fn is_abandoned(dir: &Path) -> bool {
    let lock: PathBuf = dir.join(LOCK);
    File::open(lock).is_ok_and(|f| f.try_lock().is_ok())
}
