use std::path::PathBuf;
use std::sync::Arc;

use ferroflux_helm_chart::{LoadLimits, SystemHost, TemplateRequest, ValueOptions, load_path};
use sha2::{Digest, Sha256};

use super::render_with;

fn tutorial(archive: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/tutorial").join(archive);
    if !path.exists() {
        println!("skipped: no corpus at ../shared/corpus/tutorial");
    }
    path.exists().then_some(path)
}

const PODINFO: &str = "cache: redis-master.redis:6379\ningress:\n  enabled: true\n  annotations:\n    kubernetes.io/ingress.class: nginx\n  hosts:\n    - host: podinfo.production\n      paths:\n        - path: /\n          pathType: ImplementationSpecific\n";
const NGINX: &str = "controller:\n  service:\n    type: NodePort\n  extraArgs:\n    enable-ssl-passthrough: \"\"\n  admissionWebhooks:\n    enabled: true\n";

/// HE-RND-01, HE-MAN-04: the tutorial's charts print what `helm template` 4.2.4 prints, with default values and with the
/// values of the tutorial's repository. The digests are those of Helm's output.
#[test]
fn tutorial_charts() {
    let cases = [
        ("podinfo-6.14.1.tgz", "podinfo", "", "", true, "0e99d45c46666a67d2c52389d2b7f28ae029b1524e2798ddcc5049f4c181ebd6"),
        ("podinfo-6.14.1.tgz", "podinfo", PODINFO, "", true, "ebd44aec87c518301b5d18ff9004886201bec35454188ebc66d1978163b91218"),
        ("redis-17.17.1.tgz", "redis", "", "auth.password=x", false, "af6afe9e994a1c9b2bf7cc34d26becba8476ef0a157dfeeee05d9b6881cb0822"),
        ("ingress-nginx-4.10.1.tgz", "nginx", NGINX, "", false, "852df5a5eb2f553ccac7386f5cf23666b50deaadfad04d02748b56eceb530833"),
        ("ingress-nginx-4.10.1.tgz", "nginx", "", "", false, "85006756f79031acf9cbb51b030427f95c6db7bd08af5e0e95a842772a3f80b8"),
    ];
    for (archive, name, values, set, skip_tests, want) in cases {
        let Some(path) = tutorial(archive) else { return };
        let request = TemplateRequest {
            release: name.to_owned(),
            namespace: name.to_owned(),
            values: ValueOptions { files: vec!["values".to_owned()], set: vec![set.to_owned()], ..ValueOptions::default() },
            no_hooks: skip_tests && values.is_empty(),
            skip_tests,
            ..TemplateRequest::default()
        };
        let mut out = Vec::new();
        request.run(&path, &SystemHost::new("UTC"), |_| Ok(values.as_bytes().to_vec()), &mut out).unwrap();
        let got: String = Sha256::digest(&out).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(got, want, "{archive} {values:?}");
    }
}

/// HE-RND-01: one parsed chart serves many releases, on several threads at a time, with the same result each time.
#[test]
fn one_chart_many_releases() {
    let Some(path) = tutorial("redis-17.17.1.tgz") else { return };
    let chart = load_path(&path, LoadLimits::default()).unwrap();
    let render =
        |chart: &Arc<ferroflux_helm_chart::Chart>| render_with(chart, "auth: {password: p}", Default::default()).unwrap().manifest();
    let first = render(&chart);
    assert!(first.contains("kind: StatefulSet"));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| (0..3).map(|_| render(&chart)).collect::<Vec<_>>())).collect();
        for thread in threads {
            for text in thread.join().unwrap() {
                assert_eq!(text, first);
            }
        }
    });
}
