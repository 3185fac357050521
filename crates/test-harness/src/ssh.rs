//! `git upload-pack` behind an SSH server in the process.

use std::collections::HashMap;
use std::io::Result;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use ferroflux_git_server::{environment, spoken_protocol};
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PublicKey, ssh_key};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, Preferred};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

/// How the server behaves.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Keys that may log in; every key if there are none.
    pub authorized: Vec<PublicKey>,
    /// The protocol version that it answers in, whatever the client asks for.
    pub forced_protocol: Option<u8>,
    /// What it offers; the library's defaults if not set.
    pub preferred: Option<Preferred>,
    /// Its host key; a fixed Ed25519 key if not set.
    pub host_key: Option<PrivateKey>,
}

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    host_key: PublicKey,
    task: JoinHandle<()>,
}

impl Server {
    /// The address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of a repository, for example `fleet.git`.
    pub fn url(&self, repository: &str) -> String {
        format!("ssh://git@{}/{repository}", self.addr)
    }

    /// The line of known_hosts for this server.
    pub fn known_hosts(&self) -> String {
        let key = self.host_key.to_openssh().unwrap_or_default();
        format!("[{}]:{} {key}\n", self.addr.ip(), self.addr.port())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An Ed25519 key made of a number: the same each time.
pub fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

/// The key as OpenSSH writes it.
pub fn pem(key: &PrivateKey) -> String {
    key.to_openssh(ssh_key::LineEnding::LF).map(|text| text.to_string()).unwrap_or_default()
}

/// Offers the repositories below `root`.
pub async fn serve(root: &Path, options: Options) -> Result<Server> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let host_key = options.host_key.clone().unwrap_or_else(|| key(1));
    let public = host_key.public_key().clone();
    let config = Arc::new(Config {
        keys: vec![host_key],
        auth_rejection_time: std::time::Duration::ZERO,
        auth_rejection_time_initial: Some(std::time::Duration::ZERO),
        preferred: options.preferred.clone().unwrap_or(Preferred::DEFAULT),
        ..Config::default()
    });
    let (root, options) = (root.to_path_buf(), Arc::new(options));
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection =
                Connection { root: root.clone(), options: Arc::clone(&options), channels: HashMap::new(), protocol: String::new() };
            let config = Arc::clone(&config);
            tokio::spawn(async move {
                if let Ok(session) = russh::server::run_stream(config, stream, connection).await {
                    let _ = session.await;
                }
            });
        }
    });
    Ok(Server { addr, host_key: public, task })
}

struct Connection {
    root: PathBuf,
    options: Arc<Options>,
    channels: HashMap<ChannelId, Channel<Msg>>,
    protocol: String,
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> std::result::Result<Auth, Self::Error> {
        let known = self.options.authorized.is_empty() || self.options.authorized.iter().any(|k| k.key_data() == key.public_key.key_data());
        Ok(if known { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> std::result::Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn env_request(
        &mut self,
        _channel: ChannelId,
        name: &str,
        value: &str,
        _session: &mut Session,
    ) -> std::result::Result<(), Self::Error> {
        if name == "GIT_PROTOCOL" {
            self.protocol = spoken_protocol(value, self.options.forced_protocol);
        }
        Ok(())
    }

    async fn exec_request(&mut self, id: ChannelId, command: &[u8], session: &mut Session) -> std::result::Result<(), Self::Error> {
        let command = String::from_utf8_lossy(command).into_owned();
        let (Some(channel), Some(path)) = (self.channels.remove(&id), command.strip_prefix("git-upload-pack ")) else {
            return session.channel_failure(id);
        };
        let path = self.root.join(path.trim_matches('\'').trim_start_matches('/'));
        let mut child = Command::new("git");
        child.arg("upload-pack").arg(path).env_clear().envs(environment(&[])).env("GIT_PROTOCOL", &self.protocol);
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
        session.channel_success(id)?;
        let handle = session.handle();
        tokio::spawn(async move {
            let (Some(mut stdin), Some(mut stdout), Some(mut stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
            else {
                return;
            };
            let mut errors = channel.make_writer_ext(Some(1));
            let (read, write) = tokio::io::split(channel.into_stream());
            let (mut read, mut write) = (read, write);
            let input = tokio::spawn(async move {
                let _ = tokio::io::copy(&mut read, &mut stdin).await;
            });
            let (_, _) = tokio::join!(tokio::io::copy(&mut stdout, &mut write), tokio::io::copy(&mut stderr, &mut errors));
            let _ = write.flush().await;
            let status = child.wait().await.ok().and_then(|s| s.code()).unwrap_or(1);
            let _ = handle.exit_status_request(id, u32::try_from(status).unwrap_or(1)).await;
            let _ = handle.eof(id).await;
            let _ = handle.close(id).await;
            input.abort();
        });
        Ok(())
    }
}
