//! Files over http and https. The runtime for the network is started when the first one is asked for.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use ferroflux_proxy_environment::ProxyEnvironment;
use ferroflux_tls::{Identity, TlsError, Trust, authorities, client_config};
use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};

mod failure;

use super::os_error;
use failure::failure;

/// The longest that a file may take.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The largest file that is taken: the limit of an unpacked chart.
const MAX_BYTES: usize = 100 << 20;

/// What a server asks for, and how its certificate is checked.
#[derive(Clone, Default)]
pub(super) struct Access {
    /// The user and password of basic authentication; none without a user.
    pub(super) username: String,
    pub(super) password: String,
    /// The client's certificate and key, PEM.
    pub(super) certificate: Option<(PathBuf, PathBuf)>,
    /// Authorities to trust in the place of those of the system, PEM.
    pub(super) ca: Option<PathBuf>,
    /// Take any certificate.
    pub(super) insecure: bool,
}

impl Access {
    /// What authorizes a download from `address`, which the index of `repository` names: a password for the repository is
    /// for its host alone, unless it was said to be for `everywhere`.
    pub(super) fn toward(mut self, address: &str, repository: &str, everywhere: bool) -> Self {
        if !everywhere && origin(address) != origin(repository) {
            (self.username, self.password) = (String::new(), String::new());
        }
        self
    }
}

/// Scheme, host and port of an address.
fn origin(address: &str) -> Option<(String, Option<String>, Option<u16>)> {
    let url = Url::parse(address).ok()?;
    Some((url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default()))
}

/// The answer of a server, whatever its status.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// The network.
#[derive(Debug, Default)]
pub(super) struct Downloads(OnceLock<tokio::runtime::Runtime>);

impl Downloads {
    /// The file at `address`. The error names the address without its password.
    pub(super) fn get(&self, address: &str, access: &Access) -> Result<Vec<u8>> {
        let answer = self.ask(address, access, HeaderMap::new())?;
        ensure!(answer.status == 200, "failed to fetch {} : {}", shown(address), status_line(answer.status));
        Ok(answer.body)
    }

    /// What the server says to a GET with these headers. Another host that it sends to does not see what authorizes.
    pub(super) fn ask(&self, address: &str, access: &Access, headers: HeaderMap) -> Result<Answer> {
        let url = Url::parse(address).with_context(|| format!("address {:?}", shown(address)))?;
        let client = client(access)?;
        let mut request = client.get(url.clone()).headers(headers);
        if !access.username.is_empty() {
            request = request.basic_auth(&access.username, Some(&access.password));
        }
        let failed = |error: reqwest::Error| anyhow!("Get {:?}: {}", hidden(address, "***"), failure(&error.without_url(), &url));
        let cut = |error: reqwest::Error| if error.is_timeout() { failed(error) } else { anyhow!("unexpected EOF") };
        self.runtime()?.block_on(async {
            let mut response = request.send().await.map_err(failed)?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(cut)? {
                ensure!(body.len() + chunk.len() <= MAX_BYTES, "{} has more than {} MiB", shown(address), MAX_BYTES >> 20);
                body.extend_from_slice(&chunk);
            }
            Ok(Answer { status, headers, body })
        })
    }

    fn runtime(&self) -> Result<&tokio::runtime::Runtime> {
        if let Some(runtime) = self.0.get() {
            return Ok(runtime);
        }
        // Fails only if a provider is set already, which then does as well.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the network")?;
        Ok(self.0.get_or_init(|| runtime))
    }
}

fn client(access: &Access) -> Result<reqwest::Client> {
    let environment = ProxyEnvironment::from_env();
    let proxy = reqwest::Proxy::custom(move |url| environment.proxy(url).cloned());
    let agent = concat!("ferroflux/", env!("CARGO_PKG_VERSION"));
    let builder = reqwest::Client::builder().timeout(TIMEOUT).proxy(proxy).user_agent(agent);
    Ok(builder.tls_backend_preconfigured(tls(access)?).build()?)
}

/// A file of authorities stands in the place of the system's, as with Helm.
pub(super) fn tls(access: &Access) -> Result<rustls::ClientConfig> {
    read_tls(access).context("can't create TLS config for client")
}

fn read_tls(access: &Access) -> Result<rustls::ClientConfig> {
    let read = |path: &Path, what: &str| {
        std::fs::read(path).map_err(|error| {
            let verb = if error.kind() == ErrorKind::IsADirectory { "read" } else { "open" };
            anyhow!("{what}: {path:?}: {verb} {}: {}", path.display(), os_error(&error))
        })
    };
    let identity = match &access.certificate {
        Some((certificate, key)) => {
            let (certificate, key) = (read(certificate, "unable to read cert file")?, read(key, "unable to read key file")?);
            Some(Identity::from_pem(&certificate, &key).context("unable to load cert from key pair")?)
        }
        None => None,
    };
    let mut trust = match &access.ca {
        Some(path) => Trust::Only(
            authorities(&read(path, "can't read CA file")?).map_err(|_| anyhow!("failed to append certificates from pem block"))?,
        ),
        None => Trust::System(Vec::new()),
    };
    if access.insecure {
        trust = Trust::Anyone;
    }
    client_config(trust, identity).map_err(|error| match error {
        TlsError::Unusable(rustls::Error::InconsistentKeys(_)) => {
            anyhow!("unable to load cert from key pair: tls: private key does not match public key")
        }
        other => other.into(),
    })
}

/// An address as it may be shown.
pub(super) fn shown(address: &str) -> String {
    hidden(address, "xxxxx")
}

/// An address with `stars` in the place of its password.
fn hidden(address: &str, stars: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) if url.password().is_some() => {
            let _ = url.set_password(Some(stars));
            url.to_string()
        }
        _ => address.to_owned(),
    }
}

/// The name of a status of HTTP.
pub(super) fn reason(status: u16) -> Option<&'static str> {
    StatusCode::from_u16(status).ok()?.canonical_reason()
}

/// A status of HTTP in words.
pub(super) fn status_line(status: u16) -> String {
    match reason(status) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}
