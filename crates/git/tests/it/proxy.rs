use ferroflux_git::{Auth, CheckoutOptions, Client, GitError, KnownHosts, Limits, Proxy, Remote, Secret, SshIdentity, Tls};
use ferroflux_git_server::{HttpOptions, HttpServer};
use ferroflux_proxy_environment::ProxyEnvironment;
use ferroflux_test_harness::https::{self, Certificates};
use ferroflux_test_harness::proxy::{self, Protocol};
use ferroflux_test_harness::ssh;

use crate::{Fixture, branch, checkout, entries, remote};

/// A name that only the proxy can resolve.
const HOST: &str = "git.example.org";

/// The three ways to one repository, under a made-up name where certificates allow it.
struct Ways {
    _http: HttpServer,
    _https: https::Server,
    _ssh: ssh::Server,
    remotes: Vec<Remote>,
}

impl Ways {
    async fn open(f: &Fixture) -> Self {
        let http = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
        let https = https::serve(&f.root(), HttpOptions::default(), Certificates::Issued).await.unwrap();
        let ssh = ssh::serve(&f.root(), ssh::Options::default()).await.unwrap();
        let identity = SshIdentity {
            user: "git".into(),
            private_key: Secret::new(ssh::pem(&ssh::key(7))),
            passphrase: None,
            known_hosts: KnownHosts::parse(ssh.known_hosts().replace("127.0.0.1", HOST).as_bytes()).unwrap(),
        };
        let tls = Tls { ca: Some(https.pki().ca.clone()), ..Tls::default() };
        let remotes = vec![
            remote(&http.url("app.git").replace("127.0.0.1", HOST)),
            Remote { tls, ..remote(&https.url("app.git").replace("127.0.0.1", "localhost")) },
            Remote { auth: Auth::Ssh(Box::new(identity)), ..remote(&ssh.url("app.git").replace("127.0.0.1", HOST)) },
        ];
        Self { _http: http, _https: https, _ssh: ssh, remotes }
    }
}

/// SRC-AUTH-02, RT-76: HTTP, HTTPS and SSH go through HTTP and SOCKS5 proxies, which resolve the name and get the
/// credentials; wrong ones are told, not shown.
#[tokio::test(flavor = "multi_thread")]
async fn every_way_goes_through_every_proxy() {
    let f = Fixture::new();
    f.repository("app").await.commit("c", &[("a", "1")]).await.unwrap();
    let ways = Ways::open(&f).await;
    for protocol in [Protocol::Http, Protocol::Socks5] {
        for login in [None, Some(("alice", "s3: c%ret@/"))] {
            let server = proxy::Proxy::start(protocol, login).await.unwrap();
            let with = |password: &str| Proxy {
                address: server.url(),
                username: login.map(|(user, _)| user.to_owned()),
                password: login.map(|_| Secret::new(password)),
            };
            for (n, way) in ways.remotes.iter().enumerate() {
                let good = Remote { proxy: Some(with("s3: c%ret@/")), ..way.clone() };
                good.check().unwrap();
                let got =
                    checkout(&f.client, &good, &branch("main")).await.unwrap_or_else(|e| panic!("{protocol:?} {login:?} {}: {e}", way.url));
                assert_eq!(entries(&got, &CheckoutOptions::default()), ["a"]);
                drop(got);
                let asked = server.asked();
                let target = format!("{}:{}", way.url.host(), way.url.port());
                assert!(asked.last() == Some(&target), "{protocol:?} way {n}: {asked:?}");
                if login.is_some() {
                    let bad = Remote { proxy: Some(with("wr0ng")), ..way.clone() };
                    let error = checkout(&f.client, &bad, &branch("main")).await.unwrap_err();
                    assert!(
                        matches!(error, GitError::Connection { .. } | GitError::Unauthorized { .. }),
                        "{protocol:?} {}: {error:?}",
                        way.url
                    );
                    assert!(!error.to_string().contains("wr0ng") && error.to_string().contains("prox"), "{error}");
                    assert_eq!(server.asked(), asked, "asked without a login");
                }
            }
        }
    }
}

/// SRC-AUTH-02, RT-03, RT-04: without a proxy of its own a remote goes through that of the environment, unless NO_PROXY
/// leaves its host out or it is loopback.
#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_obeyed() {
    let f = Fixture::new();
    f.repository("app").await.commit("c", &[("a", "1")]).await.unwrap();
    let ways = Ways::open(&f).await;
    for protocol in [Protocol::Http, Protocol::Socks5] {
        let server = proxy::Proxy::start(protocol, Some(("u", "p w"))).await.unwrap();
        let url = server.url().replace("://", "://u:p%20w@");
        let client = |no_proxy: &'static str| {
            let all = url.clone();
            let environment = ProxyEnvironment::read(move |name| match name {
                "ALL_PROXY" => Some(all.clone()),
                "NO_PROXY" => Some(no_proxy.to_owned()),
                _ => None,
            });
            Client::new(f.dir.path().join(format!("{protocol:?}{no_proxy}")), Limits::default(), environment).unwrap()
        };
        for way in &ways.remotes {
            let before = server.asked().len();
            let got = checkout(&client(""), way, &branch("main")).await.unwrap_or_else(|e| panic!("{protocol:?} {}: {e}", way.url));
            assert_eq!(entries(&got, &CheckoutOptions::default()), ["a"]);
            // Localhost is reached directly, and is there.
            assert_eq!(server.asked().len() > before, way.url.host() == HOST, "{}", way.url);
            if way.url.host() == HOST {
                let before = server.asked();
                let error = checkout(&client(".example.org."), way, &branch("main")).await.unwrap_err();
                assert!(matches!(error, GitError::Connection { .. }), "nobody but the proxy knows the host: {error:?}");
                assert_eq!(server.asked(), before);
            }
        }
    }
}
