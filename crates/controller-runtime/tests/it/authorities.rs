//! Whom a client takes for the API server.

use base64::Engine;
use ferroflux_controller_runtime::client::build;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::options;

/// In a pod the authorities stand in a file, and change with it: what was read from it at the start does not count.
#[tokio::test(flavor = "multi_thread")]
async fn authorities_of_a_pod() {
    let plane = tokio::task::spawn_blocking(ferroflux_control_plane::shared).await.unwrap().expect("control plane");
    let kubeconfig = Kubeconfig::read_from(plane.kubeconfig()).unwrap();
    let encoded = kubeconfig.clusters[0].cluster.as_ref().unwrap().certificate_authority_data.clone().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), base64::engine::general_purpose::STANDARD.decode(encoded).unwrap()).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.root_cert = Some(Vec::new());
    config.root_cert_file = Some(file.path().to_owned());
    build(config, options()).unwrap().apiserver_version().await.unwrap();
}
