//! The runtime against a real API server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod authorities;
mod controller;
mod events;
mod leader;
mod outage;
mod serve;
mod status;

use std::sync::Arc;
use std::time::Duration;

use ferroflux_api::source::GitRepository;
use ferroflux_controller_runtime::client::{self, Deadlines, Options, Rates};
use ferroflux_controller_runtime::metrics::Metrics;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::{conditions::is_crd_established, wait::await_condition};
use kube::{Api, Client, Config};
use serde_json::json;

/// A client of the shared control plane, built as controllers build theirs.
async fn client() -> (Client, Arc<Metrics>) {
    let plane = tokio::task::spawn_blocking(ferroflux_control_plane::shared).await.unwrap().expect("control plane");
    let config =
        Config::from_custom_kubeconfig(Kubeconfig::read_from(plane.kubeconfig()).unwrap(), &KubeConfigOptions::default()).await.unwrap();
    let options = options();
    let metrics = options.metrics.clone();
    (client::build(config, options).unwrap(), metrics)
}

/// What a client of a test reports to, and the usual deadlines.
fn options() -> Options {
    let rates = Rates { qps: 50.0, burst: 300 };
    Options { metrics: Arc::default(), liveness: Arc::default(), rates, deadlines: Deadlines::default() }
}

/// A namespace of its own for a test.
async fn namespace(client: &Client, name: &str) -> String {
    let object = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
    Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
    name.to_owned()
}

/// Installs our definition of GitRepository.
async fn install_git_repository(client: &Client) {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let crd = ferroflux_api::crd::crd::<GitRepository>();
    let name = "gitrepositories.source.toolkit.fluxcd.io";
    api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(&crd.manifest)).await.unwrap();
    await_condition(api, name, is_crd_established()).await.unwrap();
}

/// A GitRepository, made in the cluster.
async fn git_repository(client: &Client, namespace: &str, name: &str) -> GitRepository {
    let api: Api<GitRepository> = Api::namespaced(client.clone(), namespace);
    let manifest = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": name},
        "spec": {"url": "https://example.com/fleet", "interval": "1m"},
    });
    api.patch(name, &PatchParams::apply("test"), &Patch::Apply(&manifest)).await.unwrap()
}

/// Waits for a condition; the deadline only bounds a test that would hang.
async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1200 {
        if let Some(found) = check().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}")
}
