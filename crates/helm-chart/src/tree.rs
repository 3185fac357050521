//! Chart directories: any tree of files, read through [`FileTree`] so that a checkout, a directory or a map in memory
//! load the same way, with `.helmignore` applied (HE-CH-07).

use std::io;
use std::time::SystemTime;

use crate::file::{Budget, ChartFile};
use crate::ignore::{IGNORE_FILE, IgnoreError, IgnoreRules};

/// What an entry of a tree is, links resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file and its size in bytes.
    File(u64),
    /// A directory.
    Directory,
    /// A device, socket or pipe.
    Irregular,
    /// A link whose target is not inside the tree.
    Outside,
}

/// One entry of a directory of a tree.
#[derive(Debug, Clone)]
pub struct TreeEntry {
    /// The name, without its directory.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// When it was last changed.
    pub modified: SystemTime,
}

/// A tree of files below one root. Paths are relative, with `/`; `""` is the root. An implementation never reads
/// outside its root.
pub trait FileTree {
    /// The entries of a directory, in any order.
    fn list(&self, directory: &str) -> io::Result<Vec<TreeEntry>>;
    /// The bytes of a file, at most `limit` of them.
    fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>>;
}

/// Why a tree could not be read as a chart.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// `.helmignore` is not well formed.
    #[error(transparent)]
    Ignore(#[from] IgnoreError),
    /// A file or directory could not be read.
    #[error("error reading {path}: {source}")]
    Read {
        /// The path below the root.
        path: String,
        /// What the tree said.
        source: io::Error,
    },
    /// A device, socket or pipe where a file should be.
    #[error("cannot load irregular file {0} as it has file mode type bits set")]
    Irregular(String),
    /// A link that leaves the tree.
    #[error("cannot load {0}: the link points outside the chart directory; charts may only link inside themselves")]
    Outside(String),
    /// One file is too large.
    #[error("chart file {name:?} is larger than the maximum file size {limit}")]
    FileTooLarge {
        /// The file's name.
        name: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// All files together are too large. The field is the limit in bytes.
    #[error("chart directory is larger than the maximum size {0}")]
    TooLarge(u64),
    /// More files and directories than a chart may have. The field is the limit.
    #[error("chart directory has more than {0} entries")]
    TooManyEntries(usize),
    /// Directories nested too deeply, as a link to a parent makes them. The field is the limit.
    #[error("chart directory is nested deeper than {0} levels")]
    TooDeep(usize),
}

/// Reads every file that the rules keep, depth first, names in byte order.
pub(crate) fn read_within(tree: &dyn FileTree, budget: &mut Budget) -> Result<Vec<ChartFile>, TreeError> {
    let top = list(tree, "")?;
    let rules = match top.iter().find(|e| e.name == IGNORE_FILE) {
        Some(TreeEntry { kind: EntryKind::File(_), .. }) => {
            let text = read(tree, IGNORE_FILE, budget.limits.file_bytes)?;
            IgnoreRules::parse(&String::from_utf8_lossy(&text))?
        }
        _ => IgnoreRules::parse("")?,
    };
    let mut files = Vec::new();
    walk(tree, "", top, &rules, 0, budget, &mut files)?;
    Ok(files)
}

fn walk(
    tree: &dyn FileTree,
    directory: &str,
    mut entries: Vec<TreeEntry>,
    rules: &IgnoreRules,
    depth: usize,
    budget: &mut Budget,
    files: &mut Vec<ChartFile>,
) -> Result<(), TreeError> {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    for entry in entries {
        budget.entries_left = budget.entries_left.checked_sub(1).ok_or(TreeError::TooManyEntries(budget.limits.entries))?;
        let path = if directory.is_empty() { entry.name.clone() } else { format!("{directory}/{}", entry.name) };
        if rules.ignores(&path, entry.kind == EntryKind::Directory) {
            continue;
        }
        let size = match entry.kind {
            EntryKind::Directory if depth >= budget.limits.depth => return Err(TreeError::TooDeep(budget.limits.depth)),
            EntryKind::Directory => {
                let inner = list(tree, &path)?;
                walk(tree, &path, inner, rules, depth + 1, budget, files)?;
                continue;
            }
            EntryKind::Irregular => return Err(TreeError::Irregular(path)),
            EntryKind::Outside => return Err(TreeError::Outside(path)),
            EntryKind::File(size) => size,
        };
        if size > budget.limits.file_bytes {
            return Err(TreeError::FileTooLarge { name: entry.name, limit: budget.limits.file_bytes });
        }
        let data = read(tree, &path, budget.limits.file_bytes)?;
        budget.bytes_left = budget.bytes_left.checked_sub(data.len() as u64).ok_or(TreeError::TooLarge(budget.limits.total_bytes))?;
        files.push(ChartFile::new(path, &data, entry.modified));
    }
    Ok(())
}

fn list(tree: &dyn FileTree, directory: &str) -> Result<Vec<TreeEntry>, TreeError> {
    tree.list(directory).map_err(|source| TreeError::Read { path: directory.to_owned(), source })
}

fn read(tree: &dyn FileTree, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
    tree.read(path, limit).map_err(|source| TreeError::Read { path: path.to_owned(), source })
}
