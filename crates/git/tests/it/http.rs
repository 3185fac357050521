use ferroflux_git::{Auth, CheckoutOptions, GitError, Reference, Secret, Tls};
use ferroflux_git_server::{HttpOptions, HttpServer};
use ferroflux_test_harness::https::{self, Certificates};

use crate::{Fixture, branch, checkout, entries, mirrored_objects, remote};

/// SRC-GIT-02, SRC-GIT-05, SRC-GIT-07: one commit at depth 1, an unchanged one by one listing, the next by its delta,
/// whatever protocol version the server speaks (CRT-03-01).
#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_followed() {
    for protocol in [0, 1, 2] {
        let f = Fixture::new();
        let repository = f.repository("app").await;
        for n in 0..20 {
            repository.commit(&format!("old {n}"), &[("old.yaml", &format!("n: {n}\n"))]).await.unwrap();
        }
        let first = repository.commit("first\n\nbody", &[("deploy/app.yaml", "a: 1\n"), ("README.md", "hi\n")]).await.unwrap();
        let server = HttpServer::start(f.root(), HttpOptions::default().protocol(protocol)).await.unwrap();
        let remote = remote(&server.url("app.git"));
        let got = checkout(&f.client, &remote, &branch("main")).await.unwrap();
        assert_eq!(got.resolved().revision(), format!("main@sha1:{first}"));
        assert_eq!(got.commit().message(), "first\n\nbody\n");
        assert_eq!(entries(&got, &CheckoutOptions::default()), ["README.md", "deploy/", "deploy/app.yaml", "old.yaml"]);
        assert_eq!(mirrored_objects(&f.mirrors()), 6, "one commit, two trees, three blobs (protocol {protocol})");
        drop(got);
        let revision = format!("main@sha1:{first}");
        let before = server.requests().len();
        assert!(f.client.checkout(&remote, &branch("main"), false, Some(&revision)).await.unwrap().is_none());
        assert!(server.requests().len() - before <= 2, "one listing");
        let second = repository.commit("second", &[("deploy/app.yaml", "a: 2\n")]).await.unwrap();
        let got = f.client.checkout(&remote, &branch("main"), false, Some(&revision)).await.unwrap().unwrap();
        assert_eq!(got.resolved().commit, second);
        assert_eq!(mirrored_objects(&f.mirrors()), 10, "a commit, two trees and a blob more (protocol {protocol})");
        assert_eq!(entries(&got, &CheckoutOptions::default()), ["README.md", "deploy/", "deploy/app.yaml", "old.yaml"]);
    }
}

/// SRC-GIT-17: basic, bearer and the URL's userinfo; a refusal is told without the password.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_sent() {
    let f = Fixture::new();
    f.repository("app").await.commit("c", &[("a", "1")]).await.unwrap();
    let options = HttpOptions::default().basic("alice", "s3cret").bearer("tok3n");
    let server = HttpServer::start(f.root(), options).await.unwrap();
    let basic = |password: &str| Auth::Basic { username: "alice".into(), password: Secret::new(password) };
    for (auth, url, good) in [
        (basic("s3cret"), server.url("app.git"), true),
        (Auth::Bearer(Secret::new("tok3n")), server.url("app.git"), true),
        (Auth::Anonymous, server.url("app.git").replace("://", "://alice:s3cret@"), true),
        (Auth::Anonymous, server.url("app.git"), false),
        (basic("wr0ng"), server.url("app.git"), false),
        (Auth::Anonymous, server.url("app.git").replace("://", "://alice:wr0ng@"), false),
    ] {
        let remote = ferroflux_git::Remote { auth, ..remote(&url) };
        match checkout(&f.client, &remote, &branch("main")).await {
            Ok(_) => assert!(good, "{url}"),
            Err(error) => {
                assert!(!good && matches!(error, GitError::Unauthorized { .. }), "{error}");
                assert!(!error.to_string().contains("wr0ng"), "{error}");
            }
        }
    }
}

/// SRC-AUTH-01, SRC-GIT-17: TLS with a private authority, with and without a client certificate.
#[tokio::test(flavor = "multi_thread")]
async fn tls_is_checked() {
    let f = Fixture::new();
    f.repository("app").await.commit("c", &[("a", "1")]).await.unwrap();
    let server = https::serve(&f.root(), HttpOptions::default(), Certificates::Mutual).await.unwrap();
    let pki = server.pki().clone();
    let with = |ca: bool, client: bool| Tls {
        ca: ca.then(|| pki.ca.clone()),
        certificate: client.then(|| pki.client_certificate.clone()),
        private_key: client.then(|| Secret::new(&pki.client_key)),
    };
    for (tls, good) in [(with(true, true), true), (with(true, false), false), (with(false, true), false)] {
        let remote = ferroflux_git::Remote { tls, ..remote(&server.url("app.git")) };
        let got = checkout(&f.client, &remote, &branch("main")).await;
        assert_eq!(got.is_ok(), good, "{:?}", got.err());
    }
    let broken = ferroflux_git::Remote { tls: Tls { ca: Some("no PEM".into()), ..Tls::default() }, ..remote(&server.url("app.git")) };
    assert!(matches!(broken.check(), Err(GitError::Credentials(_))));

    // A server that vouches for itself is known by that very certificate.
    let own = https::serve(&f.root(), HttpOptions::default(), Certificates::Own).await.unwrap();
    for (ca, good) in [(Some(own.pki().ca.clone()), true), (Some(pki.ca.clone()), false), (None, false)] {
        let remote = ferroflux_git::Remote { tls: Tls { ca, ..Tls::default() }, ..remote(&own.url("app.git")) };
        let got = checkout(&f.client, &remote, &branch("main")).await;
        assert_eq!(got.is_ok(), good, "{:?}", got.err());
    }
}

/// SRC-GIT-03, SRC-GIT-06: what is missing is named; an empty repository is told apart.
#[tokio::test(flavor = "multi_thread")]
async fn missing_things_are_named() {
    let f = Fixture::new();
    f.repository("empty").await;
    f.repository("app").await.commit("c", &[("a", "1")]).await.unwrap();
    for protocol in [0, 1, 2] {
        let server = HttpServer::start(f.root(), HttpOptions::default().protocol(protocol)).await.unwrap();
        let error = |name: &'static str, reference: Reference| {
            let (client, remote) = (f.client.clone(), remote(&server.url(&format!("{name}.git"))));
            async move { checkout(&client, &remote, &reference).await.unwrap_err().to_string() }
        };
        assert_eq!(error("empty", branch("main")).await, "git repository is empty");
        assert_eq!(error("app", branch("nope")).await, "couldn't find remote ref \"refs/heads/nope\"");
        assert_eq!(error("app", Reference::Tag("v1".into())).await, "couldn't find remote ref \"refs/tags/v1\"");
        assert_eq!(error("app", Reference::SemVer(">=1.0.0".into())).await, "no match found for semver: >=1.0.0");
        assert!(error("gone", branch("main")).await.starts_with("repository not found: "));
    }
}

/// SRC-GIT-10: the timeout covers the whole attempt, and a server that says nothing does not hold it longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_times_out() {
    let f = Fixture::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x.git", listener.local_addr().unwrap());
    let remote = ferroflux_git::Remote { timeout: std::time::Duration::from_millis(300), ..remote(&url) };
    let error = checkout(&f.client, &remote, &branch("main")).await.unwrap_err();
    assert!(matches!(error, GitError::Timeout(_)), "{error}");
}

/// SRC-GIT-20: a repository that has moved is followed, but the credentials stay with the host that they are for.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_do_not_follow_redirects() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let f = Fixture::new();
    f.repository("app").await.commit("c", &[("a", "1")]).await.unwrap();
    let secret = ("alice", "s3cret");
    for demands in [false, true] {
        let options = if demands { HttpOptions::default().basic(secret.0, secret.1) } else { HttpOptions::default() };
        let target = HttpServer::start(f.root(), options).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/old.git", listener.local_addr().unwrap());
        let new = target.url("app.git");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let head = format!(
                    "HTTP/1.1 301 Moved\r\nLocation: {new}/info/refs?service=git-upload-pack\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                let _ = stream.write_all(head.as_bytes()).await;
            }
        });
        let auth = Auth::Basic { username: secret.0.into(), password: Secret::new(secret.1) };
        let got = checkout(&f.client, &ferroflux_git::Remote { auth, ..remote(&url) }, &branch("main")).await;
        match got {
            Ok(_) => assert!(!demands, "the credentials were sent on"),
            Err(error) => assert!(demands && matches!(error, GitError::Unauthorized { .. }), "{error}"),
        }
    }
}
