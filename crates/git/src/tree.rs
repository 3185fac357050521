//! A commit's tree as a stream of directories and files, straight from the packs (SRC-GIT-13, SRC-ART-22).

use std::collections::BTreeMap;
use std::io;

use ferroflux_artifact::ignore::{self, Rules};
use gix_hash::{ObjectId, oid};
use gix_object::tree::EntryKind;
use gix_object::{Find, FindExt, Kind};

use crate::GitError;
use crate::client::Limits;

/// Where a tree is written to. Entries come in lexical order, parents before their content.
pub(crate) trait Sink {
    /// A directory below the root, or the root itself as `.`.
    fn directory(&mut self, path: &[u8]) -> io::Result<()>;
    /// A regular file.
    fn file(&mut self, path: &[u8], executable: bool, content: &[u8]) -> io::Result<()>;
}

/// One repository in a checkout: its objects, a tree, and the repositories below it by path.
pub(crate) struct Source {
    pub(crate) odb: gix_odb::Handle,
    pub(crate) tree: ObjectId,
    pub(crate) submodules: BTreeMap<Vec<u8>, Source>,
}

/// What of a tree is wanted.
pub(crate) struct Selection {
    /// Directories, as segments; empty is everything.
    sparse: Vec<Vec<Vec<u8>>>,
}

impl Selection {
    /// Reads `spec.sparseCheckout`: a leading `./` is dropped (SRC-GIT-11).
    pub(crate) fn new(directories: &[String]) -> Result<Self, GitError> {
        let mut sparse = Vec::new();
        for directory in directories {
            let trimmed = directory.strip_prefix("./").unwrap_or(directory);
            let segments: Vec<Vec<u8>> = trimmed.split('/').filter(|s| !s.is_empty() && *s != ".").map(|s| s.as_bytes().to_vec()).collect();
            if segments.iter().any(|s| s == b"..") {
                return Err(GitError::Path {
                    path: directory.clone(),
                    reason: "a sparse checkout directory must stay inside of the repository",
                });
            }
            if segments.is_empty() {
                return Ok(Self { sparse: Vec::new() });
            }
            sparse.push(segments);
        }
        Ok(Self { sparse })
    }

    /// Whether the path is wanted itself, or only leads to what is.
    fn wants(&self, path: &[Vec<u8>]) -> Wanted {
        if self.sparse.is_empty() || self.sparse.iter().any(|dir| path.starts_with(dir)) {
            Wanted::Whole
        } else if self.sparse.iter().any(|dir| dir.starts_with(path)) {
            Wanted::Through
        } else {
            Wanted::No
        }
    }

    /// Every wanted directory, as given.
    fn directories(&self) -> impl Iterator<Item = &[Vec<u8>]> {
        self.sparse.iter().map(Vec::as_slice)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Whole,
    Through,
    No,
}

/// An entry of a tree, in the order in which directories are walked on disk.
struct Entry {
    name: Vec<u8>,
    kind: EntryKind,
    id: ObjectId,
}

/// Why a walk ended.
#[derive(Debug)]
pub(crate) enum WalkError {
    /// The repository.
    Git(GitError),
    /// The sink.
    Sink(io::Error),
}

impl From<GitError> for WalkError {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

/// A walk in progress.
pub(crate) struct Walk<'a> {
    limits: &'a Limits,
    selection: &'a Selection,
    entries: u64,
    bytes: u64,
    path: Vec<Vec<u8>>,
    /// How much of `path` leads to the repository in which the walk is.
    base: usize,
    buffer: Vec<u8>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(limits: &'a Limits, selection: &'a Selection) -> Self {
        Self { limits, selection, entries: 0, bytes: 0, path: Vec::new(), base: 0, buffer: Vec::new() }
    }

    /// Refuses a selection that names what is not there.
    pub(crate) fn check_selection(&mut self, source: &Source) -> Result<(), GitError> {
        let selection = self.selection;
        for directory in selection.directories() {
            if !exists(self, source, directory)? {
                let text = String::from_utf8_lossy(&directory.join(&b'/')).into_owned();
                return Err(GitError::SparseDirectory(text));
            }
        }
        Ok(())
    }

    /// The patterns of every `.sourceignore`, shallow before deep; one that is a link is no file.
    pub(crate) fn ignore_rules(&mut self, source: &Source) -> Result<Rules, GitError> {
        let mut rules = Rules::none();
        self.collect_rules(source, source.tree, &mut rules)?;
        (self.entries, self.bytes) = (0, 0);
        Ok(rules)
    }

    fn collect_rules(&mut self, source: &Source, tree: ObjectId, rules: &mut Rules) -> Result<(), GitError> {
        let entries = self.read_tree(source, &tree)?;
        let is_rules = |e: &&Entry| e.name == ignore::FILE_NAME.as_bytes() && matches!(e.kind, EntryKind::Blob | EntryKind::BlobExecutable);
        if self.selection.wants(&self.path) == Wanted::Whole
            && let Some(entry) = entries.iter().find(is_rules)
        {
            let text = self.read_blob(source, &entry.id)?;
            if text.len() as u64 > ignore::MAX_FILE_SIZE {
                return Err(GitError::Limit { what: self.shown(&entry.name), limit: ignore::MAX_FILE_SIZE });
            }
            let domain: Vec<&[u8]> = self.path.iter().map(Vec::as_slice).collect();
            rules.add(&text, &domain);
        }
        for entry in entries {
            self.descend(source, entry, |walk, source, tree| walk.collect_rules(source, tree, rules))?;
        }
        Ok(())
    }

    /// Writes what is wanted and not ignored.
    pub(crate) fn write(&mut self, source: &Source, rules: &Rules, sink: &mut dyn Sink) -> Result<(), WalkError> {
        sink.directory(b".").map_err(WalkError::Sink)?;
        self.write_tree(source, source.tree, rules, sink)
    }

    fn write_tree(&mut self, source: &Source, tree: ObjectId, rules: &Rules, sink: &mut dyn Sink) -> Result<(), WalkError> {
        for entry in self.read_tree(source, &tree)? {
            self.path.push(entry.name.clone());
            let wanted = self.selection.wants(&self.path);
            let segments: Vec<&[u8]> = self.path.iter().map(Vec::as_slice).collect();
            let path = segments.join(&b'/');
            let is_dir = matches!(entry.kind, EntryKind::Tree | EntryKind::Commit);
            let kept = !rules.ignores(&segments, is_dir);
            self.path.pop();
            match entry.kind {
                _ if wanted == Wanted::No => {}
                EntryKind::Tree | EntryKind::Blob | EntryKind::BlobExecutable if kept && entry.name.contains(&b'\\') => {
                    let reason = "no consumer unpacks a name with a backslash; rename it or add it to .sourceignore";
                    return Err(GitError::Path { path: self.shown(&entry.name), reason }.into());
                }
                EntryKind::Tree | EntryKind::Commit => {
                    if kept {
                        sink.directory(&path).map_err(WalkError::Sink)?;
                    }
                    self.descend(source, entry, |walk, source, tree| walk.write_tree(source, tree, rules, sink))?;
                }
                EntryKind::Blob | EntryKind::BlobExecutable if kept && wanted == Wanted::Whole => {
                    let content = self.read_blob(source, &entry.id)?;
                    sink.file(&path, entry.kind == EntryKind::BlobExecutable, &content).map_err(WalkError::Sink)?;
                    self.buffer = content;
                }
                // Links never reach an artifact.
                EntryKind::Link | EntryKind::Blob | EntryKind::BlobExecutable => {}
            }
        }
        Ok(())
    }

    /// Goes into a subtree or a submodule that was fetched; one that was not is an empty directory.
    fn descend<E: From<GitError>>(
        &mut self,
        source: &Source,
        entry: Entry,
        visit: impl FnOnce(&mut Self, &Source, ObjectId) -> Result<(), E>,
    ) -> Result<(), E> {
        if !matches!(entry.kind, EntryKind::Tree | EntryKind::Commit) {
            return Ok(());
        }
        if self.path.len() >= self.limits.depth {
            return Err(
                GitError::Limit { what: format!("the depth of {}", self.shown(&entry.name)), limit: self.limits.depth as u64 }.into()
            );
        }
        self.path.push(entry.name);
        let submodule = source.submodules.get(&self.path[self.base..].join(&b'/'));
        let result = match (entry.kind, submodule) {
            _ if self.selection.wants(&self.path) == Wanted::No => Ok(()),
            (EntryKind::Tree, _) => visit(self, source, entry.id),
            (_, Some(submodule)) => {
                let outer = std::mem::replace(&mut self.base, self.path.len());
                let result = visit(self, submodule, submodule.tree);
                self.base = outer;
                result
            }
            (_, None) => Ok(()),
        };
        self.path.pop();
        result
    }

    /// The entries of a tree in lexical order, with checked names.
    fn read_tree(&mut self, source: &Source, id: &oid) -> Result<Vec<Entry>, GitError> {
        let found = source.odb.find_tree_iter(id, &mut self.buffer).map_err(GitError::mirror)?;
        let mut entries = Vec::new();
        for entry in found {
            let entry = entry.map_err(GitError::mirror)?;
            entries.push(Entry { name: entry.filename.to_vec(), kind: entry.mode.kind(), id: entry.oid.to_owned() });
        }
        self.entries += entries.len() as u64;
        if self.entries > self.limits.entries {
            return Err(GitError::Limit { what: "the number of files and directories".into(), limit: self.limits.entries });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        for (i, entry) in entries.iter().enumerate() {
            if let Some(reason) = refuse_name(&entry.name) {
                return Err(GitError::Path { path: self.shown(&entry.name), reason });
            }
            if i > 0 && entries[i - 1].name == entry.name {
                return Err(GitError::Path { path: self.shown(&entry.name), reason: "it is there twice" });
            }
        }
        Ok(entries)
    }

    fn read_blob(&mut self, source: &Source, id: &oid) -> Result<Vec<u8>, GitError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let found = source.odb.find(id, &mut buffer).map_err(GitError::mirror)?;
        if found.kind != Kind::Blob {
            return Err(GitError::Mirror(format!("object {id} is no blob")));
        }
        let len = found.data.len();
        buffer.truncate(len);
        self.bytes += len as u64;
        if self.bytes > self.limits.tree_bytes {
            return Err(GitError::Limit { what: "the size of all files".into(), limit: self.limits.tree_bytes });
        }
        Ok(buffer)
    }

    fn shown(&self, name: &[u8]) -> String {
        let mut path = self.path.join(&b'/');
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        String::from_utf8_lossy(&path).into_owned()
    }
}

/// Whether the directory or file is in the tree.
fn exists(walk: &mut Walk<'_>, source: &Source, path: &[Vec<u8>]) -> Result<bool, GitError> {
    let (mut source, mut tree, mut base) = (source, source.tree, 0);
    for (depth, segment) in path.iter().enumerate() {
        let Some(entry) = walk.read_tree(source, &tree)?.into_iter().find(|e| e.name == *segment) else { return Ok(false) };
        let last = depth + 1 == path.len();
        match entry.kind {
            EntryKind::Tree => tree = entry.id,
            EntryKind::Commit => match source.submodules.get(&path[base..=depth].join(&b'/')) {
                Some(submodule) => (source, tree, base) = (submodule, submodule.tree, depth + 1),
                None => return Ok(last),
            },
            _ => return Ok(last),
        }
    }
    Ok(true)
}

/// What is wrong with a name, if anything. `.git` in any spelling that some file system takes for it is refused, so that
/// no consumer can be tricked into writing a repository.
fn refuse_name(name: &[u8]) -> Option<&'static str> {
    match name {
        b"" | b"." | b".." => return Some("not a name"),
        _ if name.len() > 255 => return Some("longer than 255 bytes"),
        _ if name.iter().any(|b| matches!(b, b'/' | 0)) => return Some("a slash or NUL in a name"),
        _ => {}
    }
    let folded: String = String::from_utf8_lossy(name)
        .chars()
        .filter(|c| !matches!(*c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'))
        .collect();
    let folded = folded.trim_end_matches([' ', '.']).to_ascii_lowercase();
    (folded == ".git" || folded == "git~1").then_some("a repository inside of the repository")
}

/// Reads a small blob by its path from the root; `None` if there is no such file.
pub(crate) fn read_file(odb: &gix_odb::Handle, tree: &oid, name: &[u8], limit: usize) -> Result<Option<Vec<u8>>, GitError> {
    let mut buffer = Vec::new();
    let mut found = None;
    for entry in odb.find_tree_iter(tree, &mut buffer).map_err(GitError::mirror)? {
        let entry = entry.map_err(GitError::mirror)?;
        if entry.filename == name && entry.mode.is_blob() {
            found = Some(entry.oid.to_owned());
        }
    }
    let Some(id) = found else { return Ok(None) };
    let mut content = Vec::new();
    odb.try_find(&id, &mut content).map_err(GitError::mirror)?.ok_or_else(|| GitError::Mirror(format!("object {id} is missing")))?;
    if content.len() > limit {
        return Err(GitError::Limit { what: String::from_utf8_lossy(name).into_owned(), limit: limit as u64 });
    }
    Ok(Some(content))
}

/// Every submodule entry of the tree by path.
pub(crate) fn submodule_entries(source: &Source, limits: &Limits) -> Result<BTreeMap<Vec<u8>, ObjectId>, GitError> {
    fn visit(walk: &mut Walk<'_>, source: &Source, tree: ObjectId, out: &mut BTreeMap<Vec<u8>, ObjectId>) -> Result<(), GitError> {
        for entry in walk.read_tree(source, &tree)? {
            if entry.kind == EntryKind::Commit {
                let mut path = walk.path.clone();
                path.push(entry.name);
                out.insert(path.join(&b'/'), entry.id);
            } else {
                walk.descend(source, entry, |walk, source, tree| visit(walk, source, tree, out))?;
            }
        }
        Ok(())
    }
    let (selection, mut out) = (Selection { sparse: Vec::new() }, BTreeMap::new());
    visit(&mut Walk::new(limits, &selection), source, source.tree, &mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::refuse_name;

    /// SRC-ART-22: names that would make a repository of an unpacked artifact, or climb out of it.
    #[test]
    fn hostile_names_are_refused() {
        for name in [".git", ".GIT", ".Git", "git~1", ".git ", ".git.", ".g\u{200c}it", "..", ".", "", "a/b", "a\0b"] {
            assert!(refuse_name(name.as_bytes()).is_some(), "{name:?}");
        }
        for name in [".gitignore", "git", ".gitx", "..a", "a\nb"] {
            assert!(refuse_name(name.as_bytes()).is_none(), "{name:?}");
        }
    }
}
