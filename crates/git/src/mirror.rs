//! What was fetched from one remote before: packs, the shallow boundary, and the commits that are there whole.
//!
//! It is a cache: whatever is wrong with it, it is thrown away and fetched again.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use gix_hash::{Kind, ObjectId};
use gix_object::Exists;

use crate::GitError;
use crate::client::Limits;

/// So many commits are told to the server as known; it needs one that is close.
const MAX_TIPS: usize = 16;
/// Each fetch adds a pack. Beyond this number a fresh fetch is cheaper than the look-ups.
const MAX_PACKS: usize = 40;

/// A directory of packs.
#[derive(Debug, Clone)]
pub(crate) struct Mirror {
    dir: PathBuf,
    tips: Vec<ObjectId>,
}

impl Mirror {
    /// Opens or creates the mirror in `dir`. One of too many packs begins anew.
    pub(crate) fn open(dir: &Path) -> Result<Self, GitError> {
        let mut mirror = Self { dir: dir.to_path_buf(), tips: Vec::new() };
        if mirror.pack_count() > MAX_PACKS {
            mirror.reset()?;
        }
        DirBuilder::new().recursive(true).mode(0o700).create(mirror.pack_dir()).map_err(GitError::mirror)?;
        let text = std::fs::read_to_string(mirror.tips_file()).unwrap_or_default();
        mirror.tips = text.lines().filter_map(|l| ObjectId::from_hex(l.as_bytes()).ok()).take(MAX_TIPS).collect();
        // Packs without a commit that is known to be whole, or a commit without its pack: a crash, or somebody's hand.
        let odb = mirror.odb(&Limits::default())?;
        let lies = mirror.tips.iter().any(|tip| !odb.exists(tip));
        if lies || (mirror.tips.is_empty() && mirror.pack_count() > 0) {
            mirror.reset()?;
        }
        // Left by a crash; whoever comes here is alone.
        mirror.remove_leavings();
        let _ = std::fs::remove_file(mirror.shallow_file().with_extension("lock"));
        Ok(mirror)
    }

    /// Throws everything away.
    pub(crate) fn reset(&mut self) -> Result<(), GitError> {
        self.tips.clear();
        match std::fs::remove_dir_all(&self.dir) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(GitError::mirror(e)),
            _ => DirBuilder::new().recursive(true).mode(0o700).create(self.pack_dir()).map_err(GitError::mirror),
        }
    }

    /// Removes packs that were being written when the process died.
    fn remove_leavings(&self) {
        for entry in std::fs::read_dir(self.pack_dir()).into_iter().flatten().flatten() {
            if !entry.path().extension().is_some_and(|e| e == "pack" || e == "idx") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Lets the next opening begin anew.
    pub(crate) fn distrust(&self) {
        let _ = std::fs::remove_file(self.tips_file());
    }

    pub(crate) fn pack_dir(&self) -> PathBuf {
        self.dir.join("objects/pack")
    }

    pub(crate) fn shallow_file(&self) -> PathBuf {
        self.dir.join("shallow")
    }

    pub(crate) fn is_shallow(&self) -> bool {
        self.shallow_file().exists()
    }

    fn tips_file(&self) -> PathBuf {
        self.dir.join("tips")
    }

    fn pack_count(&self) -> usize {
        let entries = std::fs::read_dir(self.pack_dir()).into_iter().flatten().flatten();
        entries.filter(|e| e.path().extension().is_some_and(|x| x == "pack")).count()
    }

    /// Commits whose trees are here whole, the latest first.
    pub(crate) fn tips(&self) -> &[ObjectId] {
        &self.tips
    }

    /// Whether the commit and its tree are here.
    pub(crate) fn has(&self, commit: &ObjectId) -> bool {
        self.tips.contains(commit)
    }

    /// Whether the object is here, though perhaps not what it points to.
    pub(crate) fn has_object(&self, id: &ObjectId, limits: &Limits) -> bool {
        self.odb(limits).is_ok_and(|odb| odb.exists(id))
    }

    /// Remembers that the commit is here whole, and that it is the latest.
    pub(crate) fn remember(&mut self, commit: ObjectId) -> Result<(), GitError> {
        if self.tips.first() == Some(&commit) {
            return Ok(());
        }
        self.tips.retain(|tip| *tip != commit);
        self.tips.insert(0, commit);
        self.tips.truncate(MAX_TIPS);
        let text: String = self.tips.iter().map(|tip| format!("{tip}\n")).collect();
        let temporary = self.dir.join("tips.new");
        std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, self.tips_file())).map_err(GitError::mirror)
    }

    /// The objects. Opened anew each time: nothing is kept in memory between two uses.
    pub(crate) fn odb(&self, limits: &Limits) -> Result<gix_odb::Handle, GitError> {
        let options = gix_odb::store::init::Options {
            use_multi_pack_index: false,
            alloc_limit_bytes: Some(limits.object_bytes),
            ..Default::default()
        };
        gix_odb::at_opts(self.dir.join("objects"), Kind::Sha1, None, options).map_err(GitError::mirror)
    }
}
