//! What is logged on the way, in the original's words and at its moments.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use ferroflux_helm_chart::{LoadLimits, TemplateRequest, load_path_logged};

use super::{Heard, chart, render_logged};

const PARENT: &str = "apiVersion: v2\nname: app\nversion: 0.1.0\n";

/// HE-VAL-02, HE-VAL-03: tables over other values, values over tables and globals of the wrong kind are said by their
/// paths; the values themselves, which may be secret, are not.
#[test]
fn values_of_different_kinds() {
    let chart = chart(&[
        ("values.yaml", "a: {b: {c: 1}, d: secret}\ne: secret\n"),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
        ("charts/sub/values.yaml", "x: 1\nglobal: {g: {s: secret}, h: secret}\n"),
    ]);
    let said = |values: &str| {
        let heard = Heard::default();
        render_logged(&chart, values, &heard).unwrap();
        assert!(!heard.lines().concat().contains("secret"));
        heard.lines()
    };
    assert_eq!(said("{}"), [] as [&str; 0]);
    assert_eq!(
        said("{a: {b: 5, d: {f: 1}}, e: {f: 1}}"),
        [
            "level=INFO msg=\"warning: cannot overwrite table with non table for app.a.b\"",
            "level=INFO msg=\"warning: destination for app.a.d is a table. Ignoring non-table value\"",
            "level=INFO msg=\"warning: skipped value for app.e: Not a table.\"",
        ]
    );
    assert_eq!(
        said("{global: {g: 1, h: {i: 1}}, sub: {x: {y: 1}}}"),
        [
            "level=INFO msg=\"warning: cannot overwrite table with non table for app.sub.global.g\"",
            "level=INFO msg=\"warning: destination for app.sub.global.h is a table. Ignoring non-table value\"",
            "level=INFO msg=\"warning: skipped value for app.sub.x: Not a table.\"",
        ]
    );
    assert_eq!(said("global: 5"), ["level=INFO msg=\"warning: skipping globals because source global is not a table.\""]);
    assert_eq!(
        said("{global: {t: {u: 1}}, sub: {global: {t: 1}}}"),
        ["level=INFO msg=\"Conflict: cannot merge map onto non-map for \\\"t\\\". Skipping.\""]
    );
}

/// HE-DP-02, HE-DP-03: switches that are no truth values, and tables that are not there to be imported.
#[test]
fn dependencies() {
    let dependency = "dependencies:\n- {name: sub, version: '*', condition: 'sub.run,sub.x', tags: [t], import-values: [data, {child: a.b, parent: .}]}\n";
    let chart = chart(&[
        ("Chart.yaml", &format!("{PARENT}{dependency}")),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
        ("charts/sub/values.yaml", "a: 1\n"),
    ]);
    let heard = Heard::default();
    render_logged(&chart, "{tags: {t: 1}, sub: {run: 'yes', x: true}}", &heard).unwrap();
    assert_eq!(
        heard.lines(),
        [
            "level=WARN msg=\"returned non-bool value\" tag=t chart=sub",
            "level=WARN msg=\"returned non-bool value\" path=sub.run chart=sub",
            "level=WARN msg=\"ImportValues missing table\" error=\"\\\"exports\\\" is not a table\"",
            "level=WARN msg=\"ImportValues missing table from chart\" chart=sub error=\"\\\"a\\\" is not a table\"",
        ]
    );
    let heard = Heard::default();
    let error = render_logged(&chart, "sub: 5", &heard).unwrap_err();
    let text = "type mismatch on sub: %!t(float64=5)";
    assert_eq!(error.to_string(), format!("chart dependencies processing failed: {text}"));
    assert_eq!(heard.lines(), [format!("level=ERROR msg=\"chart dependencies processing failed\" error=\"{text}\"")]);
}

/// HE-HK-01, HE-SCH-01: hooks that nobody knows, addresses that lead nowhere; also where the render fails afterwards.
#[test]
fn before_an_error() {
    let hook = "kind: A\nmetadata: {annotations: {helm.sh/hook: 'pre-install,on monday'}}\n---\nkind: [\n";
    let schema = r#"{"properties": {"a": {"$ref": "urn:nobody:knows"}, "b": {"$ref": "urn:nobody:knows"}}}"#;
    let chart = chart(&[("templates/a.yaml", hook), ("values.schema.json", schema)]);
    let heard = Heard::default();
    assert!(render_logged(&chart, "{}", &heard).unwrap_err().to_string().starts_with("YAML parse error on app/templates/a.yaml"));
    assert_eq!(
        heard.lines(),
        [
            "level=WARN msg=\"unresolved URN reference ignored; using permissive schema\" urn=urn:nobody:knows",
            "level=INFO msg=\"skipping unknown hooks\" hookTypes=\"pre-install,on monday\"",
        ]
    );
}

/// HE-CH-03, HE-CH-07: files of the first API version, links, and a link that leads nowhere, while a directory is loaded.
#[test]
fn directories() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap().join("app");
    fs::create_dir_all(root.join("templates")).unwrap();
    fs::write(root.join("Chart.yaml"), format!("{PARENT}deprecated: true\n")).unwrap();
    fs::write(root.join("requirements.yaml"), "dependencies: []\n").unwrap();
    fs::write(root.join("requirements.lock"), "dependencies: []\n").unwrap();
    fs::write(root.join("templates/a.yaml"), "kind: A\n").unwrap();
    symlink("a.yaml", root.join("templates/b.yaml")).unwrap();
    let heard = Arc::new(Heard::default());
    let request = TemplateRequest { release: "No".to_owned(), log: Some(Arc::clone(&heard) as _), ..TemplateRequest::default() };
    assert!(request.load(&root, |_| Ok(Vec::new())).is_err());
    let root = root.display().to_string();
    let name = "release name \\\"No\\\": invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53";
    assert_eq!(
        heard.lines(),
        [
            format!(
                "level=INFO msg=\"found symbolic link in path. Contents of linked file included and used\" path={root}/templates/b.yaml resolved={root}/templates/a.yaml"
            ),
            "level=INFO msg=\"Warning: Dependency locking is handled in Chart.lock since apiVersion \\\"v2\\\". We recommend migrating to Chart.lock.\"".to_owned(),
            "level=INFO msg=\"Warning: Dependencies are handled in Chart.yaml since apiVersion \\\"v2\\\". We recommend migrating dependencies to Chart.yaml.\"".to_owned(),
            "level=WARN msg=\"this chart is deprecated\"".to_owned(),
            format!("level=ERROR msg=\"release name check failed\" error=\"{name}\""),
        ]
    );
    symlink("nowhere/at/all", format!("{root}/templates/c.yaml")).unwrap();
    let heard = Heard::default();
    let error = load_path_logged(root.as_ref(), LoadLimits::default(), &heard).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("error evaluating symlink {root}/templates/c.yaml: lstat {root}/templates/nowhere: no such file or directory")
    );
    assert_eq!(heard.lines().len(), 1, "the link before it was said");
}
