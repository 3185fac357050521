//! Requests and their answers.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED,
    RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, response};
use axum::response::Response;
use bytes::Bytes;
use ferroflux_artifact::storage::{ArtifactPath, Storage};
use futures::{Stream, StreamExt, stream};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::http_date;
use super::range::{self, Span, Wanted};

/// How much is read from disk at once for each download.
const CHUNK: usize = 128 * 1024;
/// Separates the parts of an answer to several ranges; artifacts are compressed, so they do not hold it by accident.
const BOUNDARY: &str = "ferroflux-artifact-range";

pub(super) fn router(storage: Arc<Storage>) -> Router {
    Router::new().fallback(handle).with_state(storage)
}

async fn handle(State(storage): State<Arc<Storage>>, request: Request) -> Response {
    let head = request.method() == Method::HEAD;
    if !head && request.method() != Method::GET {
        let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    let path = request.uri().path();
    if path == "/" {
        return text(StatusCode::OK, "");
    }
    // Artifact names need no escape but the colon's; whatever else is escaped is not ours.
    let path = path.trim_start_matches('/').replace("%3A", ":").replace("%3a", ":");
    let Ok(path) = ArtifactPath::parse(&path) else { return not_found() };
    match Target::open(&storage, &path).await {
        Ok(Some(target)) => target.answer(request.headers(), head).await.unwrap_or_else(|error| unreadable(&path, &error)),
        Ok(None) => not_found(),
        Err(error) => unreadable(&path, &error),
    }
}

fn not_found() -> Response {
    text(StatusCode::NOT_FOUND, "404 page not found\n")
}

fn unreadable(path: &ArtifactPath, error: &io::Error) -> Response {
    tracing::error!(%error, %path, "cannot serve the artifact");
    text(StatusCode::INTERNAL_SERVER_ERROR, "cannot read the artifact\n")
}

fn text(status: StatusCode, body: &'static str) -> Response {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

/// An artifact that is there.
struct Target {
    file: File,
    size: u64,
    modified: SystemTime,
    etag: Option<String>,
    content_type: &'static str,
}

impl Target {
    /// `None` if there is no such artifact.
    async fn open(storage: &Arc<Storage>, path: &ArtifactPath) -> io::Result<Option<Self>> {
        let (storage, path) = (Arc::clone(storage), path.clone());
        let open = move || -> io::Result<Option<Self>> {
            let Some((local, meta)) = resolve(&storage.local_path(&path)) else { return Ok(None) };
            let file = match std::fs::File::open(&local) {
                Ok(file) => file,
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(e) => return Err(e),
            };
            let real =
                local.file_name().and_then(|n| n.to_str()).and_then(|n| ArtifactPath::parse(&format!("{}/{n}", path.directory())).ok());
            Ok(Some(Self {
                size: meta.len(),
                modified: http_date::whole_seconds(meta.modified()?),
                etag: real.and_then(|real| storage.known_digest(&real)).map(|d| format!("\"{d}\"")),
                content_type: content_type(&local),
                file: File::from_std(file),
            }))
        };
        tokio::task::spawn_blocking(open).await.map_err(io::Error::other)?
    }

    async fn answer(self, request: &HeaderMap, head: bool) -> io::Result<Response> {
        let answer = self.headers(Response::builder());
        if self.is_unchanged(request) {
            return finish(answer.status(StatusCode::NOT_MODIFIED), Body::empty());
        }
        let wanted = header(request, RANGE).filter(|_| self.range_applies(request)).map_or(Wanted::Whole, |r| range::parse(r, self.size));
        match wanted {
            Wanted::Whole => {
                let answer = answer.header(CONTENT_TYPE, self.content_type).header(CONTENT_LENGTH, self.size);
                let span = Span { start: 0, len: self.size };
                finish(answer, if head { Body::empty() } else { Body::from_stream(read(self.file, span).await?) })
            }
            Wanted::Unsatisfiable => {
                let answer = answer.status(StatusCode::RANGE_NOT_SATISFIABLE).header(CONTENT_RANGE, format!("bytes */{}", self.size));
                finish(answer.header(CONTENT_TYPE, "text/plain; charset=utf-8"), Body::from("invalid range\n"))
            }
            Wanted::Spans(spans) => match spans[..] {
                [span] => {
                    let answer = answer.status(StatusCode::PARTIAL_CONTENT).header(CONTENT_TYPE, self.content_type);
                    let answer = answer.header(CONTENT_RANGE, content_range(span, self.size)).header(CONTENT_LENGTH, span.len);
                    finish(answer, if head { Body::empty() } else { Body::from_stream(read(self.file, span).await?) })
                }
                _ => self.several(answer, spans, head).await,
            },
        }
    }

    /// The headers of every answer.
    fn headers(&self, answer: response::Builder) -> response::Builder {
        let answer = answer.header(LAST_MODIFIED, http_date::format(self.modified)).header(ACCEPT_RANGES, "bytes");
        match &self.etag {
            Some(etag) => answer.header(ETAG, etag),
            None => answer,
        }
    }

    /// If-None-Match decides if it is there, else If-Modified-Since.
    fn is_unchanged(&self, request: &HeaderMap) -> bool {
        if let Some(tags) = header(request, IF_NONE_MATCH) {
            return tags.trim() == "*" || tags.split(',').any(|tag| Some(tag.trim().trim_start_matches("W/")) == self.etag.as_deref());
        }
        header(request, IF_MODIFIED_SINCE).and_then(http_date::parse).is_some_and(|since| self.modified <= since)
    }

    /// Whether a range may be answered as such: If-Range names the file that we have, or is absent.
    fn range_applies(&self, request: &HeaderMap) -> bool {
        header(request, IF_RANGE).is_none_or(|validator| match validator.trim() {
            tag if tag.starts_with('"') => Some(tag) == self.etag.as_deref(),
            date => http_date::parse(date) == Some(self.modified),
        })
    }

    /// `multipart/byteranges`: the parts are read one after the other.
    async fn several(self, answer: response::Builder, spans: Vec<Span>, head: bool) -> io::Result<Response> {
        let part = |span: Span| {
            Bytes::from(format!(
                "\r\n--{BOUNDARY}\r\nContent-Range: {}\r\nContent-Type: {}\r\n\r\n",
                content_range(span, self.size),
                self.content_type
            ))
        };
        let end = Bytes::from(format!("\r\n--{BOUNDARY}--\r\n"));
        let parts: Vec<(Bytes, Span)> = spans.into_iter().map(|span| (part(span), span)).collect();
        let length: u64 = parts.iter().map(|(head, span)| head.len() as u64 + span.len).sum::<u64>() + end.len() as u64;
        let answer = answer
            .status(StatusCode::PARTIAL_CONTENT)
            .header(CONTENT_TYPE, format!("multipart/byteranges; boundary={BOUNDARY}"))
            .header(CONTENT_LENGTH, length);
        if head {
            return finish(answer, Body::empty());
        }
        let mut bodies = Vec::new();
        for (head, span) in parts {
            bodies.push(stream::iter([Ok(head)]).chain(read(self.file.try_clone().await?, span).await?));
        }
        // Clones of a file share its position, so each part seeks when its turn comes.
        finish(answer, Body::from_stream(stream::iter(bodies).flatten().chain(stream::iter([Ok(end)]))))
    }
}

/// The span as a stream that seeks on its first poll and holds one chunk.
async fn read(file: File, span: Span) -> io::Result<impl Stream<Item = io::Result<Bytes>>> {
    let open = async move {
        let mut file = file;
        file.seek(io::SeekFrom::Start(span.start)).await?;
        Ok::<_, io::Error>(ReaderStream::with_capacity(file.take(span.len), CHUNK))
    };
    Ok(stream::once(open).flat_map(|opened| match opened {
        Ok(stream) => stream.left_stream(),
        Err(e) => stream::iter([Err(e)]).right_stream(),
    }))
}

fn finish(answer: response::Builder, body: Body) -> io::Result<Response> {
    answer.body(body).map_err(io::Error::other)
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn content_range(span: Span, size: u64) -> String {
    format!("bytes {}-{}/{size}", span.start, span.start + span.len - 1)
}

/// The regular file behind the path: itself, or what a link beside it points to.
fn resolve(path: &Path) -> Option<(PathBuf, Metadata)> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    if meta.is_file() {
        return Some((path.to_path_buf(), meta));
    }
    let target = std::fs::read_link(path).ok()?;
    let target = target.to_str().filter(|t| !t.contains('/') && *t != "..")?;
    let path = path.with_file_name(target);
    let meta = std::fs::symlink_metadata(&path).ok()?;
    meta.is_file().then_some((path, meta))
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|e| e.to_str()) {
        Some("gz" | "tgz") => "application/gzip",
        Some("yaml") => "text/yaml; charset=utf-8",
        _ => "application/octet-stream",
    }
}
