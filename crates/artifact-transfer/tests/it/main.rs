//! The server and the fetcher over real sockets and a real store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod fetch;
mod server;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use ferroflux_artifact::digest::Algorithm;
use ferroflux_artifact::ignore::Rules;
use ferroflux_artifact::storage::{ArtifactPath, Config, Retention, Storage, StorageError, Stored};
use ferroflux_artifact::tarball;
use ferroflux_artifact_transfer::server::Server;

/// A store in a temporary directory behind a running server.
struct Fixture {
    dir: tempfile::TempDir,
    storage: Arc<Storage>,
    addr: SocketAddr,
}

impl Fixture {
    async fn start() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let config =
            Config { root: dir.path().join("data"), advertised: "a".into(), algorithm: Algorithm::Sha256, retention: Retention::default() };
        let storage = Arc::new(Storage::open(config).unwrap());
        let server = Server::bind("127.0.0.1:0", Arc::clone(&storage)).await.unwrap();
        let addr = server.local_addr().unwrap();
        tokio::spawn(server.run(std::future::pending()));
        Self { dir, storage, addr }
    }

    fn publish(&self, name: &str, content: &[u8]) -> Stored {
        let path = ArtifactPath::new("GitRepository", "ns", "repo", name).unwrap();
        let write =
            |out: &mut dyn Write| out.write_all(content).map_err(|source| StorageError::Io { action: "write", path: name.into(), source });
        self.storage.publish(&path, write).unwrap()
    }

    /// Publishes a tree with the given files.
    fn publish_tree(&self, name: &str, files: &[(&str, &[u8])]) -> Stored {
        let tree = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let mut writer = tarball::Writer::new(Vec::new());
        tarball::archive_dir(tree.path(), &Rules::none(), &mut writer).unwrap();
        self.publish(name, &writer.finish().unwrap())
    }

    fn url(&self, name: &str) -> String {
        format!("http://{}/gitrepository/ns/repo/{name}", self.addr)
    }
}
