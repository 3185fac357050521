//! Objects as they come from the API server and go to it.

use ferroflux_api::kustomize::{DeletionPolicy, Kustomization, SourceKind};
use ferroflux_api::notification::{Provider, ProviderType};
use ferroflux_api::source::{GitRepository, GitVerificationMode, HelmRepository};
use ferroflux_api::source_extensions::{ArtifactGenerator, CopyStrategy};
use ferroflux_api::{Duration, Reconciled, Source};
use kube_core::Resource;
use serde_json::{Value, json};

fn kustomization() -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": { "name": "apps", "namespace": "flux-system", "generation": 3 },
        "spec": {
            "interval": "10m",
            "prune": true,
            "deletionPolicy": "WaitForTermination",
            "sourceRef": { "kind": "OCIRepository", "name": "apps" },
            "dependsOn": [{ "name": "infra" }, { "name": "crds", "namespace": "other" }],
            "somethingNew": { "of": "a later version" },
        },
        "status": {
            "observedGeneration": 3,
            "conditions": [{
                "type": "Ready",
                "status": "True",
                "reason": "ReconciliationSucceeded",
                "message": "Applied revision: main@sha1:abc",
                "lastTransitionTime": "2025-01-02T03:04:05Z",
                "observedGeneration": 3,
            }],
            "inventory": { "entries": [{ "id": "default_web_apps_Deployment", "v": "v1" }] },
            "history": [{
                "digest": "sha256:00",
                "firstReconciled": "2025-01-02T03:04:05Z",
                "lastReconciled": "2025-01-02T03:04:06Z",
                "lastReconciledDuration": "1.5s",
                "lastReconciledStatus": "ReconciliationSucceeded",
                "totalReconciliations": 2,
            }],
            "lastHandledReconcileAt": "now",
        },
    })
}

/// KC-API-01, KC-API-02, KC-HIST-01: the fields of a Kustomization are read and written under their names.
#[test]
fn kustomization_round_trip() {
    let object: Kustomization = serde_json::from_value(kustomization()).unwrap();
    assert_eq!(object.spec.interval, Duration::from_secs(600));
    assert_eq!(object.spec.source_ref.kind, SourceKind::OCIRepository);
    assert_eq!(object.spec.source_ref.namespace_or("own"), "own");
    assert_eq!(object.spec.depends_on[1].namespace_or("own"), "other");
    assert_eq!(object.spec.deletion_policy, Some(DeletionPolicy::WaitForTermination));
    assert_eq!((object.observed_generation(), object.is_suspended()), (3, false));
    assert_eq!(object.last_handled_reconcile_at(), Some("now"));
    assert_eq!(object.conditions()[0].reason, "ReconciliationSucceeded");

    let mut written = serde_json::to_value(&object).unwrap();
    let mut wanted = kustomization();
    wanted["spec"].as_object_mut().unwrap().remove("somethingNew");
    // What has a default in the schema is written out, durations are written as Go does.
    wanted["spec"]["force"] = json!(false);
    wanted["spec"]["interval"] = json!("10m0s");
    assert_eq!(written, wanted);

    // A new object carries no status.
    let fresh = Kustomization { spec: object.spec, ..Kustomization::default() };
    written = serde_json::to_value(&fresh).unwrap();
    assert_eq!(written.get("status"), None);
    assert_eq!((&written["apiVersion"], &written["kind"]), (&json!("kustomize.toolkit.fluxcd.io/v1"), &json!("Kustomization")));
}

/// SRC-GEN-02: timeouts where none is set. RT-14: an object that nobody has seen has an observed generation below one.
#[test]
fn defaults() {
    let object: GitRepository = serde_json::from_value(json!({
        "metadata": { "name": "x" },
        "spec": { "url": "https://example.com/x", "interval": "1m", "verify": { "secretRef": { "name": "keys" } } },
        "status": { "observedGeneration": -1 },
    }))
    .unwrap();
    assert_eq!(object.spec.timeout(), Duration::from_secs(60));
    assert_eq!(object.spec.verify.map(|v| v.mode), Some(GitVerificationMode::Head));
    assert_eq!(object.status.observed_generation, -1);
    let charts: HelmRepository = serde_json::from_value(json!({ "metadata": {}, "spec": { "url": "oci://x", "type": "oci" } })).unwrap();
    assert_eq!((charts.spec.interval(), charts.spec.timeout()), (Duration::from_secs(60), Duration::from_secs(60)));
    assert!(charts.spec.is_oci());
    assert!(charts.observed_generation() < 1);
}

/// The schema lets an object without spec through; it must not end the watch on all others.
#[test]
fn an_object_without_spec_is_read() {
    let object: Kustomization =
        serde_json::from_value(json!({ "metadata": { "name": "x" }, "status": { "observedGeneration": -1 } })).unwrap();
    assert_eq!((object.spec.interval, object.spec.source_ref.name.as_str()), (Duration::ZERO, ""));
    let object: GitRepository = serde_json::from_value(json!({ "metadata": { "name": "x" } })).unwrap();
    assert!(object.artifact().is_none());
    assert_eq!(object.observed_generation(), 0);
}

/// SRC-GEN-03: the artifact under its names, with times in whole seconds.
#[test]
fn artifact_round_trip() {
    let artifact = json!({
        "path": "gitrepository/a/b/c.tar.gz",
        "url": "http://host/gitrepository/a/b/c.tar.gz",
        "revision": "main@sha1:abc",
        "digest": "sha256:00",
        "lastUpdateTime": "2025-01-02T03:04:05.678+02:00",
        "size": 12,
        "metadata": { "org.opencontainers.image.revision": "v1" },
    });
    let object: GitRepository = serde_json::from_value(json!({ "metadata": {}, "status": { "artifact": artifact } })).unwrap();
    let mut wanted = artifact;
    wanted["lastUpdateTime"] = json!("2025-01-02T01:04:05Z");
    assert_eq!(serde_json::to_value(object.artifact()).unwrap(), wanted);
}

#[test]
fn names_of_services_are_those_of_the_schema() {
    let types = ["github", "githubpullrequestcomment", "azuredevops", "incident.io", "generic-hmac", "msteams", "googlepubsub"];
    for name in types {
        let object: Provider = serde_json::from_value(json!({ "metadata": {}, "spec": { "type": name } })).unwrap();
        assert_eq!(serde_json::to_value(object.spec.type_).unwrap(), json!(name));
    }
    assert_eq!(serde_json::to_value(ProviderType::GitHubDispatch).unwrap(), json!("githubdispatch"));
}

#[test]
fn addresses_on_the_api_server() {
    assert_eq!(GitRepository::url_path(&(), Some("a")), "/apis/source.toolkit.fluxcd.io/v1/namespaces/a/gitrepositories");
    assert_eq!(Provider::url_path(&(), None), "/apis/notification.toolkit.fluxcd.io/v1beta3/providers");
}

#[test]
fn a_generator_of_artifacts_is_read() {
    let object: ArtifactGenerator = serde_json::from_value(json!({
        "metadata": { "name": "apps", "namespace": "own" },
        "spec": {
            "sources": [{ "alias": "git", "kind": "GitRepository", "name": "monorepo" }],
            "artifacts": [{ "name": "app", "originRevision": "@git", "copy": [{ "from": "@git/app/**", "to": "@artifact/" }] }],
        },
    }))
    .unwrap();
    assert_eq!(object.spec.sources[0].namespace_or("own"), "own");
    assert_eq!(object.spec.artifacts[0].copy[0].strategy.unwrap_or_default(), CopyStrategy::Overwrite);
    assert_eq!(serde_json::to_value(&object).unwrap()["apiVersion"], "source.extensions.fluxcd.io/v1beta1");
}
