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

/// How the server behaves.
#[derive(Debug, Clone, Default)]
pub struct HttpOptions {
    /// The value that the `Authorization` header must have; see [`HttpOptions::basic`] and [`HttpOptions::bearer`].
    pub authorization: Option<String>,
    /// Answer as an old server does, whatever version the client asks for.
    pub ignore_protocol_version: bool,
}

impl HttpOptions {
    /// Demands a user name and password.
    pub fn basic(username: &str, password: &str) -> Self {
        Self { authorization: Some(format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))), ..Self::default() }
    }

    /// Demands a bearer token.
    pub fn bearer(token: &str) -> Self {
        Self { authorization: Some(format!("Bearer {token}")), ..Self::default() }
    }
}

/// A running server; it ends when dropped.
#[derive(Debug)]
pub struct HttpServer {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _running: DropGuard,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    options: HttpOptions,
    requests: Mutex<Vec<String>>,
}

impl HttpServer {
    /// Serves the repositories below `root` on a free port of loopback.
    pub async fn start(root: impl Into<PathBuf>, options: HttpOptions) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared { root: root.into(), options, requests: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped.cancelled_owned()).await });
        Ok(Self { addr, shared, _running: stop.drop_guard() })
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
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let line = format!("{} {}", request.method(), request.uri().path());
    shared.requests.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    let given = request.headers().get("authorization").and_then(|v| v.to_str().ok());
    if shared.options.authorization.is_some() && shared.options.authorization.as_deref() != given {
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
    let mut command = Command::new("git");
    command.arg("http-backend").env_clear();
    for (name, value) in [
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("GIT_PROJECT_ROOT", shared.root.display().to_string()),
        ("GIT_HTTP_EXPORT_ALL", "1".to_owned()),
        // Repositories made by the test's user are safe whoever runs the server.
        ("GIT_CONFIG_COUNT", "2".to_owned()),
        ("GIT_CONFIG_KEY_0", "safe.directory".to_owned()),
        ("GIT_CONFIG_VALUE_0", "*".to_owned()),
        ("GIT_CONFIG_KEY_1", "uploadpack.allowAnySHA1InWant".to_owned()),
        ("GIT_CONFIG_VALUE_1", "true".to_owned()),
        ("PATH_INFO", parts.uri.path().to_owned()),
        ("QUERY_STRING", parts.uri.query().unwrap_or_default().to_owned()),
        ("REQUEST_METHOD", parts.method.to_string()),
        ("CONTENT_TYPE", header("content-type")),
        ("CONTENT_LENGTH", header("content-length")),
        ("HTTP_CONTENT_ENCODING", header("content-encoding")),
        ("REMOTE_ADDR", "127.0.0.1".to_owned()),
        ("REMOTE_USER", if shared.options.authorization.is_some() { "someone" } else { "" }.to_owned()),
    ] {
        command.env(name, value);
    }
    if !shared.options.ignore_protocol_version {
        command.env("GIT_PROTOCOL", header("git-protocol"));
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

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}
