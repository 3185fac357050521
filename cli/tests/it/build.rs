//! `ferroflux build`: where its output goes.

use std::fs;
use std::process::Command;

const OBJECTS: &str = r#"apiVersion: v1
kind: Namespace
metadata: {name: web}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: App, namespace: web}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: app}
"#;

/// Into a directory goes a file for each object, into anything else all of them, as from the original.
#[test]
fn output() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("kustomization.yaml"), "namePrefix: my-\nresources: [all.yaml]\n").unwrap();
    fs::write(dir.path().join("all.yaml"), OBJECTS).unwrap();
    fs::create_dir(dir.path().join("out")).unwrap();
    let build = |to: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_ferroflux")).args(["build", ".", "-o", to]).current_dir(dir.path()).output().unwrap();
        assert!(output.status.success() && output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    build("out");
    let mut names: Vec<_> = fs::read_dir(dir.path().join("out")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["default_v1_configmap_my-app.yaml", "v1_namespace_web.yaml", "web_apps_v1_deployment_my-app.yaml"]);
    let one = fs::read_to_string(dir.path().join("out/web_apps_v1_deployment_my-app.yaml")).unwrap();
    assert!(one.starts_with("apiVersion: apps/v1\nkind: Deployment\n") && !one.contains("---"), "{one}");
    build("all.out");
    assert_eq!(fs::read_to_string(dir.path().join("all.out")).unwrap().matches("---\n").count(), 2);
}
