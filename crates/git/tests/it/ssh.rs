use ferroflux_git::{Auth, CheckoutOptions, GitError, KnownHosts, Remote, Secret, SshAlgorithms, SshIdentity};
use ferroflux_test_harness::ssh::{self, Options};

use crate::{Fixture, branch, checkout, entries, mirrored_objects, remote};

fn identity(private_key: String, known_hosts: &str) -> SshIdentity {
    SshIdentity {
        user: "git".into(),
        private_key: Secret::new(private_key),
        passphrase: None,
        known_hosts: KnownHosts::parse(known_hosts.as_bytes()).unwrap(),
    }
}

fn with(url: &str, identity: SshIdentity) -> Remote {
    Remote { auth: Auth::Ssh(Box::new(identity)), ..remote(url) }
}

/// SRC-GIT-17, CRT-03-01: fetching over SSH in the process, at depth 1 also from a server of protocol version 0.
#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_fetched() {
    for protocol in [0, 1, 2] {
        let f = Fixture::new();
        let repository = f.repository("app").await;
        repository.commit("zero", &[("a", "0")]).await.unwrap();
        let commit = repository.commit("one", &[("a", "1")]).await.unwrap();
        let server = ssh::serve(&f.root(), Options { forced_protocol: Some(protocol), ..Options::default() }).await.unwrap();
        let remote = with(&server.url("app.git"), identity(ssh::pem(&ssh::key(7)), &server.known_hosts()));
        let got = checkout(&f.client, &remote, &branch("main")).await.unwrap();
        assert_eq!(got.resolved().commit, commit);
        assert_eq!(entries(&got, &CheckoutOptions::default()), ["a"]);
        assert_eq!(mirrored_objects(&f.mirrors()), 3, "protocol {protocol}");
        drop(got);
        assert!(f.client.checkout(&remote, &branch("main"), false, Some(&format!("main@sha1:{commit}"))).await.unwrap().is_none());
        let gone =
            checkout(&f.client, &with(&server.url("gone.git"), identity(ssh::pem(&ssh::key(7)), &server.known_hosts())), &branch("main"))
                .await;
        assert!(matches!(gone, Err(GitError::RepositoryNotFound(_))), "{:?}", gone.err());
    }
}

/// SRC-GIT-17: unknown and changed host keys are refused before the login, a refused login is told.
#[tokio::test(flavor = "multi_thread")]
async fn hosts_and_logins_are_checked() {
    let f = Fixture::new();
    f.repository("app").await.commit("one", &[("a", "1")]).await.unwrap();
    let allowed = ssh::key(7);
    let server = ssh::serve(&f.root(), Options { authorized: vec![allowed.public_key().clone()], ..Options::default() }).await.unwrap();
    let other = format!("[127.0.0.1]:{} {}", server.addr().port(), ssh::key(9).public_key().to_openssh().unwrap());
    for (key, known_hosts, expected) in [
        (ssh::pem(&allowed), server.known_hosts(), "ok"),
        (ssh::pem(&allowed), "example.com ".to_owned() + server.known_hosts().split_once(' ').unwrap().1, "knownhosts: key is unknown"),
        (ssh::pem(&allowed), other, "knownhosts: key mismatch"),
        (
            ssh::pem(&allowed),
            server.known_hosts() + "@revoked * " + server.known_hosts().split_once(' ').unwrap().1,
            "knownhosts: key is revoked",
        ),
        (ssh::pem(&ssh::key(8)), server.known_hosts(), "the server refused the SSH key"),
    ] {
        let got = checkout(&f.client, &with(&server.url("app.git"), identity(key, &known_hosts)), &branch("main")).await;
        let text = got.err().map_or("ok".to_owned(), |e| e.to_string());
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

/// SRC-GIT-17: RSA, ECDSA and Ed25519 keys, encrypted ones with their passphrase, as ssh-keygen writes them.
#[tokio::test(flavor = "multi_thread")]
async fn kinds_of_keys() {
    let f = Fixture::new();
    f.repository("app").await.commit("one", &[("a", "1")]).await.unwrap();
    let server = ssh::serve(&f.root(), Options::default()).await.unwrap();
    for (kind, bits, format, passphrase) in [
        ("rsa", "2048", "RFC4716", ""),
        ("rsa", "2048", "PEM", ""),
        ("ecdsa", "256", "RFC4716", ""),
        ("ecdsa", "384", "RFC4716", "pw"),
        ("ed25519", "256", "RFC4716", "pw"),
    ] {
        let file = f.dir.path().join(format!("{kind}{bits}{format}{passphrase}"));
        let made = std::process::Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-b", bits, "-m", format, "-N", passphrase, "-f"])
            .arg(&file)
            .status();
        if made.is_err() {
            println!("skipped: no ssh-keygen");
            return;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let mut identity = identity(text, &server.known_hosts());
        if !passphrase.is_empty() {
            let error = identity.check().unwrap_err().to_string();
            assert!(error.contains("encrypted"), "{error}");
            identity.passphrase = Some(Secret::new("wrong"));
            assert!(identity.check().is_err());
            identity.passphrase = Some(Secret::new(passphrase));
        }
        identity.check().unwrap();
        let got = checkout(&f.client, &with(&server.url("app.git"), identity), &branch("main")).await;
        assert!(got.is_ok(), "{kind} {format}: {:?}", got.err());
    }
}

/// SRC-GIT-17: host keys of every kind are checked; an `ssh-rsa` entry stands for signatures with SHA-2; names that
/// ssh-keygen has hashed are found, also with a port.
#[tokio::test(flavor = "multi_thread")]
async fn kinds_of_host_keys() {
    let f = Fixture::new();
    f.repository("app").await.commit("one", &[("a", "1")]).await.unwrap();
    for (kind, bits) in [("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "521"), ("ed25519", "256")] {
        let file = f.dir.path().join(format!("host-{kind}{bits}"));
        let keygen = |args: &[&str]| std::process::Command::new("ssh-keygen").args(args).arg("-f").arg(&file).output();
        if keygen(&["-q", "-t", kind, "-b", bits, "-N", ""]).is_err() {
            println!("skipped: no ssh-keygen");
            return;
        }
        let key = russh::keys::decode_secret_key(&std::fs::read_to_string(&file).unwrap(), None).unwrap();
        let server = ssh::serve(&f.root(), Options { host_key: Some(key), ..Options::default() }).await.unwrap();
        let plain = server.known_hosts();
        std::fs::write(&file, &plain).unwrap();
        assert!(keygen(&["-H"]).unwrap().status.success());
        let hashed = std::fs::read_to_string(&file).unwrap();
        assert!(hashed.starts_with("|1|"), "{hashed}");
        for known_hosts in [plain, hashed] {
            let got =
                checkout(&f.client, &with(&server.url("app.git"), identity(ssh::pem(&ssh::key(7)), &known_hosts)), &branch("main")).await;
            assert!(got.is_ok(), "{kind} {known_hosts}: {:?}", got.err());
        }
    }
}

/// SRC-GEN (`--ssh-kex-algos`, `--ssh-hostkey-algos`): the lists are obeyed, and unknown names refused.
#[tokio::test(flavor = "multi_thread")]
async fn algorithms_can_be_chosen() {
    let f = Fixture::new();
    f.repository("app").await.commit("one", &[("a", "1")]).await.unwrap();
    let server = ssh::serve(&f.root(), Options::default()).await.unwrap();
    for (kex, keys, good) in
        [(vec!["diffie-hellman-group14-sha256"], vec!["ssh-ed25519"], true), (vec!["curve25519-sha256"], vec!["rsa-sha2-512"], false)]
    {
        let mut remote = with(&server.url("app.git"), identity(ssh::pem(&ssh::key(7)), &server.known_hosts()));
        remote.ssh_algorithms = SshAlgorithms::parse(&kex, &keys).unwrap();
        let got = checkout(&f.client, &remote, &branch("main")).await;
        assert_eq!(got.is_ok(), good, "{:?}", got.err());
    }
    let kex = vec![russh::kex::CURVE25519];
    let picky = russh::Preferred { kex: kex.into(), ..russh::Preferred::DEFAULT };
    let server = ssh::serve(&f.root(), Options { preferred: Some(picky), ..Options::default() }).await.unwrap();
    for (kex, good) in [
        (vec!["diffie-hellman-group14-sha256"], false),
        (vec!["diffie-hellman-group14-sha256", "curve25519-sha256"], true),
        (Vec::new(), true),
    ] {
        let mut remote = with(&server.url("app.git"), identity(ssh::pem(&ssh::key(7)), &server.known_hosts()));
        remote.ssh_algorithms = SshAlgorithms::parse(&kex, &[]).unwrap();
        let got = checkout(&f.client, &remote, &branch("main")).await;
        assert_eq!(got.is_ok(), good, "{kex:?}: {:?}", got.err());
    }
    assert!(SshAlgorithms::parse(&["nonsense"], &[]).is_err());
}
