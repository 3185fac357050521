//! What the command line refuses.

use std::path::Path;

use crate::World;

/// RT-01, RT-05, RT-06, SRC-GEN-17: a controller that cannot work as it is told to ends at once, not with success, and
/// says what is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_start_says_so() {
    let world = World::new("start-refused").await;
    for (n, (flag, text)) in [
        (
            "--default-service-account=tenant",
            "cannot set default service accounts when the feature gate ObjectLevelWorkloadIdentity is not enabled",
        ),
        ("--feature-gates=NoSuchGate=true", "feature-gate 'NoSuchGate' not supported"),
        ("--feature-gates=CacheSecretsAndConfigMaps", "must be given as name=true or name=false"),
        ("--artifact-digest-algo=md5", "md5"),
        ("--ssh-kex-algos=nonsense", "unknown SSH key exchange algorithm \\\"nonsense\\\""),
        ("--ssh-hostkey-algos=", "unknown SSH host key algorithm"),
        ("--interval-jitter-percentage=100", "must be a number from 0 to 99"),
        ("--storage-addr=nonsense", "--storage-addr"),
        ("--no-such-flag", "--no-such-flag"),
    ]
    .into_iter()
    .enumerate()
    {
        let program = Path::new(env!("CARGO_BIN_EXE_source-controller"));
        let mut controller = world.spawn(program, &[], &format!("refused-{n}"), &[flag], &world.kubeconfig(), &[]);
        let status = controller.process.wait().await.unwrap();
        let log = controller.log();
        assert!(!status.success(), "{flag}: {log}");
        assert!(log.contains(text), "{flag}: {log}");
    }
}

/// RT-02, RT-03, SRC-GEN-17: gates that are right are logged with their values; one that has gone, and flags that nothing
/// is done with, are taken with a word; variables
/// that the manifests of the Go controllers set are borne.
#[tokio::test(flavor = "multi_thread")]
async fn what_manifests_say_is_borne() {
    let world = World::new("start-manifest").await;
    let variables = [
        ("GOMEMLIMIT", "900MiB"),
        ("GOMAXPROCS", "1"),
        ("TUF_ROOT", "/tmp/.sigstore"),
        ("GNUPGHOME", "/tmp"),
        ("AZURE_ENVIRONMENT_FILEPATH", "/nowhere"),
        // Nobody listens there; loopback is reached directly.
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
        ("ALL_PROXY", "socks5://127.0.0.1:1"),
        ("NO_PROXY", ".cluster.local.,.cluster.local,.svc"),
    ];
    let gates = "--feature-gates=ObjectLevelWorkloadIdentity=true,OptimizedGitClones=false";
    let controller = world
        .start_as("controller", &[gates, "--default-service-account=tenant", "--helm-cache-ttl=5m"], &world.kubeconfig(), &variables)
        .await;
    world.repository("app.git").await;
    world.git_repository("app", &world.git.url("app.git"), serde_json::json!({})).await;
    world.ready("app").await;
    let log = controller.log();
    let line = |text: &str| log.lines().find(|l| l.contains(text)).unwrap_or_else(|| panic!("no {text} in\n{log}")).to_owned();
    let gate: serde_json::Value = serde_json::from_str(&line("ObjectLevelWorkloadIdentity")).unwrap();
    assert_eq!((gate["msg"].as_str(), gate["enabled"].as_bool()), (Some("loading feature gate"), Some(true)));
    for flag in ["--helm-cache-ttl", "--default-service-account"] {
        line(&format!("flag {flag} is ignored"));
    }
    assert!(!log.contains("--helm-cache-max-size"), "not given");
    assert!(line("has no effect any more").contains("OptimizedGitClones"));
}
