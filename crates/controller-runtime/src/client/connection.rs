//! Connections to the API server: TCP with keep-alive, through a proxy where the configuration names one, TLS.

use std::time::Duration;

use ferroflux_tls::{CertificateDer, Trust, verifier};
use http::{HeaderValue, Uri};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use kube::Config;
use kube::client::ConfigExt;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// After so long without a byte the kernel asks whether the other end is there …
const IDLE: Duration = Duration::from_secs(30);
/// … this often …
const PROBE_INTERVAL: Duration = Duration::from_secs(10);
/// … and gives the connection up after so many questions without an answer (RT-94).
const PROBES: u32 = 3;

/// A plain connection.
pub(super) fn tcp() -> HttpConnector {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    http.set_keepalive(Some(IDLE));
    http.set_keepalive_interval(Some(PROBE_INTERVAL));
    http.set_keepalive_retries(Some(PROBES));
    http.set_nodelay(true);
    http
}

/// Through a proxy that speaks HTTP; the connection to the proxy itself is `inner`.
pub(super) fn tunnel<C>(proxy: &Uri, inner: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.clone(), inner);
    match login(proxy) {
        Some((user, password)) => tunnel.with_auth(basic(&user, &password)),
        None => tunnel,
    }
}

/// Through a proxy that speaks SOCKS5.
pub(super) fn socks<C>(proxy: &Uri, inner: C) -> SocksV5<C> {
    let socks = SocksV5::new(proxy.clone(), inner);
    match login(proxy) {
        Some((user, password)) => socks.with_auth(user, password),
        None => socks,
    }
}

/// TLS over `inner`, as the configuration says; HTTP/2 where the server has it and `http2` is set.
pub(super) fn tls<C>(config: &Config, inner: C, http2: bool) -> kube::Result<HttpsConnector<C>> {
    let mut tls = config.rustls_client_config()?;
    // Those of a pod stand in a file that the library reads again when they change.
    if let (Some(authorities), None, false) = (&config.root_cert, &config.root_cert_file, config.accept_invalid_certs) {
        let authorities = authorities.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let verifier = verifier(Trust::Only(authorities)).map_err(|e| kube::Error::Service(e.into()))?;
        tls.dangerous().set_certificate_verifier(verifier);
    }
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    if let Some(name) = &config.tls_server_name {
        let name = name.clone().try_into().map_err(|e| kube::Error::Service(format!("tls-server-name {name:?}: {e}").into()))?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    Ok(if http2 { builder.enable_all_versions().wrap_connector(inner) } else { builder.enable_http1().wrap_connector(inner) })
}

/// User and password of a proxy's URL.
fn login(proxy: &Uri) -> Option<(String, String)> {
    let url = url::Url::parse(&proxy.to_string()).ok()?;
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    (!url.username().is_empty()).then(|| (decoded(url.username()), decoded(url.password().unwrap_or_default())))
}

fn basic(user: &str, password: &str) -> HeaderValue {
    use base64::Engine;
    let text = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")));
    // Base64 is always a header value; without one the proxy says that it wants a login.
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}
