//! TCP through a proxy, for SSH: HTTP CONNECT and SOCKS5 (SRC-AUTH-02).

use std::io;

use base64::Engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use crate::{GitError, Proxy};

/// The longest head of an answer to CONNECT.
const MAX_HEAD: usize = 8192;

/// A stream to `host:port` through the proxy.
pub(crate) async fn connect(proxy: &Proxy, host: &str, port: u16) -> Result<TcpStream, GitError> {
    let bad = |reason: &str| GitError::Credentials(format!("invalid proxy address {:?}: {reason}", proxy.address));
    let url = Url::parse(&proxy.address).map_err(|e| bad(&e.to_string()))?;
    let (name, default_port) = (url.host_str().ok_or_else(|| bad("no host"))?, if url.scheme().starts_with("socks") { 1080 } else { 80 });
    let failed = |e: io::Error| GitError::Connection { url: proxy.address.clone(), reason: e.to_string() };
    let mut stream = TcpStream::connect((name, url.port().unwrap_or(default_port))).await.map_err(failed)?;
    match url.scheme() {
        "http" => http_connect(&mut stream, proxy, host, port).await.map_err(failed)?,
        "socks5" | "socks5h" => socks5(&mut stream, proxy, host, port).await.map_err(failed)?,
        _ => return Err(bad("expected http or socks5 for an SSH remote")),
    }
    Ok(stream)
}

async fn http_connect(stream: &mut TcpStream, proxy: &Proxy, host: &str, port: u16) -> io::Result<()> {
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(user) = &proxy.username {
        let credentials = format!("{user}:{}", proxy.password.as_ref().map_or("", |p| p.expose()));
        request.push_str(&format!("Proxy-Authorization: Basic {}\r\n", base64::engine::general_purpose::STANDARD.encode(credentials)));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    // Byte by byte: what follows the head belongs to SSH.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
        if head.len() > MAX_HEAD {
            return Err(io::Error::other("the proxy's answer is too long"));
        }
    }
    let status = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    if status.split(' ').nth(1).is_some_and(|code| code.starts_with('2')) {
        Ok(())
    } else {
        Err(io::Error::other(format!("the proxy answered {status:?}")))
    }
}

async fn socks5(stream: &mut TcpStream, proxy: &Proxy, host: &str, port: u16) -> io::Result<()> {
    let refused = |what: &str| io::Error::other(format!("the proxy {what}"));
    let user = proxy.username.as_deref().unwrap_or_default();
    let password = proxy.password.as_ref().map_or("", |p| p.expose());
    let length = |text: &str| u8::try_from(text.len()).map_err(|_| io::Error::other("a name or password of more than 255 bytes"));
    stream.write_all(if user.is_empty() { &[5, 1, 0] } else { &[5, 2, 0, 2] }).await?;
    let mut choice = [0; 2];
    stream.read_exact(&mut choice).await?;
    match choice {
        [5, 0] => {}
        [5, 2] if !user.is_empty() => {
            let mut login = vec![1, length(user)?];
            login.extend_from_slice(user.as_bytes());
            login.push(length(password)?);
            login.extend_from_slice(password.as_bytes());
            stream.write_all(&login).await?;
            stream.read_exact(&mut choice).await?;
            if choice[1] != 0 {
                return Err(refused("refused the credentials"));
            }
        }
        _ => return Err(refused("wants another way to log in")),
    }
    let mut request = vec![5, 1, 0, 3, length(host)?];
    request.extend_from_slice(host.as_bytes());
    request.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&request).await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    if answer[1] != 0 {
        return Err(refused(&format!("cannot reach the host (SOCKS reply {})", answer[1])));
    }
    let rest = match answer[3] {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await?),
        _ => return Err(refused("answered in an unknown form")),
    };
    stream.read_exact(&mut vec![0; rest + 2]).await.map(drop)
}
