//! Normalisation beyond what the tables ask.

use ferroflux_manifest::normalize::{drop_invalid_ca_bundle, is_encrypted_secret, normalize};
use serde_json::{Value, json};

fn limits(quantity: Value) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "x"}, "spec": {"limits": [{"type": "Pod", "max": {"cpu": quantity}}]}});
    normalize(&mut object).unwrap();
    object["spec"]["limits"][0]["max"]["cpu"].clone()
}

/// KC-APPLY-02: quantities get their canonical form: the largest suffix without a fraction, binary only from 1024 on.
#[test]
fn quantities() {
    let cases = [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1.5Gi", "1536Mi"),
        ("1024Mi", "1Gi"),
        ("512", "512"),
        ("1023Ki", "1023Ki"),
        ("0.5Ki", "512"),
        ("100000", "100k"),
        ("1e3", "1e3"),
        ("12e-1", "1200e-3"),
        ("0", "0"),
        ("0Gi", "0"),
        ("-1500m", "-1500m"),
        ("+1", "1"),
        ("1E", "1E"),
        ("0.0000000001", "1n"),
        (".5", "500m"),
        ("1.", "1"),
    ];
    for (given, wanted) in cases {
        assert_eq!(limits(given.into()), wanted, "{given}");
    }
    assert_eq!(limits(json!(2)), "2");
    for kept in ["1K", "abc", "1 Gi", "--1", "1.2.3", ""] {
        assert_eq!(limits(kept.into()), kept, "what is no quantity is left to the API server to refuse");
    }
}

/// KC-APPLY-02: dropped fields are named, so that a typing error can be warned of; a status is dropped without a word.
#[test]
fn dropped_fields_are_named() {
    let mut object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "lables": {}},
        "spec": {"replica": 3, "template": {"spec": {"containers": [{"name": "a", "imag": "x"}]}}}, "status": {"replicas": 1}});
    let dropped = normalize(&mut object).unwrap();
    assert_eq!(dropped, ["metadata.lables", "spec.template.spec.containers.0.imag", "spec.replica"]);
}

/// KC-APPLY-02: only a bundle that is no certificate goes.
#[test]
fn ca_bundles() {
    let crd = |bundle: &str| {
        let config = json!({"conversion": {"webhook": {"clientConfig": {"caBundle": bundle, "url": "https://x"}}}});
        let mut crd =
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x"}, "spec": config});
        drop_invalid_ca_bundle(&mut crd);
        crd.pointer("/spec/conversion/webhook/clientConfig/caBundle").is_some()
    };
    // The base64 of a PEM block around the start of a DER sequence, of a block around something else, of no block.
    assert!(crd("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BQT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="));
    assert!(!crd("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCmVIZz0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="));
    assert!(!crd("Cg=="));
    assert!(!crd("not base64"));
    assert!(crd(""));
}

/// KC-SOPS-08: an encrypted Secret is found before normalisation drops what shows it.
#[test]
fn encrypted_secrets() {
    let secret = |annotation: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "annotations": {"kustomize.toolkit.fluxcd.io/decrypt": annotation}}, "stringData": {"a": "ENC[x]"}, "sops": {"mac": "x"}});
    assert!(is_encrypted_secret(&secret("")));
    assert!(!is_encrypted_secret(&secret("Disabled")));
    let mut object = secret("");
    normalize(&mut object).unwrap();
    assert!(!is_encrypted_secret(&object));
}
