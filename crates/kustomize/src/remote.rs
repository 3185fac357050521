//! Remote bases and files. The renderer does no network itself: it parses the addresses and asks its caller.

use std::sync::Arc;
use std::time::Duration;

use crate::file_system::FileSystem;

mod repository_url;

pub use repository_url::RepositoryUrl;

/// Fetches what lies outside the file tree. A build without one refuses remote bases and files (KB-LOAD-05, KB-GIT-01).
pub trait RemoteLoader: Send + Sync {
    /// Gets a file over http or https. The body may be of any status: the renderer decides what that means.
    fn get(&self, url: &str) -> Result<HttpFile, RemoteError>;

    /// Fetches one revision of a repository, without history, and gives its files as a tree of their own, whose root
    /// is the root of the repository.
    fn fetch(&self, repository: &RepositoryUrl) -> Result<Arc<dyn FileSystem>, RemoteError>;
}

/// What came back for a file.
#[derive(Debug, Clone)]
pub struct HttpFile {
    /// The status code of the response.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why something remote could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// The caller's policy forbids it; the text says which.
    #[error("{0}")]
    Refused(String),
    /// It took longer than the address allows.
    #[error("hit {0:?} timeout fetching '{1}'")]
    Timeout(Duration, String),
    /// Anything else, told by the transport.
    #[error("{0}")]
    Failed(String),
}

/// Whether a path is an http or https address.
pub(crate) fn is_http(path: &str) -> bool {
    let scheme = path.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The reason phrase of the status codes that file servers send.
pub(crate) fn status_text(status: u16) -> &'static str {
    match status {
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
