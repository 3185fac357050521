//! URLs of remotes: http, https and ssh, nothing else; no file, no helper, no program.

use std::fmt;

use url::Url;

use crate::GitError;

/// The longest URL that is taken.
const MAX_LEN: usize = 2048;

/// A checked URL. `Display` shows it without userinfo.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RemoteUrl(Url);

impl RemoteUrl {
    /// Reads `http://`, `https://` and `ssh://` URLs; the scp form is not accepted (SRC-GIT, `url`).
    pub fn parse(text: &str) -> Result<Self, GitError> {
        let bad = |reason: String| GitError::Url { url: redact(text), reason };
        if text.len() > MAX_LEN {
            return Err(bad(format!("longer than {MAX_LEN} bytes")));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(bad("holds white space or control characters".into()));
        }
        let url = Url::parse(text).map_err(|e| bad(e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https" | "ssh") {
            return Err(bad(format!("unsupported scheme {:?}: expected http, https or ssh", url.scheme())));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(bad("no host".into()));
        }
        Ok(Self(url))
    }

    /// Whether it is SSH.
    pub fn is_ssh(&self) -> bool {
        self.0.scheme() == "ssh"
    }

    /// The host.
    pub fn host(&self) -> &str {
        let host = self.0.host_str().unwrap_or_default();
        host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
    }

    /// The port, or the scheme's.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(22)
    }

    /// The user name and password of the URL, percent-decoded, if there are any.
    pub fn userinfo(&self) -> Option<(String, String)> {
        let (user, password) = (self.0.username(), self.0.password().unwrap_or_default());
        (!user.is_empty() || !password.is_empty()).then(|| (decode(user), decode(password)))
    }

    /// The path, percent-decoded, as an SSH server takes it (`~user` without the slash before it).
    pub(crate) fn ssh_path(&self) -> String {
        let path = decode(self.0.path());
        match path.strip_prefix("/~") {
            Some(_) => path[1..].to_owned(),
            None => path,
        }
    }

    /// The URL without userinfo, for requests that carry credentials in a header.
    pub(crate) fn without_userinfo(&self) -> Url {
        let mut url = self.0.clone();
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url
    }

    /// The URL of a submodule as `.gitmodules` has it: `./` and `../` are relative to this one (SRC-GIT-10). Userinfo is
    /// kept only where the host stays the same.
    pub fn submodule(&self, text: &str) -> Result<Self, GitError> {
        if !text.starts_with("./") && !text.starts_with("../") {
            return Self::parse(&scp_to_url(text));
        }
        let mut url = self.0.clone();
        url.set_query(None);
        url.set_fragment(None);
        let mut path: Vec<&str> = self.0.path().trim_matches('/').split('/').filter(|s| !s.is_empty()).collect();
        for segment in text.split('/') {
            match segment {
                "" | "." => {}
                ".." => {
                    if path.pop().is_none() {
                        return Err(GitError::Url { url: redact(text), reason: "climbs above the root of its parent's server".into() });
                    }
                }
                segment => path.push(segment),
            }
        }
        url.set_path(&path.join("/"));
        Self::parse(url.as_str())
    }

    pub(crate) fn as_url(&self) -> &Url {
        &self.0
    }
}

/// `git@host:path` in the form of a URL; other texts stay.
fn scp_to_url(text: &str) -> String {
    match text.split_once(':') {
        Some((host, path)) if !text.contains("://") && !host.contains('/') && host.contains('@') => {
            format!("ssh://{host}/{}", path.trim_start_matches('/'))
        }
        _ => text.to_owned(),
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.without_userinfo().as_str())
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteUrl({self})")
    }
}

/// Text that may be a URL, without what stands before an `@` in its authority and without its query (SRC-AUTH-06).
pub(crate) fn redact(text: &str) -> String {
    let text: String = text.chars().take(200).collect();
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// Resolves percent escapes; broken ones stay as they are.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escape = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(escape.unwrap_or(bytes[i]));
        i += if escape.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<String, String> {
        RemoteUrl::parse(text).map(|u| u.to_string()).map_err(|e| e.to_string())
    }

    /// SRC-GIT-17, SRC-AUTH-06: three schemes; what is shown has no userinfo.
    #[test]
    fn schemes_and_redaction() {
        assert_eq!(url("https://user:pw@host/x.git"), Ok("https://host/x.git".into()));
        for bad in ["file:///x", "ext::sh -c x", "git@host:x.git", "git://host/x", "https://", "ssh://h/a b", ""] {
            assert!(url(bad).is_err(), "{bad}");
        }
        let secret = url("ftp://user:hunter2@host/x?token=hunter2").unwrap_err();
        assert!(!secret.contains("hunter2"), "{secret}");
    }

    /// SRC-GIT-10, SRC-ART-22: relative submodules stay on their server; other schemes are refused.
    #[test]
    fn submodules_resolve() {
        let parent = RemoteUrl::parse("https://host/org/app.git").unwrap();
        let of = |text: &str| parent.submodule(text).map(|u| u.to_string());
        assert_eq!(of("../lib.git").ok().as_deref(), Some("https://host/org/lib.git"));
        assert_eq!(of("./lib.git").ok().as_deref(), Some("https://host/org/app.git/lib.git"));
        assert_eq!(of("../../other/lib").ok().as_deref(), Some("https://host/other/lib"));
        assert_eq!(of("git@other:org/lib.git").ok().as_deref(), Some("ssh://other/org/lib.git"));
        for bad in ["../../../../x", "file:///etc", "ext::sh -c touch% /tmp/x", "/etc/repo", "-oProxyCommand=x"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
