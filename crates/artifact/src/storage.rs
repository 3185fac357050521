//! The artifact store: one directory an object, one file a revision (SRC-ART-01 … SRC-ART-07).
//!
//! A file appears whole or not at all: it is written under a temporary name in its directory, synced and renamed. While
//! it is written its temporary file is locked, so a later start tells the leavings of a crash from another process's
//! work. Paths come partly from a status that others may have written, so every one is checked before use.

mod address;
mod path;
mod retention;
mod scratch;

use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

pub use address::advertised_address;
pub use path::{ArtifactPath, PathError};
pub use retention::Retention;
pub use scratch::Scratch;

use crate::digest::{Algorithm, Digest, DigestWriter};

/// Names that begin so are never artifacts: temporary files, links in the making.
pub const TEMPORARY_PREFIX: &str = ".tmp-";

/// How a store is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The directory that holds everything (`--storage-path`).
    pub root: PathBuf,
    /// Host and port under which the store is served, or a base URL (see [`advertised_address`]).
    pub advertised: String,
    /// The algorithm of new artifacts' digests (`--artifact-digest-algo`).
    pub algorithm: Algorithm,
    /// What is kept beside the current artifact.
    pub retention: Retention,
}

/// What a stored file is, for a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Digest of the stored bytes.
    pub digest: Digest,
    /// Their number.
    pub size: u64,
    /// When they were written.
    pub written: SystemTime,
}

/// What became of an artifact that a status records (SRC-GEN-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integrity {
    /// The file is there and has the digest.
    Intact,
    /// There is no such regular file.
    Missing,
    /// There is a file, but other bytes.
    Corrupt,
}

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The path is not one of an artifact.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The object's directory could not be made.
    #[error("failed to create artifact directory {path}: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another process writes the same artifact, or the lock cannot be taken.
    #[error("failed to acquire lock {path}: {source}")]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Reading or writing failed, for example because the disk is full.
    #[error("failed to {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl StorageError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_path_buf(), source }
    }
}

/// What identifies the content of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fingerprint {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    digest: Digest,
}

/// An artifact store on a directory. Cheap to share behind an `Arc`; all methods block.
#[derive(Debug)]
pub struct Storage {
    config: Config,
    /// Files whose digest this process knows, so that an unchanged file is hashed once and not at every interval.
    known: Mutex<HashMap<PathBuf, Fingerprint>>,
}

impl Storage {
    /// Opens the store, creates its root and removes what a crash has left half-written.
    pub fn open(config: Config) -> Result<Self, StorageError> {
        create_dir(&config.root)?;
        let storage = Self { config, known: Mutex::default() };
        storage.remove_stale_temporaries().map_err(StorageError::io("clean", &storage.config.root))?;
        Ok(storage)
    }

    /// The directory of the store.
    pub fn root(&self) -> &Path {
        &self.config.root
    }

    /// The algorithm of new digests.
    pub fn algorithm(&self) -> Algorithm {
        self.config.algorithm
    }

    /// Where the artifact lies on disk.
    pub fn local_path(&self, path: &ArtifactPath) -> PathBuf {
        self.config.root.join(path.as_str())
    }

    /// The URL under which the artifact is served. An address in an old status is brought up to date by asking again.
    pub fn url(&self, path: &ArtifactPath) -> String {
        let base = self.config.advertised.trim_end_matches('/');
        let scheme = if base.starts_with("http://") || base.starts_with("https://") { "" } else { "http://" };
        format!("{scheme}{base}/{}", path.as_str())
    }

    /// Writes an artifact: `write` gets the file, and what it wrote is published only if it succeeds. An artifact of
    /// this name is replaced. Directories get mode 0700, files 0600.
    pub fn publish<E: From<StorageError>>(
        &self,
        path: &ArtifactPath,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<Stored, E> {
        let target = self.local_path(path);
        let dir = self.config.root.join(path.directory());
        create_dir(&dir)?;
        let _lock = lock(&target)?;
        let (mut temporary, file) = Temporary::create(&dir)?;
        let writer = BufWriter::with_capacity(64 * 1024, file);
        let mut writer = DigestWriter::new(self.config.algorithm, writer);
        write(&mut writer)?;
        let (writer, digest, size) = writer.finish();
        let file = writer.into_inner().map_err(|e| StorageError::io("write", &temporary.path)(e.into_error()))?;
        file.sync_all().map_err(StorageError::io("sync", &temporary.path))?;
        std::fs::rename(&temporary.path, &target).map_err(StorageError::io("publish", &target))?;
        temporary.published = true;
        File::open(&dir).and_then(|d| d.sync_all()).map_err(StorageError::io("sync", &dir))?;
        self.remember(&target, &digest);
        Ok(Stored { digest, size, written: SystemTime::now() })
    }

    /// Whether the file that a status records is there and has its digest. A file that has not changed since this
    /// process last hashed or wrote it is not read.
    pub fn integrity(&self, path: &ArtifactPath, digest: &Digest) -> Result<Integrity, StorageError> {
        let local = self.local_path(path);
        let Some(now) = fingerprint(&local, digest) else { return Ok(Integrity::Missing) };
        if self.known().get(&local) == Some(&now) {
            return Ok(Integrity::Intact);
        }
        let mut file = File::open(&local).map_err(StorageError::io("open", &local))?;
        let (found, _) = digest.algorithm().digest_reader(&mut file).map_err(StorageError::io("read", &local))?;
        if found != *digest {
            return Ok(Integrity::Corrupt);
        }
        self.known().insert(local, now);
        Ok(Integrity::Intact)
    }

    /// The digest of an artifact, if this process has written or verified it and the file is unchanged since.
    pub fn known_digest(&self, path: &ArtifactPath) -> Option<Digest> {
        let local = self.local_path(path);
        let known = self.known().get(&local).cloned()?;
        (fingerprint(&local, &known.digest)? == known).then_some(known.digest)
    }

    /// Removes one artifact and its lock.
    pub fn remove(&self, path: &ArtifactPath) -> Result<(), StorageError> {
        let local = self.local_path(path);
        self.known().remove(&local);
        retention::remove_with_lock(&local).map_err(StorageError::io("remove", &local))
    }

    /// Removes everything of one object (SRC-ART-07). Answers whether there was anything.
    pub fn remove_object(&self, kind: &str, namespace: &str, name: &str) -> Result<bool, StorageError> {
        let dir = self.config.root.join(path::object_directory(kind, namespace, name)?);
        self.known().retain(|path, _| !path.starts_with(&dir));
        match std::fs::remove_dir_all(&dir) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(StorageError::io("remove", &dir)(e)),
        }
    }

    /// Removes what retention does not keep beside the `current` artifact; answers the removed files (SRC-ART-06).
    pub fn collect_garbage(&self, current: &ArtifactPath, now: SystemTime) -> Result<Vec<PathBuf>, StorageError> {
        let dir = self.config.root.join(current.directory());
        let removed = self.config.retention.collect(&dir, &self.local_path(current), now).map_err(StorageError::io("clean", &dir))?;
        let mut known = self.known();
        removed.iter().for_each(|path| drop(known.remove(path)));
        Ok(removed)
    }

    /// Removes the directories of objects of `kind` that `exists` does not know: deleted while nobody looked, or gone to
    /// another shard. Answers `namespace/name` of each.
    pub fn sweep_orphans(&self, kind: &str, exists: impl Fn(&str, &str) -> bool) -> Result<Vec<String>, StorageError> {
        let root = self.config.root.join(kind.to_lowercase());
        let names = |dir: &Path| -> Vec<String> {
            let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
            entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).filter_map(|e| e.file_name().into_string().ok()).collect()
        };
        let mut swept = Vec::new();
        for namespace in names(&root) {
            for name in names(&root.join(&namespace)) {
                if !exists(&namespace, &name) && self.remove_object(kind, &namespace, &name)? {
                    swept.push(format!("{namespace}/{name}"));
                }
            }
            // Goes only if it is empty now.
            let _ = std::fs::remove_dir(root.join(&namespace));
        }
        Ok(swept)
    }

    /// Points the link `name` in the artifact's directory to it, replacing the old link in one step (SRC-ART-02).
    pub fn link(&self, path: &ArtifactPath, name: &str) -> Result<(), StorageError> {
        let dir = self.config.root.join(path.directory());
        let link = dir.join(path::segment(name)?);
        let temporary = dir.join(format!("{TEMPORARY_PREFIX}{name}"));
        let _ = std::fs::remove_file(&temporary);
        std::os::unix::fs::symlink(path.file_name(), &temporary).map_err(StorageError::io("link", &temporary))?;
        std::fs::rename(&temporary, &link).map_err(StorageError::io("link", &link))
    }

    /// Removes the link `name` of an older version, if there is one.
    pub fn remove_link(&self, path: &ArtifactPath, name: &str) -> Result<(), StorageError> {
        let link = self.config.root.join(path.directory()).join(path::segment(name)?);
        match std::fs::symlink_metadata(&link) {
            Ok(meta) if meta.is_symlink() => std::fs::remove_file(&link).map_err(StorageError::io("remove", &link)),
            _ => Ok(()),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Fingerprint>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, path: &Path, digest: &Digest) {
        if let Some(fingerprint) = fingerprint(path, digest) {
            self.known().insert(path.to_path_buf(), fingerprint);
        }
    }

    /// Removes temporary files that nobody holds, three levels below the root.
    fn remove_stale_temporaries(&self) -> io::Result<()> {
        let mut pending = vec![(self.config.root.clone(), 0)];
        while let Some((dir, depth)) = pending.pop() {
            for entry in std::fs::read_dir(&dir)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() && depth < 3 {
                    pending.push((entry.path(), depth + 1));
                } else if entry.file_name().as_encoded_bytes().starts_with(TEMPORARY_PREFIX.as_bytes())
                    && (kind.is_symlink() || File::open(entry.path()).is_ok_and(|f| f.try_lock().is_ok()))
                {
                    std::fs::remove_file(entry.path())?;
                }
            }
        }
        Ok(())
    }
}

fn create_dir(dir: &Path) -> Result<(), StorageError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|source| StorageError::Directory { path: dir.to_path_buf(), source })
}

/// Takes the advisory lock beside `target`; it is given back when the file is dropped.
fn lock(target: &Path) -> Result<File, StorageError> {
    let mut name = target.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let failed = |source: io::Error| StorageError::Lock { path: path.clone(), source };
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(failed)?;
    file.try_lock().map_err(|e| failed(e.into()))?;
    Ok(file)
}

fn fingerprint(path: &Path, digest: &Digest) -> Option<Fingerprint> {
    let meta = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some(Fingerprint { inode: meta.ino(), size: meta.len(), modified: (meta.mtime(), meta.mtime_nsec()), digest: digest.clone() })
}

/// A file that vanishes unless it was renamed away.
struct Temporary {
    path: PathBuf,
    published: bool,
}

impl Temporary {
    fn create(dir: &Path) -> Result<(Self, File), StorageError> {
        let failed = StorageError::io("create a temporary file in", dir);
        // `keep` hands the removal to us; the random name is what is wanted of the library.
        let (file, path) =
            match tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(dir).and_then(|t| t.keep().map_err(|e| e.error)) {
                Ok(kept) => kept,
                Err(e) => return Err(failed(e)),
            };
        let temporary = Self { path, published: false };
        file.try_lock().map_err(|e| StorageError::Lock { path: temporary.path.clone(), source: e.into() })?;
        Ok((temporary, file))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.published {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Defaults of `--artifact-retention-ttl` and `--artifact-retention-records`.
impl Default for Retention {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(60), records: 2 }
    }
}
