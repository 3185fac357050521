//! Builds with bases and files from real servers on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use ferroflux_git_server::{HttpOptions, HttpServer, Repository};
use ferroflux_kustomize::{DiskFileSystem, Options, Output, build};
use ferroflux_remote_bases::RemoteBases;

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\ndata: {from: VALUE}\n";

struct World {
    root: tempfile::TempDir,
    git: HttpServer,
    repository: Repository,
}

impl World {
    async fn new() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("git")).unwrap();
        let repository = Repository::create(&root.path().join("git"), "base.git").await.unwrap();
        let git = HttpServer::start(&root.path().join("git"), HttpOptions::default()).await.unwrap();
        Self { root, git, repository }
    }

    async fn commit(&self, value: &str) -> String {
        self.repository.write("deploy/kustomization.yaml", "resources: [map.yaml]\n").unwrap();
        self.repository.write("deploy/map.yaml", MAP.replace("VALUE", value)).unwrap();
        self.repository.push(value).await.unwrap()
    }

    /// What a kustomization with these resources gives.
    async fn build(&self, resources: &str) -> Result<Output, String> {
        let dir = self.root.path().join("app");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("kustomization.yaml"), format!("namePrefix: my-\nresources:\n- {resources}\n")).unwrap();
        let (runtime, scratch) = (tokio::runtime::Handle::current(), self.root.path().join("scratch"));
        let built = tokio::task::spawn_blocking(move || {
            let files = DiskFileSystem::new(&dir).unwrap();
            let remote = RemoteBases::new(runtime, &scratch);
            let built = build(&files, "/", &Options::default(), Some(&remote)).map_err(|e| e.to_string());
            let left = std::fs::read_dir(&scratch).map_or(0, Iterator::count);
            (built, left)
        });
        let (built, left) = built.await.unwrap();
        assert_eq!(left, 0, "nothing stays behind");
        built
    }
}

fn text(output: &Output) -> String {
    output.objects.iter().map(|o| o.to_yaml().unwrap()).collect()
}

/// KC-GEN-05, KB-GIT-01, KB-GIT-02: a base in a repository, at its default branch, a branch, a tag and a commit; a wrong
/// name is an error that says which.
#[tokio::test(flavor = "multi_thread")]
async fn bases_in_repositories() {
    let w = World::new().await;
    let first = w.commit("one").await;
    w.repository.git(&["tag", "v1"]).await.unwrap();
    w.repository.git(&["push", "origin", "v1"]).await.unwrap();
    w.commit("two").await;
    let base = format!("{}//deploy", w.git.url("base.git"));
    for (query, value) in [("".to_owned(), "two"), ("?ref=main".into(), "two"), ("?ref=v1".into(), "one"), (format!("?ref={first}"), "one")]
    {
        let built = w.build(&format!("{base}{query}")).await.unwrap();
        let text = text(&built);
        assert!(text.contains(&format!("from: {value}")) && text.contains("name: my-base"), "{query}: {text}");
    }
    let error = w.build(&format!("{base}?ref=nowhere")).await.unwrap_err();
    assert!(error.contains("no branch, tag or commit 'nowhere'"), "{error}");
}

/// KC-GEN-05: SSH has no key here, files of this machine are nobody's base; both are refused before anything is asked.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused() {
    let w = World::new().await;
    let error = w.build("ssh://git@127.0.0.1:1/org/repo.git//deploy").await.unwrap_err();
    assert!(error.contains("over SSH") && error.contains("https"), "{error}");
    let error = w.build("file:///tmp/repo.git//deploy").await.unwrap_err();
    assert!(error.contains("unsupported scheme"), "{error}");
}

/// KC-GEN-05: a file over HTTP; what the server refuses is an error with its status.
#[tokio::test(flavor = "multi_thread")]
async fn files_over_http() {
    let w = World::new().await;
    let router = axum::Router::new().route("/map.yaml", axum::routing::get(|| async { MAP.replace("VALUE", "http") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let built = w.build(&format!("http://{address}/map.yaml")).await.unwrap();
    assert!(text(&built).contains("from: http"));
    let error = w.build(&format!("http://{address}/absent.yaml")).await.unwrap_err();
    assert!(error.contains("404"), "{error}");
}
