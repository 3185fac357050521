//! The CRDs against those of the Flux controllers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ferroflux_api::crd;
use serde_json::{Value, json};

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
            if ours.get(key) != theirs.get(key) && (key != added || theirs.contains_key(key)) {
                differences.push(format!("{name}{key}: theirs {:?}, ours {:?}", theirs.get(key), ours.get(key)));
            }
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

fn manifest(plural: &str) -> Value {
    crd::all().into_iter().find(|c| c.plural == plural).unwrap().manifest
}

/// FX-15, FX-16: names, versions, scope, subresource and columns of the two kinds of `clusterconfig.azure.com`.
#[test]
fn flux_configs() {
    let manifest = manifest("fluxconfigs");
    assert_eq!(manifest["metadata"]["name"], "fluxconfigs.clusterconfig.azure.com");
    let names = json!({
        "kind": "FluxConfig", "listKind": "FluxConfigList", "plural": "fluxconfigs", "singular": "fluxconfig", "shortNames": ["fc"],
    });
    assert_eq!((&manifest["spec"]["names"], &manifest["spec"]["scope"]), (&names, &json!("Namespaced")));
    let version = &manifest["spec"]["versions"][0];
    assert_eq!(manifest["spec"]["versions"].as_array().unwrap().len(), 1);
    assert_eq!((&version["name"], &version["served"], &version["storage"]), (&json!("v1alpha1"), &json!(true), &json!(true)));
    assert_eq!(version["subresources"], json!({ "status": {} }));
    let columns: Vec<String> = version["additionalPrinterColumns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| format!("{} {} {}", c["priority"].as_u64().unwrap_or(0), c["name"].as_str().unwrap(), c["jsonPath"].as_str().unwrap()))
        .collect();
    assert_eq!(
        columns,
        [
            "0 Scope .spec.scope",
            "0 URL .status.sourceUrl",
            "0 Provision .status.provisioningState",
            "0 Age .metadata.creationTimestamp",
            "1 Kind .spec.sourceKind",
            "1 Compliance .status.complianceState",
            "1 Commit .status.lastSyncedCommit",
            r#"1 Message .status.conditions[?(@.type=="Ready")].message"#,
        ]
    );

    let sync = self::manifest("fluxconfigsyncstatuses");
    let names = json!({
        "kind": "FluxConfigSyncStatus",
        "listKind": "FluxConfigSyncStatusList",
        "plural": "fluxconfigsyncstatuses",
        "singular": "fluxconfigsyncstatus",
    });
    assert_eq!((&sync["spec"]["names"], &sync["spec"]["versions"][0]["name"]), (&names, &json!("v1beta1")));
}

/// What the schema fills in, and which rules refuse what the configuration service would refuse.
#[test]
fn flux_config_schema() {
    let manifest = manifest("fluxconfigs");
    let root = &manifest["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let spec = &root["properties"]["spec"]["properties"];
    let kustomization = &spec["kustomizations"]["items"]["properties"];
    let defaults = [
        (&spec["scope"], json!("cluster")),
        (&spec["sourceKind"], json!("GitRepository")),
        (&spec["gitRepository"]["properties"]["syncInterval"], json!("10m0s")),
        (&spec["gitRepository"]["properties"]["timeout"], json!("10m0s")),
        (&kustomization["syncInterval"], json!("10m0s")),
        (&kustomization["timeout"], json!("10m0s")),
        (&kustomization["prune"], json!(false)),
        (&kustomization["force"], json!(false)),
        (&kustomization["wait"], json!(true)),
    ];
    for (schema, default) in defaults {
        assert_eq!(schema["default"], default);
    }
    assert_eq!(spec["kustomizations"]["x-kubernetes-list-map-keys"], json!(["name"]));
    let rules =
        structure(root).into_iter().filter(|(path, _)| path.ends_with("/rule")).map(|(_, rule)| rule).collect::<Vec<_>>().join("\n");
    for part in ["self == oldSelf", "<= 62", "self.name in self.dependsOn", "duration(self) > duration('0s')", "has(self.azureBlob)"] {
        assert!(rules.contains(part), "{part}");
    }
    // No secret value has a place in the object (it would be readable by all who can read configurations).
    for secret in ["accountKey", "sasToken", "clientSecret", "privateKey", "httpsKey", "sshPrivateKey", "bucketSecretKey"] {
        assert!(!root.to_string().contains(&format!("\"{secret}\":")), "{secret}");
    }
}

/// Everything is described, in words of our own, and nothing is left of what Kubernetes would refuse in a schema.
#[test]
fn schemas_are_structural_and_described() {
    fn walk(path: &str, schema: &Value) {
        for foreign in ["$ref", "$schema", "title", "oneOf", "anyOf", "allOf", "const", "nullable"] {
            assert!(schema.get(foreign).is_none(), "{path}: {foreign}");
        }
        let free = schema.get("x-kubernetes-preserve-unknown-fields").is_some();
        assert!(schema["type"].is_string() || free, "{path}: {schema}");
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            assert!(property["description"].is_string() || path.ends_with(".metadata"), "{path} has no description");
            walk(&path, property);
        }
        for nested in ["items", "additionalProperties"] {
            if let Some(schema) = schema.get(nested) {
                walk(&format!("{path}[]"), schema);
            }
        }
    }
    assert_eq!(crd::all().len(), 16);
    for crd in crd::all() {
        walk(&crd.file_name(), &crd.manifest["spec"]["versions"][0]["schema"]["openAPIV3Schema"]);
    }
}
