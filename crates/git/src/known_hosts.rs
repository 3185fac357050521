//! The known_hosts format of OpenSSH, from bytes: plain and hashed names, wildcards, negation, ports, markers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use russh::keys::{PublicKey, PublicKeyBase64, parse_public_key_base64};

/// More lines than any real file has.
const MAX_LINES: usize = 10_000;

/// The hosts that are trusted, and with which keys.
#[derive(Debug, Clone, Default)]
pub struct KnownHosts {
    text: Vec<u8>,
    entries: Vec<Entry>,
}

/// Why a text is no known_hosts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("known_hosts line {line}: {reason}")]
pub struct KnownHostsError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

#[derive(Debug, Clone)]
struct Entry {
    hosts: Hosts,
    marker: Marker,
    /// The key in its wire form; two keys are equal if these bytes are.
    key: Vec<u8>,
    algorithm: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Trusted,
    CertificateAuthority,
    Revoked,
}

#[derive(Debug, Clone)]
enum Hosts {
    Patterns(Vec<(bool, String)>),
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
}

/// What the file says about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostCheck {
    /// It is listed.
    Known,
    /// The host is not listed at all.
    UnknownHost,
    /// The host is listed with another key.
    OtherKey,
    /// The key is revoked.
    Revoked,
}

impl KnownHosts {
    /// Reads the file. Blank lines and comments are skipped; a line that cannot be read is an error, because leaving it
    /// out could un-revoke a key.
    pub fn parse(text: &[u8]) -> Result<Self, KnownHostsError> {
        let mut entries = Vec::new();
        for (n, line) in text.split(|b| *b == b'\n').enumerate() {
            let bad = |reason: &str| KnownHostsError { line: n + 1, reason: reason.to_owned() };
            if n >= MAX_LINES {
                return Err(bad("too many lines"));
            }
            let line = std::str::from_utf8(line).map_err(|_| bad("not UTF-8"))?.trim();
            if !line.is_empty() && !line.starts_with('#') {
                entries.push(Entry::parse(line).map_err(|reason| bad(&reason))?);
            }
        }
        Ok(Self { text: text.to_vec(), entries })
    }

    /// The text it was read from.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// What the file says about `key` of `host`.
    pub(crate) fn check(&self, host: &str, port: u16, key: &PublicKey) -> HostCheck {
        let wire = key.public_key_bytes();
        let names = names(host, port);
        let mut listed = false;
        let mut known = false;
        for entry in self.entries.iter().filter(|e| e.hosts.matches(&names)) {
            match entry.marker {
                Marker::Revoked if entry.key == wire => return HostCheck::Revoked,
                Marker::Revoked => {}
                // Certificates are not offered to servers, so an authority vouches for nothing here.
                Marker::CertificateAuthority => listed = true,
                Marker::Trusted => {
                    listed = true;
                    known |= entry.key == wire;
                }
            }
        }
        match (known, listed) {
            (true, _) => HostCheck::Known,
            (false, true) => HostCheck::OtherKey,
            (false, false) => HostCheck::UnknownHost,
        }
    }

    /// The algorithms of the keys that are listed for the host, so that the server presents one of those.
    pub(crate) fn algorithms(&self, host: &str, port: u16) -> Vec<String> {
        let names = names(host, port);
        let mut found: Vec<String> =
            self.entries.iter().filter(|e| e.marker == Marker::Trusted && e.hosts.matches(&names)).map(|e| e.algorithm.clone()).collect();
        found.dedup();
        found
    }
}

/// The names under which a host may be listed: `[host]:port`, and the bare host on port 22.
fn names(host: &str, port: u16) -> Vec<String> {
    let host = host.to_ascii_lowercase();
    if port == 22 { vec![host.clone(), format!("[{host}]:22")] } else { vec![format!("[{host}]:{port}")] }
}

impl Entry {
    fn parse(line: &str) -> Result<Self, String> {
        let mut fields = line.split_ascii_whitespace();
        let mut first = fields.next().unwrap_or_default();
        let marker = match first {
            "@cert-authority" => Marker::CertificateAuthority,
            "@revoked" => Marker::Revoked,
            other if other.starts_with('@') => return Err(format!("unknown marker {other:?}")),
            _ => Marker::Trusted,
        };
        if marker != Marker::Trusted {
            first = fields.next().ok_or("no host after the marker")?;
        }
        let algorithm = fields.next().ok_or("expected: hosts, key type, key")?;
        let encoded = fields.next().ok_or("expected: hosts, key type, key")?;
        let key = parse_public_key_base64(encoded).map_err(|e| format!("the key cannot be read: {e}"))?;
        if key.algorithm().as_str() != algorithm {
            return Err(format!("the key is of type {:?}, not {algorithm:?}", key.algorithm().as_str()));
        }
        Ok(Self { hosts: Hosts::parse(first)?, marker, key: key.public_key_bytes(), algorithm: algorithm.to_owned() })
    }
}

impl Hosts {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(hashed) = text.strip_prefix("|1|") {
            let (salt, hash) = hashed.split_once('|').ok_or("a hashed host has the form |1|salt|hash")?;
            let decode = |part: &str| STANDARD.decode(part).map_err(|_| "a hashed host is not base64".to_owned());
            return Ok(Self::Hashed { salt: decode(salt)?, hash: decode(hash)? });
        }
        let patterns = text.split(',').filter(|p| !p.is_empty()).map(|pattern| match pattern.strip_prefix('!') {
            Some(pattern) => (false, pattern.to_ascii_lowercase()),
            None => (true, pattern.to_ascii_lowercase()),
        });
        Ok(Self::Patterns(patterns.collect()))
    }

    /// Whether one of the names is meant; a negated pattern that matches outweighs all others.
    fn matches(&self, names: &[String]) -> bool {
        match self {
            Self::Patterns(patterns) => {
                let hit = |positive: bool| {
                    patterns
                        .iter()
                        .filter(|(p, _)| *p == positive)
                        .any(|(_, pattern)| names.iter().any(|n| wildcard(pattern.as_bytes(), n.as_bytes())))
                };
                hit(true) && !hit(false)
            }
            Self::Hashed { salt, hash } => names.iter().any(|name| {
                Hmac::<sha1::Sha1>::new_from_slice(salt).is_ok_and(|mut mac| {
                    mac.update(name.as_bytes());
                    mac.verify_slice(hash).is_ok()
                })
            }),
        }
    }
}

/// `*` and `?`; linear but for the last star.
fn wildcard(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
        } else if pattern.get(p).is_some_and(|c| *c == b'?' || *c == name[n]) {
            (p, n) = (p + 1, n + 1);
        } else if let Some((at, from)) = star {
            (p, n) = (at + 1, from + 1);
            star = Some((at, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    const B: &str = "AAAAC3NzaC1lZDI1NTE5AAAAICmOvvaHEnj0nEHXIkUhgk8Ah6xpgBhpwbFo5yoHwMYy";

    fn key(encoded: &str) -> PublicKey {
        parse_public_key_base64(encoded).unwrap()
    }

    fn check(text: &str, host: &str, port: u16, encoded: &str) -> HostCheck {
        KnownHosts::parse(text.as_bytes()).unwrap().check(host, port, &key(encoded))
    }

    /// SRC-GIT-17: plain names, ports, wildcards, negation, tabs and comments.
    #[test]
    fn names_are_matched() {
        let text = format!(
            "# c\n\ngithub.com,10.0.0.1\tssh-ed25519 {A} comment\r\n*.example.org,!bad.example.org ssh-ed25519 {A}\n[git]:2222 ssh-ed25519 {A}\n"
        );
        assert_eq!(check(&text, "GitHub.com", 22, A), HostCheck::Known);
        assert_eq!(check(&text, "10.0.0.1", 22, A), HostCheck::Known);
        assert_eq!(check(&text, "github.com", 2222, A), HostCheck::UnknownHost);
        assert_eq!(check(&text, "x.example.org", 22, A), HostCheck::Known);
        assert_eq!(check(&text, "bad.example.org", 22, A), HostCheck::UnknownHost);
        assert_eq!(check(&text, "git", 2222, A), HostCheck::Known);
        assert_eq!(check(&text, "git", 22, A), HostCheck::UnknownHost);
        assert_eq!(check(&text, "github.com", 22, B), HostCheck::OtherKey);
    }

    /// SRC-GIT-17: hashed names.
    #[test]
    fn hashed_names_are_matched() {
        let salt = b"0123456789abcdefghij";
        let mut mac = Hmac::<sha1::Sha1>::new_from_slice(salt).unwrap();
        mac.update(b"[git.example]:2222");
        let text = format!("|1|{}|{} ssh-ed25519 {A}", STANDARD.encode(salt), STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(check(&text, "git.example", 2222, A), HostCheck::Known);
        assert_eq!(check(&text, "git.example", 22, A), HostCheck::UnknownHost);
    }

    /// SRC-GIT-17: a revoked key is refused even if it is listed; an authority vouches for no bare key.
    #[test]
    fn markers_count() {
        let text = format!("h ssh-ed25519 {A}\n@revoked * ssh-ed25519 {A}\n@cert-authority ca ssh-ed25519 {B}\n");
        assert_eq!(check(&text, "h", 22, A), HostCheck::Revoked);
        assert_eq!(check(&text, "ca", 22, B), HostCheck::OtherKey);
    }

    /// SRC-GIT-17: what cannot be read is named by its line.
    #[test]
    fn errors_name_the_line() {
        for (text, line) in [
            ("h", 1),
            ("\nh ssh-ed25519 xx", 2),
            (format!("h ssh-rsa {A}").as_str(), 1),
            ("@what h ssh-ed25519 x", 1),
            ("|1|x ssh-ed25519 y", 1),
        ] {
            assert_eq!(KnownHosts::parse(text.as_bytes()).map(drop).map_err(|e| e.line), Err(line), "{text}");
        }
    }

    proptest! {
        /// SRC-GIT-17: no input makes the parser or the check panic.
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200), line in "[|1@a-z*?!,\\[\\]: \t]{0,60}") {
            let mut text = bytes;
            text.push(b'\n');
            text.extend_from_slice(line.as_bytes());
            text.extend_from_slice(format!(" ssh-ed25519 {A}\n").as_bytes());
            for part in [text.as_slice(), format!("{line} ssh-ed25519 {A}").as_bytes()] {
                if let Ok(hosts) = KnownHosts::parse(part) {
                    let _ = hosts.check("host", 22, &key(A));
                }
            }
        }

        /// SRC-GIT-17: a host without special characters matches itself only.
        #[test]
        fn a_plain_name_is_literal(host in "[a-z0-9.-]{1,20}", other in "[a-z0-9.-]{1,20}") {
            let text = format!("{host} ssh-ed25519 {A}");
            prop_assert_eq!(check(&text, &host, 22, A), HostCheck::Known);
            prop_assert_eq!(check(&text, &other, 22, A) == HostCheck::Known, host == other);
        }
    }
}
