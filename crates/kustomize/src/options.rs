//! How a build is made: restrictions, order, limits, cancellation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// Where files that a kustomization names may lie (KB-PROF-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoadRestriction {
    /// In or below the directory of the kustomization that names them.
    #[default]
    RootOnly,
    /// Anywhere in the file tree.
    None,
}

/// The order of the output where the root has no `sortOptions` (KB-PROF-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By kind, as installers need it: namespaces first, webhooks last.
    #[default]
    Legacy,
    /// As the inputs come.
    Input,
}

/// What an `openapi.path` does to the built-in schema (KB-PROF-04, KC-GEN-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenApiMode {
    /// Takes its place; the first one set wins, root first.
    #[default]
    Replace,
    /// Adds to it for this build.
    Add,
}

/// Bounds on what one build may use; past one of them it ends with an error (KB-SAFE-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one input file.
    pub file_bytes: usize,
    /// Bytes of all input files together.
    pub total_bytes: usize,
    /// Objects in the build.
    pub objects: usize,
    /// Kustomizations below one another.
    pub depth: usize,
    /// Kustomization directories in all, each inclusion counted.
    pub directories: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 100 << 20, total_bytes: 1 << 30, objects: 200_000, depth: 100, directories: 20_000 }
    }
}

/// The options of a build. The default is what the command `kustomize build` does.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where named files may lie.
    pub load_restriction: LoadRestriction,
    /// Order of the output.
    pub order: Order,
    /// What an `openapi.path` does.
    pub openapi: OpenApiMode,
    /// Adds the label `app.kubernetes.io/managed-by` to every object.
    pub managed_by_label: bool,
    /// What that label says after `kustomize-`; `None` is the version that this renderer mirrors.
    pub managed_by_version: Option<String>,
    /// Accept that `resources` holds files without `apiVersion`; the controller demands one (KC-GEN-06).
    pub require_api_version: bool,
    /// Bounds.
    pub limits: Limits,
    /// Ends the build from outside.
    pub cancel: CancelToken,
}

impl Options {
    /// The controller's profile: input order, no restriction inside the file tree, a custom schema adds to the
    /// built-in one (KB-PROF-01, KB-PROF-02, KB-PROF-04).
    pub fn flux() -> Self {
        Self {
            load_restriction: LoadRestriction::None,
            order: Order::Input,
            openapi: OpenApiMode::Add,
            require_api_version: true,
            ..Self::default()
        }
    }
}

/// Ends a build that is no longer wanted. Clones are one token.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the build to end; it does so at its next step.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`CancelToken::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::new(ErrorKind::Cancelled, "the build was cancelled")) } else { Ok(()) }
    }
}
