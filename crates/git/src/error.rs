//! What can go wrong, told without secrets.

use std::time::Duration;

/// Why a Git operation failed. No variant carries credentials; URLs are shown without userinfo.
#[derive(Debug, Clone, thiserror::Error)]
pub enum GitError {
    /// The URL cannot be used.
    #[error("invalid Git URL {url:?}: {reason}")]
    Url {
        /// Without userinfo.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The credentials themselves are unusable (a bad key, certificate, proxy …); no request was made.
    #[error("{0}")]
    Credentials(String),
    /// The server refused the credentials or wants some.
    #[error("authentication required by '{url}': {reason}")]
    Unauthorized {
        /// Without userinfo.
        url: String,
        /// The status or the method that failed.
        reason: String,
    },
    /// The host key is not the known one.
    #[error("{0}")]
    HostKey(String),
    /// The server has no such repository (or hides it).
    #[error("repository not found: '{0}'")]
    RepositoryNotFound(String),
    /// The repository has no commit yet.
    #[error("git repository is empty")]
    Empty,
    /// The reference does not exist.
    #[error("couldn't find remote ref \"{0}\"")]
    RefNotFound(String),
    /// The name of a reference is malformed.
    #[error("invalid reference name {name:?}: {reason}")]
    RefName {
        /// The name.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The commit does not exist in the remote, or not on the branch.
    #[error("couldn't find commit \"{0}\"")]
    CommitNotFound(String),
    /// No tag is in the range.
    #[error("no match found for semver: {0}")]
    NoMatchingTag(String),
    /// The range is malformed.
    #[error("semver parse error: {0}")]
    Constraint(String),
    /// The reference leads to a tree or blob.
    #[error("reference {0:?} does not point to a commit")]
    NotACommit(String),
    /// A directory of `sparseCheckout` is not there.
    #[error("sparse checkout dir '{0}' does not exist in repository")]
    SparseDirectory(String),
    /// The repository holds what must not be unpacked anywhere.
    #[error("the repository holds an invalid path {path:?}: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A submodule could not be had.
    #[error("submodule {path:?}: {reason}")]
    Submodule {
        /// Its path in the repository.
        path: String,
        /// Why.
        reason: String,
    },
    /// A limit was exceeded.
    #[error("{what} exceeds the limit of {limit}")]
    Limit {
        /// What was too large.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// The connection failed or broke.
    #[error("cannot reach '{url}': {reason}")]
    Connection {
        /// Without userinfo.
        url: String,
        /// What the connection said.
        reason: String,
    },
    /// The server answered with an HTTP error.
    #[error("'{url}' answered with HTTP status {status}")]
    Status {
        /// Without userinfo.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server broke the protocol, or said why it refused.
    #[error("{0}")]
    Protocol(String),
    /// The time was up.
    #[error("timed out after {0:?}")]
    Timeout(Duration),
    /// The caller lost interest.
    #[error("canceled")]
    Canceled,
    /// The local mirror.
    #[error("local git mirror: {0}")]
    Mirror(String),
}

impl GitError {
    pub(crate) fn mirror(error: impl std::fmt::Display) -> Self {
        Self::Mirror(error.to_string())
    }
}

/// An error with its causes on one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}
