//! A proxy that speaks HTTP (CONNECT and plain requests) or SOCKS5, checks credentials and tells what it was asked for.

use std::io::{Error, Result};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// SOCKS version 5.
    Socks5,
}

/// A running proxy; it ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    protocol: Protocol,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts one; `login` is the user name and password that it demands. Whatever host it is asked for, it connects to
    /// that host's port on loopback, so that made-up names work.
    pub async fn start(protocol: Protocol, login: Option<(&str, &str)>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, login) = (Arc::clone(&asked), login.map(|(user, password)| (user.to_owned(), password.to_owned())));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = Connection { stream, login: login.clone(), asked: Arc::clone(&log) };
                // What a client does wrong shows at the client.
                tokio::spawn(async move {
                    let _ = match protocol {
                        Protocol::Http => connection.http().await,
                        Protocol::Socks5 => connection.socks5().await,
                    };
                });
            }
        });
        Ok(Self { addr, protocol, asked, task })
    }

    /// Its address as clients are given it: `http://…` or `socks5://…`.
    pub fn url(&self) -> String {
        let scheme = if self.protocol == Protocol::Http { "http" } else { "socks5" };
        format!("{scheme}://{}", self.addr)
    }

    /// Every `host:port` that it was asked for by somebody who may ask.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Connection {
    stream: TcpStream,
    login: Option<(String, String)>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Connection {
    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{host}:{port}"));
        TcpStream::connect(("127.0.0.1", port)).await
    }

    async fn http(mut self) -> Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await?);
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let given =
            text.lines().find_map(|l| l.to_ascii_lowercase().starts_with("proxy-authorization:").then(|| l[20..].trim().to_owned()));
        let wanted = self
            .login
            .as_ref()
            .map(|(user, password)| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))));
        if wanted.is_some() && wanted != given {
            return self
                .stream
                .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .await;
        }
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let authority = target.strip_prefix("http://").map_or(target, |rest| rest.split('/').next().unwrap_or_default());
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
        let mut upstream = self.connect(host, port.parse().map_err(Error::other)?).await?;
        if method == "CONNECT" {
            self.stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        } else {
            // One request a connection: the next one may be for another host.
            let path = &target["http://".len() + authority.len()..];
            let headers: Vec<&str> = lines.filter(|l| !l.is_empty() && !l.to_ascii_lowercase().starts_with("proxy-")).collect();
            let request = format!("{method} {path} HTTP/1.1\r\n{}\r\nConnection: close\r\n\r\n", headers.join("\r\n"));
            upstream.write_all(request.as_bytes()).await?;
        }
        tokio::io::copy_bidirectional(&mut self.stream, &mut upstream).await.map(drop)
    }

    async fn socks5(mut self) -> Result<()> {
        let mut greeting = [0; 2];
        self.stream.read_exact(&mut greeting).await?;
        let mut methods = vec![0; usize::from(greeting[1])];
        self.stream.read_exact(&mut methods).await?;
        let wanted = if self.login.is_some() { 2 } else { 0 };
        if !methods.contains(&wanted) {
            return self.stream.write_all(&[5, 0xff]).await;
        }
        self.stream.write_all(&[5, wanted]).await?;
        if let Some(login) = self.login.clone() {
            self.stream.read_u8().await?;
            let given = (self.text().await?, self.text().await?);
            self.stream.write_all(&[1, u8::from(given != login)]).await?;
            if given != login {
                return Ok(());
            }
        }
        let mut request = [0; 4];
        self.stream.read_exact(&mut request).await?;
        let host = match request[3] {
            1 => std::net::Ipv4Addr::from(self.stream.read_u32().await?).to_string(),
            3 => self.text().await?,
            _ => return Err(Error::other("an address of another kind")),
        };
        let port = self.stream.read_u16().await?;
        let mut upstream = self.connect(&host, port).await?;
        self.stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await?;
        tokio::io::copy_bidirectional(&mut self.stream, &mut upstream).await.map(drop)
    }

    /// A text with its length before it.
    async fn text(&mut self) -> Result<String> {
        let mut bytes = vec![0; usize::from(self.stream.read_u8().await?)];
        self.stream.read_exact(&mut bytes).await?;
        String::from_utf8(bytes).map_err(Error::other)
    }
}
