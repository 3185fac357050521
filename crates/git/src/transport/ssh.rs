//! SSH in the process.

use std::borrow::Cow;
use std::io::{self, BufRead, Read, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use gix_transport::Protocol;
use gix_transport::client::blocking_io::Transport;
use gix_transport::client::git::ConnectMode;
use gix_transport::client::git::blocking_io::Connection;
use russh::client::{self, AuthResult, Handle, Handler, Msg};
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key};

use russh::{Channel, ChannelMsg, ChannelReadHalf, Preferred, kex};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::read_buffered;
use super::{Failure, VERSION_1, drop_version_1, proxy};
use crate::guard::Guard;
use crate::known_hosts::HostCheck;
use crate::{GitError, Proxy, RemoteUrl, SshIdentity};

/// What a server says on its error channel is kept up to here, for the message.
const MAX_STDERR: usize = 2048;

/// Key exchanges that come last: some hosts know no better.
const OLDER_KEX: [kex::Name; 4] = [kex::ECDH_SHA2_NISTP256, kex::ECDH_SHA2_NISTP384, kex::ECDH_SHA2_NISTP521, kex::DH_G14_SHA1];

/// Which algorithms may be used, in order of preference (`--ssh-kex-algos`, `--ssh-hostkey-algos`); empty is the
/// library's default.
#[derive(Debug, Clone, Default)]
pub struct SshAlgorithms {
    kex: Vec<kex::Name>,
    host_keys: Vec<Algorithm>,
}

/// An algorithm that is not implemented.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown SSH {kind} algorithm {name:?}")]
pub struct UnknownAlgorithm {
    /// `key exchange` or `host key`.
    pub kind: &'static str,
    /// As given.
    pub name: String,
}

impl SshAlgorithms {
    /// Reads the lists of the flags.
    pub fn parse<S: AsRef<str>>(kex: &[S], host_keys: &[S]) -> Result<Self, UnknownAlgorithm> {
        let unknown = |kind, name: &S| UnknownAlgorithm { kind, name: name.as_ref().to_owned() };
        Ok(Self {
            kex: kex.iter().map(|n| kex::Name::try_from(n.as_ref()).map_err(|()| unknown("key exchange", n))).collect::<Result<_, _>>()?,
            host_keys: host_keys
                .iter()
                .map(|n| Algorithm::new(n.as_ref()).map_err(|_| unknown("host key", n)))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The preferences for a host. Without a flag, host keys of the kinds that known_hosts has for it come alone, so
    /// that the server presents one that can be checked; an `ssh-rsa` entry stands for the SHA-2 signatures.
    fn preferred(&self, listed: &[String]) -> Preferred {
        let mut preferred = Preferred::DEFAULT;
        if !self.kex.is_empty() {
            let extensions = [kex::EXTENSION_SUPPORT_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT];
            preferred.kex = Cow::Owned(self.kex.iter().copied().chain(extensions).collect());
        } else {
            preferred.kex = Cow::Owned(preferred.kex.iter().copied().chain(OLDER_KEX).collect());
        }
        if !self.host_keys.is_empty() {
            preferred.key = Cow::Owned(self.host_keys.clone());
        } else if !listed.is_empty() {
            let rsa = |a: &Algorithm| matches!(a, Algorithm::Rsa { .. });
            let known = |a: &&Algorithm| listed.iter().any(|l| l == a.as_str() || (l == "ssh-rsa" && rsa(a) && a.as_str() != "ssh-rsa"));
            let keys: Vec<Algorithm> = preferred.key.iter().filter(known).cloned().collect();
            if !keys.is_empty() {
                preferred.key = Cow::Owned(keys);
            }
        }
        preferred
    }
}

impl SshIdentity {
    /// Reads the private key, so that a bad one is told before anything is tried.
    pub fn check(&self) -> Result<(), GitError> {
        self.key().map(drop)
    }

    fn key(&self) -> Result<PrivateKey, GitError> {
        decode_secret_key(self.private_key.expose(), self.passphrase.as_ref().map(crate::Secret::expose)).map_err(|error| {
            GitError::Credentials(match error {
                russh::keys::Error::KeyIsEncrypted => "the SSH private key is encrypted, but there is no password for it".into(),
                error if self.passphrase.is_some() => format!("the SSH private key cannot be decrypted or read: {error}"),
                error => format!("the SSH private key cannot be read: {error}"),
            })
        })
    }
}

/// Checks the host key.
struct HostKeys {
    identity: SshIdentity,
    host: String,
    port: u16,
    failure: Failure,
}

impl Handler for HostKeys {
    type Error = russh::Error;

    async fn check_server_key(&mut self, presented: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let place = || if self.port == 22 { self.host.clone() } else { format!("[{}]:{}", self.host, self.port) };
        let refusal = match presented {
            PublicKeyOrCertificate::Certificate(_) => format!("{} presents a certificate, which is not supported", place()),
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                let shown = || format!("{} {}", key.algorithm().as_str(), key.fingerprint(HashAlg::Sha256));
                match self.identity.known_hosts.check(&self.host, self.port, key) {
                    HostCheck::Known => return Ok(true),
                    HostCheck::UnknownHost => {
                        format!("knownhosts: key is unknown: known_hosts has no entry for {} (it presents {})", place(), shown())
                    }
                    HostCheck::OtherKey => {
                        format!("knownhosts: key mismatch: {} presents {}, which is not among its keys in known_hosts", place(), shown())
                    }
                    HostCheck::Revoked => format!("knownhosts: key is revoked: {} presents {}", place(), shown()),
                }
            }
        };
        self.failure.leave(GitError::HostKey(refusal));
        Ok(false)
    }
}

/// An open `git-upload-pack`.
pub(crate) struct Connected {
    pub(crate) transport: Box<dyn Transport + Send>,
    /// What the server says beside the protocol.
    pub(crate) stderr: Arc<Mutex<Vec<u8>>>,
    /// Ends the connection when it is dropped.
    pub(crate) connection: Box<dyn Send>,
}

/// Logs in and starts `git-upload-pack` for the URL's repository.
pub(crate) fn connect(
    url: &RemoteUrl,
    identity: &SshIdentity,
    algorithms: &SshAlgorithms,
    through: Option<&Proxy>,
    guard: &Guard,
    failure: &Failure,
) -> Result<Connected, GitError> {
    let key = identity.key()?;
    let (handle, channel) = guard.block_on(open(url, identity, key, algorithms, through, failure))??;
    let path = url.ssh_path();
    let (read, write) = channel.split();
    let stderr = Arc::default();
    let reader = Reader {
        half: read,
        chunk: Bytes::new(),
        ended: false,
        greeting: true,
        stderr: Arc::clone(&stderr),
        guard: guard.clone(),
        failure: failure.clone(),
    };
    let writer = Writer { inner: Box::pin(write.make_writer()), guard: guard.clone(), failure: failure.clone() };
    let transport = Connection::new(reader, writer, Protocol::V2, path, None::<(String, Option<u16>)>, ConnectMode::Process, false);
    Ok(Connected { transport: Box::new(transport), stderr, connection: Box::new(handle) })
}

async fn open(
    url: &RemoteUrl,
    identity: &SshIdentity,
    key: PrivateKey,
    algorithms: &SshAlgorithms,
    through: Option<&Proxy>,
    failure: &Failure,
) -> Result<(Handle<HostKeys>, Channel<Msg>), GitError> {
    let (host, port) = (url.host(), url.port());
    let broken = |reason: String| GitError::Connection { url: url.to_string(), reason };
    let stream = match through {
        Some(through) => proxy::connect(through, host, port).await?,
        None => TcpStream::connect((host, port)).await.map_err(|e| broken(e.to_string()))?,
    };
    let _ = stream.set_nodelay(true);
    let config = client::Config {
        preferred: algorithms.preferred(&identity.known_hosts.algorithms(host, port)),
        keepalive_interval: Some(Duration::from_secs(15)),
        inactivity_timeout: None,
        ..client::Config::default()
    };
    let handler = HostKeys { identity: identity.clone(), host: host.to_owned(), port, failure: failure.clone() };
    let failed = |e: russh::Error| failure.take().unwrap_or_else(|| broken(format!("SSH: {e}")));
    let mut handle = client::connect_stream(Arc::new(config), stream, handler).await.map_err(failed)?;
    let hash = if key.algorithm().is_rsa() {
        handle.best_supported_rsa_hash().await.map_err(failed)?.unwrap_or(Some(HashAlg::Sha512))
    } else {
        None
    };
    let user = url.userinfo().map(|(user, _)| user).filter(|u| !u.is_empty()).unwrap_or_else(|| identity.user.clone());
    let login = handle.authenticate_publickey(user, PrivateKeyWithHashAlg::new(Arc::new(key), hash)).await.map_err(failed)?;
    if !matches!(login, AuthResult::Success) {
        return Err(GitError::Unauthorized { url: url.to_string(), reason: "the server refused the SSH key".into() });
    }
    let channel = handle.channel_open_session().await.map_err(failed)?;
    // Servers may refuse it; then they speak version 0.
    channel.set_env(false, "GIT_PROTOCOL", "version=2").await.map_err(failed)?;
    channel.exec(true, format!("git-upload-pack {}", quoted(&url.ssh_path()))).await.map_err(failed)?;
    Ok((handle, channel))
}

/// For the remote shell.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', "'\\''").replace('!', "'\\!'"))
}

struct Reader {
    half: ChannelReadHalf,
    chunk: Bytes,
    ended: bool,
    /// Whether what comes next is the server's greeting.
    greeting: bool,
    stderr: Arc<Mutex<Vec<u8>>>,
    guard: Guard,
    failure: Failure,
}

impl Reader {
    /// The next piece of what the server says; none at the end.
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match self.guard.block_on(self.half.wait()).map_err(|e| self.failure.leave(e))? {
                Some(ChannelMsg::Data { data }) => return Ok(Some(data)),
                Some(ChannelMsg::ExtendedData { data, .. }) => {
                    let mut kept = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = MAX_STDERR.saturating_sub(kept.len()).min(data.len());
                    kept.extend_from_slice(&data[..room]);
                }
                Some(ChannelMsg::Failure) => {
                    return Err(self.failure.leave(GitError::Protocol("the SSH server does not run git-upload-pack".into())));
                }
                Some(ChannelMsg::Close) | None => return Ok(None),
                Some(_) => {}
            }
        }
    }
}

impl BufRead for Reader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if std::mem::take(&mut self.greeting) {
            let mut head = Vec::new();
            while head.len() < VERSION_1.len() && !self.ended {
                match self.next()? {
                    Some(data) => head.extend_from_slice(&data),
                    None => self.ended = true,
                }
            }
            self.chunk = drop_version_1(head).into();
        }
        while self.chunk.is_empty() && !self.ended {
            match self.next()? {
                Some(data) => self.chunk = data,
                None => self.ended = true,
            }
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, amount: usize) {
        let _ = self.chunk.split_to(amount.min(self.chunk.len()));
    }
}

impl Read for Reader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buf)
    }
}

struct Writer {
    inner: Pin<Box<dyn AsyncWrite + Send>>,
    guard: Guard,
    failure: Failure,
}

impl Write for Writer {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.guard.block_on(self.inner.write(buf)).map_err(|e| self.failure.leave(e))?
    }

    fn flush(&mut self) -> io::Result<()> {
        self.guard.block_on(self.inner.flush()).map_err(|e| self.failure.leave(e))?
    }
}
