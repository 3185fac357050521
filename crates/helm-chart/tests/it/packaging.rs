use ferroflux_helm_chart::{LoadLimits, load_archive, lock_digest, package};

use super::chart;

/// HE-AR-03: what is packaged loads again as the same chart; the archive carries Helm's marks and the order of files.
#[test]
fn there_and_back() {
    let chart = chart(&[
        (
            "Chart.yaml",
            "apiVersion: v2\nname: app\nversion: 1.2.3\nkeywords: [a]\nmaintainers: [{name: x}]\ndependencies:\n- {name: sub, version: 0.1.0, repository: ''}\n",
        ),
        ("values.yaml", "# note\na: 1\n"),
        ("templates/a.yaml", "a: 1\n"),
        ("README.md", "read me"),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
        ("charts/sub/templates/b.yaml", "b: 1\n"),
    ]);
    let mut bytes = Vec::new();
    package(&chart, &mut bytes).unwrap();
    assert_eq!(bytes[3] & 0x14, 0x14, "an extra field and a comment");
    assert!(bytes.windows(5).any(|w| w == b"Helm\0"));
    let mut again = Vec::new();
    package(&chart, &mut again).unwrap();
    assert_eq!(bytes, again);
    let loaded = load_archive(&bytes, LoadLimits::default()).unwrap();
    assert_eq!(loaded.metadata, chart.metadata);
    assert_eq!(loaded.values, chart.values);
    assert_eq!(loaded.values_file.as_ref().unwrap().text(), "# note\na: 1\n");
    let names = |c: &ferroflux_helm_chart::Chart| c.files.iter().chain(&c.templates).map(|f| f.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&loaded), names(&chart));
    assert_eq!(names(&loaded.dependencies[0]), ["templates/b.yaml"]);
}

/// HE-REPO-03: the digest of a lock file, as `helm dependency update` wrote it for these dependencies.
#[test]
fn lock_digests() {
    let chart = chart(&[
        (
            "Chart.yaml",
            "apiVersion: v2\nname: app\nversion: 1.2.3\ndependencies:\n- {name: sub, version: '>=0.1.0', repository: 'file://../sub'}\n",
        ),
        (
            "Chart.lock",
            "dependencies:\n- {name: sub, repository: 'file://../sub', version: 0.1.0}\ndigest: sha256:44e8b5102c7ced09109c3d4f02658130107e43563a48400484d2482729619f4a\ngenerated: \"2024-01-01T00:00:00Z\"\n",
        ),
    ]);
    let lock = chart.lock.as_ref().unwrap();
    assert_eq!(lock_digest(&chart.metadata.dependencies, &lock.dependencies), lock.digest);
}
