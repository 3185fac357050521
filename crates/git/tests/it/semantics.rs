use ferroflux_git::{CheckoutOptions, GitError, Limits, Reference, TreeError};
use ferroflux_test_harness::http::{self, Options};

use crate::{Fixture, branch, checkout, entries, remote};

/// SRC-GIT-01, SRC-GIT-02, SRC-GIT-03, SRC-GIT-04, SRC-GIT-05: every kind of reference.
#[tokio::test(flavor = "multi_thread")]
async fn references_resolve() {
    let f = Fixture::new();
    let repository = f.repository("app");
    let one = repository.commit("one", &[("a", "1")]).unwrap();
    repository.git(&["tag", "v1.0.0"]).unwrap();
    let two = repository.commit("two", &[("a", "2")]).unwrap();
    repository.git(&["tag", "-a", "v1.1.0", "-m", "annotated"]).unwrap();
    // A tag on a tree: the highest in the range, and no commit.
    repository.git(&["tag", "v1.9.0", "HEAD^{tree}"]).unwrap();
    repository.git(&["push", "-q", "origin", "--tags"]).unwrap();
    let three = repository.commit("three", &[("a", "3")]).unwrap();
    repository.git_bare(&["update-ref", "refs/pull/1/head", &two]).unwrap();
    for protocol_v0 in [false, true] {
        let server = http::serve(&f.root(), Options { protocol_v0, ..Options::default() }).await.unwrap();
        let remote = remote(&server.url("app"));
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
            assert_eq!(got.resolved().revision(), revision, "protocol_v0: {protocol_v0}");
            drop(got);
            let before = server.requests();
            let again = f.client.checkout(&remote, &reference, false, Some(&revision)).await.unwrap();
            assert!(again.is_none(), "{reference:?} is unchanged");
            let cost = server.requests() - before;
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
    let repository = f.repository("app");
    let later = repository.commit("later", &[("a", "1")]).unwrap();
    repository.git(&["tag", "1.0.0+a"]).unwrap();
    repository.git(&["-c", "user.name=x", "commit", "-q", "--allow-empty", "-m", "earlier"]).unwrap();
    let tree = repository.git(&["rev-parse", "HEAD^{tree}"]).unwrap();
    let old = format!("tree {tree}\nauthor A <a@b> 1000000000 +0000\ncommitter A <a@b> 1000000000 +0000\n\nearlier\n");
    let file = f.dir.path().join("commit");
    std::fs::write(&file, old).unwrap();
    let earlier = repository.git(&["hash-object", "-t", "commit", "-w", file.to_str().unwrap()]).unwrap();
    repository.git(&["tag", "1.0.0+b", &earlier]).unwrap();
    repository.git(&["push", "-q", "origin", "--tags"]).unwrap();
    let server = http::serve(&f.root(), Options::default()).await.unwrap();
    let got = checkout(&f.client, &remote(&server.url("app")), &Reference::SemVer("1.0.0".into())).await.unwrap();
    assert_eq!(got.resolved().revision(), format!("1.0.0+a@sha1:{later}"));
}

/// SRC-GIT-09: a forced push is followed.
#[tokio::test(flavor = "multi_thread")]
async fn forced_pushes_are_followed() {
    let f = Fixture::new();
    let repository = f.repository("app");
    repository.commit("one", &[("a", "1")]).unwrap();
    repository.commit("two", &[("a", "2")]).unwrap();
    let server = http::serve(&f.root(), Options::default()).await.unwrap();
    let remote = remote(&server.url("app"));
    drop(checkout(&f.client, &remote, &branch("main")).await.unwrap());
    repository.git(&["reset", "-q", "--hard", "HEAD~1"]).unwrap();
    let replaced = repository.commit("other", &[("b", "3")]).unwrap();
    let got = checkout(&f.client, &remote, &branch("main")).await.unwrap();
    assert_eq!(got.resolved().commit, replaced);
    assert_eq!(entries(&got, &CheckoutOptions::default()), ["a", "b"]);
}

/// SRC-GIT-10, SRC-GIT-13, SRC-ART-13: submodules become files, links vanish, rules of the tree apply.
#[tokio::test(flavor = "multi_thread")]
async fn submodules_links_and_rules() {
    let f = Fixture::new();
    let inner = f.repository("inner");
    inner.commit("i", &[("deep.yaml", "d: 1\n")]).unwrap();
    let lib = f.repository("lib");
    lib.commit("l", &[("lib.yaml", "l: 1\n"), ("skip.md", "x")]).unwrap();
    let submodule = |of: &ferroflux_test_harness::Repository, to: &ferroflux_test_harness::Repository, url: &str, path: &str| {
        of.git(&["submodule", "add", "-q", to.path().to_str().unwrap(), path]).unwrap();
        of.git(&["config", "-f", ".gitmodules", &format!("submodule.{path}.url"), url]).unwrap();
    };
    submodule(&lib, &inner, "../inner.git", "nested/inner");
    lib.commit("with inner", &[]).unwrap();
    let app = f.repository("app");
    app.commit("a", &[("app.yaml", "a: 1\n"), ("sub/x.md", "x"), (".sourceignore", "*.md\n")]).unwrap();
    submodule(&app, &lib, "../lib.git", "vendor/lib");
    app.git(&["-C", "vendor/lib", "pull", "-q", "origin", "main"]).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", app.work_tree().join("link.yaml")).unwrap();
    std::os::unix::fs::symlink("..", app.work_tree().join("up")).unwrap();
    app.commit("with lib", &[]).unwrap();
    let server = http::serve(&f.root(), Options::default()).await.unwrap();
    let remote = remote(&server.url("app"));
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
    let lib = f.repository("lib");
    let commit = lib.commit("l", &[("x", "1")]).unwrap();
    for (name, url) in [("file", "file:///etc"), ("ext", "ext::sh -c touch% /tmp/x"), ("up", "../../../../../x"), ("path", "/etc")] {
        let app = f.repository(name);
        std::fs::write(app.work_tree().join(".gitmodules"), format!("[submodule \"x\"]\n\tpath = x\n\turl = {url}\n")).unwrap();
        app.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},x")]).unwrap();
        app.git(&["add", ".gitmodules"]).unwrap();
        app.git(&["commit", "-q", "-m", "x"]).unwrap();
        app.push().unwrap();
        let server = http::serve(&f.root(), Options::default()).await.unwrap();
        let error = f.client.checkout(&remote(&server.url(name)), &branch("main"), true, None).await.unwrap_err();
        assert!(matches!(error, GitError::Submodule { .. }), "{error}");
    }
}

/// SRC-GIT-11: only the directories asked for, which must be there.
#[tokio::test(flavor = "multi_thread")]
async fn sparse_checkouts() {
    let f = Fixture::new();
    f.repository("app")
        .commit("a", &[("root.yaml", "1"), ("a/b/c.yaml", "2"), ("a/d.yaml", "3"), ("e/f.yaml", "4"), ("ab/g.yaml", "5")])
        .unwrap();
    let server = http::serve(&f.root(), Options::default()).await.unwrap();
    let got = checkout(&f.client, &remote(&server.url("app")), &branch("main")).await.unwrap();
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
    let app = f.repository("app");
    app.commit("a", &[("x", "1")]).unwrap();
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
    let blob = app.git(&["rev-parse", "HEAD:x"]).unwrap();
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
        let commit = app.git(&["commit-tree", "-m", name, &tree]).unwrap();
        app.git(&["push", "-qf", "origin", &format!("{commit}:refs/heads/{name}")]).unwrap();
        let server = http::serve(&f.root(), Options::default()).await.unwrap();
        let got = checkout(&f.client, &remote(&server.url("app")), &branch(name)).await.unwrap();
        let mut writer = ferroflux_artifact::tarball::Writer::new(std::io::sink());
        let error = got.archive(&CheckoutOptions::default(), &mut writer).unwrap_err();
        assert!(matches!(error, TreeError::Git(GitError::Path { .. } | GitError::Limit { .. })), "{name}: {error}");
    }
}

/// SRC-ART-22: a pack beyond the limit ends the fetch, and the mirror works afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn huge_packs_are_refused() {
    let f = Fixture::with_limits(Limits { pack_bytes: 10_000, ..Limits::default() });
    let app = f.repository("app");
    let mut state = 1u64;
    let random: String = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + (state % 26) as u8)
    })
    .take(40_000)
    .collect();
    app.commit("big", &[("big", &random)]).unwrap();
    let server = http::serve(&f.root(), Options::default()).await.unwrap();
    let error = checkout(&f.client, &remote(&server.url("app")), &branch("main")).await.unwrap_err();
    assert!(matches!(error, GitError::Limit { .. }), "{error}");
    app.commit("small", &[("big", ""), ("small", "1")]).unwrap();
    let got = checkout(&f.client, &remote(&server.url("app")), &branch("main")).await.unwrap();
    assert_eq!(entries(&got, &CheckoutOptions::default()), ["small"]);
}

/// SRC-ART-24: a mirror that is broken, by a crash or a disk, is made anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_mirror_heals() {
    let f = Fixture::new();
    let app = f.repository("app");
    app.commit("one", &[("a", "1")]).unwrap();
    let server = http::serve(&f.root(), Options::default()).await.unwrap();
    let remote = remote(&server.url("app"));
    drop(checkout(&f.client, &remote, &branch("main")).await.unwrap());
    for mirror in std::fs::read_dir(f.mirrors()).unwrap().flatten() {
        for file in std::fs::read_dir(mirror.path().join("objects/pack")).unwrap().flatten() {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    let commit = app.commit("two", &[("b", "2")]).unwrap();
    let got = checkout(&f.client, &remote, &branch("main")).await.unwrap();
    assert_eq!(got.resolved().commit, commit);
    assert_eq!(entries(&got, &CheckoutOptions::default()), ["a", "b"]);
}

/// SRC-ART-24: a pack that was being written when the process was killed goes at the next fetch.
#[tokio::test(flavor = "multi_thread")]
async fn leavings_of_a_crash_are_removed() {
    let f = Fixture::new();
    let app = f.repository("app");
    app.commit("one", &[("a", "1")]).unwrap();
    let server = http::serve(&f.root(), Options::default()).await.unwrap();
    let remote = remote(&server.url("app"));
    drop(checkout(&f.client, &remote, &branch("main")).await.unwrap());
    let packs = std::fs::read_dir(f.mirrors()).unwrap().next().unwrap().unwrap().path().join("objects/pack");
    std::fs::write(packs.join(".tmpHalf"), "x").unwrap();
    app.commit("two", &[("a", "2")]).unwrap();
    drop(checkout(&f.client, &remote, &branch("main")).await.unwrap());
    assert!(!packs.join(".tmpHalf").exists());
    drop(ferroflux_git::Client::new(f.mirrors(), Limits::default()).unwrap());
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
