//! The CRDs against those of the Flux controllers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ferroflux_api::crd;
use serde_json::Value;

/// Flattens a manifest to one line a leaf, without descriptions and what only the generator of the original wrote.
fn structure(manifest: &Value) -> BTreeMap<String, String> {
    fn walk(path: &str, value: &Value, out: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(map) => {
                if map.is_empty() {
                    out.insert(path.to_owned(), "{}".to_owned());
                }
                for (key, value) in map {
                    // A description is text; a property named "description" is a schema.
                    let is_text = key == "description" && value.is_string();
                    if !is_text && key != "controller-gen.kubebuilder.io/version" {
                        walk(&format!("{path}/{key}"), value, out);
                    }
                }
            }
            // The order of these lists has no meaning.
            Value::Array(list) if path.ends_with("/required") || path.ends_with("/enum") => {
                let mut list: Vec<_> = list.iter().map(Value::to_string).collect();
                list.sort();
                out.insert(path.to_owned(), list.join(" "));
            }
            Value::Array(list) => {
                for (i, value) in list.iter().enumerate() {
                    walk(&format!("{path}[{i}]"), value, out);
                }
            }
            leaf => {
                out.insert(path.to_owned(), leaf.to_string());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk("", manifest, &mut out);
    out
}

/// SRC-GEN-01, SRC-GEN-02, SRC-GEN-03, SRC-BUCKET-01, KC-API-01, KC-API-02, RT-80, RT-82: types, defaults, enums,
/// patterns, limits, CEL rules, columns, subresources, names, categories, versions and annotations are the originals'.
#[test]
fn structure_is_that_of_flux() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/crds");
    let Ok(entries) = std::fs::read_dir(&dir) else {
        println!("skipped: no corpus at ../shared/corpus/crds");
        return;
    };
    let ours: BTreeMap<_, _> = crd::all().into_iter().map(|c| (c.file_name(), c.manifest)).collect();
    let mut differences = Vec::new();
    for path in entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "yaml")) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(ours) = ours.get(&name) else {
            differences.push(format!("{name}: missing"));
            continue;
        };
        let theirs: Value = serde_yaml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let (ours, theirs) = (structure(ours), structure(&theirs));
        // Two of the originals lack the annotation that RT-82 asks of all.
        let added = "/metadata/annotations/kustomize.toolkit.fluxcd.io/substitute";
        assert_eq!(ours.get(added).map(String::as_str), Some("\"disabled\""), "{name}");
        for key in theirs.keys().chain(ours.keys().filter(|k| !theirs.contains_key(*k))) {
            if ours.get(key) != theirs.get(key) && !(key == added && !theirs.contains_key(key)) {
                differences.push(format!("{name}{key}: theirs {:?}, ours {:?}", theirs.get(key), ours.get(key)));
            }
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}
