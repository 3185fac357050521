//! Handshakes between a client as the crate makes it and a server of rustls, in memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use ferroflux_tls::{Identity, TlsError, Trust, authorities, client_config};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CertificateError, ClientConnection, ServerConfig, ServerConnection};

/// A server's certificate and key.
struct Shown {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// One that vouches for itself; `authority` marks it as `openssl req -x509` does.
fn own(authority: bool, change: impl FnOnce(&mut CertificateParams)) -> Shown {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    if authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap().der().clone();
    Shown { certificate, key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) }
}

/// What the client says to a server at `localhost` that shows this.
fn meet(shown: &Shown, trust: Trust) -> Result<(), rustls::Error> {
    let client = client_config(trust, None).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let server = server.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let server = server.with_single_cert(vec![shown.certificate.clone()], shown.key.clone_key()).unwrap();
    let mut client = ClientConnection::new(Arc::new(client), "localhost".try_into().unwrap()).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    while client.is_handshaking() {
        let mut buffer = Vec::new();
        client.write_tls(&mut buffer).unwrap();
        server.read_tls(&mut buffer.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        buffer.clear();
        server.write_tls(&mut buffer).unwrap();
        client.read_tls(&mut buffer.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}

fn refusal(shown: &Shown, trust: Trust) -> CertificateError {
    match meet(shown, trust) {
        Err(rustls::Error::InvalidCertificate(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// SRC-AUTH-01: the server's own certificate, given as the authority, is enough, whether it is marked as one or not.
#[test]
fn own_certificate() {
    for marked in [false, true] {
        let shown = own(marked, |_| {});
        for trust in [Trust::Only, Trust::System] {
            meet(&shown, trust(vec![shown.certificate.clone()])).unwrap_or_else(|e| panic!("marked {marked}: {e}"));
            let other = own(marked, |_| {});
            refusal(&shown, trust(vec![other.certificate]));
        }
        refusal(&shown, Trust::System(Vec::new()));
        meet(&shown, Trust::Anyone).unwrap();
    }
}

/// SRC-AUTH-01: what is given vouches for its own name, and as long as it says.
#[test]
fn names_and_times_count() {
    for marked in [false, true] {
        let elsewhere = own(marked, |params| params.subject_alt_names.clear());
        let why = refusal(&elsewhere, Trust::Only(vec![elsewhere.certificate.clone()]));
        assert!(matches!(why, CertificateError::NotValidForNameContext { .. }), "{why:?}");
        let expired = own(marked, |params| params.not_after = date_time_ymd(2001, 1, 1));
        let why = refusal(&expired, Trust::Only(vec![expired.certificate.clone()]));
        assert!(matches!(why, CertificateError::ExpiredContext { .. }), "{why:?}");
        let coming = own(marked, |params| params.not_before = date_time_ymd(3001, 1, 1));
        let why = refusal(&coming, Trust::System(vec![coming.certificate.clone()]));
        assert!(matches!(why, CertificateError::NotValidYetContext { .. }), "{why:?}");
    }
}

/// SRC-AUTH-01: an authority vouches for others, and those may not pass for one.
#[test]
fn vouching_for_others() {
    let mut params = CertificateParams::new(vec!["Test CA".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let root = authority.der().clone();
    let issue = |is_ca: IsCa| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = is_ca;
        let certificate = params.signed_by(&key, &authority).unwrap().der().clone();
        Shown { certificate, key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) }
    };
    meet(&issue(IsCa::NoCa), Trust::Only(vec![root.clone()])).unwrap();
    refusal(&issue(IsCa::Ca(BasicConstraints::Unconstrained)), Trust::Only(vec![root]));
}

/// SRC-AUTH-01: what cannot be read is told without showing it.
#[test]
fn broken_settings() {
    let found = |text: &str| authorities(text.as_bytes()).map(|all| all.len());
    let broken =
        ["-----BEGIN CERTIFICATE-----\n&&\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"];
    for text in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n", broken[0], broken[1]] {
        assert!(matches!(found(text), Err(TlsError::Missing("certificate"))), "{text}");
    }
    assert!(client_config(Trust::Only(vec![CertificateDer::from(b"no certificate".to_vec())]), None).is_err());

    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["client".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    assert_eq!(found(&format!("{}{certificate}{}{}{certificate}", key.serialize_pem(), broken[0], broken[1])).unwrap(), 2);
    let identity = |key: &str| Identity::from_pem(certificate.as_bytes(), key.as_bytes());
    assert!(matches!(identity(""), Err(TlsError::Missing("private key"))));
    assert!(matches!(Identity::from_pem(broken[0].as_bytes(), key.serialize_pem().as_bytes()), Err(TlsError::Broken { .. })));
    let trust = || Trust::System(Vec::new());
    client_config(trust(), Some(identity(&key.serialize_pem()).unwrap())).unwrap();
    let foreign = KeyPair::generate().unwrap().serialize_pem();
    let error = client_config(trust(), Some(identity(&foreign).unwrap())).unwrap_err().to_string();
    assert!(!error.contains("PRIVATE"), "{error}");
}
