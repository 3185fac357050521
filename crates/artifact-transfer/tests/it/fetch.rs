use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use ferroflux_artifact::digest::Algorithm;
use ferroflux_artifact::tarball::Limits;
use ferroflux_artifact_transfer::fetch::{Config, FetchError, Fetcher, Retries};

use crate::Fixture;

fn fetcher(dir: &Path) -> Fetcher {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Fetcher::new(Config { host: None, ..Config::new(dir) }).unwrap()
}

/// A server that counts its requests and gives always the same answer.
async fn fixed(status: StatusCode, body: Vec<u8>) -> (SocketAddr, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let app = Router::new().fallback(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        let answer = (status, body.clone()).into_response();
        async move { answer }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (addr, count)
}

fn left_in(dir: &Path) -> Vec<String> {
    let scratch = std::fs::read_dir(dir).unwrap().next().unwrap().unwrap().path();
    let mut names: Vec<String> = std::fs::read_dir(scratch).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|n| n != ".lock");
    names
}

/// KC-FETCH-02, KC-FETCH-03, SRC-EXT-03: an artifact is verified, unpacked and shared; the temporary files go.
#[tokio::test]
async fn an_artifact_is_unpacked_once_for_all() {
    let f = Fixture::start().await;
    let stored = f.publish_tree("a.tar.gz", &[("deploy/a.yaml", b"a: 1\n")]);
    let dir = tempfile::tempdir().unwrap();
    let fetcher = fetcher(dir.path());
    let digest = stored.digest.to_string();
    let url = f.url("a.tar.gz");
    let all = futures::future::join_all((0..100).map(|_| fetcher.fetch(&url, &digest))).await;
    let first = all[0].as_ref().unwrap();
    assert_eq!(std::fs::read(first.path().join("deploy/a.yaml")).unwrap(), b"a: 1\n");
    assert!(all.iter().all(|t| t.as_ref().unwrap().path() == first.path()));
    assert_eq!(left_in(dir.path()).len(), 1, "one tree, no download");
    let bare = fetcher.fetch("http://127.0.0.1:1/gone", stored.digest.encoded()).await.unwrap();
    assert_eq!(bare.path(), first.path(), "a bare digest is SHA-256, and what is cached needs no server");
}

/// KC-FETCH-01, SRC-EXT-03: 404 means gone and is not retried; 5xx, 429 and a refused connection may be.
#[tokio::test]
async fn failures_say_whether_to_retry() {
    let dir = tempfile::tempdir().unwrap();
    let fetcher = fetcher(dir.path());
    let digest = Algorithm::Sha256.digest(b"x").to_string();
    for (status, retry) in [(404, false), (500, true), (503, true), (429, true), (403, false)] {
        let (addr, count) = fixed(StatusCode::from_u16(status).unwrap(), Vec::new()).await;
        let error = fetcher.fetch(&format!("http://{addr}/x"), &digest).await.unwrap_err();
        assert_eq!(error.is_retryable(), retry, "{status}");
        assert_eq!(matches!(*error, FetchError::NotFound), status == 404);
        assert_eq!(count.load(Ordering::SeqCst), 1, "one attempt a call");
    }
    let error = fetcher.fetch("http://127.0.0.1:1/x", &digest).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().starts_with("failed to download archive from http://127.0.0.1:1/x"), "{error}");
    assert!(left_in(dir.path()).is_empty());
    assert_eq!(
        (1..=6).map(|n| Retries { limit: 5 }.wait(n).map(|d| d.as_secs())).collect::<Vec<_>>(),
        [Some(5), Some(10), Some(20), Some(30), Some(30), None]
    );
}

/// KC-FETCH-02: nothing is unpacked unless the digest fits, and there is always one.
#[tokio::test]
async fn other_bytes_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let fetcher = fetcher(dir.path());
    let (addr, _) = fixed(StatusCode::OK, b"evil".to_vec()).await;
    let want = Algorithm::Sha256.digest(b"good");
    let error = fetcher.fetch(&format!("http://{addr}/x"), &want.to_string()).await.unwrap_err();
    assert!(error.to_string().contains(&format!("computed digest doesn't match provided '{want}'")), "{error}");
    let error = fetcher.fetch(&format!("http://{addr}/x"), "").await.unwrap_err();
    assert_eq!(error.to_string(), "failed to verify archive: empty digest");
    assert!(left_in(dir.path()).is_empty());
}

/// SRC-EXT-03, SRC-ART-20: caps on the download and on what it unpacks to; nothing is left behind.
#[tokio::test]
async fn bombs_are_refused() {
    let f = Fixture::start().await;
    let dir = tempfile::tempdir().unwrap();
    let zeros = vec![0; 2 << 20];
    let stored = f.publish_tree("bomb.tar.gz", &[("zeros", &zeros)]);
    let limits = Limits { bytes: Some(1 << 20), ..Limits::CONSUMER };
    let small = Fetcher::new(Config { limits, host: None, ..Config::new(dir.path()) }).unwrap();
    let error = small.fetch(&f.url("bomb.tar.gz"), &stored.digest.to_string()).await.unwrap_err();
    assert!(matches!(*error, FetchError::Unpack(_)), "{error}");
    assert!(left_in(dir.path()).is_empty());
    drop(small);
    let tiny = Fetcher::new(Config { max_download: Some(100), host: None, ..Config::new(dir.path()) }).unwrap();
    let error = tiny.fetch(&f.url("bomb.tar.gz"), &stored.digest.to_string()).await.unwrap_err();
    assert!(matches!(*error, FetchError::TooBig { limit: 100, .. }), "{error}");
}

/// SRC-EXT-03, KC-FLAG-06: SOURCE_CONTROLLER_LOCALHOST replaces host and port, but of source-watcher, which has a variable
/// of its own.
#[tokio::test]
async fn the_host_can_be_replaced() {
    let f = Fixture::start().await;
    let stored = f.publish_tree("a.tar.gz", &[("x", b"1")]);
    let dir = tempfile::tempdir().unwrap();
    let local = Fetcher::new(Config { host: Some(f.addr.to_string()), ..Config::new(dir.path()) }).unwrap();
    let url = "http://source-controller.flux-system.svc.cluster.local./gitrepository/ns/repo/a.tar.gz";
    assert!(local.fetch(url, &stored.digest.to_string()).await.is_ok());
    let hosts =
        Config { host: Some("127.0.0.1:1".into()), watcher_host: Some(f.addr.to_string()), ..Config::new(dir.path().join("second")) };
    let watcher = Fetcher::new(hosts).unwrap();
    let url = url.replace("source-controller", "source-watcher");
    assert!(watcher.fetch(&url, &stored.digest.to_string()).await.is_ok());
}

/// SRC-EXT-03: idle trees are capped in bytes; one that is held stays.
#[tokio::test]
async fn idle_trees_are_evicted() {
    let f = Fixture::start().await;
    let dir = tempfile::tempdir().unwrap();
    let cached = Fetcher::new(Config { cache_bytes: 15, host: None, ..Config::new(dir.path()) }).unwrap();
    let mut paths = Vec::new();
    let mut held = None;
    for n in 0..4u8 {
        let stored = f.publish_tree(&format!("{n}.tar.gz"), &[("x", &[n; 10])]);
        let tree = cached.fetch(&f.url(&format!("{n}.tar.gz")), &stored.digest.to_string()).await.unwrap();
        paths.push(tree.path().to_owned());
        held.get_or_insert(tree);
    }
    assert!(paths[0].exists(), "held");
    assert!(!paths[1].exists(), "idle and over the cap");
}
