//! The API server goes away and comes back.

use std::sync::Arc;
use std::time::Duration;

use ferroflux_api::source::GitRepository;
use ferroflux_controller_runtime::client::{Deadlines, Options, Rates, build};
use ferroflux_controller_runtime::controller::enqueue;
use ferroflux_controller_runtime::leader::{self, Election, Leadership};
use ferroflux_controller_runtime::liveness::{Limits, Liveness};
use ferroflux_controller_runtime::metrics::QueueMetrics;
use ferroflux_controller_runtime::queue::{Backoff, Outcome};
use ferroflux_controller_runtime::{Cache, Queue, watch};
use ferroflux_test_harness::gate::{Gate, Passage};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use tokio_util::sync::CancellationToken;

use crate::{client, eventually, git_repository, install_git_repository, namespace, options};

/// A client whose way to the API server can be shut.
async fn behind_a_gate(options: Options) -> (Client, Gate) {
    let plane = tokio::task::spawn_blocking(ferroflux_control_plane::shared).await.unwrap().unwrap();
    let kubeconfig = Kubeconfig::read_from(plane.kubeconfig()).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    let server = url::Url::parse(plane.url()).unwrap();
    let target = server.socket_addrs(|| None).unwrap()[0];
    let gate = Gate::start(target).await.unwrap();
    config.cluster_url = format!("https://{}", gate.addr()).parse().unwrap();
    (build(config, options).unwrap(), gate)
}

/// RT-90: while the API server is away the only replica stops working and stays; when it is back, it leads again.
#[tokio::test(flavor = "multi_thread")]
async fn leadership_survives() {
    let (direct, _) = client().await;
    let ns = namespace(&direct, "outage-leader").await;
    let (client, gate) = behind_a_gate(options()).await;
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
        gate.set(Passage::Shut);
        let away = *leadership.wait_for(|l| *l != Leadership::Leading).await.unwrap();
        assert_eq!(away, Leadership::Standby, "not lost: nobody else has the lease");
        gate.set(Passage::Open);
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
    let (client, gate) = behind_a_gate(options()).await;
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
    gate.set(Passage::Shut);
    git_repository(&direct, &ns, "meanwhile").await;
    assert_eq!(cache.list().len(), 1, "the cache is kept");
    gate.set(Passage::Open);
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
    let client = build(config, options()).unwrap();
    let error = Api::<GitRepository>::namespaced(client, "ns").get("a").await.unwrap_err();
    assert!(format!("{error:?}").contains("did not answer within 60 s"), "{error:?}");
}

/// RT-94: packets that are dropped without a word. Connections that never carry anything again are given up, those for
/// requests and those of watches alike, and what happened meanwhile is seen once packets flow; nothing of it is taken for a
/// process that hangs.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_packets() {
    let (direct, _) = client().await;
    install_git_repository(&direct).await;
    let ns = namespace(&direct, "outage-lost").await;
    git_repository(&direct, &ns, "before").await;
    let seconds = Duration::from_secs_f32;
    let deadlines = Deadlines { request: seconds(1.0), silence: seconds(2.0), ping: seconds(0.5), pong: seconds(0.5) };
    let (client, gate) = behind_a_gate(Options { deadlines, ..options() }).await;
    let cache: Arc<Cache<GitRepository>> = Arc::default();
    let stop = CancellationToken::new();
    let api: Api<GitRepository> = Api::namespaced(client.clone(), &ns);
    let liveness = Arc::<Liveness>::default();
    let _expected = liveness.expect(api.resource_url());
    let limits = Limits { watch: seconds(0.1), every: seconds(0.1), looks: 1, ..Limits::default() };
    tokio::spawn(liveness.clone().run(client.clone(), limits, stop.clone()));
    tokio::spawn({
        let (api, cache, stop) = (api.clone(), cache.clone(), stop.clone());
        async move { watch::run(api, "", cache, stop, |_| {}).await }
    });
    eventually("the first list", async || (cache.list().len() == 1).then_some(())).await;
    eventually("a watch that is not heard of although the server answers", async || liveness.verdict()).await;
    gate.set(Passage::Lost);
    eventually("no verdict while the server is not there", async || liveness.verdict().is_none().then_some(())).await;
    git_repository(&direct, &ns, "meanwhile").await;
    let error = api.get("before").await.unwrap_err();
    assert!(!matches!(error, kube::Error::Api(_)), "{error:?}");
    assert_eq!(cache.list().len(), 1);
    gate.set(Passage::Open);
    eventually("the watch goes on", async || (cache.list().len() == 2).then_some(())).await;
    eventually("requests go on", async || api.get("meanwhile").await.ok()).await;
    stop.cancel();
}

/// RT-94: a watch whose beginning never comes, and an answer whose end never does, are given up too.
#[tokio::test(start_paused = true)]
async fn half_an_answer() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config::new(format!("http://{}", listener.local_addr().unwrap()).parse().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.unwrap_or_default();
            if !String::from_utf8_lossy(&head[..length]).contains("watch=true") {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").await.unwrap();
            }
            kept.push(stream);
        }
    });
    let api: Api<GitRepository> = Api::namespaced(build(config, options()).unwrap(), "ns");
    let error = api.get("a").await.unwrap_err();
    assert!(format!("{error:?}").contains("did not answer within 60 s"), "{error:?}");
    let error = api.watch(&Default::default(), "0").await.err().unwrap();
    assert!(format!("{error:?}").contains("did not answer within 60 s"), "{error:?}");
}

/// RT-30, KC-FLAG-02: a server that says that it schedules requests fairly is asked as often as there is need; another one
/// at the given rate. The real one says so.
#[tokio::test(flavor = "multi_thread")]
async fn fair_servers_are_not_spared() {
    let hopeless = Rates { qps: 0.0001, burst: 1 };
    let (client, _gate) = behind_a_gate(Options { rates: hopeless, ..options() }).await;
    let api: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client);
    for _ in 0..5 {
        assert!(api.get_opt("default").await.unwrap().is_some(), "each would wait for hours");
    }
}

/// RT-30, KC-FLAG-02: the other one.
#[tokio::test(start_paused = true)]
async fn other_servers_are_spared() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config::new(format!("http://{}", listener.local_addr().unwrap()).parse().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    let api: Api<GitRepository> =
        Api::namespaced(build(config, Options { rates: Rates { qps: 0.01, burst: 1 }, ..options() }).unwrap(), "ns");
    let begin = tokio::time::Instant::now();
    for _ in 0..3 {
        assert!(api.get("a").await.is_err());
    }
    assert!(begin.elapsed() >= Duration::from_secs(200), "by the clock of the test, which runs ahead: {:?}", begin.elapsed());
}
