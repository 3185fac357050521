use ferroflux_helm_chart::{
    ChartFile, LoadLimits, Metadata, Release, RenderOptions, SystemHost, cluster_capabilities, load_files, offline_capabilities,
    render_files, unstable_files,
};
use proptest::prelude::*;
use std::time::SystemTime;

use super::{Heard, chart, only_manifest, render_logged, render_with, table};

/// What is wrong with a `Chart.yaml`; nothing if it is fine.
fn invalid(text: &str) -> String {
    let mut metadata = Metadata::parse(text.as_bytes()).unwrap();
    metadata.validate().err().map(|e| e.to_string()).unwrap_or_default()
}

/// A valid `Chart.yaml` with more lines.
fn with(lines: &str) -> String {
    invalid(&format!("apiVersion: v2\nname: app\nversion: 1.0.0\n{lines}"))
}

/// HE-CH-02: what a chart must say about itself, and in which words it may.
#[test]
fn validation() {
    assert_eq!(with(""), "");
    assert_eq!(invalid("name: app\nversion: 1.0.0\n"), "", "no apiVersion is v1");
    assert_eq!(invalid("apiVersion: v2\nversion: 1.0.0\n"), "validation: chart.metadata.name is required");
    assert_eq!(invalid("apiVersion: v2\nname: app\n"), "validation: chart.metadata.version is required");
    assert_eq!(invalid("apiVersion: v2\nname: ..\nversion: 1.0.0\n"), "validation: chart.metadata.name \"..\" is not allowed");
    assert_eq!(invalid("apiVersion: v2\nname: ../app\nversion: 1.0.0\n"), "validation: chart.metadata.name \"../app\" is invalid");
    assert_eq!(invalid("apiVersion: v2\nname: app\nversion: one\n"), "validation: chart.metadata.version \"one\" is invalid");
    assert_eq!(invalid("apiVersion: v2\nname: app\nversion: v1.2\n"), "", "versions are read leniently");
    assert_eq!(with("type: plugin\n"), "validation: chart.metadata.type must be application or library");
    assert_eq!(with("maintainers: [null]\n"), "validation: maintainers must not contain empty or null nodes");
    assert_eq!(with("dependencies: [null]\n"), "validation: dependencies must not contain empty or null nodes");
    let alias = "dependencies: [{name: x, version: 1.0.0, alias: 'a.b'}]\n";
    assert_eq!(with(alias), "validation: dependency \"x\" has disallowed characters in the alias");
    let twice = "dependencies: [{name: x, version: 1.0.0}, {name: y, alias: x, version: 1.0.0}]\n";
    assert_eq!(with(twice), "validation: more than one dependency with name or alias \"x\"");
    let mut odd =
        Metadata::parse("apiVersion: v2\nname: app\nversion: 1.0.0\ndescription: \"a\\tb\\u0000c\\u200bd\"\n".as_bytes()).unwrap();
    odd.validate().unwrap();
    assert_eq!(odd.description, "a bcd", "white space is blanks, what cannot be printed goes");
}

/// HE-CH-01: the preview format is read and checked like the others before it is refused.
#[test]
fn preview_format() {
    let load = |about: &str| {
        let file = ChartFile::new("Chart.yaml", about.as_bytes(), std::time::SystemTime::UNIX_EPOCH);
        load_files(vec![file], LoadLimits::default()).unwrap_err().to_string()
    };
    assert_eq!(load("apiVersion: v3\nname: app\nversion: 1.0.0\n"), "invalid chart apiVersion");
    assert_eq!(load("apiVersion: v3\nname: app\n"), "validation: chart.metadata.version is required");
    assert_eq!(
        load("apiVersion: v3\nname: app\nversion: 1.0.0\ntype: x\n"),
        "validation: chart.metadata.type must be application or library"
    );
}

/// HE-CH-03: `requirements.yaml` holds the dependencies of API v1 and stays a file; API v2 reads it too, with a warning.
#[test]
fn requirements() {
    let requirements = ("requirements.yaml", "dependencies:\n- {name: sub, version: 0.1.0, repository: '', condition: sub.on}\n");
    let lock = ("requirements.lock", "dependencies:\n- {name: sub, version: 0.1.0, repository: ''}\ndigest: sha256:1\n");
    let old = chart(&[("Chart.yaml", "apiVersion: v1\nname: app\nversion: 0.1.0\n"), requirements, lock]);
    assert_eq!((old.metadata.dependencies[0].name.as_str(), old.metadata.dependencies[0].condition.as_str()), ("sub", "sub.on"));
    assert_eq!(old.lock.as_ref().unwrap().digest, "sha256:1");
    assert!(old.files.iter().any(|f| f.name == "requirements.yaml") && old.files.iter().any(|f| f.name == "requirements.lock"));
    let new = chart(&[requirements, lock]);
    assert_eq!(new.metadata.dependencies.len(), 1);
    assert!(!new.files.iter().any(|f| f.name.starts_with("requirements")));
    assert_eq!(new.missing_dependencies(), ["sub"]);
}

/// HE-CH-05: definitions by extension in any case of letters, the parent's first, as they were written.
#[test]
fn definitions() {
    let chart = chart(&[
        ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n- {name: sub, version: '*', repository: ''}\n"),
        ("crds/b.YML", "b: {{ .Values }}\n"),
        ("crds/a.yaml", "a: 1\n"),
        ("crds/deep/c.json", "{}"),
        ("crds/README.md", "no"),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
        ("charts/sub/crds/z.yaml", "z: 1\n"),
        ("templates/x.yaml", "x: {{ len .Files }}\n"),
    ]);
    let rendered = render_with(&chart, "{}", Default::default()).unwrap();
    let paths: Vec<&str> = rendered.crds.iter().map(|c| c.path.as_str()).collect();
    assert_eq!(paths.last(), Some(&"app/charts/sub/crds/z.yaml"));
    let mut own = paths[..paths.len() - 1].to_vec();
    own.sort_unstable();
    assert_eq!(own, ["app/crds/a.yaml", "app/crds/b.YML", "app/crds/deep/c.json"]);
    let written = rendered.crds.iter().find(|c| c.name == "crds/b.YML").unwrap();
    assert_eq!(written.data.to_text(), "b: {{ .Values }}\n", "never a template");
}

/// HE-CH-06: of a library chart, whatever its type's letters, only partials are read.
#[test]
fn libraries() {
    let files = |kind: &'static str| {
        let library: &'static str = if kind == "library" {
            "apiVersion: v2\nname: lib\nversion: 0.1.0\ntype: library\n"
        } else {
            "apiVersion: v2\nname: lib\nversion: 0.1.0\n"
        };
        chart(&[
            ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n- {name: lib, version: '*', repository: ''}\n"),
            ("charts/lib/Chart.yaml", library),
            ("charts/lib/templates/_help.tpl", "{{ define \"lib.name\" }}from the library{{ end }}"),
            ("charts/lib/templates/broken.yaml", "{{ fail \"must not be rendered\" }}"),
            ("templates/a.yaml", "a: {{ include \"lib.name\" . }}\n"),
        ])
    };
    assert_eq!(only_manifest(&files("library"), "{}"), "a: from the library\n");
    assert!(render_with(&files("application"), "{}", Default::default()).unwrap_err().to_string().contains("must not be rendered"));
}

/// HE-DP-02: tags first, then the condition's first path that holds a truth value; others are skipped or warned about.
#[test]
fn switches() {
    let chart = chart(&[
        (
            "Chart.yaml",
            "apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n- {name: sub, version: '*', repository: '', condition: 'sub.enabled,global.sub', tags: [front, back]}\n",
        ),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
        ("charts/sub/templates/s.yaml", "s: 1\n"),
        ("templates/a.yaml", "a: {{ len .Subcharts }} {{ len .Chart.Dependencies }}\n"),
    ]);
    let on = |values: &str| {
        let heard = Heard::default();
        let text = render_logged(&chart, values, &heard).unwrap().manifest();
        assert_eq!(text.contains("s: 1"), text.contains("a: 1 1"), "a chart that is off is in no list");
        (text.contains("s: 1"), heard.lines().len())
    };
    assert_eq!(on("{}"), (true, 0));
    assert_eq!(on("tags: {front: false}"), (false, 0));
    assert_eq!(on("tags: {front: false, back: true}"), (true, 0));
    assert_eq!(on("{tags: {front: true}, sub: {enabled: false}}"), (false, 0));
    assert_eq!(on("{tags: {front: false}, sub: {enabled: true}}"), (true, 0));
    assert_eq!(on("global: {sub: false}"), (false, 0), "the second path");
    assert_eq!(on("{sub: {enabled: true}, global: {sub: false}}"), (true, 0), "the first one that is there wins");
    assert_eq!(on("sub: {enabled: maybe}"), (true, 1));
    assert_eq!(on("{tags: {front: 1, back: false}, sub: {enabled: 1}}"), (false, 2));
}

proptest! {
    /// HE-CH-01, HE-CH-04: no file of a chart panics the loader or the renderer, whatever it holds.
    #[test]
    fn any_text_ends(
        name in prop::sample::select(vec!["Chart.yaml", "values.yaml", "values.schema.json", "Chart.lock", "requirements.yaml", ".helmignore", "templates/t.yaml", "templates/_h.tpl", "charts/x", "charts/x.tgz", "charts/x/Chart.yaml", "crds/c.yaml"]),
        text in prop_oneof![
            "\\PC{0,200}",
            "[-a-z:\\[\\]{}\"'|>&*!#,. \n0-9$^()]{0,200}",
            prop::collection::vec(prop::sample::select(vec!["name: ", "version: 1.0.0\n", "dependencies:\n", "- ", "{", "}", "[", "]", "\"$ref\": \"#\"", "\"type\":", "\"object\"", ",", "null", "&a ", "*a", "<<: ", "\n", "  ", "{{ ", " }}", ".Values", "include \"x\" .", "range ", "end"]), 0..40).prop_map(|parts| parts.concat()),
        ],
    ) {
        let mut files = vec![ChartFile::new(name, text.as_bytes(), SystemTime::UNIX_EPOCH)];
        if name != "Chart.yaml" {
            files.push(ChartFile::new("Chart.yaml", super::CHART_YAML.as_bytes(), SystemTime::UNIX_EPOCH));
        }
        if let Ok(chart) = load_files(files, LoadLimits::default()) {
            let limits = ferroflux_go_template::limits::Limits { steps: 200_000, bytes: 8 << 20, ..Default::default() };
            let _ = render_with(&chart, "{}", limits);
        }
    }
}

/// HE-PAIN-07: what makes a release too large has names.
#[test]
fn largest_files() {
    let readme = "x".repeat(5000);
    let chart = chart(&[
        ("README.md", &readme),
        ("values.yaml", "a: 1\n"),
        ("templates/a.yaml", "kind: X\n"),
        ("charts/big/Chart.yaml", "apiVersion: v2\nname: big\nversion: 1.0.0\n"),
        ("charts/big/README.md", &readme),
    ]);
    let largest = chart.largest_files(2);
    assert_eq!(largest[0], ("README.md", 5000));
    assert_eq!((largest.len(), largest[1].0), (2, "Chart.yaml"));
}

/// HE-PAIN-12: two renders of one input that differ show which templates are to blame.
#[test]
fn unstable_templates() {
    let files = [
        ("templates/fixed.yaml", "a: {{ keys .Values | join \",\" }}\n"),
        ("templates/loose.yaml", "a: {{ randAlphaNum 20 }}\n"),
        ("templates/NOTES.txt", "{{ uuidv4 }}"),
    ];
    let chart = chart(&files);
    let release = Release { name: "rel".to_owned(), namespace: "ns".to_owned(), revision: 1, is_upgrade: false };
    let (capabilities, host) = (offline_capabilities(), SystemHost::new("UTC"));
    let options = RenderOptions::new(&capabilities, &host);
    let render = || render_files(&chart, &table("b: 1\na: 2\nc: 3\n"), &release, &options).unwrap();
    let (first, second) = (render(), render());
    assert_eq!(unstable_files(&first, &second).into_iter().collect::<Vec<_>>(), ["NOTES.txt", "app/templates/loose.yaml"]);
    assert!(unstable_files(&first, &first).is_empty());
}

/// HE-CAP-01, HE-RND-04: what a cluster says is what templates and `kubeVersion` see.
#[test]
fn capabilities_of_a_cluster() {
    let groups = [("v1", vec!["Pod", "Pod", "Service"]), ("example.com/v1alpha1", vec!["Thing"]), ("metrics/v1", vec![])];
    let capabilities = cluster_capabilities("v1.30.2-gke.5", "1", "30", groups);
    assert_eq!(
        capabilities.api_versions,
        ["v1", "example.com/v1alpha1", "metrics/v1", "example.com/v1alpha1/Thing", "v1/Pod", "v1/Service"]
    );
    let template = "has: {{ .Capabilities.APIVersions.Has \"example.com/v1alpha1/Thing\" }} {{ .Capabilities.APIVersions.Has \"apps/v1\" }} {{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.KubeVersion.Minor }}\n";
    let host = SystemHost::new("UTC");
    let options = RenderOptions::new(&capabilities, &host);
    let release = Release { name: "rel".to_owned(), namespace: "ns".to_owned(), revision: 1, is_upgrade: false };
    for (range, fits) in [(">=1.25.0-0", true), (">=1.25.0", false)] {
        let about = format!("apiVersion: v2\nname: case\nversion: 0.1.0\nkubeVersion: '{range}'\n");
        let chart = chart(&[("Chart.yaml", &about), ("templates/a.yaml", template)]);
        match render_files(&chart, &table(""), &release, &options) {
            Ok(rendered) => assert!(fits && rendered.files[0].text == "has: true false v1.30.2-gke.5 30\n", "{}", rendered.files[0].text),
            Err(error) => assert!(!fits && error.to_string().contains("incompatible with Kubernetes v1.30.2-gke.5"), "{error}"),
        }
    }
}

/// HE-TPL-05, HE-CTX-01: capabilities are a pointer in the original, and a range looks through it.
#[test]
fn ranges_look_through_pointers() {
    let chart = chart(&[("templates/a.yaml", "{{ range .Capabilities }}{{ end }}")]);
    let error = render_with(&chart, "", Default::default()).unwrap_err().to_string();
    assert!(error.contains("range can't iterate over {{v1.36.0 v1.36.0 1 36} [v1 "), "{error}");
}

/// HE-CH-01: JSON has no infinity and no "not a number", so `Chart.yaml` has none either, whatever the field is.
#[test]
fn numbers_that_are_none() {
    for number in [".inf", "-.Inf", ".nan"] {
        let text = format!("apiVersion: v2\nname: app\nversion: 0.1.0\nanything: [{number}]\n");
        let error = Metadata::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("error converting YAML to JSON: json: unsupported value: "), "{error}");
    }
}

/// HE-CH-01: of several fields of the wrong type the first is told, and the keys are read sorted.
#[test]
fn the_first_of_several_wrong_fields() {
    let told = |text: &str| Metadata::parse(text.as_bytes()).unwrap_err().to_string().split("json: ").last().unwrap_or_default().to_owned();
    let wrong = |found: &str, field: &str, wanted: &str| format!("cannot unmarshal {found} into Go struct field {field} of type {wanted}");
    assert_eq!(told("keywords: x\ndeprecated: 'yes'\n"), wrong("string", "Metadata.deprecated", "bool"));
    assert_eq!(told("version: []\nsources: [{}]\nmaintainers: x\n"), wrong("string", "Metadata.maintainers", "[]*v2.Maintainer"));
    let dependency = "dependencies: [{version: [], alias: {}}]\ndescription: []\n";
    assert_eq!(told(dependency), wrong("object", "Dependency.dependencies.alias", "string"));
}
