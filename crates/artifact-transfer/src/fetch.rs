//! Fetching artifacts: download, verify, unpack, share (KC-FETCH-01 … KC-FETCH-03, SRC-EXT-03).
//!
//! A hundred consumers of one artifact share one download and one unpacked tree: trees are kept by digest, the least
//! recently used ones go when their sum exceeds the cap, and one that is in use lives until its last user drops it.

mod cache;
mod download;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ferroflux_artifact::digest::{Digest, DigestError};
use ferroflux_artifact::storage::Scratch;
use ferroflux_artifact::tarball::{self, Limits, UnpackError, UnpackOptions};
use ferroflux_proxy_environment::ProxyEnvironment;
use futures::FutureExt;
use tempfile::TempDir;
use url::Url;

use cache::Cache;

/// How a fetcher is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where downloads and trees are put; leavings of processes that are gone are removed there.
    pub directory: PathBuf,
    /// Bytes of unpacked trees that are kept although nobody uses them.
    pub cache_bytes: u64,
    /// Bytes that a download may have; no limit if `None`.
    pub max_download: Option<u64>,
    /// What an archive may unpack to.
    pub limits: Limits,
    /// `host:port` in place of every artifact URL's (SOURCE_CONTROLLER_LOCALHOST), for runs outside of a cluster …
    pub host: Option<String>,
    /// … but of those whose host begins with `source-watcher` (SOURCE_WATCHER_LOCALHOST).
    pub watcher_host: Option<String>,
    /// The way to servers that are not ours.
    pub proxies: ProxyEnvironment,
}

const LOCAL_CONTROLLER: &str = "SOURCE_CONTROLLER_LOCALHOST";
const LOCAL_WATCHER: &str = "SOURCE_WATCHER_LOCALHOST";
/// How the host names of source-watcher begin.
const WATCHER: &str = "source-watcher";

impl Config {
    /// The limits of a consumer that takes artifacts from anywhere: 100 MiB, and 256 MiB of idle trees.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let given = |name| std::env::var(name).ok().filter(|h: &String| !h.is_empty());
        Self {
            directory: directory.into(),
            cache_bytes: 256 << 20,
            max_download: Some(100 << 20),
            limits: Limits::CONSUMER,
            host: given(LOCAL_CONTROLLER),
            watcher_host: given(LOCAL_WATCHER),
            proxies: ProxyEnvironment::from_env(),
        }
    }
}

/// How often and after how long to try again. Whether to wait on a timer of the queue or to sleep is the caller's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Tries after the first (`--http-retry`).
    pub limit: u32,
}

impl Retries {
    /// The wait before try `attempt` (1 = the first repetition): 5 s, 10 s, 20 s, then 30 s; `None` after the last.
    pub fn wait(self, attempt: u32) -> Option<Duration> {
        (attempt <= self.limit).then(|| Duration::from_secs((5u64 << attempt.saturating_sub(1).min(3)).min(30)))
    }
}

/// An unpacked artifact. Read-only by agreement: others may be reading it. Removed when the last holder drops it.
#[derive(Debug)]
pub struct Tree {
    dir: TempDir,
    digest: Digest,
    bytes: u64,
}

impl Tree {
    /// Its root.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The digest of the archive that it came from.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Bytes of all its files.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Why an artifact could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server does not have it (any more): wait for the source, do not retry.
    #[error("artifact not found")]
    NotFound,
    /// No answer, or a connection that broke.
    #[error("failed to download archive from {url}: {reason}")]
    Connection {
        /// The address.
        url: String,
        /// What the connection said.
        reason: String,
    },
    /// Another answer than 200.
    #[error("failed to download archive from {url} (status: {status})")]
    Status {
        /// The address.
        url: String,
        /// The status line's code and text.
        status: reqwest::StatusCode,
    },
    /// The address is not one of HTTP.
    #[error("invalid artifact URL {url:?}: {reason}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no digest to verify against.
    #[error("failed to verify archive: empty digest")]
    EmptyDigest,
    /// The digest is none.
    #[error("failed to verify archive: {0}")]
    Digest(#[from] DigestError),
    /// The bytes are not those that the source published.
    #[error("failed to verify archive: computed digest doesn't match provided '{want}' (computed '{got}')")]
    Mismatch {
        /// As published.
        want: Digest,
        /// Of what came.
        got: Digest,
    },
    /// The download exceeds the limit.
    #[error("archive from {url} is larger than {limit} bytes")]
    TooBig {
        /// The address.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// The archive was refused.
    #[error("failed to extract archive: {0}")]
    Unpack(#[from] UnpackError),
    /// The local disk.
    #[error("failed to store archive: {0}")]
    Disk(#[from] io::Error),
}

impl FetchError {
    /// Whether the same request may succeed later without a change of the source.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connection { .. } | Self::Disk(_) => true,
            Self::Status { status, .. } => status.is_server_error() || *status == reqwest::StatusCode::TOO_MANY_REQUESTS,
            _ => false,
        }
    }
}

/// Downloads and shares. Clone it freely.
#[derive(Clone, Debug)]
pub struct Fetcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    client: reqwest::Client,
    scratch: Scratch,
    cache: Cache,
}

impl Fetcher {
    /// Sets up the directory and the HTTP client. The process must have installed a crypto provider.
    pub fn new(config: Config) -> io::Result<Self> {
        let proxies = config.proxies.clone();
        let client = reqwest::Client::builder()
            .proxy(reqwest::Proxy::custom(move |url| proxies.proxy(url).cloned()))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(2)
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map_err(io::Error::other)?;
        let scratch = Scratch::open(&config.directory, "artifacts")?;
        let cache = Cache::new(config.cache_bytes);
        Ok(Self(Arc::new(Inner { config, client, scratch, cache })))
    }

    /// The unpacked tree of the artifact at `url` with `digest` (`algorithm:hex`, or SHA-256 in bare hex): from the
    /// cache, from a download that is under way, or by one attempt of our own. The digest is verified on the downloaded
    /// bytes before anything is unpacked. Dropping the future cancels the download, unless others wait for it.
    pub async fn fetch(&self, url: &str, digest: &str) -> Result<Arc<Tree>, Arc<FetchError>> {
        if digest.is_empty() {
            return Err(Arc::new(FetchError::EmptyDigest));
        }
        let digest = Digest::parse_with_default(digest).map_err(|e| Arc::new(e.into()))?;
        let inner = Arc::clone(&self.0);
        let url = url.to_owned();
        let key = digest.clone();
        self.0.cache.get_or(key, || async move { inner.download_and_unpack(&url, digest).await.map_err(Arc::new) }.boxed()).await
    }
}

impl Inner {
    async fn download_and_unpack(self: Arc<Self>, url: &str, digest: Digest) -> Result<Arc<Tree>, FetchError> {
        let url = self.address(url)?;
        let archive = self.scratch.dir()?;
        let file = archive.path().join("archive.tar.gz");
        let got = download::download(&self.client, &url, &file, digest.algorithm(), self.config.max_download).await?;
        if got != digest {
            return Err(FetchError::Mismatch { want: digest, got });
        }
        let (dir, limits) = (self.scratch.dir()?, self.config.limits);
        let unpack = move || -> Result<Arc<Tree>, FetchError> {
            let done = tarball::unpack_file(&file, dir.path(), UnpackOptions { limits, skip_symlinks: true })?;
            drop(archive);
            Ok(Arc::new(Tree { dir, digest, bytes: done.bytes }))
        };
        tokio::task::spawn_blocking(unpack).await.map_err(io::Error::other)?
    }

    /// The address to ask, with the host replaced if we run outside of the cluster.
    fn address(&self, text: &str) -> Result<Url, FetchError> {
        let bad = |reason: String| FetchError::Url { url: text.to_owned(), reason };
        let mut url = Url::parse(text).map_err(|e| bad(e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("expected http or https".into()));
        }
        let (host, variable) = if url.host_str().is_some_and(|h| h.starts_with(WATCHER)) {
            (&self.config.watcher_host, LOCAL_WATCHER)
        } else {
            (&self.config.host, LOCAL_CONTROLLER)
        };
        if let Some(host) = host {
            let target = Url::parse(&format!("http://{host}")).map_err(|e| bad(format!("{variable}: {e}")))?;
            url.set_host(target.host_str()).map_err(|e| bad(e.to_string()))?;
            url.set_port(target.port()).map_err(|()| bad("cannot take a port".into()))?;
        }
        Ok(url)
    }
}
