//! The controller's profile.

use ferroflux_kustomize::flux::{self, Image, Overlay, Patch, Selector};
use ferroflux_kustomize::{ErrorKind, FileSystem, MemoryFileSystem, Options};

use crate::{config_map, tree};

fn render(files: &dyn FileSystem, path: &str, overlay: &Overlay) -> Result<Vec<String>, ferroflux_kustomize::Error> {
    let output = flux::build(files, path, overlay, &Options::flux(), None)?;
    output.objects.iter().map(|o| o.to_yaml()).collect()
}

fn names(files: &dyn FileSystem, path: &str) -> Vec<String> {
    let output = flux::build(files, path, &Overlay::default(), &Options::flux(), None).unwrap();
    output.objects.iter().map(|o| o.id().name.clone()).collect()
}

/// KC-GEN-01: a lexical walk; directories with a kustomization are bases and not entered; only `.yaml` and `.yml` count.
#[test]
fn a_kustomization_is_made_where_there_is_none() {
    let (a, b, c, d) = (config_map("a"), config_map("b"), config_map("c"), config_map("d"));
    let files = tree(&[
        ("/app/z.yaml", &a),
        ("/app/b/x.yml", &b),
        ("/app/base/kustomization.yml", "resources: [c.yaml]\n"),
        ("/app/base/c.yaml", &c),
        ("/app/base/not-listed.yaml", &d),
        ("/app/notes.txt", "no yaml: ["),
        ("/app/UPPER.YAML", "no yaml: ["),
    ]);
    assert_eq!(names(&files, "/app"), ["b", "c", "a"]);
}

/// KC-GEN-01: what is no object is an error that names the file; nothing at all renders nothing.
#[test]
fn unreadable_files_and_empty_directories() {
    let files = tree(&[("/app/a.yaml", "just: text\n")]);
    let e = render(&files, "/app", &Overlay::default()).unwrap_err();
    assert!(e.to_string().contains("failed to decode Kubernetes YAML from /app/a.yaml"), "{e}");
    let mut empty = MemoryFileSystem::new();
    empty.make_directory("/app");
    assert!(render(&empty, "/app", &Overlay::default()).unwrap().is_empty());
}

/// KC-GEN-02, KB-PROF-05: unknown fields of the root are ignored, those of a base are not.
#[test]
fn only_the_root_is_read_leniently() {
    let a = config_map("a");
    let root = tree(&[("/kustomization.yaml", "nope: 1\nresources: [a.yaml]\n"), ("/a.yaml", &a)]);
    assert_eq!(names(&root, "/"), ["a"]);
    let base = tree(&[
        ("/kustomization.yaml", "resources: [b]\n"),
        ("/b/kustomization.yaml", "nope: 1\nresources: [a.yaml]\n"),
        ("/b/a.yaml", &a),
    ]);
    assert_eq!(render(&base, "/", &Overlay::default()).unwrap_err().kind(), ErrorKind::KustomizationInvalid);
}

/// KC-GEN-03: namespace, prefix and suffix replace, patches are appended, images are merged by name with tag and digest
/// as one unit.
#[test]
fn the_spec_is_merged_into_the_root() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n        image: nginx:1\n      - name: e\n        image: redis:1\n";
    let files = tree(&[
        (
            "/kustomization.yaml",
            "resources: [d.yaml]\nnamespace: own\nnamePrefix: own-\nimages:\n- name: nginx\n  newName: mirror/nginx\n  digest: sha256:aa\n",
        ),
        ("/d.yaml", deployment),
    ]);
    let overlay = Overlay {
        target_namespace: "team".into(),
        name_prefix: "p-".into(),
        name_suffix: "-s".into(),
        patches: vec![Patch {
            patch: "- op: add\n  path: /metadata/annotations/a\n  value: b\n".into(),
            target: Some(Selector { kind: "Deploy.*".into(), ..Selector::default() }),
        }],
        images: vec![
            Image { name: "nginx".into(), new_tag: "2".into(), ..Image::default() },
            Image { name: "redis".into(), new_tag: "9".into(), ..Image::default() },
        ],
        ..Overlay::default()
    };
    let rendered = render(&files, "/", &overlay).unwrap().remove(0);
    for part in ["name: p-d-s", "namespace: team", "a: b", "image: mirror/nginx:2\n", "image: redis:9\n"] {
        assert!(rendered.contains(part), "{part} in\n{rendered}");
    }
}

/// KC-GEN-03: components must be local and relative; missing ones are skipped only on request.
#[test]
fn components_of_the_spec() {
    let a = config_map("a");
    let files = tree(&[
        ("/app/kustomization.yaml", "resources: [a.yaml]\n"),
        ("/app/a.yaml", &a),
        ("/c/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c-\n"),
    ]);
    let overlay =
        |component: &str, ignore| Overlay { components: vec![component.into()], ignore_missing_components: ignore, ..Overlay::default() };
    assert!(render(&files, "/app", &overlay("../c", false)).unwrap()[0].contains("name: c-a"));
    assert!(render(&files, "/app", &overlay("../nope", false)).is_err());
    assert_eq!(render(&files, "/app", &overlay("../nope", true)).unwrap().len(), 1);
    for remote in ["https://example.com/c", "git@example.com:a/b", "/c", "github.com:a/b"] {
        let e = render(&files, "/app", &overlay(remote, true)).unwrap_err();
        assert!(e.to_string().contains(&format!("component path '{remote}' must be local and relative")), "{e}");
    }
}

/// KC-GEN-04, KB-PROF-02: `../` works inside the tree and nowhere else.
#[test]
fn files_stay_inside_the_tree() {
    let a = config_map("a");
    let mut files = tree(&[("/app/kustomization.yaml", "resources: [../a.yaml]\n"), ("/a.yaml", &a)]);
    assert_eq!(names(&files, "/app"), ["a"]);
    files.write("/app/kustomization.yaml", "resources: [../../../etc/passwd]\n");
    let e = render(&files, "/app", &Overlay::default()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::OutsideRoot);
    assert!(e.to_string().contains("fs-security-constraint"), "{e}");
    files.write("/app/kustomization.yaml", "resources: [link.yaml]\n");
    files.link("/app/link.yaml", "../../etc/passwd");
    assert_eq!(render(&files, "/app", &Overlay::default()).unwrap_err().kind(), ErrorKind::OutsideRoot);
}

/// KC-GEN-05: charts and remote bases are refused in plain words.
#[test]
fn charts_and_remote_bases_are_refused() {
    let charts = tree(&[("/kustomization.yaml", "helmCharts:\n- name: x\n  repo: https://example.com\n")]);
    assert!(render(&charts, "/", &Overlay::default()).unwrap_err().to_string().contains("must specify --enable-helm"));
    for remote in ["https://example.com/a/b.git//c", "https://example.com/a.yaml", "git@example.com:a/b"] {
        let files = tree(&[("/kustomization.yaml", &format!("resources: ['{remote}']\n"))]);
        let e = render(&files, "/", &Overlay::default()).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Remote, "{e}");
    }
}

/// KC-GEN-06, KB-PROF-01: input order unless the kustomization sorts; objects need an apiVersion.
#[test]
fn order_and_types() {
    let docs = format!("{}---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: n\n", config_map("a"));
    let mut files = tree(&[("/kustomization.yaml", "resources: [a.yaml]\n"), ("/a.yaml", &docs)]);
    assert_eq!(names(&files, "/"), ["a", "n"]);
    files.write("/kustomization.yaml", "resources: [a.yaml]\nsortOptions: {order: legacy}\n");
    assert_eq!(names(&files, "/"), ["n", "a"]);
    files.write("/a.yaml", "kind: ConfigMap\nmetadata:\n  name: a\n");
    let e = render(&files, "/", &Overlay::default()).unwrap_err();
    assert!(e.to_string().contains("failed to decode Kubernetes apiVersion, kind and name"), "{e}");
}

/// KC-GEN-07, KB-PROF-04: a given schema adds to the built-in one, and only for its own build.
#[test]
fn a_given_schema_adds_to_the_built_in_one() {
    let schema = r#"{"definitions": {"x.Foo": {"type": "object", "properties": {"l": {"type": "array", "items": {"type": "object"},
        "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "k"}},
        "x-kubernetes-group-version-kind": [{"group": "x.io", "version": "v1", "kind": "Foo"}]}}}"#;
    let kustomization = "resources: [r.yaml]\npatches: [{path: p.yaml}]\n";
    let resources = "apiVersion: x.io/v1\nkind: Foo\nmetadata:\n  name: f\nl:\n- k: a\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: a\n";
    let patch = "apiVersion: x.io/v1\nkind: Foo\nmetadata:\n  name: f\nl:\n- k: b\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: b\n";
    let with = tree(&[
        ("/kustomization.yaml", &format!("{kustomization}openapi: {{path: s.json}}\n")),
        ("/r.yaml", resources),
        ("/p.yaml", patch),
        ("/s.json", schema),
    ]);
    let without = tree(&[("/kustomization.yaml", kustomization), ("/r.yaml", resources), ("/p.yaml", patch)]);
    let merged = render(&with, "/", &Overlay::default()).unwrap();
    assert!(merged[0].contains("- k: b\n- k: a\n") && merged[1].contains("- name: b\n  - name: a\n"), "{merged:?}");
    let plain = render(&without, "/", &Overlay::default()).unwrap();
    assert!(plain[0].ends_with("l:\n- k: b\nmetadata:\n  name: f\n"), "{plain:?}");
}
