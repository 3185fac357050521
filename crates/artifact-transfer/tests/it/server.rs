use std::sync::Arc;

use ferroflux_artifact_transfer::server::Server;
use reqwest::{Client, Method, StatusCode};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::Fixture;

fn client() -> Client {
    Client::builder().no_proxy().timeout(std::time::Duration::from_secs(30)).build().unwrap()
}

fn header(answer: &reqwest::Response, name: &str) -> String {
    answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// SRC-ART-08, SRC-ART-09: what a download looks like, and HEAD of it.
#[tokio::test]
async fn a_download_has_the_headers() {
    let f = Fixture::start().await;
    let stored = f.publish("a.tar.gz", b"0123456789");
    for method in [Method::GET, Method::HEAD] {
        let answer = client().request(method.clone(), f.url("a.tar.gz")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(header(&answer, "content-type"), "application/gzip");
        assert_eq!(header(&answer, "accept-ranges"), "bytes");
        assert_eq!(header(&answer, "content-length"), "10");
        assert_eq!(header(&answer, "etag"), format!("\"{}\"", stored.digest));
        assert!(header(&answer, "last-modified").ends_with(" GMT"));
        assert_eq!(answer.bytes().await.unwrap().as_ref(), if method == Method::GET { b"0123456789".as_slice() } else { b"" });
    }
}

/// SRC-ART-08: single and several ranges, and one beyond the end.
#[tokio::test]
async fn ranges_are_served() {
    let f = Fixture::start().await;
    f.publish("a.tar.gz", b"0123456789");
    let get = |range: &'static str| client().get(f.url("a.tar.gz")).header("range", range).send();
    let one = get("bytes=2-4").await.unwrap();
    assert_eq!((one.status(), header(&one, "content-range")), (StatusCode::PARTIAL_CONTENT, "bytes 2-4/10".into()));
    assert_eq!(one.text().await.unwrap(), "234");
    let several = get("bytes=7-8,0-1").await.unwrap();
    assert_eq!(several.status(), StatusCode::PARTIAL_CONTENT);
    let (kind, length) = (header(&several, "content-type"), header(&several, "content-length"));
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").unwrap().to_owned();
    let body = several.text().await.unwrap();
    assert_eq!(length, body.len().to_string());
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert!(parts[1].contains("Content-Range: bytes 7-8/10\r\n") && parts[1].ends_with("\r\n\r\n78\r\n"), "{body}");
    assert!(parts[2].contains("Content-Range: bytes 0-1/10\r\n") && parts[2].ends_with("\r\n\r\n01\r\n"), "{body}");
    assert_eq!(parts[3], "--\r\n");
    let beyond = get("bytes=10-").await.unwrap();
    assert_eq!((beyond.status(), header(&beyond, "content-range")), (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */10".into()));
}

/// SRC-ART-08, SRC-ART-09: an unchanged artifact is not sent again, and a range of another version is not mixed in.
#[tokio::test]
async fn conditional_requests_are_answered() {
    let f = Fixture::start().await;
    let stored = f.publish("a.tar.gz", b"0123456789");
    let get = |name: &'static str, value: String| client().get(f.url("a.tar.gz")).header(name, value).send();
    let modified = header(&client().head(f.url("a.tar.gz")).send().await.unwrap(), "last-modified");
    assert_eq!(get("if-modified-since", modified).await.unwrap().status(), StatusCode::NOT_MODIFIED);
    assert_eq!(get("if-modified-since", "Thu, 01 Jan 1970 00:00:01 GMT".into()).await.unwrap().status(), StatusCode::OK);
    assert_eq!(get("if-none-match", format!("\"x\", \"{}\"", stored.digest)).await.unwrap().status(), StatusCode::NOT_MODIFIED);
    assert_eq!(get("if-none-match", "\"x\"".into()).await.unwrap().status(), StatusCode::OK);
    let stale = client().get(f.url("a.tar.gz")).header("range", "bytes=1-2").header("if-range", "\"x\"").send().await.unwrap();
    assert_eq!(stale.status(), StatusCode::OK);
}

/// SRC-ART-09: nothing but artifacts is there: no listing, no lock, no temporary file, nothing outside, no other method.
#[tokio::test]
async fn nothing_else_is_served() {
    let f = Fixture::start().await;
    f.publish("a.tar.gz", b"x");
    let root = f.dir.path().join("data/gitrepository/ns/repo");
    std::fs::write(f.dir.path().join("data/secret"), "s").unwrap();
    std::fs::write(root.join(".tmp-x"), "s").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", root.join("link.tar.gz")).unwrap();
    std::os::unix::fs::symlink("a.tar.gz", root.join("latest.tar.gz")).unwrap();
    assert!(root.join("a.tar.gz.lock").exists());
    let base = format!("http://{}", f.addr);
    for path in
        ["/gitrepository", "/gitrepository/ns/repo/", "/gitrepository/ns/repo/a.tar.gz.lock", "/gitrepository/ns/repo/.tmp-x", "/secret"]
            .into_iter()
            .chain(["/gitrepository/ns/repo/link.tar.gz", "/gitrepository/ns%2frepo/a.tar.gz", "/a/b/c/d"])
    {
        let answer = client().get(format!("{base}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(header(&answer, "content-type").starts_with("text/plain"));
    }
    // Clients normalise such paths, attackers do not.
    for path in ["/gitrepository/ns/repo/../repo/a.tar.gz", "/gitrepository/ns/%2e%2e/a.tar.gz", "/../../../../etc/passwd", "//etc/passwd"]
    {
        assert!(raw(f.addr, path).await.starts_with("HTTP/1.1 404"), "{path}");
    }
    let root_answer = client().get(&base).send().await.unwrap();
    assert_eq!((root_answer.status(), root_answer.text().await.unwrap()), (StatusCode::OK, String::new()));
    assert_eq!(client().get(f.url("latest.tar.gz")).send().await.unwrap().text().await.unwrap(), "x");
    for method in [Method::PUT, Method::POST, Method::DELETE] {
        let answer = client().request(method, f.url("a.tar.gz")).send().await.unwrap();
        assert_eq!((answer.status(), header(&answer, "allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD".into()));
    }
}

/// The answer to a request whose path is sent as it stands.
async fn raw(addr: std::net::SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// SRC-ART-08: the forms of `--storage-addr`; `:0` takes clients of both address families.
#[tokio::test]
async fn addresses_are_bound() {
    let f = Fixture::start().await;
    for (address, host) in [(":0", "127.0.0.1"), ("127.0.0.1:0", "127.0.0.1"), ("localhost:0", "localhost")] {
        let server = Server::bind(address, Arc::clone(&f.storage)).await.unwrap();
        let port = server.local_addr().unwrap().port();
        tokio::spawn(server.run(std::future::pending()));
        let answer = client().get(format!("http://{host}:{port}/")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{address}");
    }
    assert!(Server::bind("nonsense", Arc::clone(&f.storage)).await.is_err());
}

/// SRC-ART-08: the end comes within the time of grace, whatever clients do.
#[tokio::test]
async fn the_server_stops() {
    let f = Fixture::start().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = Server::bind("127.0.0.1:0", Arc::clone(&f.storage)).await.unwrap();
    let addr = server.local_addr().unwrap();
    let running = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    // A connection that is kept open and says nothing more.
    let idle = tokio::net::TcpStream::connect(addr).await.unwrap();
    assert!(client().get(format!("http://{addr}/")).send().await.unwrap().status().is_success());
    drop(stop);
    running.await.unwrap();
    drop(idle);
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}
