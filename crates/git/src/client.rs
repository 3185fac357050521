//! Listing, resolving and fetching.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ferroflux_artifact::digest::Algorithm;
use ferroflux_proxy_environment::ProxyEnvironment;
use gix_hash::ObjectId;
use gix_object::{CommitRef, Find, Kind, TagRef};
use tokio::sync::OwnedMutexGuard;

use crate::checkout::{Checkout, CommitInfo};
use crate::guard::Guard;
use crate::mirror::Mirror;
use crate::session::Session;
use crate::transport::http;
use crate::transport::ssh::SshAlgorithms;
use crate::tree::{self, Source};
use crate::{Auth, GitError, Proxy, Reference, RemoteRef, RemoteUrl, Resolved, Tls, submodules};

/// How deep submodules may be nested (SRC-GIT-10).
const MAX_SUBMODULE_DEPTH: usize = 10;
/// HTTP clients that are kept for reuse.
const MAX_HTTP_CLIENTS: usize = 64;
/// Mirrors that nobody has used for so long go at start.
const MIRROR_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// Tags of one version whose commits are compared by time.
const MAX_TIES: usize = 16;
/// Annotated tags may point to tags.
const MAX_TAG_DEPTH: usize = 8;

/// What a repository may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one pack as sent.
    pub pack_bytes: u64,
    /// Bytes of one object when unpacked.
    pub object_bytes: usize,
    /// Bytes of all files of a checkout.
    pub tree_bytes: u64,
    /// Files and directories of a checkout.
    pub entries: u64,
    /// Depth of directories.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pack_bytes: 4 << 30, object_bytes: 1 << 30, tree_bytes: 16 << 30, entries: 5_000_000, depth: 256 }
    }
}

/// A repository and what opens it.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Where it is.
    pub url: RemoteUrl,
    /// How to log in.
    pub auth: Auth,
    /// Certificates, for HTTPS.
    pub tls: Tls,
    /// The way there.
    pub proxy: Option<Proxy>,
    /// For SSH.
    pub ssh_algorithms: SshAlgorithms,
    /// For one call of the client, all in all.
    pub timeout: Duration,
}

impl Remote {
    /// An anonymous remote with a minute's patience.
    pub fn new(url: RemoteUrl) -> Self {
        Self {
            url,
            auth: Auth::Anonymous,
            tls: Tls::default(),
            proxy: None,
            ssh_algorithms: SshAlgorithms::default(),
            timeout: Duration::from_secs(60),
        }
    }

    /// Tries what can be tried without a request: keys, certificates, the proxy's address.
    pub fn check(&self) -> Result<(), GitError> {
        match &self.auth {
            Auth::Ssh(identity) if self.url.is_ssh() => identity.check(),
            _ if self.url.is_ssh() => {
                Err(GitError::Credentials(format!("'{}' needs an SSH key: the secret must have 'identity' and 'known_hosts'", self.url)))
            }
            _ => http::check(&self.tls, self.proxy.as_ref()),
        }
    }

    /// Names the mirror: the same repository with other credentials is another one, for it may show something else.
    fn key(&self) -> String {
        let secret = match &self.auth {
            Auth::Anonymous => String::new(),
            Auth::Basic { username, password } => format!("basic\0{username}\0{}", password.expose()),
            Auth::Bearer(token) => format!("bearer\0{}", token.expose()),
            Auth::Ssh(identity) => format!("ssh\0{}\0{}", identity.user, identity.private_key.expose()),
        };
        Algorithm::Sha256.digest(format!("{}\0{secret}", self.url.as_url()).as_bytes()).encoded()[..32].to_owned()
    }
}

/// Fetches from remotes into mirrors below one directory. Clone it freely.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    limits: Limits,
    proxies: ProxyEnvironment,
    http: Mutex<HashMap<(Tls, Option<Proxy>), reqwest::Client>>,
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Client {
    /// Uses `dir` for the mirrors, exclusively; those that have not been used for a week are removed. Remotes without a
    /// proxy of their own go through that of `proxies`. The process must have installed a crypto provider.
    pub fn new(dir: impl Into<PathBuf>, limits: Limits, proxies: ProxyEnvironment) -> std::io::Result<Self> {
        let dir = dir.into();
        std::fs::create_dir_all(&dir)?;
        for entry in std::fs::read_dir(&dir)?.flatten() {
            let used = entry.path().join("tips").metadata().and_then(|m| m.modified());
            if used.map_or(true, |t| SystemTime::now().duration_since(t).is_ok_and(|age| age > MIRROR_LIFE)) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        Ok(Self(Arc::new(Inner { dir, limits, proxies, http: Mutex::default(), locks: Mutex::default() })))
    }

    /// The remote's refs whose names begin with one of `prefixes`, all if there are none.
    pub async fn list(&self, remote: &Remote, prefixes: &[String]) -> Result<Vec<RemoteRef>, GitError> {
        let (inner, remote, prefixes) = (Arc::clone(&self.0), remote.clone(), prefixes.to_vec());
        let timeout = remote.timeout;
        Guard::run(timeout, move |guard| inner.session(&remote, guard)?.refs(&prefixes)).await
    }

    /// Resolves `reference` and fetches the commit with its tree, and its submodules if asked for. `None` means that the
    /// remote still has what `stored` (a revision) says: that costs one listing, and nothing at all for a commit.
    pub async fn checkout(
        &self,
        remote: &Remote,
        reference: &Reference,
        recurse: bool,
        stored: Option<&str>,
    ) -> Result<Option<Checkout>, GitError> {
        reference.check()?;
        if let Some(resolved) = reference.without_listing()
            && stored == Some(resolved.revision().as_str())
        {
            return Ok(None);
        }
        let lock = tokio::time::timeout(remote.timeout, self.0.lock(&remote.key()).lock_owned())
            .await
            .map_err(|_| GitError::Timeout(remote.timeout))?;
        let (inner, remote, reference, stored) = (Arc::clone(&self.0), remote.clone(), reference.clone(), stored.map(str::to_owned));
        let timeout = remote.timeout;
        Guard::run(timeout, move |guard| inner.checkout(&remote, &reference, recurse, stored.as_deref(), lock, guard)).await
    }
}

impl Inner {
    fn lock(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(key.to_owned()).or_default())
    }

    fn session(&self, remote: &Remote, guard: &Guard) -> Result<Session, GitError> {
        let http = if remote.url.is_ssh() { None } else { Some(self.http_client(remote)?) };
        let proxy = remote.proxy.clone().or_else(|| self.proxies.proxy(remote.url.as_url()).map(Proxy::from_url));
        Session::open(remote, http, proxy.as_ref(), guard)
    }

    fn http_client(&self, remote: &Remote) -> Result<reqwest::Client, GitError> {
        let key = (remote.tls.clone(), remote.proxy.clone());
        let mut clients = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = http::client(&remote.tls, remote.proxy.as_ref(), &self.proxies)?;
        if clients.len() >= MAX_HTTP_CLIENTS {
            clients.clear();
        }
        clients.insert(key, client.clone());
        Ok(client)
    }

    fn checkout(
        &self,
        remote: &Remote,
        reference: &Reference,
        recurse: bool,
        stored: Option<&str>,
        lock: OwnedMutexGuard<()>,
        guard: &Guard,
    ) -> Result<Option<Checkout>, GitError> {
        let mut mirror = Mirror::open(&self.dir.join(remote.key()))?;
        let mut session = Some(self.session(remote, guard)?);
        let candidates = self.candidates(&mut session, reference)?;
        let mut fetch = Fetch { inner: self, remote, mirror: &mut mirror, session, guard };
        let Some((resolved, info)) = fetch.choose(reference, candidates, stored)? else { return Ok(None) };
        fetch.session = None;
        let mut checkout = Checkout {
            info,
            resolved,
            mirror,
            submodules: BTreeMap::new(),
            limits: self.limits.clone(),
            _lock: Some(lock),
            _scratch: None,
        };
        if recurse {
            self.fetch_submodules(remote, &mut checkout, 0, guard)?;
        }
        Ok(Some(checkout))
    }

    fn candidates(&self, session: &mut Option<Session>, reference: &Reference) -> Result<Vec<Resolved>, GitError> {
        let prefixes = reference.prefixes();
        let Some(open) = session.as_mut().filter(|_| !prefixes.is_empty()) else { return reference.candidates(&[]) };
        match reference.candidates(&open.refs(&prefixes)?) {
            // Perhaps there is nothing at all (SRC-GIT-06).
            Err(error @ (GitError::RefNotFound(_) | GitError::NoMatchingTag(_))) => {
                Err(if open.refs(&[])?.is_empty() { GitError::Empty } else { error })
            }
            other => other,
        }
    }

    /// Fetches the submodules of a checkout, and theirs (SRC-GIT-10).
    fn fetch_submodules(&self, remote: &Remote, checkout: &mut Checkout, depth: usize, guard: &Guard) -> Result<(), GitError> {
        let odb = checkout.mirror.odb(&self.limits)?;
        let Some(text) = tree::read_file(&odb, &checkout.info.tree_id(), b".gitmodules", submodules::MAX_SIZE)? else { return Ok(()) };
        let urls = submodules::parse(&text);
        let source = Source { odb, tree: checkout.info.tree_id(), submodules: BTreeMap::new() };
        for (path, commit) in tree::submodule_entries(&source, &self.limits)? {
            guard.check()?;
            let shown = String::from_utf8_lossy(&path).into_owned();
            let failed = |reason: String| GitError::Submodule { path: shown.clone(), reason };
            if depth >= MAX_SUBMODULE_DEPTH {
                return Err(failed(format!("nested more than {MAX_SUBMODULE_DEPTH} levels deep")));
            }
            let Some(url) = urls.get(&path) else { return Err(failed("it has no URL in .gitmodules".into())) };
            let below = Remote { url: remote.url.submodule(url).map_err(|e| failed(e.to_string()))?, ..remote.clone() };
            let fetched = self.fetch_submodule(&below, commit, guard).map_err(|e| failed(e.to_string()));
            let mut fetched = fetched?;
            self.fetch_submodules(&below, &mut fetched, depth + 1, guard)?;
            checkout.submodules.insert(path, fetched);
        }
        Ok(())
    }

    fn fetch_submodule(&self, remote: &Remote, commit: ObjectId, guard: &Guard) -> Result<Checkout, GitError> {
        // Whoever holds a mirror must not wait for another, or two that wait for each other would wait forever.
        let key = remote.key();
        let lock = self.lock(&key).try_lock_owned().ok();
        let scratch = if lock.is_none() { Some(Arc::new(tempfile::tempdir_in(&self.dir).map_err(GitError::mirror)?)) } else { None };
        let mut mirror = Mirror::open(&scratch.as_ref().map_or_else(|| self.dir.join(&key), |dir| dir.path().to_path_buf()))?;
        let reference = Reference::Commit { hash: commit.to_string(), branch: None };
        let candidates = reference.candidates(&[])?;
        let mut fetch = Fetch { inner: self, remote, mirror: &mut mirror, session: None, guard };
        let (resolved, info) = fetch.choose(&reference, candidates, None)?.ok_or(GitError::CommitNotFound(commit.to_string()))?;
        Ok(Checkout { info, resolved, mirror, submodules: BTreeMap::new(), limits: self.limits.clone(), _lock: lock, _scratch: scratch })
    }
}

/// Fetching from one remote into its mirror.
struct Fetch<'a> {
    inner: &'a Inner,
    remote: &'a Remote,
    mirror: &'a mut Mirror,
    session: Option<Session>,
    guard: &'a Guard,
}

impl Fetch<'_> {
    /// The commit that is meant among the candidates, fetched; `None` if it is the stored one.
    fn choose(
        &mut self,
        reference: &Reference,
        candidates: Vec<Resolved>,
        stored: Option<&str>,
    ) -> Result<Option<(Resolved, CommitInfo)>, GitError> {
        let range = matches!(reference, Reference::SemVer(_));
        let mut rest = candidates.as_slice();
        while !rest.is_empty() {
            let ties = if range { Reference::ties(rest) } else { 1 };
            let (equal, others) = rest.split_at(ties);
            rest = others;
            if let [only] = equal
                && stored == Some(only.revision().as_str())
            {
                return Ok(None);
            }
            let mut best: Option<(Resolved, CommitInfo)> = None;
            for candidate in equal.iter().take(MAX_TIES) {
                match self.fetch(candidate, reference)? {
                    Some((commit, info)) if best.as_ref().is_none_or(|(_, b)| info.time() > b.time()) => {
                        best = Some((Resolved { commit, ..candidate.clone() }, info));
                    }
                    _ => {}
                }
            }
            match best {
                Some((resolved, _)) if stored == Some(resolved.revision().as_str()) => return Ok(None),
                Some(best) => return Ok(Some(best)),
                None if !range => return Err(GitError::NotACommit(equal[0].reference.clone())),
                None => {}
            }
        }
        Err(match reference {
            Reference::SemVer(range) => GitError::NoMatchingTag(range.clone()),
            _ => GitError::Empty,
        })
    }

    /// Makes sure that the candidate is in the mirror; `None` if it is no commit.
    fn fetch(&mut self, candidate: &Resolved, reference: &Reference) -> Result<Option<(String, CommitInfo)>, GitError> {
        let id = |hex: &str| ObjectId::from_hex(hex.as_bytes()).map_err(|e| GitError::Protocol(format!("{hex:?} is no object id: {e}")));
        let want = id(&candidate.commit)?;
        let tag = candidate.tag.as_deref().map(id).transpose()?;
        // The commit may be known from a branch, the tag on it, which may be signed, not.
        let lacks_tag = tag.is_some_and(|tag| !self.mirror.has_object(&tag, &self.inner.limits));
        if (!self.mirror.has(&want) && !self.is_other_object(&want)) || lacks_tag {
            let wants: Vec<ObjectId> = std::iter::once(want).chain(tag).collect();
            match reference {
                Reference::Commit { branch, .. } => self.fetch_commit(want, branch.as_deref())?,
                _ => self.fetch_objects(wants, NonZeroU32::new(1))?,
            }
        }
        let odb = self.mirror.odb(&self.inner.limits)?;
        let Some(commit) = peel(&odb, want)? else { return Ok(None) };
        let info = CommitInfo::read(&odb, commit)?;
        self.mirror.remember(commit)?;
        Ok(Some((commit.to_string(), info)))
    }

    /// Whether the object is known already to be a tree or blob, under a tag that somebody has put there.
    fn is_other_object(&self, id: &ObjectId) -> bool {
        let mut buffer = Vec::new();
        self.mirror.has_object(id, &self.inner.limits)
            && self
                .mirror
                .odb(&self.inner.limits)
                .is_ok_and(|odb| odb.try_find(id, &mut buffer).ok().flatten().is_some_and(|o| matches!(o.kind, Kind::Tree | Kind::Blob)))
    }

    /// A commit by its hash: itself at depth 1, else the branch, else everything (SRC-GIT-05).
    fn fetch_commit(&mut self, want: ObjectId, branch: Option<&str>) -> Result<(), GitError> {
        match self.fetch_objects(vec![want], NonZeroU32::new(1)) {
            Ok(()) => return Ok(()),
            Err(GitError::Protocol(reason)) => tracing::debug!(%reason, commit = %want, "the server does not send the commit alone"),
            Err(error) => return Err(error),
        }
        let prefix = branch.map_or_else(|| "refs/".to_owned(), |b| format!("refs/heads/{b}"));
        let mut session = self.inner.session(self.remote, self.guard)?;
        let refs = session.refs(&[prefix])?;
        self.session = Some(session);
        let mut tips: Vec<ObjectId> = refs.iter().filter_map(|r| ObjectId::from_hex(r.peeled.as_bytes()).ok()).collect();
        tips.sort_unstable();
        tips.dedup();
        if tips.is_empty() {
            return Err(GitError::Empty);
        }
        self.fetch_objects(tips, None)?;
        if self.mirror.has_object(&want, &self.inner.limits) { Ok(()) } else { Err(GitError::CommitNotFound(want.to_string())) }
    }

    /// Fetches; a mirror that turns out to be broken is emptied and filled anew, once.
    fn fetch_objects(&mut self, wants: Vec<ObjectId>, depth: Option<NonZeroU32>) -> Result<(), GitError> {
        for attempt in 0.. {
            let mut session = match self.session.take() {
                Some(session) => session,
                None => self.inner.session(self.remote, self.guard)?,
            };
            let had_anything = !self.mirror.tips().is_empty() || self.mirror.is_shallow();
            match session.fetch(self.mirror, wants.clone(), depth, &self.inner.limits) {
                Ok(()) => {
                    self.session = Some(session);
                    break;
                }
                Err(error @ (GitError::Protocol(_) | GitError::Mirror(_))) if attempt == 0 && had_anything => {
                    tracing::debug!(%error, url = %self.remote.url, "fetching into the mirror failed, beginning anew");
                    self.mirror.reset()?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Follows tags to the commit; `None` if they lead elsewhere.
pub(crate) fn peel(odb: &gix_odb::Handle, mut id: ObjectId) -> Result<Option<ObjectId>, GitError> {
    let mut buffer = Vec::new();
    for _ in 0..MAX_TAG_DEPTH {
        let object =
            odb.try_find(&id, &mut buffer).map_err(GitError::mirror)?.ok_or_else(|| GitError::Mirror(format!("object {id} is missing")))?;
        match object.kind {
            Kind::Commit => return CommitRef::from_bytes(object.data, gix_hash::Kind::Sha1).map(|_| Some(id)).map_err(GitError::mirror),
            Kind::Tag => id = TagRef::from_bytes(object.data, gix_hash::Kind::Sha1).map_err(GitError::mirror)?.target(),
            Kind::Tree | Kind::Blob => return Ok(None),
        }
    }
    Ok(None)
}
