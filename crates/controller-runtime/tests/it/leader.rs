//! Leader election.

use std::time::Duration;

use ferroflux_controller_runtime::leader::{self, Election, Leadership};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{client, namespace};

fn election(namespace: &str, identity: &str) -> Election {
    Election {
        namespace: namespace.to_owned(),
        lease: "test-leader-election".to_owned(),
        identity: identity.to_owned(),
        lease_duration: Duration::from_secs(3),
        renew_deadline: Duration::from_secs(2),
        retry_period: Duration::from_millis(100),
        release: true,
    }
}

/// RT-35: one leads, the other stands by; the lease carries client-go's fields; a clean end hands it over, and the change
/// of hands is counted.
#[tokio::test(flavor = "multi_thread")]
async fn one_leads_and_hands_over() {
    let (client, _) = client().await;
    let ns = namespace(&client, "leader-handover").await;
    let contend = |identity: &str| {
        let (state, watch) = watch::channel(Leadership::Standby);
        let stop = CancellationToken::new();
        let task = tokio::spawn(leader::run(client.clone(), election(&ns, identity), state, stop.clone()));
        (watch, stop, task)
    };
    let (mut first, stop_first, first_task) = contend("a_1");
    first.wait_for(|l| *l == Leadership::Leading).await.unwrap();
    let (mut second, stop_second, _) = contend("b_2");
    let leases: Api<Lease> = Api::namespaced(client.clone(), &ns);
    let held = leases.get("test-leader-election").await.unwrap().spec.unwrap();
    assert_eq!((held.holder_identity.as_deref(), held.lease_duration_seconds, held.lease_transitions), (Some("a_1"), Some(3), Some(0)));
    assert!(held.acquire_time.is_some() && held.renew_time.is_some());
    // The holder renews for longer than the lease's duration while the other tries all the time.
    tokio::time::timeout(Duration::from_secs(4), second.wait_for(|l| *l == Leadership::Leading)).await.map(drop).unwrap_err();
    stop_first.cancel();
    first_task.await.unwrap();
    second.wait_for(|l| *l == Leadership::Leading).await.unwrap();
    let held = leases.get("test-leader-election").await.unwrap().spec.unwrap();
    assert_eq!((held.holder_identity.as_deref(), held.lease_transitions), (Some("b_2"), Some(1)));
    stop_second.cancel();
}

/// RT-35: a leader that finds another holder has lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_taken_lease_is_lost() {
    let (client, _) = client().await;
    let ns = namespace(&client, "leader-lost").await;
    let (state, mut watch) = watch::channel(Leadership::Standby);
    tokio::spawn(leader::run(client.clone(), election(&ns, "a_1"), state, CancellationToken::new()));
    watch.wait_for(|l| *l == Leadership::Leading).await.unwrap();
    let leases: Api<Lease> = Api::namespaced(client.clone(), &ns);
    let steal = serde_json::json!({"spec": {"holderIdentity": "thief", "leaseDurationSeconds": 60}});
    leases.patch("test-leader-election", &Default::default(), &kube::api::Patch::Merge(steal)).await.unwrap();
    watch.wait_for(|l| *l == Leadership::Lost).await.unwrap();
}
