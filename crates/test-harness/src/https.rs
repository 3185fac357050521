//! Git over HTTPS, under an authority of its own.

use std::io::{Error, Result};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use ferroflux_git_server::{Backend, HttpOptions};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What the certificates are for.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    backend: Backend,
    pki: Pki,
    task: JoinHandle<()>,
}

/// Whose certificate a server shows, and whether it asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificates {
    /// It shows one that an authority issued.
    Issued,
    /// It shows one that an authority issued, and clients must show another.
    Mutual,
    /// It shows that of the authority itself, as after `openssl req -x509`.
    Own,
}

/// PEM texts of a server.
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
    /// The URL of a repository, for example `fleet.git`.
    pub fn url(&self, repository: &str) -> String {
        format!("https://{}/{repository}", self.addr)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.backend.requests()
    }

    /// The certificates.
    pub fn pki(&self) -> &Pki {
        &self.pki
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves the repositories below `root` with a certificate for `127.0.0.1` and `localhost`.
pub async fn serve(root: &Path, options: HttpOptions, certificates: Certificates) -> Result<Server> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let pki = Pki::new(certificates).map_err(Error::other)?;
    let acceptor = pki.acceptor(certificates == Certificates::Mutual)?;
    let backend = Backend::new(root, options);
    let router = backend.router();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (service, acceptor) = (TowerToHyperService::new(router.clone()), acceptor.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
                }
            });
        }
    });
    Ok(Server { addr, backend, pki, task })
}

impl Pki {
    fn new(certificates: Certificates) -> std::result::Result<Self, rcgen::Error> {
        let mut authority = CertificateParams::new(NAMES.map(str::to_owned))?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let issue = |names: &[&str], usage| -> std::result::Result<(String, String), rcgen::Error> {
            let key = KeyPair::generate()?;
            let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())?;
            params.extended_key_usages = vec![usage];
            Ok((params.signed_by(&key, &authority)?.pem(), key.serialize_pem()))
        };
        let (certificate, key) = match certificates {
            Certificates::Issued | Certificates::Mutual => issue(&NAMES, ExtendedKeyUsagePurpose::ServerAuth)?,
            Certificates::Own => (authority.pem(), authority.key().serialize_pem()),
        };
        let (client_certificate, client_key) = issue(&["client"], ExtendedKeyUsagePurpose::ClientAuth)?;
        Ok(Self { ca: authority.pem(), client_certificate, client_key, certificate, key })
    }

    /// Accepts TLS; `demand` a certificate of the same authority from clients.
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
