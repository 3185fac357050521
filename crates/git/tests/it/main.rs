//! The client against the real git, over HTTP, HTTPS and SSH.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod http;
mod proxy;
mod semantics;
mod ssh;

use std::path::Path;

use ferroflux_artifact::tarball;
use ferroflux_git::{Checkout, CheckoutOptions, Client, GitError, Limits, Reference, Remote, RemoteUrl};
use ferroflux_git_server::Repository;
use ferroflux_proxy_environment::ProxyEnvironment;

/// A directory of repositories and a client.
struct Fixture {
    dir: tempfile::TempDir,
    client: Client,
}

impl Fixture {
    fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    fn with_limits(limits: Limits) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("repos")).unwrap();
        let client = Client::new(dir.path().join("mirrors"), limits, ProxyEnvironment::default()).unwrap();
        Self { dir, client }
    }

    fn root(&self) -> std::path::PathBuf {
        self.dir.path().join("repos")
    }

    /// A repository that is served as `<name>.git`.
    async fn repository(&self, name: &str) -> Repository {
        Repository::create(&self.root(), &format!("{name}.git")).await.unwrap()
    }

    fn mirrors(&self) -> std::path::PathBuf {
        self.dir.path().join("mirrors")
    }
}

fn remote(url: &str) -> Remote {
    Remote::new(RemoteUrl::parse(url).unwrap())
}

fn branch(name: &str) -> Reference {
    Reference::Branch(name.into())
}

async fn checkout(client: &Client, remote: &Remote, reference: &Reference) -> Result<Checkout, GitError> {
    client.checkout(remote, reference, false, None).await.map(|c| c.expect("not stored yet"))
}

/// The entries of the archive that the checkout makes.
fn entries(checkout: &Checkout, options: &CheckoutOptions) -> Vec<String> {
    let mut writer = tarball::Writer::new(Vec::new());
    checkout.archive(options, &mut writer).unwrap();
    let dir = tempfile::tempdir().unwrap();
    tarball::unpack(writer.finish().unwrap().as_slice(), dir.path(), tarball::UnpackOptions::STRICT).unwrap();
    let mut found = Vec::new();
    list(dir.path(), dir.path(), &mut found);
    found.sort();
    found
}

fn list(root: &Path, dir: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let name = entry.path().strip_prefix(root).unwrap().display().to_string();
        if entry.path().is_dir() {
            found.push(format!("{name}/"));
            list(root, &entry.path(), found);
        } else {
            found.push(name);
        }
    }
}

/// Commits in the client's packs, as git counts them.
fn mirrored_objects(mirrors: &Path) -> usize {
    let mut count = 0;
    for mirror in std::fs::read_dir(mirrors).unwrap().flatten() {
        for file in std::fs::read_dir(mirror.path().join("objects/pack")).unwrap().flatten() {
            if file.path().extension().is_some_and(|e| e == "idx") {
                let output =
                    std::process::Command::new("git").arg("show-index").stdin(std::fs::File::open(file.path()).unwrap()).output().unwrap();
                count += String::from_utf8(output.stdout).unwrap().lines().count();
            }
        }
    }
    count
}
