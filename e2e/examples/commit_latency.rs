//! How long a commit takes to become running objects: from the request to look at the repository to the readiness of a
//! Kustomization of four objects at the new revision, on an embedded control plane.
//!
//!     cargo run --release -p ferroflux-e2e --example commit_latency
//!
//! Build the controllers for release before; they are taken from beside this program.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement")]

use std::time::{Duration, Instant};

use ferroflux_e2e::{World, ready};
use serde_json::json;

const COMMITS: u32 = 12;

/// Four objects, one of which differs from commit to commit.
fn app(commit: u32) -> String {
    format!(
        r#"apiVersion: v1
kind: ServiceAccount
metadata: {{name: app}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: app}}
data: {{commit: "{commit}"}}
---
apiVersion: v1
kind: Service
metadata: {{name: app}}
spec: {{selector: {{app: app}}, ports: [{{name: http, port: 9898, targetPort: http}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: app}}
spec:
  replicas: 0
  selector: {{matchLabels: {{app: app}}}}
  template:
    metadata: {{labels: {{app: app}}}}
    spec: {{containers: [{{name: app, image: "example.com/app:{commit}"}}]}}
"#
    )
}

#[tokio::main]
async fn main() {
    let w = World::new("commit-latency").await;
    let first = w.push(&[("app.yaml", &app(0))]).await;
    w.git_repository(json!({})).await;
    w.kustomization("app", json!({"wait": true})).await;
    w.applied("app", &first).await;
    let mut times = Vec::new();
    for commit in 1..=COMMITS {
        let revision = w.push(&[("app.yaml", &app(commit))]).await;
        let began = Instant::now();
        w.patch("GitRepository", "repo", json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": revision}}})).await;
        loop {
            let object = w.get("Kustomization", "app").await;
            if ready(&object) && object["status"]["lastAppliedRevision"] == revision.as_str() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "commit of 4 objects to Ready   median {:.0} ms, slowest {:.0} ms of {COMMITS} (limit 500 ms)",
        times[times.len() / 2],
        times[times.len() - 1]
    );
}
