//! What errors and warnings say.

use ferroflux_kustomize::{ErrorKind, Options, build};

use crate::{config_map, render, tree};

/// KB-UX-01: place, field and cause first, then the chain; typos find their neighbour.
#[test]
fn errors_say_where_and_what() {
    let cm = config_map("foo");
    let e = render(
        &[
            ("/app/kustomization.yaml", "resources:\n- ../base\n"),
            ("/base/kustomization.yaml", "resources:\n- cmm.yaml\n"),
            ("/base/cm.yaml", &cm),
        ],
        "/app",
    )
    .unwrap_err();
    assert!(
        e.starts_with(
            "/base/kustomization.yaml: resources[0] 'cmm.yaml': '/base/cmm.yaml': no such file or directory (did you mean 'cm.yaml'?)"
        ),
        "{e}"
    );
    assert!(e.ends_with("while building /app → /base"), "{e}");
    let patch = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fooo\n";
    let e =
        render(&[("/kustomization.yaml", "resources: [cm.yaml]\npatches: [{path: p.yaml}]\n"), ("/cm.yaml", &cm), ("/p.yaml", patch)], "/")
            .unwrap_err();
    assert!(e.contains("there is no ConfigMap 'fooo'; did you mean 'foo'?"), "{e}");
    let e = render(&[("/kustomization.yaml", "resources:\n- a.yaml\nimages:\n- name: a\n  newTag: 1.10\n"), ("/a.yaml", &cm)], "/")
        .unwrap_err();
    assert!(e.starts_with("/kustomization.yaml:5:11: images[0].newTag: ") && e.contains("put it in quotes: \"1.10\""), "{e}");
}

/// KB-LOAD-01: a file that is clearly a file is told as one, with line and column.
#[test]
fn a_broken_file_is_told_as_a_file() {
    let e = render(&[("/kustomization.yaml", "resources: [a.yaml]\n"), ("/a.yaml", "apiVersion: v1\nkind: [\n")], "/").unwrap_err();
    assert!(e.starts_with("/a.yaml:") && e.contains("MalformedYAMLError") && !e.contains("must build at directory"), "{e}");
}

/// KB-UX-02: what matches nothing, and what is written twice, is said without failing.
#[test]
fn warnings_are_data() {
    let cm = config_map("a");
    let kustomization = "resources: [a.yaml]\nnamespace: one\nnamespace: two\nimages: [{name: nope, newTag: a}]\npatches:\n- target: {kind: Nope}\n  patch: |\n    - {op: remove, path: /data}\n- target: {kind: Pod}\n  patch: |\n    apiVersion: v1\n    kind: Pod\n    metadata: {name: any}\n";
    let output = build(&tree(&[("/kustomization.yaml", kustomization), ("/a.yaml", &cm)]), "/", &Options::default(), None).unwrap();
    let warnings: Vec<String> = output.warnings.iter().map(ToString::to_string).collect();
    for part in ["namespace", "matches 'nope'", "kind 'Nope'", "kind 'Pod'"] {
        assert!(warnings.iter().any(|w| w.contains(part)), "{part} in {warnings:?}");
    }
}

/// KB-LOAD-02: a kustomization that includes itself, directly or around a corner.
#[test]
fn cycles() {
    for files in [
        vec![("/a/kustomization.yaml", "resources: [.]\n")],
        vec![("/a/kustomization.yaml", "resources: [../b]\n"), ("/b/kustomization.yaml", "resources: [../a]\n")],
        vec![("/a/kustomization.yaml", "components: [../b]\n"), ("/b/kustomization.yaml", "kind: Component\ncomponents: [../b]\n")],
    ] {
        let e = build(&tree(&files), "/a", &Options::default(), None).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Cycle, "{e}");
    }
}
