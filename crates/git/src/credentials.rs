//! What opens a remote.

use std::fmt;
use std::hash::{Hash, Hasher};

use url::Url;

use crate::KnownHosts;
use crate::remote_url::decode;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the request that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// How to log in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Auth {
    /// Not at all.
    #[default]
    Anonymous,
    /// HTTP basic authentication.
    Basic {
        /// User name.
        username: String,
        /// Password or token.
        password: Secret,
    },
    /// `Authorization: Bearer`.
    Bearer(Secret),
    /// An SSH key.
    Ssh(Box<SshIdentity>),
}

/// A key and the hosts to use it with.
#[derive(Debug, Clone)]
pub struct SshIdentity {
    /// User name for URLs that have none; `git` by convention.
    pub user: String,
    /// Private key in OpenSSH, PKCS#8 or PKCS#1 PEM.
    pub private_key: Secret,
    /// Its passphrase.
    pub passphrase: Option<Secret>,
    /// Host keys to trust.
    pub known_hosts: KnownHosts,
}

impl PartialEq for SshIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for SshIdentity {}

impl Hash for SshIdentity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl SshIdentity {
    fn identity(&self) -> (&str, &Secret, Option<&Secret>, &[u8]) {
        (&self.user, &self.private_key, self.passphrase.as_ref(), self.known_hosts.text())
    }
}

/// TLS beyond the system's: PEM texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Tls {
    /// Certificates to trust in addition to the system's.
    pub ca: Option<String>,
    /// Client certificate.
    pub certificate: Option<String>,
    /// Its private key.
    pub private_key: Option<Secret>,
}

/// A proxy: `http://`, `https://` or `socks5://`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// Its URL, without userinfo.
    pub address: String,
    /// User name, if it asks for one.
    pub username: Option<String>,
    /// Password.
    pub password: Option<Secret>,
}

impl Proxy {
    /// The proxy of a URL with its credentials as userinfo, as variables of the environment have it.
    pub(crate) fn from_url(url: &Url) -> Self {
        let part = |text: &str| (!text.is_empty()).then(|| decode(text));
        let (username, password) = (part(url.username()), url.password().and_then(part).map(Secret::new));
        let mut bare = url.clone();
        // These fail only where there is nothing to remove.
        let _ = (bare.set_username(""), bare.set_password(None));
        Self { address: bare.into(), username, password }
    }
}
