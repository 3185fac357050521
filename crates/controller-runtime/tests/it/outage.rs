//! The API server goes away and comes back.

use std::sync::Arc;
use std::time::Duration;

use ferroflux_api::source::GitRepository;
use ferroflux_controller_runtime::client::{Rates, build};
use ferroflux_controller_runtime::controller::enqueue;
use ferroflux_controller_runtime::leader::{self, Election, Leadership};
use ferroflux_controller_runtime::metrics::{Metrics, QueueMetrics};
use ferroflux_controller_runtime::queue::{Backoff, Outcome};
use ferroflux_controller_runtime::{Cache, Queue, watch};
use ferroflux_test_harness::gate::Gate;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use tokio_util::sync::CancellationToken;

use crate::{client, git_repository, install_git_repository, namespace};

const RATES: Rates = Rates { qps: 50.0, burst: 300 };

/// A client whose way to the API server can be shut.
async fn behind_a_gate() -> (Client, Gate) {
    let plane = tokio::task::spawn_blocking(ferroflux_control_plane::shared).await.unwrap().unwrap();
    let kubeconfig = Kubeconfig::read_from(plane.kubeconfig()).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    let server = url::Url::parse(plane.url()).unwrap();
    let target = server.socket_addrs(|| None).unwrap()[0];
    let gate = Gate::start(target).await.unwrap();
    config.cluster_url = format!("https://{}", gate.addr()).parse().unwrap();
    (build(config, Arc::new(Metrics::default()), RATES).await.unwrap(), gate)
}

/// RT-90: while the API server is away the only replica stops working and stays; when it is back, it leads again.
#[tokio::test(flavor = "multi_thread")]
async fn leadership_survives() {
    let (direct, _) = client().await;
    let ns = namespace(&direct, "outage-leader").await;
    let (client, gate) = behind_a_gate().await;
    let election = Election {
        namespace: ns,
        lease: "test-leader-election".to_owned(),
        identity: "a_1".to_owned(),
        lease_duration: Duration::from_secs(2),
        renew_deadline: Duration::from_secs(1),
        retry_period: Duration::from_millis(100),
        release: true,
    };
    let (state, mut leadership) = tokio::sync::watch::channel(Leadership::Standby);
    let stop = CancellationToken::new();
    let task = tokio::spawn(leader::run(client, election, state, stop.clone()));
    for _ in 0..2 {
        leadership.wait_for(|l| *l == Leadership::Leading).await.unwrap();
        gate.set_open(false);
        let away = *leadership.wait_for(|l| *l != Leadership::Leading).await.unwrap();
        assert_eq!(away, Leadership::Standby, "not lost: nobody else has the lease");
        gate.set_open(true);
    }
    leadership.wait_for(|l| *l == Leadership::Leading).await.unwrap();
    stop.cancel();
    task.await.unwrap();
}

/// RT-90, RT-94: a watch that broke off goes on where it was; what happened meanwhile is seen, what the cache had stays.
#[tokio::test(flavor = "multi_thread")]
async fn watches_go_on() {
    let (direct, _) = client().await;
    install_git_repository(&direct).await;
    let ns = namespace(&direct, "outage-watch").await;
    git_repository(&direct, &ns, "before").await;
    let (client, gate) = behind_a_gate().await;
    let queue = Queue::new(Backoff { min: Duration::from_secs(1), max: Duration::from_secs(1) }, QueueMetrics::detached());
    let cache: Arc<Cache<GitRepository>> = Arc::default();
    let stop = CancellationToken::new();
    tokio::spawn({
        let (api, queue, cache, stop) = (Api::namespaced(client, &ns), queue.clone(), cache.clone(), stop.clone());
        async move { watch::run(api, "", cache, stop, |change| enqueue(&queue, &change)).await }
    });
    let next = async || {
        let lease = queue.next().await.unwrap();
        let name = lease.key.name.to_string();
        queue.finish(lease, &Outcome::Idle);
        name
    };
    assert_eq!(next().await, "before");
    gate.set_open(false);
    git_repository(&direct, &ns, "meanwhile").await;
    assert_eq!(cache.list().len(), 1, "the cache is kept");
    gate.set_open(true);
    assert_eq!(next().await, "meanwhile");
    assert_eq!(cache.list().len(), 2);
    stop.cancel();
}

/// RT-94: an API server that takes a request and never answers is given up on.
#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up() {
    let hole = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = Config::new(format!("http://{}", hole.local_addr().unwrap()).parse().unwrap());
    // Nobody waits for real: the clock is ahead whenever nothing can go on.
    let client = build(config, Arc::new(Metrics::default()), RATES).await.unwrap();
    let error = Api::<GitRepository>::namespaced(client, "ns").get("a").await.unwrap_err();
    assert!(format!("{error:?}").contains("did not answer within 60 s"), "{error:?}");
}
