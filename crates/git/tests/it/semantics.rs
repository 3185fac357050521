use ferroflux_git::{CheckoutOptions, GitError, Limits, Reference, TreeError};
use ferroflux_git_server::{HttpOptions, HttpServer, Repository, git};

use crate::{Fixture, branch, checkout, entries, remote};

/// SRC-GIT-01, SRC-GIT-02, SRC-GIT-03, SRC-GIT-04, SRC-GIT-05: every kind of reference.
#[tokio::test(flavor = "multi_thread")]
async fn references_resolve() {
    let f = Fixture::new();
    let repository = f.repository("app").await;
    let one = repository.commit("one", &[("a", "1")]).await.unwrap();
    repository.git(&["tag", "v1.0.0"]).await.unwrap();
    let two = repository.commit("two", &[("a", "2")]).await.unwrap();
    repository.git(&["tag", "-a", "v1.1.0", "-m", "annotated"]).await.unwrap();
    // A tag on a tree: the highest in the range, and no commit.
    repository.git(&["tag", "v1.9.0", "HEAD^{tree}"]).await.unwrap();
    repository.git(&["push", "-q", "origin", "--tags"]).await.unwrap();
    let three = repository.commit("three", &[("a", "3")]).await.unwrap();
    git(repository.path(), &["update-ref", "refs/pull/1/head", &two]).await.unwrap();
    for protocol in [0, 1, 2] {
        let server = HttpServer::start(f.root(), HttpOptions::default().protocol(protocol)).await.unwrap();
        let remote = remote(&server.url("app.git"));
        let commit = |hash: &str, branch: Option<&str>| Reference::Commit { hash: hash.into(), branch: branch.map(str::to_owned) };
        for (reference, revision) in [
            (branch("main"), format!("main@sha1:{three}")),
            (Reference::Tag("v1.0.0".into()), format!("v1.0.0@sha1:{one}")),
            (Reference::Tag("v1.1.0".into()), format!("v1.1.0@sha1:{two}")),
            (Reference::SemVer("1.x".into()), format!("v1.1.0@sha1:{two}")),
            (Reference::Name("refs/pull/1/head".into()), format!("refs/pull/1/head@sha1:{two}")),
            (Reference::Name("refs/tags/v1.1.0^{}".into()), format!("refs/tags/v1.1.0@sha1:{two}")),
            (commit(&one, None), format!("sha1:{one}")),
            (commit(&two, Some("main")), format!("main@sha1:{two}")),
        ] {
            let got = checkout(&f.client, &remote, &reference).await.unwrap_or_else(|e| panic!("{reference:?}: {e}"));
            assert_eq!(got.resolved().revision(), revision, "protocol {protocol}");
            drop(got);
            let before = server.requests().len();
            let again = f.client.checkout(&remote, &reference, false, Some(&revision)).await.unwrap();
            assert!(again.is_none(), "{reference:?} is unchanged");
            let cost = server.requests().len() - before;
            assert!(cost <= if matches!(reference, Reference::Commit { .. }) { 0 } else { 2 }, "{reference:?} cost {cost} requests");
        }
        let missing = checkout(&f.client, &remote, &commit(&"1".repeat(40), None)).await.unwrap_err();
        assert!(matches!(missing, GitError::CommitNotFound(_)), "{missing}");
    }
}

/// SRC-GIT-04: of tags that differ only in build metadata the latest commit counts.
#[tokio::test(flavor = "multi_thread")]
async fn equal_versions_are_told_apart_by_time() {
    let f = Fixture::new();
    let repository = f.repository("app").await;
    let later = repository.commit("later", &[("a", "1")]).await.unwrap();
    repository.git(&["tag", "1.0.0+a"]).await.unwrap();
    repository.git(&["-c", "user.name=x", "commit", "-q", "--allow-empty", "-m", "earlier"]).await.unwrap();
    let tree = repository.git(&["rev-parse", "HEAD^{tree}"]).await.unwrap();
    let old = format!("tree {tree}\nauthor A <a@b> 1000000000 +0000\ncommitter A <a@b> 1000000000 +0000\n\nearlier\n");
    let file = f.dir.path().join("commit");
    std::fs::write(&file, old).unwrap();
    let earlier = repository.git(&["hash-object", "-t", "commit", "-w", file.to_str().unwrap()]).await.unwrap();
    repository.git(&["tag", "1.0.0+b", &earlier]).await.unwrap();
    repository.git(&["push", "-q", "origin", "--tags"]).await.unwrap();
    let server = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
    let got = checkout(&f.client, &remote(&server.url("app.git")), &Reference::SemVer("1.0.0".into())).await.unwrap();
    assert_eq!(got.resolved().revision(), format!("1.0.0+a@sha1:{later}"));
}

/// SRC-GIT-09: a forced push is followed.
#[tokio::test(flavor = "multi_thread")]
async fn forced_pushes_are_followed() {
    let f = Fixture::new();
    let repository = f.repository("app").await;
    repository.commit("one", &[("a", "1")]).await.unwrap();
    repository.commit("two", &[("a", "2")]).await.unwrap();
    let server = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
    let remote = remote(&server.url("app.git"));
    drop(checkout(&f.client, &remote, &branch("main")).await.unwrap());
    repository.git(&["reset", "-q", "--hard", "HEAD~1"]).await.unwrap();
    let replaced = repository.commit("other", &[("b", "3")]).await.unwrap();
    let got = checkout(&f.client, &remote, &branch("main")).await.unwrap();
    assert_eq!(got.resolved().commit, replaced);
    assert_eq!(entries(&got, &CheckoutOptions::default()), ["a", "b"]);
}

/// SRC-GIT-10, SRC-GIT-13, SRC-ART-13: submodules become files, links vanish, rules of the tree apply.
#[tokio::test(flavor = "multi_thread")]
async fn submodules_links_and_rules() {
    let f = Fixture::new();
    let inner = f.repository("inner").await;
    inner.commit("i", &[("deep.yaml", "d: 1\n")]).await.unwrap();
    let lib = f.repository("lib").await;
    lib.commit("l", &[("lib.yaml", "l: 1\n"), ("skip.md", "x")]).await.unwrap();
    let submodule = async |of: &Repository, to: &Repository, url: &str, path: &str| {
        of.git(&["submodule", "add", "-q", to.path().to_str().unwrap(), path]).await.unwrap();
        of.git(&["config", "-f", ".gitmodules", &format!("submodule.{path}.url"), url]).await.unwrap();
    };
    submodule(&lib, &inner, "../inner.git", "nested/inner").await;
    lib.commit("with inner", &[]).await.unwrap();
    let app = f.repository("app").await;
    app.commit("a", &[("app.yaml", "a: 1\n"), ("sub/x.md", "x"), (".sourceignore", "*.md\n")]).await.unwrap();
    submodule(&app, &lib, "../lib.git", "vendor/lib").await;
    app.git(&["-C", "vendor/lib", "pull", "-q", "origin", "main"]).await.unwrap();
    std::os::unix::fs::symlink("/etc/passwd", app.work_tree().join("link.yaml")).unwrap();
    std::os::unix::fs::symlink("..", app.work_tree().join("up")).unwrap();
    app.commit("with lib", &[]).await.unwrap();
    let server = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
    let remote = remote(&server.url("app.git"));
    let plain = checkout(&f.client, &remote, &branch("main")).await.unwrap();
    assert_eq!(entries(&plain, &CheckoutOptions::default()), [".sourceignore", "app.yaml", "sub/", "vendor/", "vendor/lib/"]);
    drop(plain);
    let whole = f.client.checkout(&remote, &branch("main"), true, None).await.unwrap().unwrap();
    let expected = [
        ".sourceignore",
        "app.yaml",
        "sub/",
        "vendor/",
        "vendor/lib/",
        "vendor/lib/lib.yaml",
        "vendor/lib/nested/",
        "vendor/lib/nested/inner/",
        "vendor/lib/nested/inner/deep.yaml",
    ];
    assert_eq!(entries(&whole, &CheckoutOptions::default()), expected);
    let dir = tempfile::tempdir().unwrap();
    whole.export(&CheckoutOptions::default(), dir.path()).unwrap();
    assert!(dir.path().join("sub/x.md").exists() && !dir.path().join("link.yaml").exists(), "an export ignores nothing but links");
}

/// SRC-ART-22: submodules that lead to files, programs or nowhere are refused.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_submodules_are_refused() {
    let f = Fixture::new();
    let lib = f.repository("lib").await;
    let commit = lib.commit("l", &[("x", "1")]).await.unwrap();
    for (name, url) in [("file", "file:///etc"), ("ext", "ext::sh -c touch% /tmp/x"), ("up", "../../../../../x"), ("path", "/etc")] {
        let app = f.repository(name).await;
        std::fs::write(app.work_tree().join(".gitmodules"), format!("[submodule \"x\"]\n\tpath = x\n\turl = {url}\n")).unwrap();
        app.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},x")]).await.unwrap();
        app.git(&["add", ".gitmodules"]).await.unwrap();
        app.git(&["commit", "-q", "-m", "x"]).await.unwrap();
        app.git(&["push", "-q", "origin", "HEAD"]).await.unwrap();
        let server = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
        let error = f.client.checkout(&remote(&server.url(&format!("{name}.git"))), &branch("main"), true, None).await.unwrap_err();
        assert!(matches!(error, GitError::Submodule { .. }), "{error}");
    }
}

/// SRC-GIT-11: only the directories asked for, which must be there.
#[tokio::test(flavor = "multi_thread")]
async fn sparse_checkouts() {
    let f = Fixture::new();
    f.repository("app")
        .await
        .commit("a", &[("root.yaml", "1"), ("a/b/c.yaml", "2"), ("a/d.yaml", "3"), ("e/f.yaml", "4"), ("ab/g.yaml", "5")])
        .await
        .unwrap();
    let server = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
    let got = checkout(&f.client, &remote(&server.url("app.git")), &branch("main")).await.unwrap();
    let sparse = |dirs: &[&str]| CheckoutOptions { sparse: dirs.iter().map(|d| (*d).to_owned()).collect(), ..CheckoutOptions::default() };
    assert_eq!(entries(&got, &sparse(&["./a/b", "e/"])), ["a/", "a/b/", "a/b/c.yaml", "e/", "e/f.yaml"]);
    assert_eq!(entries(&got, &sparse(&["a"])), ["a/", "a/b/", "a/b/c.yaml", "a/d.yaml"]);
    let error = got.check_sparse(&sparse(&["a", "nope/x"])).unwrap_err();
    assert_eq!(error.to_string(), "sparse checkout dir 'nope/x' does not exist in repository");
    assert!(got.check_sparse(&sparse(&["../x"])).is_err());
}

/// SRC-ART-22: a repository inside of the repository, in any spelling, is refused; so are bombs.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_trees_are_refused() {
    let f = Fixture::with_limits(Limits { entries: 10_000, ..Limits::default() });
    let app = f.repository("app").await;
    app.commit("a", &[("x", "1")]).await.unwrap();
    let raw = |lines: &str| {
        let file = f.dir.path().join("tree");
        std::fs::write(&file, lines).unwrap();
        let output = std::process::Command::new("git")
            .arg("-C")
            .arg(app.work_tree())
            .args(["mktree", "--missing"])
            .stdin(std::fs::File::open(&file).unwrap())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let blob = app.git(&["rev-parse", "HEAD:x"]).await.unwrap();
    let inside = raw(&format!("100644 blob {blob}\tconfig\n"));
    let mut bomb = raw(&format!("100644 blob {blob}\tf\n"));
    for _ in 0..8 {
        let entries: String = (0..10).map(|n| format!("040000 tree {bomb}\td{n}\n")).collect();
        bomb = raw(&entries);
    }
    let mut deep = inside.clone();
    for _ in 0..400 {
        deep = raw(&format!("040000 tree {deep}\td\n"));
    }
    for (name, tree) in [("dot-git", raw(&format!("040000 tree {inside}\t.GIT\n"))), ("bomb", bomb), ("deep", deep)] {
        let commit = app.git(&["commit-tree", "-m", name, &tree]).await.unwrap();
        app.git(&["push", "-qf", "origin", &format!("{commit}:refs/heads/{name}")]).await.unwrap();
        let server = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
        let got = checkout(&f.client, &remote(&server.url("app.git")), &branch(name)).await.unwrap();
        let mut writer = ferroflux_artifact::tarball::Writer::new(std::io::sink());
        let error = got.archive(&CheckoutOptions::default(), &mut writer).unwrap_err();
        assert!(matches!(error, TreeError::Git(GitError::Path { .. } | GitError::Limit { .. })), "{name}: {error}");
    }
}

/// SRC-ART-22: a pack beyond the limit ends the fetch, and the mirror works afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn huge_packs_are_refused() {
    let f = Fixture::with_limits(Limits { pack_bytes: 10_000, ..Limits::default() });
    let app = f.repository("app").await;
    let mut state = 1u64;
    let random: String = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + (state % 26) as u8)
    })
    .take(40_000)
    .collect();
    app.commit("big", &[("big", &random)]).await.unwrap();
    let server = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
    let error = checkout(&f.client, &remote(&server.url("app.git")), &branch("main")).await.unwrap_err();
    assert!(matches!(error, GitError::Limit { .. }), "{error}");
    app.remove("big").unwrap();
    app.commit("small", &[("small", "1")]).await.unwrap();
    let got = checkout(&f.client, &remote(&server.url("app.git")), &branch("main")).await.unwrap();
    assert_eq!(entries(&got, &CheckoutOptions::default()), ["small"]);
}

/// SRC-ART-24: a mirror that is broken, by a crash or a disk, is made anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_mirror_heals() {
    let f = Fixture::new();
    let app = f.repository("app").await;
    app.commit("one", &[("a", "1")]).await.unwrap();
    let server = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
    let remote = remote(&server.url("app.git"));
    drop(checkout(&f.client, &remote, &branch("main")).await.unwrap());
    for mirror in std::fs::read_dir(f.mirrors()).unwrap().flatten() {
        for file in std::fs::read_dir(mirror.path().join("objects/pack")).unwrap().flatten() {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    let commit = app.commit("two", &[("b", "2")]).await.unwrap();
    let got = checkout(&f.client, &remote, &branch("main")).await.unwrap();
    assert_eq!(got.resolved().commit, commit);
    assert_eq!(entries(&got, &CheckoutOptions::default()), ["a", "b"]);
}

/// SRC-ART-24: a pack that was being written when the process was killed goes at the next fetch.
#[tokio::test(flavor = "multi_thread")]
async fn leavings_of_a_crash_are_removed() {
    let f = Fixture::new();
    let app = f.repository("app").await;
    app.commit("one", &[("a", "1")]).await.unwrap();
    let server = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
    let remote = remote(&server.url("app.git"));
    drop(checkout(&f.client, &remote, &branch("main")).await.unwrap());
    let packs = std::fs::read_dir(f.mirrors()).unwrap().next().unwrap().unwrap().path().join("objects/pack");
    std::fs::write(packs.join(".tmpHalf"), "x").unwrap();
    app.commit("two", &[("a", "2")]).await.unwrap();
    drop(checkout(&f.client, &remote, &branch("main")).await.unwrap());
    assert!(!packs.join(".tmpHalf").exists());
    drop(ferroflux_git::Client::new(f.mirrors(), Limits::default(), Default::default()).unwrap());
    assert!(packs.exists(), "a mirror in use survives a restart");
}

/// SRC-ART-22: a server that ends in the middle of a pack, or answers with something else, is told apart from success.
#[tokio::test(flavor = "multi_thread")]
async fn broken_answers_are_errors() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let f = Fixture::new();
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 500\r\n\r\n001e# service=git-upload-pack\n0000000eversion 2\n".to_owned(),
        "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 4\r\n\r\n{}", "ffff"),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/x.git", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let error = checkout(&f.client, &remote(&url), &branch("main")).await.unwrap_err();
        assert!(matches!(error, GitError::Connection { .. } | GitError::Protocol(_) | GitError::Status { .. }), "{error:?}");
        serving.abort();
    }
}

/// SRC-ART-22, SRC-ART-24: a pack that ends early, has a flipped bit or is none at all is an error; the mirror holds
/// nothing of it and works with the next good answer.
#[tokio::test(flavor = "multi_thread")]
async fn broken_packs_are_refused() {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use tower::ServiceExt;

    #[derive(Clone, Copy, Debug)]
    enum Fault {
        /// The connection breaks off.
        Torn,
        /// The answer is whole, as HTTP goes, and too short.
        Short,
        /// One bit of the pack is another one.
        Flipped,
    }

    for fault in [Fault::Torn, Fault::Short, Fault::Flipped] {
        let f = Fixture::new();
        let app = f.repository("app").await;
        // Does not compress, so that the middle of the answer is in the middle of the pack.
        let mut state = 1u64;
        let noise: String = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'!' + (state >> 58) as u8)
        })
        .take(20_000)
        .collect();
        app.commit("one", &[("a", &noise)]).await.unwrap();
        let router = ferroflux_git_server::Backend::new(f.root(), HttpOptions::default()).router();
        let (broken, healthy) = tokio::sync::watch::channel(true);
        let service = axum::Router::new().fallback(move |request: Request| {
            let (router, healthy) = (router.clone(), healthy.clone());
            async move {
                let response = router.oneshot(request).await.unwrap();
                let (parts, body) = response.into_parts();
                let mut bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
                let is_pack = bytes.windows(4).any(|w| w == b"PACK");
                if !is_pack || !*healthy.borrow() {
                    return axum::response::Response::from_parts(parts, Body::from(bytes));
                }
                let half = bytes.len() / 2;
                let body = match fault {
                    Fault::Torn => {
                        let chunks = vec![Ok(bytes[..half].to_vec()), Err(std::io::Error::other("torn"))];
                        Body::from_stream(futures::stream::iter(chunks))
                    }
                    Fault::Short => Body::from(bytes[..half].to_vec()),
                    Fault::Flipped => {
                        bytes[half] ^= 0x10;
                        Body::from(bytes)
                    }
                };
                axum::response::Response::from_parts(parts, body)
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/app.git", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, service).await });
        let got = checkout(&f.client, &remote(&url), &branch("main")).await;
        let error = got.err().unwrap_or_else(|| panic!("{fault:?} was taken"));
        assert!(matches!(error, GitError::Protocol(_) | GitError::Connection { .. }), "{fault:?}: {error:?}");
        assert_eq!(crate::mirrored_objects(&f.mirrors()), 0, "{fault:?}");
        broken.send_replace(false);
        let got = checkout(&f.client, &remote(&url), &branch("main")).await.unwrap_or_else(|e| panic!("{fault:?}: {e}"));
        assert_eq!(entries(&got, &CheckoutOptions::default()), ["a"]);
    }
}

/// SRC-ART-22, SRC-GIT-13: rules are read from files, not through links; a checkout never writes through one; names with
/// control characters are names.
#[tokio::test(flavor = "multi_thread")]
async fn links_and_odd_names() {
    let f = Fixture::new();
    let outside = f.dir.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("rules"), "*\n").unwrap();
    let app = f.repository("app").await;
    app.commit("a", &[("a", "1"), ("odd\n\u{1b}[2Jname", "2")]).await.unwrap();
    std::os::unix::fs::symlink(outside.join("rules"), app.work_tree().join(".sourceignore")).unwrap();
    app.push("with a link").await.unwrap();
    // A tree with a link and a directory of the same name: git refuses to make it, a server may send it.
    let blob = app.git(&["hash-object", "-w", "a"]).await.unwrap();
    let link = f.dir.path().join("link");
    std::fs::write(&link, outside.display().to_string()).unwrap();
    let link = app.git(&["hash-object", "-w", link.to_str().unwrap()]).await.unwrap();
    let sub = app.make_tree(&format!("100644 blob {blob}\tstolen\n")).await.unwrap();
    let twice = app.make_tree(&format!("120000 blob {link}\tx\n040000 tree {sub}\tx\n")).await.unwrap();
    let commit = app.git(&["commit-tree", "-m", "twice", &twice]).await.unwrap();
    app.git(&["push", "-qf", "origin", &format!("{commit}:refs/heads/twice")]).await.unwrap();
    let server = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
    let remote = remote(&server.url("app.git"));
    let got = checkout(&f.client, &remote, &branch("main")).await.unwrap();
    assert_eq!(entries(&got, &CheckoutOptions::default()), ["a", "odd\n\u{1b}[2Jname"], "the link's rules would hide everything");
    drop(got);
    let got = checkout(&f.client, &remote, &branch("twice")).await.unwrap();
    let target = tempfile::tempdir().unwrap();
    let error = got.export(&CheckoutOptions::default(), target.path()).unwrap_err();
    assert!(matches!(error, TreeError::Git(GitError::Path { .. })), "{error}");
    assert!(!outside.join("stolen").exists());
}

/// SRC-GIT-15: the tag object is there though its commit was known before it; a remote that says of a tag that it leads to
/// a commit to which it does not is not believed.
#[tokio::test(flavor = "multi_thread")]
async fn tag_objects() {
    let f = Fixture::new();
    let repository = f.repository("app").await;
    let one = repository.commit("one", &[("a", "1")]).await.unwrap();
    let server = HttpServer::start(f.root(), HttpOptions::default()).await.unwrap();
    let remote = remote(&server.url("app.git"));
    drop(checkout(&f.client, &remote, &branch("main")).await.unwrap());
    repository.git(&["tag", "-a", "v1", "-m", "annotated"]).await.unwrap();
    repository.git(&["push", "-q", "origin", "v1"]).await.unwrap();
    let tagged = checkout(&f.client, &remote, &Reference::Tag("v1".into())).await.unwrap();
    assert_eq!((tagged.resolved().commit.as_str(), tagged.signed_tag().unwrap().map(|t| t.is_signed())), (one.as_str(), Some(false)));
    drop(tagged);
    assert!(checkout(&f.client, &remote, &branch("main")).await.unwrap().signed_tag().unwrap().is_none());

    let two = repository.commit("two", &[("a", "evil")]).await.unwrap();
    let tag = repository.git(&["rev-parse", "refs/tags/v1"]).await.unwrap();
    let packed = format!("# pack-refs with: peeled fully-peeled sorted \n{two} refs/heads/main\n{tag} refs/tags/v1\n^{two}\n");
    for name in ["refs/tags/v1", "refs/heads/main"] {
        std::fs::remove_file(repository.path().join(name)).unwrap();
    }
    std::fs::write(repository.path().join("packed-refs"), packed).unwrap();
    let lie = checkout(&f.client, &remote, &Reference::Tag("v1".into())).await.unwrap();
    assert_eq!(lie.resolved().commit, two, "the remote says so");
    let error = lie.signed_tag().unwrap_err().to_string();
    assert!(error.contains("does not lead to the commit"), "{error}");
}
