//! A CGI host for `git http-backend`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::TryStreamExt;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_util::io::{ReaderStream, StreamReader};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::repository::environment;

/// How the server behaves.
#[derive(Debug, Clone, Default)]
pub struct HttpOptions {
    /// The values that the `Authorization` header may have; without any, everybody is served. See [`HttpOptions::basic`]
    /// and [`HttpOptions::bearer`].
    pub authorizations: Vec<String>,
    /// The protocol version that the server answers in, whatever the client asks for.
    pub forced_protocol: Option<u8>,
    /// Settings of Git beyond its defaults, for example `("uploadpack.allowFilter", "true")`.
    pub settings: Vec<(String, String)>,
}

impl HttpOptions {
    /// Takes this user name and password.
    pub fn basic(mut self, username: &str, password: &str) -> Self {
        self.authorizations.push(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))));
        self
    }

    /// Takes this bearer token.
    pub fn bearer(mut self, token: &str) -> Self {
        self.authorizations.push(format!("Bearer {token}"));
        self
    }

    /// Answers in this protocol version, whatever the client asks for.
    pub fn protocol(mut self, version: u8) -> Self {
        self.forced_protocol = Some(version);
        self
    }

    /// Sets a setting of Git.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What serves the repositories, without a listener: put TLS or a proxy before its router.
#[derive(Debug, Clone)]
pub struct Backend(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    options: HttpOptions,
    requests: Mutex<Vec<String>>,
}

impl Backend {
    /// Serves the repositories below `root`.
    pub fn new(root: impl Into<PathBuf>, options: HttpOptions) -> Self {
        Self(Arc::new(Shared { root: root.into(), options, requests: Mutex::default() }))
    }

    /// Answers every path.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.0.clone())
    }

    /// The requests so far, as `GET /fleet.git/info/refs`.
    pub fn requests(&self) -> Vec<String> {
        self.0.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A running server; it ends when dropped.
#[derive(Debug)]
pub struct HttpServer {
    addr: SocketAddr,
    backend: Backend,
    _running: DropGuard,
}

impl HttpServer {
    /// Serves the repositories below `root` on a free port of loopback.
    pub async fn start(root: impl Into<PathBuf>, options: HttpOptions) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let backend = Backend::new(root, options);
        let router = backend.router();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped.cancelled_owned()).await });
        Ok(Self { addr, backend, _running: stop.drop_guard() })
    }

    /// The URL of a repository, for example `fleet.git`.
    pub fn url(&self, repository: &str) -> String {
        format!("http://{}/{repository}", self.addr)
    }

    /// The address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The requests so far, as `GET /fleet.git/info/refs`.
    pub fn requests(&self) -> Vec<String> {
        self.backend.requests()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let line = format!("{} {}", request.method(), request.uri().path());
    shared.requests.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    let given = text(request.headers(), "authorization");
    let accepted = &shared.options.authorizations;
    if !accepted.is_empty() && !accepted.contains(&given) {
        return plain(StatusCode::UNAUTHORIZED, "who are you?", Some(("www-authenticate", "Basic realm=\"git\"")));
    }
    backend(&shared, request).await.unwrap_or_else(|error| plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string(), None))
}

fn plain(status: StatusCode, text: &str, header: Option<(&'static str, &'static str)>) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, axum::http::HeaderValue::from_static(value));
    }
    response
}

/// One CGI call: the request's body streams in, the answer's body streams out.
async fn backend(shared: &Shared, request: Request<Body>) -> std::io::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let header = |name: &str| text(&parts.headers, name);
    let mut settings = vec![("uploadpack.allowAnySHA1InWant".to_owned(), "true".to_owned())];
    settings.extend(shared.options.settings.iter().cloned());
    let mut command = Command::new("git");
    command.arg("http-backend").env_clear().envs(environment(&settings));
    for (name, value) in [
        ("GIT_PROJECT_ROOT", shared.root.display().to_string()),
        ("GIT_HTTP_EXPORT_ALL", "1".to_owned()),
        ("PATH_INFO", parts.uri.path().to_owned()),
        ("QUERY_STRING", parts.uri.query().unwrap_or_default().to_owned()),
        ("REQUEST_METHOD", parts.method.to_string()),
        ("CONTENT_TYPE", header("content-type")),
        ("CONTENT_LENGTH", header("content-length")),
        ("HTTP_CONTENT_ENCODING", header("content-encoding")),
        ("REMOTE_ADDR", "127.0.0.1".to_owned()),
        ("REMOTE_USER", if shared.options.authorizations.is_empty() { "" } else { "someone" }.to_owned()),
        ("GIT_PROTOCOL", spoken_protocol(&header("git-protocol"), shared.options.forced_protocol)),
    ] {
        command.env(name, value);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else { return Err(std::io::Error::other("no pipes")) };
    let mut input = StreamReader::new(body.into_data_stream().map_err(std::io::Error::other));
    tokio::spawn(async move {
        // A backend that has heard enough closes the pipe; its answer tells what it thinks.
        let _ = tokio::io::copy(&mut input, &mut stdin).await;
    });
    let mut output = BufReader::new(stdout);
    let mut response = Response::builder();
    loop {
        let mut line = String::new();
        output.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        response = if name == "Status" { response.status(&value[..value.len().min(3)]) } else { response.header(name, value) };
    }
    let body = ReaderStream::new(output);
    // The child lives as long as its output is read.
    let body = futures::stream::unfold((body, child), |(mut body, child)| async move {
        body.try_next().await.transpose().map(|chunk| (chunk, (body, child)))
    });
    response.body(Body::from_stream(body)).map_err(std::io::Error::other)
}

/// The value of `GIT_PROTOCOL` when the client asks for `asked`.
pub fn spoken_protocol(asked: &str, forced: Option<u8>) -> String {
    forced.map_or_else(|| asked.to_owned(), |version| format!("version={version}"))
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}
