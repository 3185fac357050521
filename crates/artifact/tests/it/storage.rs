use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use ferroflux_artifact::digest::Algorithm;
use ferroflux_artifact::storage::{ArtifactPath, Config, Integrity, Retention, Scratch, Storage, StorageError, Stored};

fn open(root: &Path) -> Storage {
    let retention = Retention { ttl: Duration::from_secs(60), records: 2 };
    Storage::open(Config { root: root.to_path_buf(), advertised: "host:9090".into(), algorithm: Algorithm::Sha256, retention }).unwrap()
}

fn path(file: &str) -> ArtifactPath {
    ArtifactPath::new("GitRepository", "ns", "app", file).unwrap()
}

fn publish(storage: &Storage, file: &str, content: &[u8]) -> Stored {
    storage.publish(&path(file), |out| out.write_all(content).map_err(io)).unwrap()
}

fn io(source: std::io::Error) -> StorageError {
    StorageError::Io { action: "write", path: "x".into(), source }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|n| !n.ends_with(".lock"));
    names.sort();
    names
}

/// SRC-ART-01, SRC-ART-02, SRC-ART-04: what is published is whole, private, digested and has its URL.
#[test]
fn publishing() {
    let dir = tempfile::tempdir().unwrap();
    let storage = open(dir.path());
    let stored = publish(&storage, "a.tar.gz", b"hello");
    assert_eq!((stored.digest.clone(), stored.size), (Algorithm::Sha256.digest(b"hello"), 5));
    let local = storage.local_path(&path("a.tar.gz"));
    assert_eq!(std::fs::read(&local).unwrap(), b"hello");
    let mode = |p: &Path| p.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&local), mode(local.parent().unwrap())), (0o600, 0o700));
    assert_eq!(storage.url(&path("a.tar.gz")), "http://host:9090/gitrepository/ns/app/a.tar.gz");
    assert_eq!(storage.known_digest(&path("a.tar.gz")), Some(stored.digest));
}

/// SRC-ART-02, SRC-ART-24: a failure leaves the old artifact and no temporary file; a second writer is refused.
#[test]
fn failures_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let storage = open(dir.path());
    publish(&storage, "a.tar.gz", b"old");
    let failed = storage.publish::<StorageError>(&path("a.tar.gz"), |out| {
        out.write_all(b"new").unwrap();
        let second = storage.publish::<StorageError>(&path("a.tar.gz"), |_| Ok(())).unwrap_err();
        assert!(matches!(second, StorageError::Lock { .. }), "{second}");
        Err(io(std::io::Error::from(std::io::ErrorKind::StorageFull)))
    });
    assert!(failed.is_err());
    let object = dir.path().join("gitrepository/ns/app");
    assert_eq!(names(&object), ["a.tar.gz"]);
    assert_eq!(std::fs::read(object.join("a.tar.gz")).unwrap(), b"old");
}

/// SRC-ART-24: what a crash left half-written goes at the next start; what another process writes stays.
#[test]
fn stale_temporaries_go_at_start() {
    let dir = tempfile::tempdir().unwrap();
    let storage = open(dir.path());
    publish(&storage, "a.tar.gz", b"x");
    let object = dir.path().join("gitrepository/ns/app");
    std::fs::write(object.join(".tmp-dead"), "half").unwrap();
    let held = std::fs::File::create(object.join(".tmp-live")).unwrap();
    held.lock().unwrap();
    open(dir.path());
    assert_eq!(names(&object), [".tmp-live", "a.tar.gz"]);
}

/// SRC-GEN-12: a missing or altered file is noticed; one that has not changed is not read again.
#[test]
fn integrity() {
    let dir = tempfile::tempdir().unwrap();
    let digest = publish(&open(dir.path()), "a.tar.gz", b"hello").digest;
    let storage = open(dir.path());
    let check = || storage.integrity(&path("a.tar.gz"), &digest).unwrap();
    assert_eq!(check(), Integrity::Intact);
    let local = storage.local_path(&path("a.tar.gz"));
    let modified = local.metadata().unwrap().modified().unwrap();
    // The same length at the same time in the same inode: only a reader would notice.
    let file = std::fs::OpenOptions::new().write(true).open(&local).unwrap();
    (&file).write_all(b"HELLO").unwrap();
    file.set_modified(modified).unwrap();
    assert_eq!(check(), Integrity::Intact, "not read again");
    file.set_modified(modified - Duration::from_secs(1)).unwrap();
    assert_eq!(check(), Integrity::Corrupt);
    std::fs::remove_file(&local).unwrap();
    assert_eq!(check(), Integrity::Missing);
    std::os::unix::fs::symlink("/etc/passwd", &local).unwrap();
    assert_eq!(check(), Integrity::Missing, "a link is no regular file");
}

/// SRC-ART-06: old ones go, of the young ones the newest stay, the current one always does.
#[test]
fn retention() {
    let dir = tempfile::tempdir().unwrap();
    let storage = open(dir.path());
    let now = SystemTime::now();
    let age = |file: &str, seconds: u64| {
        publish(&storage, file, b"x");
        let file = std::fs::OpenOptions::new().write(true).open(storage.local_path(&path(file))).unwrap();
        file.set_modified(now - Duration::from_secs(seconds)).unwrap();
    };
    age("current", 1000);
    age("expired", 61);
    for (n, seconds) in [(1, 50), (2, 40), (3, 30)] {
        age(&format!("young{n}"), seconds);
    }
    storage.link(&path("current"), "latest.tar.gz").unwrap();
    let removed = storage.collect_garbage(&path("current"), now).unwrap();
    assert_eq!(removed.len(), 3);
    let object = dir.path().join("gitrepository/ns/app");
    assert_eq!(names(&object), ["current", "latest.tar.gz", "young3"]);
    assert!(!object.join("expired.lock").exists() && object.join("current.lock").exists());
    assert!(storage.collect_garbage(&path("current"), now).unwrap().is_empty());
}

/// SRC-ART-07: an object's directory goes with it, and so do those of objects that nobody knows.
#[test]
fn objects_that_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let storage = open(dir.path());
    for name in ["a", "b", "c"] {
        let path = ArtifactPath::new("GitRepository", "ns", name, "f").unwrap();
        storage.publish(&path, |out| out.write_all(b"x").map_err(io)).unwrap();
    }
    assert!(storage.remove_object("GitRepository", "ns", "a").unwrap());
    assert!(!storage.remove_object("GitRepository", "ns", "a").unwrap());
    assert!(storage.remove_object("GitRepository", "ns", "../..").is_err());
    assert_eq!(storage.sweep_orphans("GitRepository", |_, name| name == "b").unwrap(), ["ns/c"]);
    assert_eq!(names(&dir.path().join("gitrepository/ns")), ["b"]);
}

/// SRC-ART-24: scratch directories of processes that are gone are removed, those in use are not.
#[test]
fn scratch_directories() {
    let base = tempfile::tempdir().unwrap();
    let dead = base.path().join("work-dead");
    std::fs::create_dir(&dead).unwrap();
    std::fs::write(dead.join(".lock"), "").unwrap();
    std::fs::write(dead.join("big"), "x").unwrap();
    let live = Scratch::open(base.path(), "work").unwrap();
    let kept = live.dir().unwrap();
    let second = Scratch::open(base.path(), "work").unwrap();
    assert!(!dead.exists() && kept.path().exists());
    drop((kept, live, second));
    assert!(names(base.path()).is_empty());
}
