//! Status writes, finalizers, and what requests they cost.

use ferroflux_api::source::GitRepository;
use ferroflux_controller_runtime::metrics::Format;
use ferroflux_controller_runtime::patch::{Written, set_finalizer, write_status};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::{client, git_repository, install_git_repository, namespace};

fn condition(type_: &str, reason: &str) -> serde_json::Value {
    json!({"type": type_, "status": "True", "reason": reason, "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1})
}

/// RT-18, RT-30: an unchanged status costs no request; somebody else's condition, written meanwhile, survives ours; the
/// server's own fairness is recognised, so nothing is throttled here.
#[tokio::test(flavor = "multi_thread")]
async fn writes_only_differences_and_keeps_others_conditions() {
    let (client, metrics) = client().await;
    install_git_repository(&client).await;
    let ns = namespace(&client, "status-writes").await;
    let api: Api<GitRepository> = Api::namespaced(client.clone(), &ns);
    let seen = git_repository(&client, &ns, "a").await;
    let status = json!({"observedGeneration": 1, "conditions": [condition("Ready", "Succeeded")]});
    let Written::Changed(seen) = write_status(&api, "test", &seen, &status, &["Ready"]).await.unwrap() else { panic!("nothing written") };

    let requests = || {
        metrics
            .encode(Format::Text)
            .lines()
            .filter(|l| l.contains("method=\"PATCH\""))
            .map(|l| l.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum::<f64>()
    };
    let before = requests();
    assert!(matches!(write_status(&api, "test", &*seen, &status, &["Ready"]).await.unwrap(), Written::Unchanged));
    assert_eq!(requests(), before, "an unchanged status was written");

    let foreign = json!({"status": {"conditions": [condition("Ready", "Succeeded"), condition("Audited", "ByHand")]}});
    api.patch_status("a", &PatchParams::default(), &Patch::Merge(foreign)).await.unwrap();
    let ours = json!({"observedGeneration": 1, "conditions": [condition("Ready", "Changed")]});
    assert!(matches!(write_status(&api, "test", &*seen, &ours, &["Ready"]).await.unwrap(), Written::Changed(_)));
    let stored = serde_json::to_value(api.get("a").await.unwrap()).unwrap();
    let reasons: Vec<_> =
        stored["status"]["conditions"].as_array().unwrap().iter().map(|c| c["reason"].as_str().unwrap().to_owned()).collect();
    assert_eq!(reasons, ["Changed", "ByHand"]);
}

/// RT-19: the finalizer is added and removed, keeps others' finalizers, and costs nothing when it stands already.
#[tokio::test(flavor = "multi_thread")]
async fn finalizers() {
    let (client, _) = client().await;
    install_git_repository(&client).await;
    let ns = namespace(&client, "finalizers").await;
    let api: Api<GitRepository> = Api::namespaced(client.clone(), &ns);
    let seen = git_repository(&client, &ns, "a").await;
    let theirs = json!({"metadata": {"finalizers": ["example.com/theirs"]}});
    let seen = {
        let _ = seen;
        api.patch("a", &PatchParams::default(), &Patch::Merge(theirs)).await.unwrap()
    };
    let Written::Changed(seen) = set_finalizer(&api, "test", &seen, "finalizers.fluxcd.io", true).await.unwrap() else {
        panic!("nothing written")
    };
    assert_eq!(seen.finalizers(), ["example.com/theirs", "finalizers.fluxcd.io"]);
    assert!(matches!(set_finalizer(&api, "test", &*seen, "finalizers.fluxcd.io", true).await.unwrap(), Written::Unchanged));
    let Written::Changed(seen) = set_finalizer(&api, "test", &*seen, "finalizers.fluxcd.io", false).await.unwrap() else {
        panic!("nothing written")
    };
    assert_eq!(seen.finalizers(), ["example.com/theirs"]);
}
