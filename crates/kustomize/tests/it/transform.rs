//! Small builds for rules whose text is short and whose corpus cases are long.

use crate::{config_map, render};

fn one(kustomization: &str, resources: &str) -> String {
    render(&[("/kustomization.yaml", kustomization), ("/r.yaml", resources)], "/").unwrap()
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n        image: redis:6\n";

/// KB-ANN-01, KB-NS-01, KB-IMG-01: annotations reach pod templates; a tag suffix is appended by both passes.
#[test]
fn annotations_namespace_images() {
    let out = one("resources: [r.yaml]\nnamespace: team\ncommonAnnotations: {a: b}\nimages: [{name: redis, tagSuffix: -x}]\n", DEPLOYMENT);
    assert_eq!(out.matches("a: b").count(), 2, "{out}");
    assert!(out.contains("namespace: team") && out.contains("image: redis:6-x-x\n"), "{out}");
}

/// KB-COMP-01, KB-ORD-02: a component's prefix hits what its parent has, and the parent's own comes around it.
#[test]
fn components_work_on_their_parent() {
    let cm = config_map("a");
    let files = [
        ("/app/kustomization.yaml", "resources: [r.yaml]\ncomponents: [../c]\nnamePrefix: top-\n"),
        ("/app/r.yaml", cm.as_str()),
        ("/c/kustomization.yaml", "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnamePrefix: c-\n"),
    ];
    assert!(render(&files, "/app").unwrap().contains("name: top-c-a\n"));
}

/// KB-HELM-01
#[test]
fn charts_are_refused() {
    let e = render(&[("/kustomization.yaml", "helmCharts: [{name: x}]\n")], "/").unwrap_err();
    assert!(e.contains("must specify --enable-helm"), "{e}");
}

/// KB-DOC-05, KB-DOC-06: lists give their items; local configuration is dropped at the end.
#[test]
fn lists_and_local_configuration() {
    let list = "apiVersion: v1\nkind: ConfigMapList\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: b\n    annotations: {config.kubernetes.io/local-config: \"true\"}\n";
    assert_eq!(one("resources: [r.yaml]\n", list), "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n");
}

/// KB-GEN-02, KB-GEN-04, KB-ID-03: an overlay merges into the generated map of its base, whose earlier name still matches.
#[test]
fn generators_merge() {
    let files = [
        (
            "/base/kustomization.yaml",
            "namePrefix: p-\nconfigMapGenerator: [{name: m, literals: [a=1, b=1], options: {disableNameSuffixHash: true}}]\n",
        ),
        ("/app/kustomization.yaml", "resources: [../base]\nconfigMapGenerator: [{name: m, behavior: merge, literals: [b=2]}]\n"),
    ];
    let out = render(&files, "/app").unwrap();
    assert_eq!(out, "apiVersion: v1\ndata:\n  a: \"1\"\n  b: \"2\"\nkind: ConfigMap\nmetadata:\n  name: p-m\n");
}

/// KB-HASH-01, KB-HASH-02: the vector of the contract, for a map that asks for a hash by annotation.
#[test]
fn hashes() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\n  annotations: {internal.config.kubernetes.io/needsHashSuffix: enabled}\ndata: {a: \"1\", b: \"2\", c1: \"1\"}\n";
    assert!(one("resources: [r.yaml]\n", map).contains("name: m-km224k98d2\n"));
}
