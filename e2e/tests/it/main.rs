//! Scenarios on a real control plane, a file a feature. The controllers run as processes, with Flux's flags.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod apply;
mod beside_flux;
mod crash;
mod deletion;
mod dependencies;
mod errors;
mod podinfo;
mod source;

use serde_json::{Value, json};

/// A ConfigMap manifest.
fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: \"{value}\"\n")
}

/// A Deployment manifest that becomes ready without nodes.
fn deployment(name: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  replicas: 0\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n      - name: app\n        image: example.com/app:1.0.0\n"
    )
}

/// The ids of a Kustomization's inventory.
fn inventory(kustomization: &Value) -> Vec<&str> {
    kustomization["status"]["inventory"]["entries"].as_array().into_iter().flatten().filter_map(|e| e["id"].as_str()).collect()
}

/// An empty map, for a spec without additions.
fn nothing() -> Value {
    json!({})
}
