//! One conversation with a remote: greeting, listing, fetching.

use std::io::{self, BufRead, Read};
use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use gix_hash::{Kind, ObjectId};
use gix_protocol::fetch::negotiate::{Action, Round, one_round};
use gix_protocol::fetch::{Arguments, Context, Negotiate, Options, Response, Shallow, Tags};
use gix_protocol::ls_refs::RefPrefixes;
use gix_protocol::{Handshake, LsRefsCommand};
use gix_transport::client::Capabilities;
use gix_transport::client::blocking_io::{Transport, http};
use gix_transport::{Protocol, Service};
use gix_utils::progress::Discard;

use crate::client::{Limits, Remote};
use crate::error::causes;
use crate::guard::Guard;
use crate::mirror::Mirror;
use crate::transport::http::Backend;
use crate::transport::{Failure, ssh};
use crate::{Auth, GitError, Proxy, RemoteRef};

/// More refs than any remote has any reason to list.
const MAX_REFS: usize = 2_000_000;

/// An open conversation.
pub(crate) struct Session {
    transport: Box<dyn Transport + Send>,
    handshake: Handshake,
    failure: Failure,
    stderr: Arc<Mutex<Vec<u8>>>,
    url: String,
    guard: Guard,
    /// Lives as long as the conversation does.
    _connection: Option<Box<dyn Send>>,
}

impl Session {
    /// Connects, logs in and greets. SSH goes through `proxy`; the HTTP client knows its own.
    pub(crate) fn open(remote: &Remote, http: Option<reqwest::Client>, proxy: Option<&Proxy>, guard: &Guard) -> Result<Self, GitError> {
        let failure = Failure::default();
        let url = remote.url.to_string();
        let (transport, stderr, connection) = match (&remote.auth, http) {
            (Auth::Ssh(identity), _) if remote.url.is_ssh() => {
                let connected = ssh::connect(&remote.url, identity, &remote.ssh_algorithms, proxy, guard, &failure)?;
                (connected.transport, connected.stderr, Some(connected.connection))
            }
            (_, Some(client)) if !remote.url.is_ssh() => {
                let backend = Backend::new(client, &remote.auth, &remote.url, guard, &failure)?;
                let bare = remote.url.without_userinfo();
                let parsed =
                    gix_url::parse(bare.as_str().as_bytes()).map_err(|e| GitError::Url { url: url.clone(), reason: e.to_string() })?;
                let transport: Box<dyn Transport + Send> = Box::new(http::connect_http(backend, parsed, Protocol::V2, false));
                (transport, Arc::default(), None)
            }
            _ => return Err(GitError::Credentials(format!("'{url}' needs an SSH key: the secret must have 'identity' and 'known_hosts'"))),
        };
        let mut session =
            Self { transport, handshake: Handshake::default(), failure, stderr, url, guard: guard.clone(), _connection: connection };
        let greeted = gix_protocol::handshake(&mut session.transport, Service::UploadPack, |_| Ok(None), Vec::new(), &mut Discard);
        session.handshake = greeted.map_err(|e| session.error(&e))?;
        Ok(session)
    }

    /// The refs whose names begin with one of `prefixes`; all if there are none.
    pub(crate) fn refs(&mut self, prefixes: &[String]) -> Result<Vec<RemoteRef>, GitError> {
        let refs = match self.handshake.refs.clone() {
            Some(refs) => refs,
            None => {
                let mut wanted = RefPrefixes::new();
                wanted.extend(prefixes.iter().map(|p| p.as_str().into()));
                let agent = ("agent", Some(gix_protocol::agent("ferroflux")));
                let command = LsRefsCommand::new((!prefixes.is_empty()).then_some(wanted), &self.handshake.capabilities, agent);
                let listed = command.invoke_blocking(&mut self.transport, &mut Discard, false);
                listed.map_err(|e| self.error(&e))?
            }
        };
        if refs.len() > MAX_REFS {
            return Err(GitError::Limit { what: "the number of refs".into(), limit: MAX_REFS as u64 });
        }
        Ok(refs
            .iter()
            .filter_map(RemoteRef::from_gix)
            .filter(|r| prefixes.is_empty() || prefixes.iter().any(|p| r.name.starts_with(p.as_str())))
            .collect())
    }

    /// Fetches `wants` into the mirror, which says what it has already; `depth` 1 is the commits alone, `None` their
    /// whole history.
    pub(crate) fn fetch(
        &mut self,
        mirror: &Mirror,
        wants: Vec<ObjectId>,
        depth: Option<NonZeroU32>,
        limits: &Limits,
    ) -> Result<(), GitError> {
        self.guard.check()?;
        drop_deepen_relative(&mut self.handshake);
        let mut negotiate = Wants { wants, haves: mirror.tips().to_vec() };
        let shallow = match depth {
            Some(depth) => Shallow::DepthAtRemote(depth),
            None if mirror.is_shallow() => Shallow::undo(),
            None => Shallow::NoChange,
        };
        let options = Options { shallow_file: mirror.shallow_file(), shallow: &shallow, tags: Tags::None, reject_shallow_remote: false };
        let agent = ("agent", Some(gix_protocol::agent("ferroflux")));
        let context =
            Context { handshake: &mut self.handshake, transport: &mut self.transport, user_agent: agent, trace_packetlines: false };
        let odb = mirror.odb(limits)?;
        let failure = self.failure.clone();
        let store = |pack: &mut dyn BufRead, _: &mut dyn gix_utils::progress::DynNestedProgress, interrupt: &AtomicBool| {
            let mut pack = Capped { inner: pack, left: limits.pack_bytes, limit: limits.pack_bytes, failure };
            let options = gix_pack::bundle::write::Options {
                thread_limit: Some(1),
                alloc_limit_bytes: Some(limits.object_bytes),
                ..Default::default()
            };
            let written = gix_pack::Bundle::write_to_directory(
                &mut pack,
                Some(&mirror.pack_dir()),
                &mut Discard,
                interrupt,
                Some(odb),
                Kind::Sha1,
                options,
            )?;
            // The mark that keeps a pack from git's own garbage collection; nobody collects here.
            if let Some(keep) = written.keep_path {
                let _ = std::fs::remove_file(keep);
            }
            Ok(true)
        };
        match gix_protocol::fetch(&mut negotiate, store, Discard, self.guard.flag(), context, options) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(GitError::Protocol("the server sent no pack".into())),
            Err(error) => Err(self.error(&error)),
        }
    }

    /// The error that really happened: the transport's, what the server said, or the protocol's.
    fn error(&self, error: &gix_error::Error) -> GitError {
        if let Some(error) = self.failure.take() {
            return error;
        }
        if self.guard.check().is_err() {
            return GitError::Canceled;
        }
        let said = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        let lower = said.to_lowercase();
        if lower.contains("not found") || lower.contains("does not exist") || lower.contains("does not appear to be a git repository") {
            return GitError::RepositoryNotFound(self.url.clone());
        }
        let chain = format!("{error}: {}", causes(error.probable_cause()));
        GitError::Protocol(if said.is_empty() { chain } else { format!("{chain}: the server said {said:?}") })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A server that waits for the next command is told that none comes. Its answer is of no interest.
        let _ = gix_protocol::indicate_end_of_interaction(&mut self.transport, false);
    }
}

/// With the capability, gix asks older servers to deepen relative to what we have instead of to a depth, and a fetch of
/// one commit becomes one of the whole history (CRT-03-01).
fn drop_deepen_relative(handshake: &mut Handshake) {
    if handshake.server_protocol_version == Protocol::V2 || !handshake.capabilities.contains("deepen-relative") {
        return;
    }
    let mut text = vec![0];
    for capability in handshake.capabilities.iter().filter(|c| c.name() != "deepen-relative") {
        if text.len() > 1 {
            text.push(b' ');
        }
        text.extend_from_slice(capability.name());
        if let Some(value) = capability.value() {
            text.push(b'=');
            text.extend_from_slice(value);
        }
    }
    if let Ok((capabilities, _)) = Capabilities::from_bytes(&text) {
        handshake.capabilities = capabilities;
    }
}

/// One round: these we want, those we have, done.
struct Wants {
    wants: Vec<ObjectId>,
    haves: Vec<ObjectId>,
}

impl Negotiate for Wants {
    fn mark_complete_and_common_ref(&mut self) -> gix_error::Result<Action> {
        Ok(Action::MustNegotiate { remote_ref_target_known: vec![false; self.wants.len()] })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _known: &[bool]) -> bool {
        self.wants.iter().for_each(|id| arguments.want(id));
        !self.wants.is_empty()
    }

    fn one_round(
        &mut self,
        _state: &mut one_round::State,
        arguments: &mut Arguments,
        _previous: Option<&Response>,
    ) -> gix_error::Result<(Round, bool)> {
        self.haves.iter().for_each(|id| arguments.have(id));
        let round =
            Round { haves_sent: self.haves.len(), in_vain: 0, haves_to_send: 0, previous_response_had_at_least_one_in_common: false };
        Ok((round, true))
    }
}

/// Ends a pack that is longer than allowed.
struct Capped<'a> {
    inner: &'a mut dyn BufRead,
    left: u64,
    limit: u64,
    failure: Failure,
}

impl BufRead for Capped<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(self.failure.leave(GitError::Limit { what: "the pack that the server sends".into(), limit: self.limit }));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        self.inner.consume(amount);
    }
}

impl Read for Capped<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(buf.len());
        buf[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}
