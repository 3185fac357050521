//! Repositories and disks that are out to harm.

use std::path::Path;

use ferroflux_git_server::Repository;
use serde_json::{Value, json};

use crate::World;
use crate::world::{Controller, condition, get};

/// The artifact is as it was, and served.
async fn assert_unharmed(world: &World, controller: &Controller, artifact: &Value) {
    let now = world.get("app").await["status"]["artifact"].clone();
    assert_eq!(&now, artifact);
    let answer = get(artifact["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.bytes().await.unwrap().len(), artifact["size"]);
    let files: Vec<_> =
        std::fs::read_dir(controller.data.join(artifact["path"].as_str().unwrap()).parent().unwrap()).unwrap().flatten().collect();
    let archives = files.iter().filter(|f| f.path().extension().is_some_and(|e| e == "gz")).count();
    assert_eq!((archives, controller.leavings()), (1, Vec::new()), "something partial is left");
}

/// SRC-ART-22, SRC-ART-24: a commit that holds a repository, in any spelling, is refused by name; the last artifact stays,
/// and the next good commit is published.
#[tokio::test(flavor = "multi_thread")]
async fn a_repository_inside_of_the_repository() {
    let world = World::new("hostile-tree").await;
    let app = world.repository("app.git").await;
    let controller = world.start("controller", &[]).await;
    world.git_repository("app", &world.git.url("app.git"), json!({})).await;
    let artifact = world.ready("app").await["status"]["artifact"].clone();
    let blob = app.git(&["rev-parse", "HEAD:app.yaml"]).await.unwrap();
    let inside = app.make_tree(&format!("100644 blob {blob}\tconfig\n")).await.unwrap();
    let tree = app.make_tree(&format!("100644 blob {blob}\ta.yaml\n040000 tree {inside}\t.GIT\n")).await.unwrap();
    let commit = app.git(&["commit-tree", "-p", "HEAD", "-m", "evil", &tree]).await.unwrap();
    app.git(&["push", "-qf", "origin", &format!("{commit}:refs/heads/main")]).await.unwrap();
    world.reconcile("app").await;
    let message = world.told("app", "FetchFailed", "GitOperationFailed").await;
    assert!(message.contains(".GIT"), "{message}");
    assert_unharmed(&world, &controller, &artifact).await;
    let good = app.commit("good", &[("app.yaml", "a: 2\n")]).await.unwrap();
    let object = world.reconcile("app").await;
    assert_eq!(object["status"]["artifact"]["revision"], format!("main@sha1:{good}"));
    assert!(condition(&object, "FetchFailed").is_null());
}

/// SRC-ART-24: a disk that takes no more is an `ArchiveOperationFailed`; the artifact before stays valid, nothing partial is
/// left, and with room the next try succeeds.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk() {
    let world = World::new("hostile-disk").await;
    let app: Repository = world.repository("app.git").await;
    // No file may have more than 3 MiB, and the signal that would end the process is ignored: writes fail.
    let limited = r#"ulimit -f 3072; trap '' XFSZ; exec "$@""#;
    let program = env!("CARGO_BIN_EXE_source-controller");
    let mut controller = world.spawn(Path::new("bash"), &["-c", limited, "limited", program], "controller", &[], &world.kubeconfig(), &[]);
    world.git_repository("app", &world.git.url("app.git"), json!({})).await;
    let artifact = world.ready("app").await["status"]["artifact"].clone();
    // One object in the pack, six files in the archive: only that one is too large.
    let mut state = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(1 << 20)
    .collect();
    for n in 0..6 {
        app.write(&format!("noise{n}"), &noise).unwrap();
    }
    app.push("large").await.unwrap();
    world.reconcile("app").await;
    let message = world.told("app", "StorageOperationFailed", "ArchiveOperationFailed").await;
    assert!(message.contains("unable to archive artifact to storage"), "{message}");
    assert_unharmed(&world, &controller, &artifact).await;
    for n in 1..6 {
        app.remove(&format!("noise{n}")).unwrap();
    }
    let fits = app.push("fits").await.unwrap();
    let object = world.reconcile("app").await;
    assert_eq!(object["status"]["artifact"]["revision"], format!("main@sha1:{fits}"));
    assert!(controller.process.is_running());
}
