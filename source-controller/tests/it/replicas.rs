//! Two replicas, one lease.

use serde_json::{Value, json};

use crate::World;
use crate::world::get;

/// SRC-GEN-18, SRC-ART-10, SRC-GEN-12, RT-35: the lease of a shard has its name; only the leader reconciles; the other
/// serves what its volume holds, and after a crash takes over, with its own address in the status.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_serves_and_takes_over() {
    let world = World::new("replicas").await;
    world.repository("app.git").await;
    let flags = [
        "--enable-leader-election",
        "--watch-label-selector=sharding.fluxcd.io/key=shard1",
        "--leader-election-lease-duration=4s",
        "--leader-election-renew-deadline=3s",
        "--leader-election-retry-period=200ms",
    ];
    let mut first = world.start("first", &flags).await;
    // The first eight digits of the selector's SHA-256.
    let lease = "source-controller-leader-election-73fdc1be";
    let holder = async || {
        let leases = world.api("Lease").list(&Default::default()).await.unwrap().items;
        leases
            .iter()
            .map(|l| (l.metadata.name.clone().unwrap(), l.data["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()))
            .next()
    };
    world.until("the first leads", async || first.series("leader_election_master_status").await.iter().any(|(_, v)| *v == 1.0)).await;
    let (name, leader) = holder().await.unwrap();
    assert_eq!(name, lease);
    let second = world.start("second", &flags).await;
    let manifest = json!({
        "metadata": {"labels": {"sharding.fluxcd.io/key": "shard1"}},
        "spec": {"interval": "1h", "url": world.git.url("app.git"), "ref": {"branch": "main"}},
    });
    world.apply("GitRepository", "app", manifest).await;
    let artifact = world.ready("app").await["status"]["artifact"].clone();
    assert!(artifact["url"].as_str().unwrap().starts_with(&format!("http://{}/", first.storage)));

    assert_eq!(second.series("leader_election_master_status").await, [(format!("{{name=\"{lease}\"}}"), 0.0)]);
    let path = artifact["path"].as_str().unwrap();
    assert!(!second.data.join(path).exists(), "a standby reconciles");
    std::fs::create_dir_all(second.data.join(path).parent().unwrap()).unwrap();
    std::fs::copy(first.data.join(path), second.data.join(path)).unwrap();
    assert_eq!(get(&format!("http://{}/", second.storage)).await.unwrap().status(), 200);
    let served = get(&format!("http://{}/{path}", second.storage)).await.unwrap().bytes().await.unwrap();
    assert_eq!(served, std::fs::read(first.data.join(path)).unwrap());

    first.process.kill().await;
    let taken = |o: &Value| o["status"]["artifact"]["url"].as_str().is_some_and(|u| u.starts_with(&format!("http://{}/", second.storage)));
    let object = world.wait("app", "served by the second", taken).await;
    assert_eq!(object["status"]["artifact"]["digest"], artifact["digest"]);
    let (name, now) = holder().await.unwrap();
    assert!(name == lease && now != leader, "{now}");
}
