//! The artifact step: from a fetched commit to a stored file.

use std::io::Write;
use std::sync::Arc;

use ferroflux_api::contract::reason;
use ferroflux_api::source::{GitRepository, GitRepositoryStatus};
use ferroflux_api::{Artifact, Time};
use ferroflux_artifact::ignore::Rules;
use ferroflux_artifact::storage::{ArtifactPath, Scratch, Storage, StorageError, Stored};
use ferroflux_artifact::tarball;
use ferroflux_conditions::types::{FETCH_FAILED, STORAGE_OPERATION_FAILED};
use ferroflux_git::{Checkout, CheckoutOptions, TreeError};

use super::{GitRepositories, KIND, include, verify};
use crate::steps::Broken;

/// The link of versions long gone.
const OLD_LINK: &str = "latest.tar.gz";

/// Why the archive could not be made.
#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error("{0}")]
    Write(#[from] std::io::Error),
    /// A step of its own, with its own reason.
    #[error("{}", .0.failure.message)]
    Include(Box<Broken>),
}

impl GitRepositories {
    /// Archives the checkout, with the includes, and stores it.
    pub(super) async fn store(&self, object: &GitRepository, checkout: Checkout, included: &[Artifact]) -> Result<Artifact, Broken> {
        let build = Build {
            object: object.clone(),
            checkout,
            included: included.to_vec(),
            storage: Arc::clone(&self.storage),
            scratch: Arc::clone(&self.scratch),
        };
        let broke = |e| {
            Broken::generic(
                STORAGE_OPERATION_FAILED,
                reason::ARCHIVE_OPERATION_FAILED,
                format!("unable to archive artifact to storage: {e}"),
            )
        };
        tokio::task::spawn_blocking(move || build.run()).await.map_err(broke)?
    }
}

/// What a blocking thread needs to build and store an artifact.
struct Build {
    object: GitRepository,
    checkout: Checkout,
    included: Vec<Artifact>,
    storage: Arc<Storage>,
    scratch: Arc<Scratch>,
}

impl Build {
    fn run(&self) -> Result<Artifact, Broken> {
        let (object, checkout) = (&self.object, &self.checkout);
        let (namespace, name) =
            (object.metadata.namespace.as_deref().unwrap_or_default(), object.metadata.name.as_deref().unwrap_or_default());
        let options =
            CheckoutOptions { sparse: object.spec.sparse_checkout.clone(), ignore: object.spec.ignore.clone().unwrap_or_default() };
        let resolved = checkout.resolved();
        let path = ArtifactPath::new(KIND, namespace, name, &format!("{}.tar.gz", resolved.commit)).map_err(|e| broken(&e.into()))?;
        let stored = self.storage.publish(&path, |out| self.write(&options, out)).map_err(|e| broken(&e))?;
        if let Err(error) = self.storage.remove_link(&path, OLD_LINK) {
            tracing::error!(%error, "cannot remove the link of an older version");
        }
        Ok(self.describe(&path, resolved.revision(), &stored))
    }

    /// Streams the tree into the archive. Only includes need the tree on disk.
    fn write(&self, options: &CheckoutOptions, out: &mut dyn Write) -> Result<(), BuildError> {
        let (object, checkout) = (&self.object, &self.checkout);
        let mut archive = tarball::Writer::new(out);
        if object.spec.include.is_empty() {
            checkout.archive(options, &mut archive)?;
        } else {
            let tree = self.scratch.dir()?;
            checkout.export(options, tree.path())?;
            let copied = include::copy(&object.spec.include, &self.included, &self.storage, tree.path(), self.scratch.path());
            copied.map_err(|broken| BuildError::Include(Box::new(broken)))?;
            let mut rules = Rules::none();
            rules.add_files_below(tree.path())?;
            rules.add(options.ignore.as_bytes(), &[]);
            tarball::archive_dir(tree.path(), &rules.for_source(), &mut archive)?;
        }
        archive.finish()?;
        Ok(())
    }

    fn describe(&self, path: &ArtifactPath, revision: String, stored: &Stored) -> Artifact {
        let written = jiff::Timestamp::try_from(stored.written).unwrap_or_else(|_| jiff::Timestamp::now());
        Artifact {
            path: path.to_string(),
            url: self.storage.url(path),
            revision,
            digest: stored.digest.to_string(),
            last_update_time: Time::from(written),
            size: i64::try_from(stored.size).ok(),
            metadata: Default::default(),
        }
    }
}

/// The reason of each kind of failure (SRC-GEN, "Conditions and reasons").
fn broken(error: &BuildError) -> Broken {
    let storage = |reason: &str, message: String| Broken::generic(STORAGE_OPERATION_FAILED, reason, message);
    match error {
        BuildError::Storage(e @ StorageError::Directory { .. }) => storage(reason::DIRECTORY_CREATION_FAILED, e.to_string()),
        BuildError::Storage(e @ StorageError::Lock { .. }) => {
            storage(reason::ACQUIRE_LOCK_FAILED, format!("failed to acquire lock for artifact: {e}"))
        }
        BuildError::Storage(StorageError::Path(e)) => storage(reason::INVALID_PATH, e.to_string()),
        BuildError::Tree(TreeError::Git(e)) => Broken::generic(FETCH_FAILED, reason::GIT_OPERATION_FAILED, e.to_string()),
        BuildError::Include(broken) => (**broken).clone(),
        e => storage(reason::ARCHIVE_OPERATION_FAILED, format!("unable to archive artifact to storage: {e}")),
    }
}

impl From<ferroflux_artifact::storage::PathError> for BuildError {
    fn from(error: ferroflux_artifact::storage::PathError) -> Self {
        Self::Storage(error.into())
    }
}

/// Whether a rebuild at the same revision would give the same artifact (SRC-GIT-08).
pub(super) fn content_unchanged(object: &GitRepository, included: &[Artifact]) -> bool {
    let (spec, status) = (&object.spec, &object.status);
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    text(&spec.ignore) == text(&status.observed_ignore)
        && spec.recurse_submodules == status.observed_recurse_submodules
        && spec.include == status.observed_include
        && spec.sparse_checkout == status.observed_sparse_checkout
        && verify::mode(object) == status.source_verification_mode.as_deref().filter(|mode| !mode.is_empty())
        && !includes_changed(status, included)
}

/// Whether the artifacts to include are others than those that the stored artifact was made with.
pub(super) fn includes_changed(status: &GitRepositoryStatus, included: &[Artifact]) -> bool {
    let same = |(a, b): (&Artifact, &Artifact)| a.revision == b.revision && a.digest == b.digest;
    included.len() != status.included_artifacts.len() || !included.iter().zip(&status.included_artifacts).all(same)
}

/// Records with what an artifact was made.
pub(super) fn observe(status: &mut GitRepositoryStatus, object: &GitRepository, included: Vec<Artifact>) {
    let spec = &object.spec;
    status.included_artifacts = included;
    status.observed_ignore = spec.ignore.clone();
    status.observed_recurse_submodules = spec.recurse_submodules;
    status.observed_include = spec.include.clone();
    status.observed_sparse_checkout = spec.sparse_checkout.clone();
    status.source_verification_mode = verify::mode(object).map(str::to_owned);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferroflux_api::source::GitRepositoryInclude;

    fn artifact(revision: &str) -> Artifact {
        Artifact {
            path: String::new(),
            url: String::new(),
            revision: revision.into(),
            digest: "sha256:x".into(),
            last_update_time: "2026-01-01T00:00:00Z".parse().unwrap(),
            size: None,
            metadata: Default::default(),
        }
    }

    /// SRC-GIT-08: every part of the content's configuration asks for a rebuild.
    #[test]
    fn any_difference_rebuilds() {
        let mut object = GitRepository::default();
        object.spec.ignore = Some("*.md".into());
        object.spec.include = vec![GitRepositoryInclude::default()];
        let included = vec![artifact("a")];
        let fresh = object.clone();
        observe(&mut object.status, &fresh, included.clone());
        assert!(content_unchanged(&object, &included));
        assert!(!content_unchanged(&object, &[artifact("b")]));
        let changes: [fn(&mut GitRepository); 5] = [
            |o| o.spec.ignore = None,
            |o| o.spec.recurse_submodules = true,
            |o| o.spec.include.clear(),
            |o| o.spec.sparse_checkout.push("x".into()),
            |o| o.spec.verify = Some(Default::default()),
        ];
        for change in changes {
            let mut changed = object.clone();
            change(&mut changed);
            assert!(!content_unchanged(&changed, &included));
        }
    }
}
