//! A fetched commit, ready to be read.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ferroflux_artifact::tarball;
use gix_hash::ObjectId;
use gix_object::{CommitRef, Find};
use tokio::sync::OwnedMutexGuard;

use crate::client::{Limits, peel};
use crate::mirror::Mirror;
use crate::signature::Signed;
use crate::tree::{Selection, Sink, Source, Walk, WalkError};
use crate::{GitError, Resolved};

/// A commit with its tree and submodules in the mirror. As long as it lives no one else changes the mirror. Its methods
/// block.
#[derive(Debug)]
pub struct Checkout {
    pub(crate) info: CommitInfo,
    pub(crate) resolved: Resolved,
    pub(crate) mirror: Mirror,
    pub(crate) submodules: BTreeMap<Vec<u8>, Checkout>,
    pub(crate) limits: Limits,
    pub(crate) _lock: Option<OwnedMutexGuard<()>>,
    pub(crate) _scratch: Option<Arc<tempfile::TempDir>>,
}

/// What of the tree is wanted.
#[derive(Debug, Clone, Default)]
pub struct CheckoutOptions {
    /// `spec.sparseCheckout`: directories; all if empty.
    pub sparse: Vec<String>,
    /// `spec.ignore`.
    pub ignore: String,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    tree: ObjectId,
    time: i64,
    message: String,
}

impl CommitInfo {
    pub(crate) fn read(odb: &gix_odb::Handle, id: ObjectId) -> Result<Self, GitError> {
        let mut buffer = Vec::new();
        let object =
            odb.try_find(&id, &mut buffer).map_err(GitError::mirror)?.ok_or_else(|| GitError::Mirror(format!("commit {id} is missing")))?;
        let commit = CommitRef::from_bytes(object.data, gix_hash::Kind::Sha1).map_err(GitError::mirror)?;
        let time = commit.committer().ok().and_then(|c| c.time().ok()).map_or(0, |t| t.seconds);
        Ok(Self { tree: commit.tree(), time, message: String::from_utf8_lossy(commit.message).into_owned() })
    }

    pub(crate) fn tree_id(&self) -> ObjectId {
        self.tree
    }

    /// When it was committed, in Unix seconds.
    pub fn time(&self) -> i64 {
        self.time
    }

    /// The whole message.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Why a tree could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The repository is at fault, or the mirror.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The target is.
    #[error("cannot write the tree: {0}")]
    Write(#[from] io::Error),
}

impl From<WalkError> for TreeError {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Git(error) => Self::Git(error),
            WalkError::Sink(error) => Self::Write(error),
        }
    }
}

impl Checkout {
    /// The reference and commit.
    pub fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    /// The commit itself.
    pub fn commit(&self) -> &CommitInfo {
        &self.info
    }

    /// The commit with its signature, if it has one.
    pub fn signed_commit(&self) -> Result<Signed, GitError> {
        let id = object_id(&self.resolved.commit)?;
        let mut buffer = Vec::new();
        Ok(Signed::commit(self.object(id, &mut buffer)?.data))
    }

    /// The annotated tag with its signature, if it has one; `None` if the reference is not an annotated tag. A remote may
    /// say of any tag that it leads to any commit: one that does not lead to this commit is refused.
    pub fn signed_tag(&self) -> Result<Option<Signed>, GitError> {
        let Some(tag) = &self.resolved.tag else { return Ok(None) };
        let id = object_id(tag)?;
        let odb = self.mirror.odb(&self.limits)?;
        if peel(&odb, id)? != Some(object_id(&self.resolved.commit)?) {
            return Err(GitError::Protocol(format!("the tag {tag} does not lead to the commit {}", self.resolved.commit)));
        }
        let mut buffer = Vec::new();
        let object = self.object(id, &mut buffer)?;
        Ok((object.kind == gix_object::Kind::Tag).then(|| Signed::tag(object.data)))
    }

    fn object<'a>(&self, id: ObjectId, buffer: &'a mut Vec<u8>) -> Result<gix_object::Data<'a>, GitError> {
        let odb = self.mirror.odb(&self.limits)?;
        odb.try_find(&id, buffer).map_err(GitError::mirror)?.ok_or_else(|| GitError::Mirror(format!("object {id} is missing")))
    }

    /// Streams the tree into an archive, without what the `.sourceignore` files and the options leave out; links are
    /// dropped, submodules that were not fetched are empty directories (SRC-ART-03, SRC-GIT-10, SRC-GIT-13).
    pub fn archive<W: Write>(&self, options: &CheckoutOptions, archive: &mut tarball::Writer<W>) -> Result<(), TreeError> {
        self.write(options, true, &mut Tar(archive))
    }

    /// Refuses sparse directories that are not there (SRC-GIT-11).
    pub fn check_sparse(&self, options: &CheckoutOptions) -> Result<(), GitError> {
        let selection = Selection::new(&options.sparse)?;
        Walk::new(&self.limits, &selection).check_selection(&self.source()?)
    }

    /// Writes the tree below the empty directory `target`, ignoring nothing, for includes to be added to it.
    pub fn export(&self, options: &CheckoutOptions, target: &Path) -> Result<(), TreeError> {
        self.write(options, false, &mut Directory(target.to_path_buf()))
    }

    fn write(&self, options: &CheckoutOptions, ignoring: bool, sink: &mut dyn Sink) -> Result<(), TreeError> {
        let result = self.walk(options, ignoring, sink);
        if let Err(TreeError::Git(GitError::Mirror(_))) = &result {
            // What the mirror has is not what it should have.
            self.distrust();
        }
        result
    }

    fn distrust(&self) {
        self.mirror.distrust();
        self.submodules.values().for_each(Self::distrust);
    }

    fn walk(&self, options: &CheckoutOptions, ignoring: bool, sink: &mut dyn Sink) -> Result<(), TreeError> {
        let source = self.source()?;
        let selection = Selection::new(&options.sparse)?;
        let mut walk = Walk::new(&self.limits, &selection);
        walk.check_selection(&source)?;
        let rules = if ignoring {
            let mut rules = walk.ignore_rules(&source)?;
            rules.add(options.ignore.as_bytes(), &[]);
            rules.for_source()
        } else {
            ferroflux_artifact::ignore::Rules::none()
        };
        Ok(walk.write(&source, &rules, sink)?)
    }

    fn source(&self) -> Result<Source, GitError> {
        let submodules =
            self.submodules.iter().map(|(path, below)| Ok((path.clone(), below.source()?))).collect::<Result<_, GitError>>()?;
        Ok(Source { odb: self.mirror.odb(&self.limits)?, tree: self.info.tree, submodules })
    }
}

fn object_id(hex: &str) -> Result<ObjectId, GitError> {
    ObjectId::from_hex(hex.as_bytes()).map_err(|e| GitError::Protocol(format!("{hex:?} is no object id: {e}")))
}

struct Tar<'a, W: Write>(&'a mut tarball::Writer<W>);

impl<W: Write> Sink for Tar<'_, W> {
    fn directory(&mut self, path: &[u8]) -> io::Result<()> {
        self.0.directory(path)
    }

    fn file(&mut self, path: &[u8], executable: bool, content: &[u8]) -> io::Result<()> {
        self.0.file(path, executable, content.len() as u64, &mut &content[..])
    }
}

struct Directory(PathBuf);

impl Directory {
    fn place(&self, path: &[u8]) -> PathBuf {
        self.0.join(std::ffi::OsStr::from_bytes(path))
    }
}

impl Sink for Directory {
    fn directory(&mut self, path: &[u8]) -> io::Result<()> {
        if path == b"." { Ok(()) } else { std::fs::create_dir_all(self.place(path)) }
    }

    fn file(&mut self, path: &[u8], executable: bool, content: &[u8]) -> io::Result<()> {
        let mode = if executable { 0o700 } else { 0o600 };
        std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(self.place(path))?.write_all(content)
    }
}
