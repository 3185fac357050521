//! Why a request got no answer, in the words of Go's network library, which scripts look for.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::net::ToSocketAddrs;

use reqwest::Url;
use rustls::CertificateError;

use crate::template::os_error;

/// What went wrong on the way to `url`.
pub(super) fn failure(error: &reqwest::Error, url: &Url) -> String {
    let causes = || causes(error);
    if error.is_timeout() {
        return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)".to_owned();
    }
    if error.is_redirect() {
        return "stopped after 10 redirects".to_owned();
    }
    if let Some(text) = causes().find_map(certificate) {
        return text;
    }
    let system = causes().find_map(|cause| cause.downcast_ref::<io::Error>().filter(|e| e.raw_os_error().is_some()));
    match system {
        Some(system) if error.is_connect() => format!("dial tcp {}: connect: {}", address(url), os_error(system)),
        Some(system) => format!("read: {}", os_error(system)),
        None if url.host_str().is_none_or(str::is_empty) => "http: no Host in request URL".to_owned(),
        None if error.is_connect() && address(url).is_empty() => {
            let server = nameserver().map(|server| format!(" on {server}:53")).unwrap_or_default();
            format!("dial tcp: lookup {}{server}: no such host", url.host_str().unwrap_or_default())
        }
        _ if causes().any(|cause| cause.to_string().contains("connection closed before message completed")) => "EOF".to_owned(),
        _ => causes().fold(error.to_string(), |mut text, cause| {
            let _ = write!(text, ": {cause}");
            text
        }),
    }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

/// The server that is asked for names first.
fn nameserver() -> Option<String> {
    let file = std::fs::read_to_string("/etc/resolv.conf").ok()?;
    file.lines().find_map(|line| Some(line.strip_prefix("nameserver")?.trim().to_owned()))
}

/// What is wrong with the other side of an encrypted connection.
fn certificate(cause: &(dyn Error + 'static)) -> Option<String> {
    // An error of the encryption comes inside one of reading or writing.
    let mut cause = cause;
    while let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        cause = inner;
    }
    let why = match cause.downcast_ref::<rustls::Error>()? {
        // Other reasons are those for which one certificate is not good enough to vouch for another.
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_)) => {
            "certificate signed by unknown authority".to_owned()
        }
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { expected, presented }) => {
            let named = |name: &String| name.split_once('(').map_or(name.as_str(), |(_, name)| name.trim_end_matches(')')).replace('"', "");
            let presented: Vec<_> = presented.iter().map(named).collect();
            format!("certificate is valid for {}, not {}", presented.join(", "), expected.to_str())
        }
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "certificate has expired or is not yet valid".to_owned()
        }
        rustls::Error::InvalidMessage(_) => return Some("tls: first record does not look like a TLS handshake".to_owned()),
        _ => return None,
    };
    Some(format!("tls: failed to verify certificate: x509: {why}"))
}

/// The address that was dialled first; empty if the name has none.
fn address(url: &Url) -> String {
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let found = (host, port).to_socket_addrs().ok().and_then(|mut found| found.next());
    found.map_or_else(String::new, |address| address.to_string())
}
