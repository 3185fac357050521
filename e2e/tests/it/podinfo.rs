//! Public input: the manifests of podinfo, as its authors keep them.

use ferroflux_e2e::World;
use ferroflux_test_harness::ssh;
use serde_json::json;

use crate::{inventory, nothing};

/// The files of podinfo from the corpus beside the project; `None` where that is absent.
fn files() -> Option<Vec<(String, Vec<u8>)>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/repos/podinfo.tar.gz");
    let Ok(archive) = std::fs::File::open(&path) else {
        println!("skipped: no corpus at ../shared/corpus/repos");
        return None;
    };
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            files.push((entry.path().unwrap().display().to_string(), bytes));
        }
    }
    Some(files)
}

/// The folder above `kustomize/` in the archive.
fn root(files: &[(String, Vec<u8>)]) -> String {
    let path =
        files.iter().find_map(|(name, _)| name.strip_suffix("kustomize/kustomization.yaml")).expect("podinfo has a folder kustomize");
    path.trim_start_matches("./").trim_end_matches('/').to_owned()
}

/// KC-GEN-02, KC-APPLY-02, KC-INV-01: podinfo's own kustomization arrives.
#[tokio::test(flavor = "multi_thread")]
async fn kustomize_folder() {
    let Some(files) = files() else { return };
    let world = World::new("podinfo").await;
    for (name, bytes) in &files {
        world.repository.write(name.trim_start_matches("./"), bytes).unwrap();
    }
    let revision = world.push(&[]).await;
    world.git_repository(nothing()).await;
    let path = format!("./{}/kustomize", root(&files)).replace("//", "/");
    world.kustomization("podinfo", json!({"path": path})).await;
    let object = world.applied("podinfo", &revision).await;
    assert_eq!(
        inventory(&object),
        ["podinfo_podinfo__Service", "podinfo_podinfo_apps_Deployment", "podinfo_podinfo_autoscaling_HorizontalPodAutoscaler"]
    );
}

/// SRC-GIT-01, KC-GEN-01: the same over SSH with a key, and its folder of overlays without a kustomization file.
#[tokio::test(flavor = "multi_thread")]
async fn deploy_folder_over_ssh() {
    let Some(files) = files() else { return };
    let world = World::new("podinfo-ssh").await;
    for (name, bytes) in &files {
        world.repository.write(name.trim_start_matches("./"), bytes).unwrap();
    }
    let revision = world.push(&[]).await;
    let key = ssh::key(7);
    let options = ssh::Options { authorized: vec![key.public_key().clone()], ..ssh::Options::default() };
    let server = ssh::serve(world.stack.git_root.path(), options).await.unwrap();
    let secret = json!({"stringData": {"identity": ssh::pem(&key), "known_hosts": server.known_hosts()}});
    world.apply("Secret", "ssh", secret).await;
    world.git_repository(json!({"url": server.url("podinfo-ssh"), "secretRef": {"name": "ssh"}})).await;
    let path = format!("./{}/deploy/webapp", root(&files)).replace("//", "/");
    world.kustomization("podinfo", json!({"path": path, "targetNamespace": "podinfo-ssh"})).await;
    let object = world.applied("podinfo", &revision).await;
    assert!(inventory(&object).iter().any(|id| id.ends_with("_apps_Deployment")), "{:?}", inventory(&object));
}
