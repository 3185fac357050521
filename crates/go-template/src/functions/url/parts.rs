//! Cutting a URL into its parts and joining them, with the rules of Go's `net/url`.

use thiserror::Error;

use crate::strconv;

use super::escape::{EscapeError, Part};

/// The parts of a URL; all of them may be empty.
#[derive(Debug, Default)]
pub(super) struct Url {
    pub(super) scheme: Vec<u8>,
    pub(super) opaque: Vec<u8>,
    pub(super) user: Option<Userinfo>,
    pub(super) host: Vec<u8>,
    /// Without escapes.
    pub(super) path: Vec<u8>,
    pub(super) query: Vec<u8>,
    /// Without escapes.
    pub(super) fragment: Vec<u8>,
}

/// Who logs in, without escapes.
#[derive(Debug)]
pub(super) struct Userinfo {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

/// Why a text is no URL.
#[derive(Debug, Error)]
#[error("parse {}: {reason}", strconv::quote(.url))]
pub(super) struct UrlError {
    url: Vec<u8>,
    reason: Reason,
}

#[derive(Debug, Error)]
enum Reason {
    #[error("net/url: invalid control character in URL")]
    ControlCharacter,
    #[error("missing protocol scheme")]
    MissingScheme,
    #[error("first path segment in URL cannot contain colon")]
    ColonInSegment,
    #[error("net/url: invalid userinfo")]
    Userinfo,
    #[error("missing ']' in host")]
    MissingBracket,
    #[error("invalid IP-literal")]
    IpLiteral,
    #[error("invalid host: ParseAddr({0}): unable to parse IP")]
    Address(String),
    #[error("invalid port {0} after host")]
    Port(String),
    #[error(transparent)]
    Escape(#[from] EscapeError),
}

fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(at, text) {
        Some(i) => (&text[..i], Some(&text[i + 1..])),
        None => (text, None),
    }
}

impl Url {
    pub(super) fn parse(text: &[u8]) -> Result<Self, UrlError> {
        let (before, fragment) = cut(text, b'#');
        let error = |url: &[u8]| {
            let url = url.to_vec();
            |reason| UrlError { url, reason }
        };
        let mut url = Self::without_fragment(before).map_err(error(before))?;
        if let Some(fragment) = fragment {
            url.fragment = Part::Fragment.unescape(fragment).map_err(Reason::from).map_err(error(text))?;
        }
        Ok(url)
    }

    fn without_fragment(text: &[u8]) -> Result<Self, Reason> {
        if text.iter().any(|b| *b < b' ' || *b == 0x7f) {
            return Err(Reason::ControlCharacter);
        }
        let mut url = Self::default();
        let (scheme, rest) = split_scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (rest, query) = cut(rest, b'?');
        url.query = query.unwrap_or_default().to_vec();
        if !rest.starts_with(b"/") && text != b"*" {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err(Reason::ColonInSegment);
            }
        }
        let mut path = rest;
        if rest.starts_with(b"//") && (!url.scheme.is_empty() || !rest.starts_with(b"///")) {
            let authority = &rest[2..];
            let end = memchr::memchr(b'/', authority).unwrap_or(authority.len());
            url.authority(&authority[..end])?;
            path = &authority[end..];
        }
        url.path = Part::Path.unescape(path)?;
        Ok(url)
    }

    fn authority(&mut self, text: &[u8]) -> Result<(), Reason> {
        let at = memchr::memrchr(b'@', text);
        self.host = host(&self.scheme, at.map_or(text, |i| &text[i + 1..]))?;
        let Some(userinfo) = at.map(|i| &text[..i]) else { return Ok(()) };
        if !userinfo.iter().all(|b| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(b)) {
            return Err(Reason::Userinfo);
        }
        let (name, password) = cut(userinfo, b':');
        self.user = Some(Userinfo { name: Part::User.unescape(name)?, password: password.map(|p| Part::User.unescape(p)).transpose()? });
        Ok(())
    }

    /// The host without port and brackets.
    pub(super) fn hostname(&self) -> &[u8] {
        let host = match memchr::memrchr(b':', &self.host) {
            Some(colon) if is_port(&self.host[colon..]) => &self.host[..colon],
            _ => &self.host,
        };
        host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]")).unwrap_or(host)
    }

    /// The URL of these parts.
    pub(super) fn to_text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.write_authority_and_path(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(Part::Fragment.escape(&self.fragment));
        }
        out
    }

    fn write_authority_and_path(&self, out: &mut Vec<u8>) {
        if !self.host.is_empty() || self.user.is_some() || !self.scheme.is_empty() && !self.path.is_empty() {
            out.extend_from_slice(b"//");
        }
        if let Some(user) = &self.user {
            out.extend(user.to_text());
            out.push(b'@');
        }
        out.extend(Part::Host.escape(&self.host));
        let path = if self.path == b"*" { self.path.clone() } else { Part::Path.escape(&self.path) };
        if !path.is_empty() && path[0] != b'/' && !self.host.is_empty() {
            out.push(b'/');
        }
        // A colon in the first segment of a relative path would make it a scheme.
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend(path);
    }
}

impl Userinfo {
    /// Name and password with escapes.
    pub(super) fn to_text(&self) -> Vec<u8> {
        let mut out = Part::User.escape(&self.name);
        if let Some(password) = &self.password {
            out.push(b':');
            out.extend(Part::User.escape(password));
        }
        out
    }
}

/// The scheme, if there is one, and what follows its colon.
fn split_scheme(text: &[u8]) -> Result<(&[u8], &[u8]), Reason> {
    for (i, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err(Reason::MissingScheme),
            b':' => return Ok((&text[..i], &text[i + 1..])),
            _ => break,
        }
    }
    Ok((b"", text))
}

/// Nothing, or a colon and digits.
fn is_port(text: &[u8]) -> bool {
    text.split_first().is_none_or(|(colon, digits)| *colon == b':' && digits.iter().all(u8::is_ascii_digit))
}

fn host(scheme: &[u8], text: &[u8]) -> Result<Vec<u8>, Reason> {
    let check_port = |port: &[u8]| if is_port(port) { Ok(()) } else { Err(Reason::Port(strconv::quote(port))) };
    match memchr::memrchr(b'[', text) {
        Some(0) => {}
        Some(_) => return Err(Reason::IpLiteral),
        None => {
            let first = memchr::memchr(b':', text);
            // Lists of hosts with ports are let through, except where the scheme is a web scheme.
            let web = scheme == b"http" || scheme == b"https";
            let colon = if web { first } else { memchr::memrchr(b':', text) };
            check_port(colon.map_or(b"", |i| &text[i..]))?;
            return Ok(Part::Host.unescape(text)?);
        }
    }
    let close = memchr::memrchr(b']', text).ok_or(Reason::MissingBracket)?;
    check_port(&text[close + 1..])?;
    let name = &text[1..close];
    let zone = memchr::memmem::find(name, b"%25").unwrap_or(name.len());
    let address = Part::Host.unescape(&name[..zone])?;
    let zone = Part::HostZone.unescape(&name[zone..])?;
    let parsed = std::str::from_utf8(&address).ok().and_then(|a| a.parse::<std::net::IpAddr>().ok());
    match parsed {
        Some(std::net::IpAddr::V6(_)) => {}
        Some(std::net::IpAddr::V4(_)) => return Err(Reason::IpLiteral),
        None => return Err(Reason::Address(strconv::quote([&*address, &*zone].concat()))),
    }
    Ok([b"[", &*address, &*zone, b"]", &text[close + 1..]].concat())
}
