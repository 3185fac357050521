//! Which old artifacts of an object go, and when (SRC-ART-06).

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::TEMPORARY_PREFIX;

/// Files that one pass looks at.
const MAX_FILES: usize = 1000;
/// Time that one pass takes; what is left waits for the next.
const BUDGET: Duration = Duration::from_secs(5);

/// What is kept beside the current artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Others older than this go (`--artifact-retention-ttl`).
    pub ttl: Duration,
    /// Of the younger ones the oldest go until this many files remain, the current one included
    /// (`--artifact-retention-records`).
    pub records: usize,
}

impl Retention {
    /// Removes what must go from the object's directory and answers which files those were. Links, locks, temporary
    /// files and `current` are never touched.
    pub(super) fn collect(&self, dir: &Path, current: &Path, now: SystemTime) -> io::Result<Vec<PathBuf>> {
        let started = Instant::now();
        let mut files = artifacts(dir)?;
        files.sort();
        let mut remaining = files.len();
        let mut removed = Vec::new();
        // Oldest first: once one is neither expired nor too many, none after it is.
        for (written, path) in files {
            let expired = now.duration_since(written).is_ok_and(|age| age > self.ttl);
            if path == current {
                continue;
            }
            if (!expired && remaining <= self.records) || started.elapsed() > BUDGET {
                break;
            }
            remove_with_lock(&path)?;
            removed.push(path);
            remaining -= 1;
        }
        Ok(removed)
    }
}

/// The artifacts in a directory with the time of writing.
fn artifacts(dir: &Path) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let mut files = Vec::new();
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(files),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let entry = entry?;
        let (meta, name) = (entry.metadata()?, entry.file_name());
        let name = name.as_encoded_bytes();
        if meta.is_file() && !name.ends_with(b".lock") && !name.starts_with(TEMPORARY_PREFIX.as_bytes()) {
            files.push((meta.modified()?, entry.path()));
            if files.len() >= MAX_FILES {
                break;
            }
        }
    }
    Ok(files)
}

/// Removes a file and the lock beside it; what is not there is no error.
pub(super) fn remove_with_lock(path: &Path) -> io::Result<()> {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    for path in [path, Path::new(&lock)] {
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(())
}
