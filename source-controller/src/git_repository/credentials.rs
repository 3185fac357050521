//! From the Secrets of an object to what opens a remote (SRC-AUTH-01, SRC-AUTH-02, SRC-GIT-17).

use std::collections::BTreeMap;

use ferroflux_git::{Auth, KnownHosts, Proxy, RemoteUrl, Secret, SshIdentity, Tls};

/// The data of a Secret with its name, for messages.
#[derive(Clone)]
pub(super) struct SecretData {
    /// `namespace/name`.
    pub(super) name: String,
    pub(super) data: BTreeMap<String, Vec<u8>>,
}

impl SecretData {
    /// A text value; an empty one counts as absent.
    fn text(&self, key: &str) -> Result<Option<String>, String> {
        match self.data.get(key).filter(|v| !v.is_empty()) {
            None => Ok(None),
            Some(value) => {
                String::from_utf8(value.clone()).map(Some).map_err(|_| format!("secret '{}': the value of '{key}' is not text", self.name))
            }
        }
    }

    /// The value of the first key that is there.
    fn first(&self, keys: [&str; 2]) -> Result<Option<String>, String> {
        Ok(match self.text(keys[0])? {
            Some(value) => Some(value),
            None => self.text(keys[1])?.inspect(|_| {
                tracing::info!(secret = %self.name, "the key '{}' is deprecated, please use '{}'", keys[1], keys[0]);
            }),
        })
    }
}

/// Whether the Secret is for a GitHub App.
pub(super) fn is_github_app(secret: &SecretData) -> bool {
    secret.data.keys().any(|k| k.starts_with("githubApp"))
}

/// The credentials for `url`, and TLS settings; an error says what is wrong with which key, never its value.
pub(super) fn auth(url: &RemoteUrl, secret: Option<&SecretData>) -> Result<(Auth, Tls), String> {
    let Some(secret) = secret else { return Ok((Auth::Anonymous, Tls::default())) };
    if url.is_ssh() {
        return Ok((Auth::Ssh(Box::new(ssh(secret)?)), Tls::default()));
    }
    Ok((http(secret)?, tls(secret)?))
}

fn http(secret: &SecretData) -> Result<Auth, String> {
    let bad = |what: &str| Err(format!("secret '{}': {what}", secret.name));
    match (secret.text("username")?, secret.text("password")?, secret.text("bearerToken")?) {
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => bad("'bearerToken' and basic auth ('username', 'password') cannot both be set"),
        (None, None, Some(token)) => Ok(Auth::Bearer(Secret::new(token.trim()))),
        (Some(username), Some(password), None) => Ok(Auth::Basic { username, password: Secret::new(password) }),
        (Some(_), None, None) => bad("malformed basic auth: has 'username' but misses 'password'"),
        (None, Some(_), None) => bad("malformed basic auth: has 'password' but misses 'username'"),
        (None, None, None) => Ok(Auth::Anonymous),
    }
}

fn ssh(secret: &SecretData) -> Result<SshIdentity, String> {
    let required = |key: &str| secret.text(key)?.ok_or_else(|| format!("secret '{}': the key '{key}' is required for SSH", secret.name));
    let (private_key, known_hosts) = (required("identity")?, required("known_hosts")?);
    let known_hosts = KnownHosts::parse(known_hosts.as_bytes()).map_err(|e| format!("secret '{}': {e}", secret.name))?;
    let passphrase = secret.text("password")?.map(Secret::new);
    let identity = SshIdentity { user: "git".into(), private_key: Secret::new(private_key), passphrase, known_hosts };
    identity.check().map_err(|e| format!("secret '{}': {e} (keys 'identity' and 'password')", secret.name))?;
    Ok(identity)
}

fn tls(secret: &SecretData) -> Result<Tls, String> {
    let ca = secret.first(["ca.crt", "caFile"])?;
    let certificate = secret.first(["tls.crt", "certFile"])?;
    let private_key = secret.first(["tls.key", "keyFile"])?.map(Secret::new);
    if certificate.is_some() != private_key.is_some() {
        return Err(format!("secret '{}': 'tls.crt' and 'tls.key' must be set together", secret.name));
    }
    Ok(Tls { ca, certificate, private_key })
}

/// The proxy of a Secret.
pub(super) fn proxy(secret: &SecretData) -> Result<Proxy, String> {
    let bad = |what: String| format!("proxy secret '{}': {what}", secret.name);
    let address = secret.text("address")?.ok_or_else(|| bad("the key 'address' is required".into()))?;
    if address.len() > 2048 || !["http://", "https://", "socks5://"].iter().any(|scheme| address.starts_with(scheme)) {
        return Err(bad("'address' must be a URL of http, https or socks5 with at most 2048 characters".into()));
    }
    let (username, password) = (secret.text("username")?, secret.text("password")?.map(Secret::new));
    if password.is_some() && username.is_none() {
        return Err(bad("'password' needs 'username'".into()));
    }
    Ok(Proxy { address: address.trim().to_owned(), username, password })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(pairs: &[(&str, &str)]) -> SecretData {
        let data = pairs.iter().map(|(k, v)| ((*k).to_owned(), v.as_bytes().to_vec())).collect();
        SecretData { name: "ns/s".into(), data }
    }

    fn url(text: &str) -> RemoteUrl {
        RemoteUrl::parse(text).unwrap()
    }

    /// SRC-GIT-17, SRC-AUTH-01, SRC-AUTH-06, RT-76: what each set of keys means; errors name keys and no values.
    #[test]
    fn secrets_are_read() {
        let https = url("https://h/x");
        let of = |pairs: &[(&str, &str)]| auth(&https, Some(&secret(pairs)));
        assert_eq!(auth(&https, None), Ok((Auth::Anonymous, Tls::default())));
        assert_eq!(of(&[("bearerToken", "t")]).map(|a| a.0), Ok(Auth::Bearer(Secret::new("t"))));
        let basic = Auth::Basic { username: "u".into(), password: Secret::new("p") };
        assert_eq!(of(&[("username", "u"), ("password", "p")]).map(|a| a.0), Ok(basic));
        assert_eq!(of(&[("caFile", "old"), ("ca.crt", "new")]).map(|a| a.1.ca), Ok(Some("new".into())));
        for bad in [
            vec![("password", "hunter2")],
            vec![("username", "hunter2")],
            vec![("username", "u"), ("password", "hunter2"), ("bearerToken", "t")],
            vec![("tls.crt", "hunter2")],
        ] {
            let error = of(&bad).unwrap_err();
            assert!(error.contains("'ns/s'") && !error.contains("hunter2"), "{error}");
        }
        let ssh = url("ssh://git@h/x");
        for bad in [vec![("identity", "hunter2")], vec![("identity", "hunter2"), ("known_hosts", "h ssh-ed25519 hunter2")]] {
            let error = auth(&ssh, Some(&secret(&bad))).unwrap_err();
            assert!(error.contains("ns/s") && !error.contains("hunter2"), "{error}");
        }
    }

    /// SRC-AUTH-02: the proxy's keys.
    #[test]
    fn proxies_are_read() {
        let good = proxy(&secret(&[("address", "http://p:3128"), ("username", "u"), ("password", "p")])).unwrap();
        assert_eq!((good.address.as_str(), good.username.as_deref()), ("http://p:3128", Some("u")));
        for bad in [vec![], vec![("address", "ftp://p")], vec![("address", "http://p"), ("password", "x")]] {
            assert!(proxy(&secret(&bad)).is_err());
        }
    }
}
