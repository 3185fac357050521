//! What `ferroflux template` says on standard error, beside the original where that is present.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use super::template::{Server, ferroflux, helm, original, text};

const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.0.0\n";
const SUB: &str = "apiVersion: v2\nname: sub\nversion: 1.0.0\n";
const SHOWS_VALUES: &str = "kind: X\nname: {{ .Release.Name }}\nvalues: {{ toJson .Values }}\n";

fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// Exit code, standard output and standard error; lines of the log next to each other in the order of their texts, because
/// the original goes over values in no order, and without the values that it shows.
fn outcome(output: &Output) -> (Option<i32>, String, Vec<String>) {
    let shows_value = |line: &str| ["warning: cannot overwrite table", "warning: destination for"].iter().any(|text| line.contains(text));
    let mut lines: Vec<String> = Vec::new();
    let mut log: Vec<String> = Vec::new();
    for line in text(&output.stderr).lines() {
        match line.strip_prefix("level=") {
            Some(_) if shows_value(line) => {
                let path = line.split(" (").next().unwrap_or_default().trim_end_matches('"');
                log.push(format!("{path}\""));
            }
            Some(_) => log.push(line.to_owned()),
            None => {
                log.sort();
                lines.append(&mut log);
                lines.push(line.to_owned());
            }
        }
    }
    log.sort();
    lines.append(&mut log);
    (output.status.code(), text(&output.stdout), lines)
}

/// Ours, after it was found to be equal to the original's.
fn said(root: &Path, args: &[&str]) -> (Option<i32>, String, Vec<String>) {
    let ours = outcome(&ferroflux(args, root));
    if let Some(original) = original() {
        assert_eq!(ours, outcome(&helm(&original, args, root)), "{args:?}");
    }
    ours
}

/// HE-VAL-02, HE-VAL-03, HE-DP-01, HE-DP-02, HE-DP-03, HE-CH-03, HE-HK-01, HE-ACT-01: charts and values about which something is
/// logged, and what comes of them, with an error at the end or without one.
#[test]
fn logs() {
    type Case<'c> = (&'c [(&'c str, &'c str)], &'c [&'c str], usize);
    let deep = "apiVersion: v2\nname: deep\nversion: 1.0.0\n";
    let switched = format!(
        "{CHART}dependencies:\n- {{name: sub, version: 1.0.0, condition: 'sub.run,sub.x', tags: [t], import-values: [none, {{child: x.y, parent: z}}]}}\n"
    );
    let switched_deep = format!("{SUB}dependencies: [{{name: deep, version: 1.0.0, condition: deep.run}}]\n");
    let listed = format!("{CHART}dependencies: []\n");
    let deprecated = format!("{CHART}deprecated: true\n");
    let cases: &[Case<'_>] = &[
        (&[("app/values.yaml", "a: {b: {c: 1}, d: 1}\ne: 1\n")], &["--set", "a.b=1,a.d.e=1,e.f=1"], 3),
        (&[("app/charts/sub/Chart.yaml", SUB), ("app/charts/sub/values.yaml", "global: {g: {h: 1}}\n")], &["--set", "global.g=1"], 1),
        (&[("app/charts/sub/Chart.yaml", SUB)], &["--set", "global=1"], 1),
        (
            &[("app/Chart.yaml", &switched), ("app/charts/sub/Chart.yaml", SUB), ("app/charts/sub/values.yaml", "x: {z: 1}\n")],
            &["--set", "sub.run=1,tags.t=x"],
            4,
        ),
        (&[("app/Chart.yaml", &switched), ("app/charts/sub/Chart.yaml", SUB)], &["--set", "sub=5"], 2),
        (&[("app/Chart.yaml", &switched)], &[], 1),
        (
            &[
                ("app/Chart.yaml", &listed),
                ("app/charts/sub/Chart.yaml", &switched_deep),
                ("app/charts/sub/charts/deep/Chart.yaml", deep),
                ("app/charts/sub/charts/deep/templates/d.yaml", "kind: Deep\n"),
            ],
            &["--set", "sub.deep.run=false"],
            0,
        ),
        (&[("app/requirements.yaml", "dependencies: []\n"), ("app/requirements.lock", "dependencies: []\n")], &[], 2),
        (&[("app/requirements.yaml", "dependencies: [\n")], &[], 2),
        (&[("app/Chart.yaml", &deprecated), ("app/templates/b.yaml", "{{ fail `no` }}\n")], &[], 4),
        (&[("app/templates/b.yaml", "kind: X\nmetadata: {annotations: {helm.sh/hook: 'on monday'}}\n---\nkind: [\n")], &[], 4),
        (&[("app/values.schema.json", "{\"properties\": {\"a\": {\"$ref\": \"urn:nobody\"}}}")], &[], 1),
        (&[("app/Chart.yaml", &deprecated), ("app/values.yaml", "a: 1\n")], &["--set", "a.b=1", "--dry-run"], 3),
    ];
    for (files, args, count) in cases {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[("app/Chart.yaml", CHART), ("app/templates/a.yaml", SHOWS_VALUES)]);
        write(dir.path(), files);
        let lines = said(dir.path(), &[&["rel", "app"], *args].concat()).2;
        assert_eq!(lines.len(), *count, "{lines:#?}");
    }
}

/// HE-ACT-01, HE-TPL-16: a name from a template knows Sprig's functions, has no data and fails in Go's words; an invalid one is
/// refused and logged; more arguments than two are too many.
#[test]
fn names() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("app/Chart.yaml", CHART), ("app/templates/a.yaml", SHOWS_VALUES)]);
    let named = |template: &str| {
        let (code, out, lines) = said(dir.path(), &["--name-template", template, "app"]);
        if code == Some(0) { out.lines().find_map(|line| line.strip_prefix("name: ")).unwrap().to_owned() } else { lines.concat() }
    };
    assert_eq!(named("{{ `A` | lower }}-{{ add 1 2 }}"), "a-3");
    assert_eq!(named("{{ toJson . }}"), "null");
    assert_eq!(named("{{ define `n` }}x{{ end }}{{ template `n` }}"), "x");
    assert_eq!(named("{{ regexReplaceAll `[^a-z]` (env `HOME`) `` | trunc 3 | default `none` }}").len().min(3), 3);
    assert_eq!(named("{{ expandenv `x-${NO_SUCH_VARIABLE}y` }}"), "x-y");
    for absent in
        ["include `a` .", "tpl `a` .", "toYaml .", "required `a` .", "lookup `a` `b` `c` `d`", "fromToml `a`", "fromYamlArray `a`"]
    {
        let name = absent.split(' ').next().unwrap();
        assert_eq!(named(&format!("{{{{ {absent} }}}}")), format!("Error: template: name-template:1: function {name:?} not defined"));
    }
    assert_eq!(
        named("{{ fail `no` }}"),
        "Error: template: name-template:1:3: executing \"name-template\" at <fail `no`>: error calling fail: no"
    );
    assert_eq!(named("{{"), "Error: template: name-template:1: unclosed action");
    assert!(named("{{ .a.b }}").contains("release name \"<no value>\": invalid release name"));
    for args in [&["No", "app"] as &[&str], &["rel", "app", "more", "words"], &["--generate-name", "rel", "app"], &["-g", "app"]] {
        said(dir.path(), args);
    }
}

/// HE-REPO-01, HE-REPO-03: repositories that were added are refreshed before the versions of dependencies are looked up, by their
/// names and by their addresses; what is said on the way, and what is not known.
#[test]
fn added_repositories() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/helm-chart/tests/data/provenance/tiny-1.0.0.tgz");
    fs::create_dir_all(root.join("shelf/private")).unwrap();
    fs::copy(&tiny, root.join("shelf/tiny-1.0.0.tgz")).unwrap();
    fs::copy(&tiny, root.join("shelf/private/tiny-1.0.0.tgz")).unwrap();
    let index =
        "apiVersion: v1\nentries:\n  tiny:\n  - {name: tiny, version: 1.0.0, urls: [tiny-1.0.0.tgz]}\n  - {name: tiny, version: x}\n";
    write(root, &[("shelf/index.yaml", index), ("shelf/private/index.yaml", index)]);
    let server = Server::of(root.join("shelf"));
    let here = format!("http://{}", server.address);
    let added = format!(
        "apiVersion: ''\nrepositories:\n- {{name: open, url: '{here}'}}\n- {{name: closed, url: '{here}/private', username: u, password: u}}\n"
    );
    write(root, &[("added.yaml", &added)]);
    let update = |dependency: &str| {
        let _ = fs::remove_dir_all(root.join("app"));
        let _ = fs::remove_dir_all(root.join("cache"));
        write(root, &[("app/Chart.yaml", &format!("{CHART}dependencies:\n{dependency}")), ("app/templates/a.yaml", "kind: App\n")]);
        let cache = root.join("cache").display().to_string();
        let args = ["rel", "app", "--dependency-update", "--repository-config", "added.yaml", "--repository-cache", &cache];
        let run = |theirs: Option<&Path>| {
            let output = theirs.map_or_else(|| ferroflux(&args, root), |theirs| helm(theirs, &args, root));
            // Repositories are asked at once, in no order; invalid entries are said as often as an index is read.
            let out = text(&output.stdout);
            let (mut news, rest): (Vec<_>, Vec<_>) = out.lines().map(str::to_owned).partition(|line| line.starts_with("..."));
            news.sort();
            let error: Vec<_> = text(&output.stderr).lines().filter(|line| !line.starts_with("level=")).map(str::to_owned).collect();
            let lock = fs::read_to_string(root.join("app/Chart.lock")).unwrap_or_default();
            let lock: Vec<_> = lock.lines().filter(|line| !line.starts_with("generated: ")).map(str::to_owned).collect();
            (output.status.code(), news, rest, error, lock)
        };
        let ours = run(None);
        assert_eq!(fs::read_to_string(root.join("cache/open-index.yaml")).unwrap_or_default() == index, !ours.1.is_empty());
        if let Some(original) = original() {
            let _ = fs::remove_dir_all(root.join("app/charts"));
            let _ = fs::remove_file(root.join("app/Chart.lock"));
            assert_eq!(ours, run(Some(&original)), "{dependency}");
        }
        ours
    };
    for repository in ["@open", "alias:open", &here, "@closed"] {
        let (code, news, rest, ..) = update(&format!("- {{name: tiny, version: '>=1', repository: '{repository}'}}\n"));
        assert_eq!(code, Some(0), "{repository}");
        assert_eq!(news.len(), 2, "both are refreshed");
        assert_eq!(rest[0], "Hang tight while we grab the latest from your chart repositories...");
    }
    let (code, news, _, error, _) =
        update("- {name: tiny, version: 1.0.0, repository: '@none'}\n- {name: b, version: 1, repository: words}\n");
    assert_eq!((code, news.len()), (Some(1), 0));
    assert_eq!(error[0], "Error: no repository definition for @none, words. Please add them via 'helm repo add'");
}

/// HE-REPO-01: what cannot be fetched is told in Go's words: nobody listens, nothing comes back, nothing is there; a version
/// that is taken for a range is told too.
#[test]
fn failures_of_the_network() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/helm-chart/tests/data/provenance/tiny-1.0.0.tgz");
    fs::create_dir(root.join("shelf")).unwrap();
    fs::copy(&tiny, root.join("shelf/tiny-1.0.0.tgz")).unwrap();
    let index = "apiVersion: v1\nentries:\n  tiny:\n  - {name: tiny, version: 1.0.0, urls: [tiny-1.0.0.tgz]}\n";
    write(
        root,
        &[("app/Chart.yaml", CHART), ("app/templates/a.yaml", SHOWS_VALUES), ("shelf/index.yaml", index), ("shelf/v.yaml", "a: 1\n")],
    );
    let server = Server::of(root.join("shelf"));
    let here = &server.address;
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = format!("dial tcp {nobody}: connect: connection refused");
    for (args, error) in [
        (&["rel", "app", "-f", &format!("http://{nobody}/v.yaml")] as &[&str], format!("Get \"http://{nobody}/v.yaml\": {refused}")),
        (&["rel", &format!("https://{nobody}/a.tgz")], format!("Get \"https://{nobody}/a.tgz\": {refused}")),
        (
            &["rel", "app", "-f", &format!("http://u:secret@{nobody}/v.yaml")],
            format!("Get \"http://u:***@{nobody}/v.yaml\": {refused}"),
        ),
        (&["rel", "app", "-f", &format!("http://{here}/none.yaml")], format!("failed to fetch http://{here}/none.yaml : 404 Not Found")),
        (&["rel", "app", "-f", &format!("HTTP://{here}/v.yaml")], String::new()),
        (&["rel", "app", "--ca-file", "none.pem"], "missing registry client: can't create TLS config for client: can't read CA file: \"none.pem\": open none.pem: no such file or directory".to_owned()),
        (&["rel", "app", "--ca-file", "app/Chart.yaml"], "missing registry client: can't create TLS config for client: failed to append certificates from pem block".to_owned()),
        (&["rel", "app", "-f", &format!("oci://{nobody}/v")], "failed to perform \"FetchReference\" on source: invalid reference".to_owned()),
    ] {
        let lines = said(root, args).2;
        assert_eq!(lines.concat(), if error.is_empty() { error } else { format!("Error: {error}") });
    }
    let args = ["rel", "tiny", "--repo", &format!("http://{here}"), "--version", "1.0"];
    let told = "level=WARN msg=\"unable to find exact version requested; falling back to closest available version\" chart=tiny requested=1.0 selected=1.0.0";
    assert_eq!(said(root, &args).2, [told]);
    // A server that encrypts nothing, spoken to as if it did.
    let lines = outcome(&ferroflux(&["rel", "app", "-f", &format!("https://{here}/v.yaml")], root)).2;
    assert!(lines[0].ends_with(": tls: first record does not look like a TLS handshake"), "{lines:?}");
}
