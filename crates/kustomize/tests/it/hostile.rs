//! Hostile input: no panic, no hang, bounded memory.

use ferroflux_kustomize::{CancelToken, ErrorKind, Limits, Options, build};
use proptest::prelude::*;

use crate::{config_map, render, tree};

/// KB-SAFE-01: bounds end a build with an error.
#[test]
fn limits() {
    let cm = config_map("a");
    let files = tree(&[
        ("/kustomization.yaml", "resources: [a.yaml, b]\n"),
        ("/a.yaml", &cm),
        ("/b/kustomization.yaml", "resources: [../c]\n"),
        ("/c/kustomization.yaml", "namespace: x\n"),
    ]);
    let limited = |limits| {
        build(&files, "/", &Options { limits, load_restriction: ferroflux_kustomize::LoadRestriction::None, ..Options::default() }, None)
    };
    let free = Limits::default();
    assert!(limited(free).is_ok());
    for limits in [
        Limits { file_bytes: 10, ..free },
        Limits { total_bytes: 50, ..free },
        Limits { objects: 0, ..free },
        Limits { depth: 1, ..free },
        Limits { directories: 1, ..free },
    ] {
        assert_eq!(limited(limits).unwrap_err().kind(), ErrorKind::Limit, "{limits:?}");
    }
    let cancel = CancelToken::new();
    cancel.cancel();
    let e = build(&files, "/", &Options { cancel, ..Options::default() }, None).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Cancelled);
}

/// KB-SAFE-01: alias bombs and deep nesting, in resources, patches and the kustomization itself.
#[test]
fn bombs() {
    let mut bomb = String::from("a: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        bomb.push_str(&format!("b{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(", ")));
    }
    let deep = format!("d: {}{}\n", "{a: ".repeat(20_000), "}".repeat(20_000));
    let head = config_map("x");
    let cm = config_map("a");
    for hostile in [bomb.as_str(), deep.as_str()] {
        let document = format!("{head}{hostile}");
        assert!(render(&[("/kustomization.yaml", "resources: [a.yaml]\n"), ("/a.yaml", &document)], "/").is_err());
        assert!(render(&[("/kustomization.yaml", hostile)], "/").is_err());
        let k = "resources: [a.yaml]\npatches: [{path: p.yaml}]\n";
        assert!(render(&[("/kustomization.yaml", k), ("/a.yaml", &cm), ("/p.yaml", &document)], "/").is_err());
    }
}

const BASE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\n  labels: {a: b}\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: c\n        image: nginx:1\n        ports:\n        - containerPort: 80\n        env:\n        - {name: A, value: \"1\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  json: '{\"a\": {\"b\": [1]}}'\n";

/// A small YAML value in flow style.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("~".to_owned()),
        Just("''".to_owned()),
        Just("1e3".to_owned()),
        Just("$patch".to_owned()),
        Just("{$patch: delete}".to_owned()),
        Just("[{$patch: replace}]".to_owned()),
        "[a-z]{1,3}".prop_map(|s| s),
        any::<i32>().prop_map(|i| i.to_string()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|v| format!("[{}]", v.join(", "))),
            prop::collection::vec((key(), inner), 0..4).prop_map(|pairs| {
                let mut seen = std::collections::HashSet::new();
                let pairs: Vec<String> =
                    pairs.into_iter().filter(|(k, _)| seen.insert(k.clone())).map(|(k, v)| format!("{k}: {v}")).collect();
                format!("{{{}}}", pairs.join(", "))
            }),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "name",
        "spec",
        "metadata",
        "template",
        "containers",
        "ports",
        "containerPort",
        "protocol",
        "env",
        "a",
        "$patch",
        "labels",
        "annotations",
        "replicas",
    ])
    .prop_map(str::to_owned)
}

fn field_path() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "spec",
        "metadata",
        "name",
        "template",
        "containers",
        "0",
        "-1",
        "-",
        "*",
        "[name=c]",
        "[name=.*]",
        "[=x]",
        "[x.y/z]",
        "[a",
        "json",
        "a",
        "b",
        "data",
        "",
        "\\.",
        "5",
        "labels",
    ]);
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.join("."))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// KB-SAFE-01, KB-SMP-01: any strategic merge patch gives objects or an error, twice the same.
    #[test]
    fn strategic_merge_patches(patch in value(), spec in value()) {
        let patch = format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\nspec: {spec}\nextra: {patch}\n");
        let files = [("/kustomization.yaml", "resources: [r.yaml]\npatches: [{path: p.yaml}]\n"), ("/r.yaml", BASE), ("/p.yaml", patch.as_str())];
        prop_assert_eq!(render(&files, "/"), render(&files, "/"));
    }

    /// KB-SAFE-01, KB-JSON-01: any JSON patch gives objects or an error.
    #[test]
    fn json_patches(op in "add|remove|replace|move|copy|test|x", path in "(/[a-z0-9~-]{0,4}){0,3}|/spec/template/spec/containers/[-0-9]", from in "/(spec|metadata)(/[a-z0-9]{1,3})?", v in value()) {
        let patch = format!("- {{op: {op}, path: '{path}', from: '{from}', value: {v}}}\n");
        let k = "resources: [r.yaml]\npatches: [{path: p.yaml, target: {kind: '.*'}}]\n";
        let _ = render(&[("/kustomization.yaml", k), ("/r.yaml", BASE), ("/p.yaml", &patch)], "/");
    }

    /// KB-SAFE-01, KB-RPL-02: any paths of replacements give objects or an error.
    #[test]
    fn replacements(source in field_path(), target in field_path(), create in any::<bool>(), delimiter in "[:.]?", index in -2i64..4) {
        let k = format!(
            "resources: [r.yaml]\nreplacements:\n- source: {{kind: ConfigMap, fieldPath: '{source}'}}\n  targets:\n  - select: {{kind: '.*'}}\n    fieldPaths: ['{target}']\n    options: {{create: {create}, delimiter: '{delimiter}', index: {index}}}\n"
        );
        let _ = render(&[("/kustomization.yaml", &k), ("/r.yaml", BASE)], "/");
    }

    /// KB-SAFE-01, KB-FILE-02: any kustomization gives objects or an error.
    #[test]
    fn kustomizations(fields in prop::collection::vec((prop::sample::select(vec!["resources", "patches", "images", "labels", "vars", "replicas", "configMapGenerator", "namespace", "generators", "transformers", "sortOptions", "openapi", "components", "crds", "configurations", "replacements", "commonLabels", "nameprefix"]), value()), 0..5)) {
        let k: String = fields.iter().map(|(field, value)| format!("{field}: {value}\n")).collect();
        let _ = render(&[("/kustomization.yaml", &k), ("/r.yaml", BASE)], "/");
    }

    /// KB-SAFE-01: any bytes in any file give objects or an error.
    #[test]
    fn bytes(bytes in prop::collection::vec(any::<u8>(), 0..60), at in 0usize..BASE.len()) {
        let mut document = BASE.as_bytes().to_vec();
        document.splice(at..at, bytes);
        let mut files = tree(&[("/kustomization.yaml", "resources: [r.yaml]\nnamespace: ns\nconfigMapGenerator: [{name: g, files: [r.yaml], envs: [r.yaml]}]\n")]);
        files.write("/r.yaml", document);
        let _ = build(&files, "/", &Options::default(), None).and_then(|o| o.into_yaml_stream());
    }
}
