//! TLS of a client: whom it trusts, and the certificate that it shows.
//!
//! [`client_config`] makes the configuration of Git and of downloads; the client of the API server has its own, and takes
//! the [`verifier`]. Both trust as `crypto/x509` of Go does, which Flux and Helm are built on, in one respect in which
//! rustls is stricter: a server may show the very certificate that was given as an authority, and `openssl req -x509` marks
//! what it makes as one.
//!
//! Deliberately absent: reading files or Secrets, and revocation, which the originals do not check either.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
pub use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

mod judge;

use judge::Judge;

/// Whose word is taken for a server's identity.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The authorities of the machine, and these; mostly none (SRC-AUTH-01: `ca.crt` is added to the system's).
    System(Vec<CertificateDer<'static>>),
    /// These alone (`--ca-file` of Helm, `certificate-authority` of a kubeconfig).
    Only(Vec<CertificateDer<'static>>),
    /// Nobody's: every server is who it says (`--insecure-skip-tls-verify`).
    Anyone,
}

/// What a client shows to a server that asks: its certificate, those that vouch for it, and the key.
#[derive(Debug)]
pub struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// The settings cannot be used. The texts tell neither certificates nor keys.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The text has no PEM block of this kind.
    #[error("no PEM {0} found")]
    Missing(&'static str),
    /// A block that cannot be read.
    #[error("the PEM {what} is broken: {source}")]
    Broken {
        /// What it should hold.
        what: &'static str,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// An authority, a certificate or a key of a form that is not supported, or a key that is not the certificate's.
    #[error(transparent)]
    Unusable(#[from] rustls::Error),
}

/// The certificates of a PEM text that can vouch for servers, at least one. What else the text holds, and what is broken, is
/// passed over, as Go does: bundles are put together from many hands.
///
/// # Errors
/// There is none.
pub fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_slice_iter(pem).flatten();
    let found: Vec<_> = found.filter(|certificate| webpki::anchor_from_trusted_cert(certificate).is_ok()).collect();
    if found.is_empty() { Err(TlsError::Missing("certificate")) } else { Ok(found) }
}

impl Identity {
    /// From PEM texts.
    ///
    /// # Errors
    /// One of them has nothing of its kind, or is broken.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            rustls::pki_types::pem::Error::NoItemsFound => TlsError::Missing("private key"),
            source => TlsError::Broken { what: "private key", source },
        })?;
        let broken = |source| TlsError::Broken { what: "certificate", source };
        let certificates = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>().map_err(broken)?;
        if certificates.is_empty() { Err(TlsError::Missing("certificate")) } else { Ok(Self { certificates, key }) }
    }
}

/// The configuration of a client that speaks HTTP/1.1, which it offers to the server (ALPN).
///
/// # Errors
/// An authority, or the identity, cannot be used.
pub fn client_config(trust: Trust, identity: Option<Identity>) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier(trust)?);
    let mut config = match identity {
        Some(Identity { certificates, key }) => builder.with_client_auth_cert(certificates, key)?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Judges servers. One that shows exactly a given certificate is believed if that is made for its name and valid now, also
/// if the certificate is an authority's: Go takes it for a chain of one.
///
/// # Errors
/// An authority cannot be used.
pub fn verifier(trust: Trust) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let provider = provider();
    let signatures = provider.signature_verification_algorithms;
    let (given, authorities): (_, Option<Arc<dyn ServerCertVerifier>>) = match trust {
        Trust::Anyone => (Vec::new(), None),
        Trust::System(more) => (more.clone(), Some(Arc::new(Verifier::new_with_extra_roots(more, provider)?))),
        Trust::Only(these) => {
            let mut roots = RootCertStore::empty();
            for certificate in &these {
                roots.add(certificate.clone())?;
            }
            let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
            (these, Some(verifier.map_err(|e| rustls::Error::General(e.to_string()))?))
        }
    };
    Ok(Arc::new(Judge { authorities, given, signatures }))
}

/// The cryptography of the process, or the one that this project is built with.
fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()))
}
