//! Many objects: results stay right, and builds do not disturb one another.

use ferroflux_kustomize::{MemoryFileSystem, Options, build};

fn many(count: usize) -> MemoryFileSystem {
    let mut files = MemoryFileSystem::new();
    let mut kustomization = String::from("namePrefix: p-\nnamespace: ns\nconfigMapGenerator:\n");
    for i in 0..count {
        kustomization.push_str(&format!("- name: c{i}\n  literals: [a={i}]\n"));
    }
    kustomization.push_str("resources: [pods.yaml]\n");
    let pods: Vec<String> = (0..count)
        .map(|i| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: u{i}\nspec:\n  volumes:\n  - name: v\n    configMap:\n      name: c{i}\n"
            )
        })
        .collect();
    files.write("/kustomization.yaml", kustomization);
    files.write("/pods.yaml", pods.join("---\n"));
    files
}

/// KB-PERF-01, KB-REF-01: every reference among thousands of objects finds its own target.
#[test]
fn references_among_thousands() {
    let output = build(&many(3000), "/", &Options::default(), None).unwrap();
    assert_eq!(output.objects.len(), 6000);
    let maps: std::collections::HashSet<String> =
        output.objects.iter().filter(|o| o.id().gvk.kind == "ConfigMap").map(|o| o.id().name.clone()).collect();
    for pod in output.objects.iter().filter(|o| o.id().gvk.kind == "Pod") {
        let value = pod.to_value().unwrap();
        let name = value["spec"]["volumes"][0]["configMap"]["name"].as_str().unwrap();
        let number = pod.id().name.strip_prefix("p-u").unwrap();
        assert!(name.starts_with(&format!("p-c{number}-")) && maps.contains(name), "{name}");
    }
}

/// KB-PERF-03: builds side by side give what they give alone.
#[test]
fn builds_side_by_side() {
    let files = many(50);
    let alone = build(&files, "/", &Options::default(), None).unwrap().into_yaml_stream().unwrap();
    std::thread::scope(|scope| {
        let builds: Vec<_> =
            (0..16).map(|_| scope.spawn(|| build(&files, "/", &Options::default(), None).unwrap().into_yaml_stream().unwrap())).collect();
        for build in builds {
            assert_eq!(build.join().unwrap(), alone);
        }
    });
}
