//! Remote bases and files of kustomizations, over HTTP(S) and Git (KC-GEN-05, KB-GIT-01).
//!
//! The renderer does no network: it asks a [`RemoteLoader`], and [`RemoteBases`] is the one for real networks. It takes
//! what needs no credentials: files over http and https, repositories over Git smart HTTP. A repository over SSH is refused
//! with a reason, since there is no key to show; so are files of this machine and programs.
//!
//! Nothing is kept between builds: a branch may move. Within a build the renderer fetches each repository once.
//!
//! Mirrors kustomize's `git.ClonerUsingGitExec` and its HTTP loader, without starting Git.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ferroflux_git::{CheckoutOptions, Client, Limits, Reference, Remote, RemoteRef, RemoteUrl};
use ferroflux_kustomize::{DiskFileSystem, FileSystem, HttpFile, RemoteError, RemoteLoader, RepositoryUrl};
use ferroflux_proxy_environment::ProxyEnvironment;
use tokio::runtime::Handle;

mod fetched;

/// The longest that a file may take.
const HTTP_TIMEOUT: Duration = Duration::from_secs(60);
/// The largest file that is taken.
const MAX_FILE: usize = 64 << 20;
/// The largest repository that is taken, as sent and as files.
const MAX_REPOSITORY: u64 = 512 << 20;
/// Files and directories of a repository.
const MAX_ENTRIES: u64 = 200_000;

/// Fetches over the network. The process must have installed a crypto provider.
#[derive(Debug)]
pub struct RemoteBases {
    runtime: Handle,
    scratch: PathBuf,
    http: OnceLock<reqwest::Client>,
}

impl RemoteBases {
    /// A loader that does its waiting on `runtime` and unpacks repositories below `scratch`; what it unpacks lives as long
    /// as the build that asked for it. Its methods block: they must not be called on a thread of the runtime itself.
    pub fn new(runtime: Handle, scratch: impl Into<PathBuf>) -> Self {
        Self { runtime, scratch: scratch.into(), http: OnceLock::new() }
    }

    fn http(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.http.get() {
            return Ok(client);
        }
        let environment = ProxyEnvironment::from_env();
        let proxy = reqwest::Proxy::custom(move |url| environment.proxy(url).cloned());
        let client = reqwest::Client::builder().timeout(HTTP_TIMEOUT).proxy(proxy).build()?;
        Ok(self.http.get_or_init(|| client))
    }

    async fn file(&self, url: &str) -> Result<HttpFile, RemoteError> {
        let failed = |error: reqwest::Error| {
            if error.is_timeout() { RemoteError::Timeout(HTTP_TIMEOUT, url.to_owned()) } else { RemoteError::Failed(chain(&error)) }
        };
        let mut response = self.http().map_err(failed)?.get(url).send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_FILE {
                return Err(RemoteError::Refused(format!("'{url}' has more than {} MiB", MAX_FILE >> 20)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpFile { status, body })
    }

    async fn repository(&self, repository: &RepositoryUrl) -> Result<Arc<dyn FileSystem>, RemoteError> {
        let address = repository.clone_url();
        let failed = |error: &dyn std::fmt::Display| RemoteError::Failed(format!("'{address}': {error}"));
        let url = RemoteUrl::parse(&address).map_err(|e| failed(&e))?;
        if url.is_ssh() {
            let why = format!("'{address}' is reached over SSH, for which there is no key here; use its https address");
            return Err(RemoteError::Refused(why));
        }
        let mut remote = Remote::new(url);
        remote.timeout = repository.timeout;
        let git = |error: ferroflux_git::GitError| match error {
            ferroflux_git::GitError::Timeout(after) => RemoteError::Timeout(after, address.clone()),
            error => failed(&error),
        };
        std::fs::create_dir_all(&self.scratch).map_err(|e| failed(&e))?;
        let scratch = tempfile::tempdir_in(&self.scratch).map_err(|e| failed(&e))?;
        let limits = Limits { pack_bytes: MAX_REPOSITORY, tree_bytes: MAX_REPOSITORY, entries: MAX_ENTRIES, ..Limits::default() };
        let client = Client::new(scratch.path().join("mirror"), limits, ProxyEnvironment::from_env()).map_err(|e| failed(&e))?;
        let reference = if is_commit(&repository.reference) {
            Reference::Commit { hash: repository.reference.clone(), branch: None }
        } else {
            let names = candidates(&repository.reference);
            let refs = client.list(&remote, &names).await.map_err(git)?;
            Reference::Name(chosen(&names, &refs).ok_or_else(|| {
                let wanted = if repository.reference.is_empty() { "HEAD" } else { &repository.reference };
                failed(&format!("the repository has no branch, tag or commit '{wanted}'"))
            })?)
        };
        let checkout = client.checkout(&remote, &reference, repository.submodules, None).await.map_err(git)?;
        let checkout = checkout.ok_or_else(|| failed(&"the remote had nothing to send"))?;
        let tree = scratch.path().join("tree");
        std::fs::create_dir(&tree).map_err(|e| failed(&e))?;
        let export = tokio::task::spawn_blocking(move || checkout.export(&CheckoutOptions::default(), &tree).map(|()| tree));
        let tree = export.await.map_err(|e| failed(&e))?.map_err(|e| failed(&e))?;
        // The packs have done their work.
        let _ = std::fs::remove_dir_all(scratch.path().join("mirror"));
        let files = DiskFileSystem::new(&tree).map_err(|e| failed(&e))?;
        Ok(Arc::new(fetched::Fetched::new(files, scratch)))
    }
}

impl RemoteLoader for RemoteBases {
    fn get(&self, url: &str) -> Result<HttpFile, RemoteError> {
        self.runtime.block_on(self.file(url))
    }

    fn fetch(&self, repository: &RepositoryUrl) -> Result<Arc<dyn FileSystem>, RemoteError> {
        self.runtime.block_on(self.repository(repository))
    }
}

fn is_commit(reference: &str) -> bool {
    reference.len() == 40 && reference.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The full names that a short one may stand for, in Git's order.
fn candidates(reference: &str) -> Vec<String> {
    if reference.is_empty() {
        return vec!["HEAD".to_owned()];
    }
    ["", "refs/", "refs/tags/", "refs/heads/"].iter().map(|prefix| format!("{prefix}{reference}")).collect()
}

fn chosen(names: &[String], refs: &[RemoteRef]) -> Option<String> {
    names.iter().find(|name| refs.iter().any(|r| r.name == **name)).cloned()
}

/// An error with its causes: the outermost alone only says that a request failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
