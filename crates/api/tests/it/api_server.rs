//! The CRDs on a real API server: it takes them, fills in defaults and refuses what must be refused.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use ferroflux_api::crd;
use ferroflux_control_plane::ControlPlane;
use serde_json::{Value, json};

/// Runs kubectl; what it printed, or what it complained about.
fn kubectl(plane: &ControlPlane, program: &Path, args: &[&str], input: &Value) -> Result<String, String> {
    let mut child = Command::new(program)
        .arg("--kubeconfig")
        .arg(plane.kubeconfig())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if out.status.success() { Ok(text(out.stdout)) } else { Err(text(out.stderr)) }
}

fn flux_config(name: &str, spec: Value) -> Value {
    json!({ "apiVersion": "clusterconfig.azure.com/v1alpha1", "kind": "FluxConfig", "metadata": { "name": name, "namespace": "default" }, "spec": spec })
}

/// SRC-GEN-01, RT-14 (status of an object that nobody has seen), FX-19 (defaults and refusals), FX-37 (scope cannot be
/// changed); and that the server takes all manifests at all, rules and columns included.
#[test]
fn a_real_api_server_takes_the_crds() {
    let plane = match ferroflux_control_plane::shared() {
        Ok(plane) => plane,
        Err(why) => panic!("the control plane did not start: {why}"),
    };
    let Some(program) = plane.binaries().kubectl.as_deref() else {
        println!("skipped: there is no kubectl beside the control plane");
        return;
    };
    let run = |args: &[&str], input: &Value| kubectl(plane, program, args, input);
    let apply = |object: &Value| run(&["apply", "--server-side", "--output=json", "--filename=-"], object);

    let all: Vec<Value> = crd::all().into_iter().map(|c| c.manifest).collect();
    run(&["apply", "--server-side", "--filename=-"], &json!({ "apiVersion": "v1", "kind": "List", "items": all })).unwrap();
    run(&["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"], &Value::Null).unwrap();
    let stored: Value = serde_json::from_str(&run(&["get", "crd", "--output=json"], &Value::Null).unwrap()).unwrap();
    for crd in stored["items"].as_array().unwrap() {
        for condition in crd["status"]["conditions"].as_array().unwrap() {
            let bad = ["NonStructuralSchema", "Terminating"].contains(&condition["type"].as_str().unwrap());
            assert_eq!(condition["status"] == "True", !bad, "{}: {condition}", crd["metadata"]["name"]);
        }
    }

    // The schema of Flux does not ask for a spec, and the status is there from the first moment.
    let source = json!({ "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": { "name": "a", "namespace": "default" } });
    let stored: Value = serde_json::from_str(&apply(&source).unwrap()).unwrap();
    assert_eq!(stored["status"], json!({ "observedGeneration": -1 }));

    let git = json!({ "url": "https://example.com/x" });
    let spec = json!({ "gitRepository": git, "kustomizations": [{ "name": "infra" }, { "name": "apps", "dependsOn": ["infra"] }] });
    let stored: Value = serde_json::from_str(&apply(&flux_config("good", spec)).unwrap()).unwrap();
    let kustomization = json!({
        "name": "infra", "path": "", "prune": false, "force": false, "wait": true, "syncInterval": "10m0s", "timeout": "10m0s",
    });
    assert_eq!(stored["spec"]["kustomizations"][0], kustomization);
    assert_eq!((&stored["spec"]["scope"], &stored["spec"]["sourceKind"]), (&json!("cluster"), &json!("GitRepository")));

    let long = "x".repeat(40);
    for (name, spec, complaint) in [
        ("good", json!({ "scope": "namespace", "gitRepository": git }), "scope cannot be changed"),
        ("bad", json!({ "sourceKind": "Bucket", "gitRepository": git }), "sourceKind Bucket needs the block bucket"),
        ("bad", json!({}), "sourceKind GitRepository needs the block gitRepository"),
        ("bad", json!({ "gitRepository": { "url": "ftp://example.com/x" } }), "spec.gitRepository.url"),
        ("bad", json!({ "gitRepository": { "url": "https://x", "timeout": "0s" } }), "timeout must be more than zero"),
        ("bad", json!({ "gitRepository": { "url": "https://x", "sshKnownHosts": "eA==" } }), "sshKnownHosts needs a url"),
        ("bad", json!({ "gitRepository": { "url": "ssh://git@x/y", "httpsUser": "me" } }), "httpsUser and httpsCACert need a url"),
        ("bad", json!({ "gitRepository": { "url": "https://x", "httpsUser": "me", "localAuthRef": "s" } }), "localAuthRef names a Secret"),
        ("bad", json!({ "gitRepository": git, "kustomizations": [{ "name": "a", "dependsOn": ["a"] }] }), "cannot depend on itself"),
        ("bad", json!({ "gitRepository": git, "kustomizations": [{ "name": "A" }] }), "spec.kustomizations[0].name"),
        ("bad", json!({ "gitRepository": git, "kustomizations": [{ "name": "a" }, { "name": "a" }] }), "duplicate entries"),
        (&long, json!({ "gitRepository": git, "kustomizations": [{ "name": "y".repeat(22) }] }), "at most 62 characters"),
    ] {
        let refusal = apply(&flux_config(name, spec.clone())).expect_err(&spec.to_string());
        assert!(refusal.contains(complaint), "{spec}: {refusal}");
    }
}
