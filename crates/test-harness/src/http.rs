//! `git http-backend` behind a small CGI server.

use std::io::{Error, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use futures::StreamExt;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_util::io::ReaderStream;

use crate::repository::environment;

/// How the server behaves.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Demands `Authorization: Basic` with this user and password.
    pub basic: Option<(String, String)>,
    /// Demands `Authorization: Bearer` with this token.
    pub bearer: Option<String>,
    /// Does not pass the client's wish for a protocol version on, so that the server speaks version 0.
    pub protocol_v0: bool,
    /// HTTPS with a certificate for `127.0.0.1` and `localhost` of an authority of its own.
    pub tls: bool,
    /// With TLS: demands a certificate of the same authority from clients.
    pub client_certificate: bool,
    /// Address to listen on; a free port of loopback if not set.
    pub listen: Option<SocketAddr>,
}

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    requests: Arc<AtomicUsize>,
    pki: Option<Pki>,
    task: JoinHandle<()>,
}

/// PEM texts of a server with TLS.
#[derive(Debug, Clone)]
pub struct Pki {
    /// The authority's certificate.
    pub ca: String,
    /// A certificate for clients.
    pub client_certificate: String,
    /// Its key.
    pub client_key: String,
    certificate: String,
    key: String,
}

impl Server {
    /// The address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of the repository `<name>.git`.
    pub fn url(&self, name: &str) -> String {
        format!("{}://{}/{name}.git", if self.pki.is_some() { "https" } else { "http" }, self.addr)
    }

    /// Requests served so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// The certificates, with TLS.
    pub fn pki(&self) -> Option<&Pki> {
        self.pki.as_ref()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Backend {
    root: PathBuf,
    options: Options,
    requests: Arc<AtomicUsize>,
}

/// Offers the repositories below `root`.
pub async fn serve(root: &Path, options: Options) -> Result<Server> {
    let listener = TcpListener::bind(options.listen.unwrap_or_else(|| ([127, 0, 0, 1], 0).into())).await?;
    let addr = listener.local_addr()?;
    let requests = Arc::new(AtomicUsize::new(0));
    let pki = if options.tls { Some(Pki::new().map_err(Error::other)?) } else { None };
    let acceptor = pki.as_ref().map(|p| p.acceptor(options.client_certificate)).transpose()?;
    let backend = Arc::new(Backend { root: root.to_path_buf(), options, requests: Arc::clone(&requests) });
    let router = Router::new().fallback(handle).with_state(backend);
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (service, acceptor) = (TowerToHyperService::new(router.clone()), acceptor.clone());
            tokio::spawn(async move {
                let http = hyper::server::conn::http1::Builder::new();
                match acceptor {
                    None => drop(http.serve_connection(TokioIo::new(stream), service).await),
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            drop(http.serve_connection(TokioIo::new(stream), service).await);
                        }
                    }
                }
            });
        }
    });
    Ok(Server { addr, requests, pki, task })
}

impl Pki {
    fn new() -> std::result::Result<Self, rcgen::Error> {
        let mut authority = CertificateParams::new(vec!["Test CA".to_owned()])?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let issue = |names: &[&str], usage| -> std::result::Result<(String, String), rcgen::Error> {
            let key = KeyPair::generate()?;
            let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())?;
            params.extended_key_usages = vec![usage];
            Ok((params.signed_by(&key, &authority)?.pem(), key.serialize_pem()))
        };
        let (certificate, key) = issue(&["localhost", "127.0.0.1"], ExtendedKeyUsagePurpose::ServerAuth)?;
        let (client_certificate, client_key) = issue(&["client"], ExtendedKeyUsagePurpose::ClientAuth)?;
        Ok(Self { ca: authority.pem(), client_certificate, client_key, certificate, key })
    }

    fn acceptor(&self, demand: bool) -> Result<tokio_rustls::TlsAcceptor> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let certificates = |pem: &str| {
            rustls::pki_types::CertificateDer::pem_slice_iter(pem.as_bytes())
                .collect::<std::result::Result<Vec<_>, _>>()
                .map_err(Error::other)
        };
        let builder = rustls::ServerConfig::builder();
        let builder = if demand {
            let mut roots = rustls::RootCertStore::empty();
            for certificate in certificates(&self.ca)? {
                roots.add(certificate).map_err(Error::other)?;
            }
            let verifier = rustls::server::WebPkiClientVerifier::builder(Arc::new(roots)).build().map_err(Error::other)?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(Error::other)?;
        let config = builder.with_single_cert(certificates(&self.certificate)?, key).map_err(Error::other)?;
        Ok(Arc::new(config).into())
    }
}

async fn handle(State(backend): State<Arc<Backend>>, request: Request) -> Response {
    backend.requests.fetch_add(1, Ordering::SeqCst);
    if !backend.admits(&request) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")], "").into_response();
    }
    match backend.run(request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

impl Backend {
    fn admits(&self, request: &Request) -> bool {
        let given = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let basic = self
            .options
            .basic
            .as_ref()
            .map(|(u, p)| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{u}:{p}"))));
        let bearer = self.options.bearer.as_ref().map(|t| format!("Bearer {t}"));
        match (basic, bearer) {
            (None, None) => true,
            (basic, bearer) => given.is_some() && (given == basic.as_deref() || given == bearer.as_deref()),
        }
    }

    async fn run(&self, request: Request) -> Result<Response> {
        let (request, body) = request.into_parts();
        let text = |name| request.headers.get(name).and_then(|v: &axum::http::HeaderValue| v.to_str().ok()).unwrap_or_default().to_owned();
        let mut command = Command::new("git");
        command.arg("http-backend").env_clear().envs(environment());
        command
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("PATH_INFO", request.uri.path())
            .env("QUERY_STRING", request.uri.query().unwrap_or_default())
            .env("REQUEST_METHOD", request.method.as_str())
            .env("CONTENT_TYPE", text("content-type"))
            .env("HTTP_CONTENT_ENCODING", text("content-encoding"))
            .env("REMOTE_ADDR", "127.0.0.1")
            .env("REMOTE_USER", "test");
        if !self.options.protocol_v0 {
            command.env("GIT_PROTOCOL", text("git-protocol"));
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else { return Err(Error::other("no pipes")) };
        tokio::spawn(async move {
            let mut body = body.into_data_stream();
            while let Some(Ok(chunk)) = body.next().await {
                if stdin.write_all(&chunk).await.is_err() {
                    break;
                }
            }
        });
        let mut reader = BufReader::new(stdout);
        let mut response = Response::builder();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).await? == 0 {
                return Err(Error::other("git http-backend ended before its answer"));
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            if name.eq_ignore_ascii_case("status") {
                response = response.status(value.split(' ').next().unwrap_or("500"));
            } else {
                response = response.header(name, value);
            }
        }
        // The child lives until its output is read.
        let stream = ReaderStream::new(reader.take(u64::MAX)).map(move |chunk| {
            let _ = &child;
            chunk
        });
        response.body(Body::from_stream(stream)).map_err(Error::other)
    }
}
