//! What a GitRepository follows and what it says when it cannot.

use ferroflux_git_server::{HttpOptions, HttpServer, Repository};
use ferroflux_test_harness::proxy::{Protocol, Proxy};
use ferroflux_test_harness::ssh;
use serde_json::{Value, json};

use crate::World;
use crate::world::{condition, get};

/// The files of an artifact with their contents.
async fn files(artifact: &Value) -> Vec<(String, String)> {
    let bytes = get(artifact["url"].as_str().unwrap()).await.unwrap().bytes().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    ferroflux_artifact::tarball::unpack(&bytes[..], dir.path(), ferroflux_artifact::tarball::UnpackOptions::STRICT).unwrap();
    let mut found = Vec::new();
    let mut todo = vec![dir.path().to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            if entry.path().is_dir() {
                todo.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(dir.path()).unwrap().display().to_string();
                found.push((name, std::fs::read_to_string(entry.path()).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// SRC-AUTH-02, SRC-AUTH-06, RT-76: the proxy of `proxySecretRef` is used and logged in to; a Secret that does not fit and a
/// refused login are told without what is secret.
#[tokio::test(flavor = "multi_thread")]
async fn proxies() {
    let world = World::new("proxies").await;
    world.repository("app.git").await;
    let controller = world.start("controller", &[]).await;
    let url = world.git.url("app.git").replace("127.0.0.1", "git.example.org");
    for (name, protocol) in [("http", Protocol::Http), ("socks", Protocol::Socks5)] {
        let proxy = Proxy::start(protocol, Some(("alice", "hunter2"))).await.unwrap();
        let secret = json!({"stringData": {"address": proxy.url(), "username": "alice", "password": "hunter3"}});
        world.apply("Secret", name, secret.clone()).await;
        world.git_repository(name, &url, json!({"proxySecretRef": {"name": name}})).await;
        let message = world.told(name, "Ready", "GitOperationFailed").await;
        assert!(message.contains("prox") && !message.contains("hunter"), "{message}");
        assert!(proxy.asked().is_empty());
        world.apply("Secret", name, json!({"stringData": {"address": proxy.url(), "username": "alice", "password": "hunter2"}})).await;
        world.reconcile(name).await;
        world.ready(name).await;
        assert!(proxy.asked().iter().all(|target| target.starts_with("git.example.org:")) && !proxy.asked().is_empty());
    }
    world.apply("Secret", "half", json!({"stringData": {"address": "http://proxy:3128", "password": "hunter2"}})).await;
    world.git_repository("half", &url, json!({"proxySecretRef": {"name": "half"}})).await;
    let message = world.told("half", "Ready", "AuthenticationFailed").await;
    assert!(message.contains("proxies/half") && message.contains("'password' needs 'username'"), "{message}");
    assert!(!controller.log().contains("hunter"), "{}", controller.log());
}

/// SRC-GEN-04, SRC-GEN-08: the first step that fails is the one that is told, credentials before includes; and references
/// find nothing in another namespace.
#[tokio::test(flavor = "multi_thread")]
async fn steps_in_order_and_namespaces_apart() {
    let world = World::new("steps").await;
    world.namespace("steps-other").await;
    world.repository("app.git").await;
    let _controller = world.start("controller", &[]).await;
    let url = world.git.url("app.git");
    world.apply_in("steps-other", "Secret", "login", json!({"stringData": {"username": "a", "password": "b"}})).await;
    let other = json!({"spec": {"interval": "1h", "url": url, "ref": {"branch": "main"}}});
    world.apply_in("steps-other", "GitRepository", "lib", other).await;
    let include = json!([{"repository": {"name": "lib"}}]);
    world.git_repository("app", &url, json!({"secretRef": {"name": "login"}, "include": include})).await;
    let message = world.told("app", "FetchFailed", "AuthenticationFailed").await;
    assert!(message.contains("steps/login") && message.contains("not found"), "{message}");
    assert!(condition(&world.get("app").await, "IncludeUnavailable").is_null());
    world.apply("Secret", "login", json!({"stringData": {"username": "a", "password": "b"}})).await;
    let message = world.told("app", "IncludeUnavailable", "NotFound").await;
    assert!(message.contains("steps/lib"), "{message}");
    // The remote is not even asked before its includes are there.
    assert!(world.git.requests().is_empty(), "{:?}", world.git.requests());
}

/// SRC-GIT-12: an include is waited for, then copied to its place; a change of it rebuilds at the own revision; a target that
/// is in use or a path that climbs is refused, and the artifact stays.
#[tokio::test(flavor = "multi_thread")]
async fn includes() {
    let world = World::new("includes").await;
    world.repository("app.git").await;
    let lib = Repository::create(&world.repositories(), "lib.git").await.unwrap();
    lib.commit("lib", &[("base/lib.yaml", "l: 1\n"), ("other.yaml", "o: 1\n")]).await.unwrap();
    let _controller = world.start("controller", &[]).await;
    let with = |from: &str, to: &str| json!({"include": [{"repository": {"name": "lib"}, "fromPath": from, "toPath": to}]});
    world.git_repository("app", &world.git.url("app.git"), with("base", "vendor/lib")).await;
    world.told("app", "IncludeUnavailable", "NotFound").await;
    world.git_repository("lib", &world.git.url("lib.git"), json!({})).await;
    let first = world.ready("app").await["status"]["artifact"].clone();
    let expected = |text: &str| vec![("app.yaml".to_owned(), "a: 1\n".to_owned()), ("vendor/lib/lib.yaml".to_owned(), text.to_owned())];
    assert_eq!(files(&first).await, expected("l: 1\n"));
    lib.commit("lib 2", &[("base/lib.yaml", "l: 2\n")]).await.unwrap();
    world.reconcile("lib").await;
    let changed = |o: &Value| o["status"]["artifact"]["digest"] != first["digest"] && condition(o, "Ready")["status"] == "True";
    let second = world.wait("app", "rebuilt", changed).await["status"]["artifact"].clone();
    assert_eq!(second["revision"], first["revision"]);
    assert_eq!(files(&second).await, expected("l: 2\n"));
    for (from, to, reason) in [("base", "..", "IllegalPath"), ("../x", "lib", "IllegalPath"), ("nope", "lib", "CopyFailure")] {
        world.git_repository("app", &world.git.url("app.git"), with(from, to)).await;
        world.told("app", "StorageOperationFailed", reason).await;
        assert_eq!(world.get("app").await["status"]["artifact"]["digest"], second["digest"]);
        assert_eq!(files(&second).await, expected("l: 2\n"));
    }
}

/// SRC-GIT-08, SRC-GIT-11, SRC-GEN-14: another configuration at the same revision is another artifact, and news.
#[tokio::test(flavor = "multi_thread")]
async fn content_configuration() {
    let world = World::new("content").await;
    let repository = Repository::create(&world.repositories(), "app.git").await.unwrap();
    repository.commit("a", &[("a/x.yaml", "1"), ("b/y.yaml", "2"), ("b/z.md", "3")]).await.unwrap();
    let _controller = world.start("controller", &[]).await;
    let url = world.git.url("app.git");
    let mut digests = Vec::new();
    let mut names = Vec::new();
    for more in
        [json!({}), json!({"ignore": "*.md"}), json!({"sparseCheckout": ["./b"]}), json!({"sparseCheckout": ["b"], "ignore": "*.md"})]
    {
        world.git_repository("app", &url, more).await;
        let artifact = world.ready("app").await["status"]["artifact"].clone();
        names.push(files(&artifact).await.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" "));
        digests.push(artifact["digest"].as_str().unwrap().to_owned());
    }
    assert_eq!(names, ["a/x.yaml b/y.yaml b/z.md", "a/x.yaml b/y.yaml", "b/y.yaml b/z.md", "b/y.yaml"]);
    digests.dedup();
    assert_eq!(digests.len(), 4);
    world.git_repository("app", &url, json!({"sparseCheckout": ["nope/x"]})).await;
    let message = world.told("app", "FetchFailed", "GitOperationFailed").await;
    assert!(message.contains("sparse checkout dir 'nope/x' does not exist in repository"), "{message}");
    assert_eq!(files(&world.get("app").await["status"]["artifact"]).await.len(), 1, "the last artifact is served on");
}

/// SRC-GIT-03, SRC-GIT-06, SRC-GIT-17, SRC-GEN-10: what is wrong is told in the words of the contract; only what a change of
/// the object can help stalls.
#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told() {
    let world = World::new("failures").await;
    world.repository("app.git").await;
    Repository::create(&world.repositories(), "empty.git").await.unwrap();
    let closed = HttpServer::start(world.repositories(), HttpOptions::default().basic("alice", "hunter2")).await.unwrap();
    let shell = ssh::serve(&world.repositories(), ssh::Options::default()).await.unwrap();
    let controller = world.start("controller", &[]).await;
    let key = world.dir.path().join("key");
    let made = std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "hunter2", "-f"]).arg(&key).status();
    assert!(made.is_ok_and(|s| s.success()), "ssh-keygen");
    let key = std::fs::read_to_string(key).unwrap();
    let secret = |more: Value| json!({"stringData": more});
    world.apply("Secret", "encrypted", secret(json!({"identity": key, "known_hosts": shell.known_hosts()}))).await;
    world.apply("Secret", "wrong", secret(json!({"identity": key, "known_hosts": shell.known_hosts(), "password": "hunter3"}))).await;
    world.apply("Secret", "right", secret(json!({"identity": key, "known_hosts": shell.known_hosts(), "password": "hunter2"}))).await;
    world.apply("Secret", "stranger", secret(json!({"identity": ssh::pem(&ssh::key(7)), "known_hosts": "example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN4ZcQm0eZ7lp/HLP4vBE0eqDrMUVAUnVEhHyB4eRIHI"}))).await;
    world.apply("Secret", "blind", secret(json!({"identity": key}))).await;
    world.apply("Secret", "half", secret(json!({"password": "hunter2"}))).await;
    let with = |name: &str| json!({"secretRef": {"name": name}});
    for (name, url, more, type_, reason, text) in [
        ("empty", world.git.url("empty.git"), json!({}), "FetchFailed", "EmptyGitRepository", "git repository is empty"),
        ("branch", world.git.url("app.git"), json!({"ref": {"branch": "nope"}}), "FetchFailed", "GitOperationFailed", "refs/heads/nope"),
        (
            "range",
            world.git.url("app.git"),
            json!({"ref": {"semver": ">=9"}}),
            "FetchFailed",
            "GitOperationFailed",
            "no match found for semver: >=9",
        ),
        ("gone", world.git.url("gone.git"), json!({}), "FetchFailed", "GitOperationFailed", "gone.git"),
        ("closed", closed.url("app.git"), json!({}), "FetchFailed", "GitOperationFailed", "401"),
        ("url", "https://[::1/app.git".to_owned(), json!({}), "Stalled", "URLInvalid", "https://[::1/app.git"),
        ("keyless", shell.url("app.git"), json!({}), "FetchFailed", "AuthenticationFailed", "known_hosts"),
        ("blind", shell.url("app.git"), with("blind"), "FetchFailed", "AuthenticationFailed", "known_hosts"),
        ("encrypted", shell.url("app.git"), with("encrypted"), "FetchFailed", "AuthenticationFailed", "failures/encrypted"),
        ("wrong", shell.url("app.git"), with("wrong"), "FetchFailed", "AuthenticationFailed", "failures/wrong"),
        ("stranger", shell.url("app.git"), with("stranger"), "FetchFailed", "GitOperationFailed", "knownhosts: key is unknown"),
        ("half", closed.url("app.git"), with("half"), "FetchFailed", "AuthenticationFailed", "failures/half"),
    ] {
        world.git_repository(name, &url, more).await;
        let message = world.told(name, type_, reason).await;
        assert!(message.contains(text), "{name}: {message}");
        let object = world.get(name).await;
        assert_eq!(condition(&object, "Ready")["status"], "False", "{name}");
        let stalled = !condition(&object, "Stalled").is_null();
        assert_eq!(stalled, type_ == "Stalled", "{name}");
        assert_eq!(object["status"]["observedGeneration"] == object["metadata"]["generation"], stalled, "{name}");
        assert!(object["status"]["artifact"].is_null(), "{name}");
    }
    world.git_repository("right", &shell.url("app.git"), with("right")).await;
    world.ready("right").await;
    assert!(!controller.log().contains("hunter"), "{}", controller.log());
    assert!(!world.events().await.iter().any(|(_, _, message)| message.contains("hunter")));
}
