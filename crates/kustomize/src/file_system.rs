//! The file tree that a build reads. Paths are absolute inside the tree: `/` is its root, parts are joined by `/`.

use std::fmt;

mod disk;
mod memory;

pub use disk::DiskFileSystem;
pub use memory::MemoryFileSystem;

/// A tree of files that a build may read. Implementations keep every path inside their root, symbolic links included.
pub trait FileSystem: Send + Sync {
    /// Resolves symbolic links, `.` and `..`, and says what is there.
    fn resolve(&self, path: &str) -> Result<Resolved, FileError>;

    /// What is at a path, with links resolved, and its content if it is a file.
    fn load(&self, path: &str) -> Result<Loaded, FileError> {
        let resolved = self.resolve(path)?;
        let content = if resolved.is_dir { None } else { Some(self.read(&resolved.path)?) };
        Ok(Loaded { path: resolved.path, content })
    }

    /// As [`FileSystem::load`] for an entry of a directory whose path has no links and dots, such as
    /// [`FileSystem::resolve`] gives: only the entry itself may be a link. `name` is one part of a path.
    fn load_entry(&self, directory: &str, name: &str) -> Result<Loaded, FileError> {
        self.load(&join(directory, name))
    }

    /// The content of a file; symbolic links are followed.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;

    /// Names in a directory, sorted bytewise, with whether each is a directory itself. Links are not followed.
    fn list(&self, path: &str) -> Result<Vec<Entry>, FileError>;
}

/// A path that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The path without links and dots.
    pub path: String,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// A path that was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The path without links and dots.
    pub path: String,
    /// The content; `None` for a directory.
    pub content: Option<Vec<u8>>,
}

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name, without the directory.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What a name in a directory stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, a socket and the like.
    Other,
}

/// Why a path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileError {
    /// Nothing is there.
    NotFound,
    /// A directory where a file is needed.
    IsDirectory,
    /// A file where a directory is needed.
    NotDirectory,
    /// The path, or a link on it, leaves the root of the tree.
    Outside,
    /// The file is larger than the limit, in bytes.
    TooLarge(u64),
    /// The operating system says no.
    Io(String),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no such file or directory"),
            Self::IsDirectory => f.write_str("is a directory"),
            Self::NotDirectory => f.write_str("is not a directory"),
            Self::Outside => f.write_str("is outside the file tree"),
            Self::TooLarge(limit) => write!(f, "is larger than {limit} bytes"),
            Self::Io(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for FileError {}

/// Appends a relative path and removes dots: `join("/a/b", "../c")` is `/a/c`. `..` does not leave `/`.
pub(crate) fn join(directory: &str, path: &str) -> String {
    let start = if path.starts_with('/') { "" } else { directory };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    let mut joined = String::with_capacity(start.len() + path.len() + 1);
    for part in &parts {
        joined.push('/');
        joined.push_str(part);
    }
    if joined.is_empty() {
        joined.push('/');
    }
    joined
}

/// Whether `..` in `path` climbs above `/` when it starts in `directory`.
pub(crate) fn climbs_out(directory: &str, path: &str) -> bool {
    let mut depth = if path.starts_with('/') { 0 } else { directory.split('/').filter(|p| !p.is_empty()).count() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

/// Whether `path` is `directory` or lies below it.
pub(crate) fn is_within(path: &str, directory: &str) -> bool {
    directory == "/" || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The directory and the last name of a path.
pub(crate) fn parent_and_name(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((directory, name)) => (directory, name),
        None => ("/", path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KB-LOAD-03
    #[test]
    fn paths() {
        assert_eq!(join("/a/b", "../c/./d"), "/a/c/d");
        assert_eq!(join("/a", "../../.."), "/");
        assert_eq!(join("/a", "/x//y/"), "/x/y");
        assert!(is_within("/a/b", "/a") && is_within("/a", "/a") && is_within("/x", "/"));
        assert!(!is_within("/ab", "/a"));
        assert!(climbs_out("/a", "../../x") && !climbs_out("/a", "../x"));
        assert_eq!(parent_and_name("/a/b.yaml"), ("/a", "b.yaml"));
        assert_eq!(parent_and_name("/b.yaml"), ("/", "b.yaml"));
    }
}
