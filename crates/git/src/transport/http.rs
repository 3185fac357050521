//! Smart HTTP over a pooled reqwest client.

use std::any::Any;
use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use ferroflux_proxy_environment::ProxyEnvironment;
use ferroflux_tls::{CertificateDer, Identity, Trust, authorities, client_config};
use gix_transport::client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};

use super::{Failure, GREETING, drop_version_1};
use crate::error::causes;
use crate::guard::Guard;
use crate::remote_url::redact;
use crate::{Auth, GitError, Proxy, RemoteUrl, Tls};

/// The largest request that is ever made: wants and haves.
const MAX_REQUEST: usize = 16 << 20;
/// Some servers look at it before they speak protocol version 2.
const USER_AGENT: &str = "git/2.50.0 (ferroflux)";

/// A client for one set of TLS and proxy settings; without a proxy those of the environment count.
pub(crate) fn client(tls: &Tls, proxy: Option<&Proxy>, environment: &ProxyEnvironment) -> Result<Client, GitError> {
    let Settings { ca, identity, proxy } = Settings::read(tls, proxy)?;
    let tls = client_config(Trust::System(ca), identity).map_err(|e| unusable("cannot set up TLS", &e))?;
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(Duration::from_secs(20))
        .tcp_keepalive(Duration::from_secs(30))
        .pool_max_idle_per_host(1)
        .pool_idle_timeout(Duration::from_secs(90))
        .redirect(reqwest::redirect::Policy::limited(5))
        .referer(false)
        .tls_backend_preconfigured(tls);
    let environment = environment.clone();
    let proxy = proxy.unwrap_or_else(|| reqwest::Proxy::custom(move |url| environment.proxy(url).cloned()));
    builder.proxy(proxy).build().map_err(|e| unusable("cannot set up TLS", &e))
}

/// Whether the settings can be read; makes no client, which costs a look at all certificates of the system.
pub(crate) fn check(tls: &Tls, proxy: Option<&Proxy>) -> Result<(), GitError> {
    Settings::read(tls, proxy).map(drop)
}

fn unusable(what: &str, error: &dyn std::error::Error) -> GitError {
    GitError::Credentials(format!("{what}: {}", causes(error)))
}

/// The settings as the client takes them.
struct Settings {
    ca: Vec<CertificateDer<'static>>,
    identity: Option<Identity>,
    proxy: Option<reqwest::Proxy>,
}

impl Settings {
    fn read(tls: &Tls, proxy: Option<&Proxy>) -> Result<Self, GitError> {
        let ca = match &tls.ca {
            Some(pem) => authorities(pem.as_bytes()).map_err(|e| unusable("the CA certificate cannot be read", &e))?,
            None => Vec::new(),
        };
        let identity = match (&tls.certificate, &tls.private_key) {
            (Some(certificate), Some(key)) => {
                let identity = Identity::from_pem(certificate.as_bytes(), key.expose().as_bytes());
                Some(identity.map_err(|e| unusable("the client certificate cannot be read", &e))?)
            }
            _ => None,
        };
        let proxy = match proxy {
            Some(proxy) => {
                // Names are resolved behind the proxy, as Go has it; the library does so for `socks5h` only.
                let address = proxy.address.strip_prefix("socks5://").map(|rest| format!("socks5h://{rest}"));
                let all =
                    reqwest::Proxy::all(address.as_ref().unwrap_or(&proxy.address)).map_err(|e| unusable("invalid proxy address", &e))?;
                Some(match &proxy.username {
                    Some(user) => all.basic_auth(user, proxy.password.as_ref().map_or("", |p| p.expose())),
                    None => all,
                })
            }
            None => None,
        };
        Ok(Self { ca, identity, proxy })
    }
}

/// The `Authorization` header: what the credentials say, else the URL's userinfo (SRC-GIT-17).
fn authorization(auth: &Auth, url: &RemoteUrl) -> Result<Option<HeaderValue>, GitError> {
    use base64::Engine;
    let basic =
        |user: &str, password: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")));
    let text = match auth {
        Auth::Basic { username, password } => basic(username, password.expose()),
        Auth::Bearer(token) => format!("Bearer {}", token.expose()),
        Auth::Anonymous | Auth::Ssh(_) => match url.userinfo() {
            Some((user, password)) => basic(&user, &password),
            None => return Ok(None),
        },
    };
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| GitError::Credentials("the credentials hold characters that no HTTP header may".into()))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// Scheme, host and port.
type Authority = (String, Option<String>, Option<u16>);

fn authority(url: &Url) -> Authority {
    (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default())
}

/// gix's HTTP backend.
pub(crate) struct Backend {
    client: Client,
    authorization: Option<HeaderValue>,
    /// Whom the credentials are for.
    authority: Authority,
    guard: Guard,
    failure: Failure,
    /// Where the server has moved the repository to.
    moved: Option<String>,
}

impl Backend {
    pub(crate) fn new(client: Client, auth: &Auth, url: &RemoteUrl, guard: &Guard, failure: &Failure) -> Result<Self, GitError> {
        Ok(Self {
            client,
            authorization: authorization(auth, url)?,
            authority: authority(url.as_url()),
            guard: guard.clone(),
            failure: failure.clone(),
            moved: None,
        })
    }

    /// The headers of a request; credentials only for the host that they were given for, wherever the server has sent us
    /// (SRC-GIT-20).
    fn headers(&self, url: &str, lines: impl IntoIterator<Item = impl AsRef<str>>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            if let Some((name, value)) = line.as_ref().split_once(':')
                && let (Ok(name), Ok(value)) = (HeaderName::try_from(name.trim()), HeaderValue::try_from(value.trim()))
                && name != reqwest::header::USER_AGENT
            {
                headers.append(name, value);
            }
        }
        if let Some(value) = &self.authorization
            && Url::parse(url).is_ok_and(|u| authority(&u) == self.authority)
        {
            headers.insert(AUTHORIZATION, value.clone());
        }
        headers
    }

    fn exchange(&self, request: reqwest::RequestBuilder) -> Arc<Mutex<Exchange>> {
        let (guard, failure) = (self.guard.clone(), self.failure.clone());
        Arc::new(Mutex::new(Exchange { request: Some(request), body: Vec::new(), response: None, guard, failure }))
    }
}

impl Http for Backend {
    type Headers = HeaderLines;
    type ResponseBody = Body;
    type PostBody = RequestBody;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix_error::Result<GetResponse<HeaderLines, Body>> {
        let exchange = self.exchange(self.client.get(url).headers(self.headers(url, headers)));
        let final_url = with(&exchange, |e| e.response().map(|r| r.url().to_string())).map_err(gix_error::Error::from_error)?;
        // The tail names the service; a redirect that changes it leads somewhere else than to this repository.
        if final_url != url {
            let tail = url.strip_prefix(base_url).unwrap_or_default();
            match final_url.strip_suffix(tail) {
                Some(base) => self.moved = Some(base.to_owned()),
                None => {
                    let error = GitError::Protocol(format!(
                        "'{}' redirects to '{}', which is not a Git repository",
                        redact(url),
                        redact(&final_url)
                    ));
                    return Err(gix_error::Error::from_error(self.failure.leave(error)));
                }
            }
        }
        Ok(GetResponse { headers: HeaderLines::new(&exchange), body: Body { greeting: true, ..Body::new(&exchange) } })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix_error::Result<PostResponse<HeaderLines, Body, RequestBody>> {
        let exchange = self.exchange(self.client.post(url).headers(self.headers(url, headers)));
        Ok(PostResponse { post_body: RequestBody(Arc::clone(&exchange)), headers: HeaderLines::new(&exchange), body: Body::new(&exchange) })
    }

    fn configure(&mut self, _config: &dyn Any) -> gix_error::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.moved.clone()
    }
}

/// One request: sent when somebody first reads the answer, because only then its body is complete.
pub(crate) struct Exchange {
    request: Option<reqwest::RequestBuilder>,
    body: Vec<u8>,
    response: Option<Response>,
    guard: Guard,
    failure: Failure,
}

fn with<T>(exchange: &Arc<Mutex<Exchange>>, f: impl FnOnce(&mut Exchange) -> io::Result<T>) -> io::Result<T> {
    f(&mut exchange.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Exchange {
    fn response(&mut self) -> io::Result<&mut Response> {
        if let Some(mut request) = self.request.take() {
            if !self.body.is_empty() {
                request = request.body(std::mem::take(&mut self.body));
            }
            let sent = self.guard.block_on(request.send()).map_err(|e| self.failure.leave(e))?;
            let response = sent.map_err(|e| self.failure.leave(connection_error(e)))?;
            self.response = Some(check_status(response).map_err(|e| self.failure.leave(e))?);
        }
        self.response.as_mut().ok_or_else(|| io::Error::other("the request has failed"))
    }

    fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        let guard = self.guard.clone();
        let chunk = guard.block_on(self.response()?.chunk()).map_err(|e| self.failure.leave(e))?;
        chunk.map_err(|e| self.failure.leave(connection_error(e)))
    }
}

fn connection_error(error: reqwest::Error) -> GitError {
    let url = error.url().map(|u| redact(u.as_str())).unwrap_or_default();
    GitError::Connection { url, reason: causes(&error.without_url()) }
}

fn check_status(response: Response) -> Result<Response, GitError> {
    // Of the URL only the repository is of interest.
    let url = redact(response.url().as_str());
    let url = url.trim_end_matches("/info/refs").trim_end_matches("/git-upload-pack").to_owned();
    match response.status() {
        status if status.is_success() => Ok(response),
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            Err(GitError::Unauthorized { url, reason: format!("HTTP status {status}") })
        }
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(GitError::Unauthorized { url, reason: "the proxy wants credentials".into() }),
        StatusCode::NOT_FOUND => Err(GitError::RepositoryNotFound(url)),
        status => Err(GitError::Status { url, status: status.as_u16() }),
    }
}

/// The body of a request on its way.
pub(crate) struct RequestBody(Arc<Mutex<Exchange>>);

impl Write for RequestBody {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        with(&self.0, |e| {
            if e.body.len() + buf.len() > MAX_REQUEST {
                return Err(e.failure.leave(GitError::Limit { what: "the fetch request".into(), limit: MAX_REQUEST as u64 }));
            }
            e.body.extend_from_slice(buf);
            Ok(buf.len())
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The headers of an answer as `name: value` lines.
pub(crate) struct HeaderLines {
    exchange: Arc<Mutex<Exchange>>,
    lines: Option<io::Cursor<Vec<u8>>>,
}

impl HeaderLines {
    fn new(exchange: &Arc<Mutex<Exchange>>) -> Self {
        Self { exchange: Arc::clone(exchange), lines: None }
    }
}

impl BufRead for HeaderLines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let lines = match self.lines.take() {
            Some(lines) => lines,
            None => with(&self.exchange, |e| {
                let mut text = Vec::new();
                for (name, value) in e.response()?.headers() {
                    text.extend_from_slice(name.as_str().as_bytes());
                    text.push(b':');
                    text.extend_from_slice(value.as_bytes());
                    text.push(b'\n');
                }
                Ok(io::Cursor::new(text))
            })?,
        };
        self.lines.insert(lines).fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(lines) = &mut self.lines {
            lines.consume(amount);
        }
    }
}

impl Read for HeaderLines {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buf)
    }
}

/// The body of an answer, chunk by chunk as it comes.
pub(crate) struct Body {
    exchange: Arc<Mutex<Exchange>>,
    chunk: Bytes,
    ended: bool,
    /// Whether what comes next is the server's greeting.
    greeting: bool,
}

impl Body {
    fn new(exchange: &Arc<Mutex<Exchange>>) -> Self {
        Self { exchange: Arc::clone(exchange), chunk: Bytes::new(), ended: false, greeting: false }
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if std::mem::take(&mut self.greeting) {
            let mut head = Vec::new();
            while head.len() < GREETING && !self.ended {
                match with(&self.exchange, Exchange::chunk)? {
                    Some(chunk) => head.extend_from_slice(&chunk),
                    None => self.ended = true,
                }
            }
            self.chunk = drop_version_1(head).into();
        }
        while self.chunk.is_empty() && !self.ended {
            match with(&self.exchange, Exchange::chunk)? {
                Some(chunk) => self.chunk = chunk,
                None => self.ended = true,
            }
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, amount: usize) {
        let _ = self.chunk.split_to(amount.min(self.chunk.len()));
    }
}

impl Read for Body {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buf)
    }
}

/// `Read` in terms of `BufRead`.
pub(super) fn read_buffered(reader: &mut impl BufRead, buf: &mut [u8]) -> io::Result<usize> {
    let available = reader.fill_buf()?;
    let n = available.len().min(buf.len());
    buf[..n].copy_from_slice(&available[..n]);
    reader.consume(n);
    Ok(n)
}
