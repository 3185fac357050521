//! Chart directories: any tree of files, read through [`FileTree`] so that a checkout, a directory or a map in memory
//! load the same way, with `.helmignore` applied (HE-CH-07).

use ferroflux_go_template::strconv::quote;
use std::io;
use std::time::SystemTime;

use crate::file::{Budget, ChartFile};
use crate::ignore::{IGNORE_FILE, IgnoreError, IgnoreRules};
use crate::notice::{Level, Log, Notice};

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
    /// A link that leads nowhere; [`TreeEntry::link`] says where that is.
    Dangling,
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
    /// If it is a link: where it is and where its target is, as people are told; of a dangling one what is missing.
    pub link: Option<(String, String)>,
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
    /// A link that leads nowhere.
    #[error("error evaluating symlink {link}: {target}")]
    Dangling {
        /// Where the link is.
        link: String,
        /// What is missing, as the system says it.
        target: String,
    },
    /// A link that leaves the tree.
    #[error("cannot load {0}: the link points outside the chart directory; charts may only link inside themselves")]
    Outside(String),
    /// One file is too large.
    #[error("chart file {} is larger than the maximum file size {limit}", quote(.name))]
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
pub(crate) fn read_within(tree: &dyn FileTree, budget: &mut Budget, log: &dyn Log) -> Result<Vec<ChartFile>, TreeError> {
    let top = list(tree, "")?;
    let rules = match top.iter().find(|e| e.name == IGNORE_FILE) {
        Some(TreeEntry { kind: EntryKind::File(_), .. }) => {
            let text = read(tree, IGNORE_FILE, budget.limits.file_bytes)?;
            IgnoreRules::parse(&String::from_utf8_lossy(&text))?
        }
        _ => IgnoreRules::parse("")?,
    };
    let mut files = Vec::new();
    Walk { tree, rules: &rules, budget, log, files: &mut files }.directory("", top, 0)?;
    Ok(files)
}

/// One walk through a tree.
struct Walk<'w> {
    tree: &'w dyn FileTree,
    rules: &'w IgnoreRules,
    budget: &'w mut Budget,
    log: &'w dyn Log,
    files: &'w mut Vec<ChartFile>,
}

impl Walk<'_> {
    /// Reads what is in `directory`, whose entries are known.
    fn directory(&mut self, directory: &str, mut entries: Vec<TreeEntry>, depth: usize) -> Result<(), TreeError> {
        let limits = self.budget.limits;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        for entry in entries {
            self.budget.entries_left = self.budget.entries_left.checked_sub(1).ok_or(TreeError::TooManyEntries(limits.entries))?;
            let path = if directory.is_empty() { entry.name.clone() } else { format!("{directory}/{}", entry.name) };
            if let Some((link, target)) = entry.link {
                if entry.kind == EntryKind::Dangling {
                    return Err(TreeError::Dangling { link, target });
                }
                // Charts can be made to carry what their links lead to, so each one is said.
                const FOUND: &str = "found symbolic link in path. Contents of linked file included and used";
                self.log.log(Notice::new(Level::Info, FOUND).with("path", link).with("resolved", target));
            }
            if self.rules.ignores(&path, entry.kind == EntryKind::Directory) {
                continue;
            }
            let size = match entry.kind {
                EntryKind::Directory if depth >= limits.depth => return Err(TreeError::TooDeep(limits.depth)),
                EntryKind::Directory => {
                    let inner = list(self.tree, &path)?;
                    self.directory(&path, inner, depth + 1)?;
                    continue;
                }
                EntryKind::Irregular => return Err(TreeError::Irregular(path)),
                EntryKind::Outside | EntryKind::Dangling => return Err(TreeError::Outside(path)),
                EntryKind::File(size) => size,
            };
            if size > limits.file_bytes {
                return Err(TreeError::FileTooLarge { name: entry.name, limit: limits.file_bytes });
            }
            let data = read(self.tree, &path, limits.file_bytes)?;
            self.budget.bytes_left =
                self.budget.bytes_left.checked_sub(data.len() as u64).ok_or(TreeError::TooLarge(limits.total_bytes))?;
            self.files.push(ChartFile::new(path, &data, entry.modified));
        }
        Ok(())
    }
}

fn list(tree: &dyn FileTree, directory: &str) -> Result<Vec<TreeEntry>, TreeError> {
    tree.list(directory).map_err(|source| TreeError::Read { path: directory.to_owned(), source })
}

fn read(tree: &dyn FileTree, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
    tree.read(path, limit).map_err(|source| TreeError::Read { path: path.to_owned(), source })
}
