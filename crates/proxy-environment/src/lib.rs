//! Which proxy the environment asks for, by the rules of Go's HTTP client, so that the variables in the manifests of the
//! Go controllers mean the same here (RT-03, RT-04, SRC-AUTH-02).
//!
//! HTTP clients of the field differ in what they leave out of a proxy: Go never sends loopback through one, takes ports
//! and `*.` in `NO_PROXY`, and lets `.example.com` mean subdomains only. A name and its form with a trailing dot are the
//! same name, which curl's rules and the clients here do not see.
//!
//! Entry points: [`ProxyEnvironment::from_env`], [`ProxyEnvironment::proxy`]. Makes no connection. Mirrors
//! golang.org/x/net/http/httpproxy, with `ALL_PROXY` as its sister package proxy has it.

use std::net::IpAddr;

use url::{Host, Url};

mod exemptions;

use exemptions::Exemptions;

/// The proxies of an environment, and what is left out of them.
#[derive(Debug, Clone, Default)]
pub struct ProxyEnvironment {
    http: Option<Url>,
    https: Option<Url>,
    all: Option<Url>,
    exempt: Exemptions,
}

impl ProxyEnvironment {
    /// That of this process.
    pub fn from_env() -> Self {
        Self::read(|name| std::env::var(name).ok())
    }

    /// That which `variable` tells; of each name the form in capitals counts before the one in small letters. A proxy
    /// that is no URL is left out.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| {
            let given = |name: &str| variable(name).filter(|v| !v.trim().is_empty());
            given(name).or_else(|| given(&name.to_lowercase()))
        };
        let proxy = |name: &str| {
            let text = value(name)?;
            // `proxy:3128` is read as a scheme and a path, and is meant as a host.
            let mut url = [text.clone(), format!("http://{text}")].iter().filter_map(|t| Url::parse(t).ok()).find(Url::has_host)?;
            if url.scheme() == "socks5" {
                // Go lets the proxy resolve names, which clients know under another scheme.
                let _ = url.set_scheme("socks5h");
            }
            Some(url)
        };
        Self {
            http: proxy("HTTP_PROXY"),
            https: proxy("HTTPS_PROXY"),
            all: proxy("ALL_PROXY"),
            exempt: Exemptions::parse(&value("NO_PROXY").unwrap_or_default()),
        }
    }

    /// What `HTTPS_PROXY` says, whatever the target.
    pub fn https(&self) -> Option<&Url> {
        self.https.as_ref()
    }

    /// The proxy for a request to `target`, with its credentials as userinfo: by the scheme of the target, else that for
    /// everything. `None` means directly, as always for loopback.
    pub fn proxy(&self, target: &Url) -> Option<&Url> {
        let own = match target.scheme() {
            "http" => self.http.as_ref(),
            "https" => self.https.as_ref(),
            _ => None,
        };
        let proxy = own.or(self.all.as_ref())?;
        let host = match target.host()? {
            Host::Domain(name) => name.parse::<IpAddr>().map_or_else(|_| Target::Name(name_of(name)), Target::Address),
            Host::Ipv4(ip) => Target::Address(ip.into()),
            Host::Ipv6(ip) => Target::Address(ip.into()),
        };
        let local = match &host {
            Target::Name(name) => name == "localhost",
            Target::Address(ip) => ip.is_loopback(),
        };
        (!local && !self.exempt.holds(&host, target.port_or_known_default())).then_some(proxy)
    }
}

/// A host to be reached.
enum Target {
    Name(String),
    Address(IpAddr),
}

/// The name in small letters without the dot that makes it absolute.
fn name_of(text: &str) -> String {
    text.strip_suffix('.').unwrap_or(text).to_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn environment(pairs: &[(&str, &str)]) -> ProxyEnvironment {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        ProxyEnvironment::read(move |name| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
    }

    fn through(environment: &ProxyEnvironment, target: &str) -> Option<String> {
        environment.proxy(&Url::parse(target).unwrap()).map(ToString::to_string)
    }

    /// RT-04: a name and its absolute form are one, on either side.
    #[test]
    fn trailing_dots() {
        for no_proxy in [".cluster.local.", ".cluster.local", "cluster.local.", "x.flux-system.svc.cluster.local.", "*.cluster.local."] {
            let environment = environment(&[("HTTP_PROXY", "http://p:1"), ("NO_PROXY", no_proxy)]);
            for host in ["x.flux-system.svc.cluster.local.", "x.flux-system.svc.cluster.local", "X.Flux-System.svc.cluster.LOCAL."] {
                assert_eq!(through(&environment, &format!("http://{host}/a")), None, "{no_proxy} {host}");
            }
            assert!(through(&environment, "http://xcluster.local./").is_some());
        }
    }

    /// RT-03, SRC-AUTH-02: the proxy goes by the target's scheme; both spellings of the variables count; userinfo stays.
    #[test]
    fn schemes() {
        let both = environment(&[("HTTP_PROXY", "http://u:p@a:1"), ("https_proxy", "b:2"), ("ALL_PROXY", "socks5://c:3")]);
        assert_eq!(through(&both, "http://h/").as_deref(), Some("http://u:p@a:1/"));
        assert_eq!(through(&both, "https://h/").as_deref(), Some("http://b:2/"));
        assert_eq!(through(&both, "ssh://h/").as_deref(), Some("socks5h://c:3"));
        let one = environment(&[("HTTPS_PROXY", "http://b:2"), ("NO_PROXY", "")]);
        assert_eq!(through(&one, "http://h/"), None);
        assert_eq!(through(&environment(&[("HTTP_PROXY", " ")]), "http://h/"), None);
        assert_eq!(through(&environment(&[]), "http://h/"), None);
    }

    /// RT-03: what NO_PROXY may hold, as Go reads it; loopback never goes through a proxy.
    #[test]
    fn exemptions() {
        let environment = environment(&[
            ("ALL_PROXY", "http://p:1"),
            ("NO_PROXY", "a.org, .b.org,*.c.org,10.0.0.0/8,192.168.1.1:80,[2001:db8::1],d.org:8080,fd00::/8,"),
        ]);
        for direct in [
            "http://localhost:5/",
            "http://127.0.0.1/",
            "http://127.9.9.9/",
            "http://[::1]/",
            "http://a.org/",
            "http://x.a.org/",
            "http://x.b.org/",
            "http://x.c.org/",
            "http://10.1.2.3/",
            "http://192.168.1.1/",
            "http://[2001:db8::1]/",
            "http://d.org:8080/",
            "http://[fd00::5]/",
            "ssh://git@a.org/x",
        ] {
            assert_eq!(through(&environment, direct), None, "{direct}");
        }
        for proxied in [
            "http://xa.org/",
            "http://b.org/",
            "http://c.org/",
            "http://11.0.0.1/",
            "http://192.168.1.1:81/",
            "http://d.org/",
            "http://[fe00::5]/",
        ] {
            assert!(through(&environment, proxied).is_some(), "{proxied}");
        }
        let none = super::tests::environment(&[("HTTP_PROXY", "http://p:1"), ("NO_PROXY", "x, *")]);
        assert_eq!(through(&none, "http://anything/"), None);
    }

    proptest! {
        /// RT-03: no list makes it panic.
        #[test]
        fn any_list_is_read(list in "[a-z0-9.:,/*\\[\\] é-]{0,60}", host in "[a-z0-9.]{1,20}") {
            let environment = environment(&[("ALL_PROXY", &list), ("HTTP_PROXY", "p"), ("NO_PROXY", &list)]);
            if let Ok(url) = Url::parse(&format!("http://{host}/")) {
                environment.proxy(&url);
            }
        }
    }
}
