//! GitRepository: what it follows, what it stores, what it says when it cannot.

use ferroflux_e2e::{World, http_get, ready};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{config_map, nothing};

/// SRC-GIT-02, SRC-GEN-03, SRC-ART-04, SRC-ART-08, SRC-ART-13: a branch is stored under its commit; the URL serves bytes of the
/// digest and size in the status; ignored files are not in them.
#[tokio::test(flavor = "multi_thread")]
async fn a_branch_becomes_an_artifact() {
    let world = World::new("source-branch").await;
    world.repository.write(".sourceignore", "/secret\n").unwrap();
    let revision = world.push(&[("app.yaml", &config_map("a", "1")), ("secret/key", "s3cr3t")]).await;
    world.git_repository(nothing()).await;
    let object = world.ready("GitRepository", "repo").await;
    let artifact = &object["status"]["artifact"];
    assert_eq!(artifact["revision"], revision.as_str());
    let commit = revision.rsplit(':').next().unwrap();
    assert_eq!(artifact["path"], format!("gitrepository/source-branch/repo/{commit}.tar.gz"));
    let bytes = http_get(artifact["url"].as_str().unwrap()).await.error_for_status().unwrap().bytes().await.unwrap();
    assert_eq!(artifact["size"], bytes.len());
    let digest: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(artifact["digest"], format!("sha256:{digest}"));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
    let names: Vec<_> = archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string()).collect();
    assert!(names.iter().any(|n| n == "app.yaml") && !names.iter().any(|n| n.starts_with("secret")), "{names:?}");
    let message = object["status"]["conditions"].as_array().unwrap().iter().find(|c| c["type"] == "Ready").unwrap()["message"].clone();
    assert_eq!(message, format!("stored artifact for revision '{revision}'"));
}

/// SRC-GIT-01, SRC-GIT-04: the highest tag in range wins; a new one in range is followed; one outside is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_range_follows_tags() {
    let world = World::new("source-semver").await;
    for (tag, value) in [("v1.0.0", "1"), ("v1.2.0", "2"), ("v2.0.0", "3")] {
        world.push(&[("app.yaml", &config_map("a", value))]).await;
        world.repository.tag(tag).await.unwrap();
    }
    world.git_repository(json!({"ref": {"branch": null, "semver": ">=1.0.0 <2.0.0"}})).await;
    let revision = |object: &serde_json::Value| object["status"]["artifact"]["revision"].as_str().unwrap_or_default().to_owned();
    assert!(revision(&world.ready("GitRepository", "repo").await).starts_with("v1.2.0@sha1:"));
    world.push(&[("app.yaml", &config_map("a", "4"))]).await;
    world.repository.tag("v1.3.0").await.unwrap();
    world.repository.tag("v3.0.0").await.unwrap();
    assert!(revision(&world.reconcile("GitRepository", "repo").await).starts_with("v1.3.0@sha1:"));
}

/// SRC-GIT-03, SRC-GEN-10: a tag that does not exist fails and is tried again; the old artifact stays.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_tag_fails_and_recovers() {
    let world = World::new("source-tag").await;
    let revision = world.push(&[("app.yaml", &config_map("a", "1"))]).await;
    world.git_repository(nothing()).await;
    world.ready("GitRepository", "repo").await;
    world.patch("GitRepository", "repo", json!({"spec": {"ref": {"branch": null, "tag": "v9"}}})).await;
    let message = world.fails("GitRepository", "repo", "GitOperationFailed").await;
    assert!(message.contains("v9"), "{message}");
    assert_eq!(world.get("GitRepository", "repo").await["status"]["artifact"]["revision"], revision.as_str());
    world.repository.tag("v9").await.unwrap();
    let object = world.ready("GitRepository", "repo").await;
    assert!(object["status"]["artifact"]["revision"].as_str().unwrap().starts_with("v9@sha1:"));
}

/// SRC-GEN-10, RT-13: a missing secret is an authentication failure that names it, and its arrival is enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_secret() {
    let world = World::new("source-secret").await;
    world.push(&[("app.yaml", &config_map("a", "1"))]).await;
    world.git_repository(json!({"secretRef": {"name": "credentials"}})).await;
    let message = world.fails("GitRepository", "repo", "AuthenticationFailed").await;
    assert!(message.contains("credentials"), "{message}");
    world.apply("Secret", "credentials", json!({"stringData": {"username": "a", "password": "b"}})).await;
    world.ready("GitRepository", "repo").await;
}

/// SRC-GEN-06, SRC-GEN-07: a suspended source does nothing, serves on, and goes on when resumed.
#[tokio::test(flavor = "multi_thread")]
async fn suspended() {
    let world = World::new("source-suspend").await;
    let first = world.push(&[("app.yaml", &config_map("a", "1"))]).await;
    world.git_repository(nothing()).await;
    let url = world.ready("GitRepository", "repo").await["status"]["artifact"]["url"].as_str().unwrap().to_owned();
    world.patch("GitRepository", "repo", json!({"spec": {"suspend": true}})).await;
    let second = world.push(&[("app.yaml", &config_map("a", "2"))]).await;
    http_get(&url).await.error_for_status().unwrap();
    assert_eq!(world.get("GitRepository", "repo").await["status"]["artifact"]["revision"], first.as_str());
    world.patch("GitRepository", "repo", json!({"spec": {"suspend": false}})).await;
    world
        .wait("GitRepository", "repo", "the second revision", |o| ready(o) && o["status"]["artifact"]["revision"] == second.as_str())
        .await;
}

/// SRC-GEN-05, SRC-ART-07: deletion removes the artifact and lets the object go.
#[tokio::test(flavor = "multi_thread")]
async fn deleted() {
    let world = World::new("source-delete").await;
    world.push(&[("app.yaml", &config_map("a", "1"))]).await;
    world.git_repository(nothing()).await;
    let url = world.ready("GitRepository", "repo").await["status"]["artifact"]["url"].as_str().unwrap().to_owned();
    world.delete("GitRepository", "repo").await;
    world.wait("GitRepository", "repo", "gone", serde_json::Value::is_null).await;
    assert_eq!(http_get(&url).await.status(), 404);
}
