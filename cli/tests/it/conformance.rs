//! `ferroflux conformance` from outside: what it prints and how it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(args: &[&str], directory: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ferroflux")).arg("conformance").args(args).current_dir(directory).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A case of the table of versions that passes; with another minor version it fails.
const GOOD: &str = r#"{"name":"parse/v1.2.3","input":{"op":"parse","version":"v1.2.3"},"expect":{"major":1,"meta":"","minor":2,"patch":3,"pre":"","string":"1.2.3"}}"#;

/// Files that cannot be read, that are empty or hold something else end with 1 and say why; other files are run.
#[test]
fn bad_files() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("empty.jsonl"), "\n").unwrap();
    fs::write(dir.path().join("other.jsonl"), "apiVersion: v1\n").unwrap();
    fs::write(dir.path().join("semver.jsonl"), format!("{GOOD}\n")).unwrap();
    for (file, says) in
        [("empty.jsonl", "no cases in it"), ("other.jsonl", "other.jsonl:1: not a JSON object"), ("none.jsonl", "No such file")]
    {
        let output = run(&["functions", file], dir.path());
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "0/0\n");
    }
    let both = run(&["tables", "none.jsonl", "semver.jsonl"], dir.path());
    assert_eq!(both.status.code(), Some(1));
    assert_eq!(text(&both.stdout), "parse: 1/1\n1/1\n");
    assert!(text(&run(&["nonsense", "x"], dir.path()).stderr).contains("possible values: kustomize, functions, charts, realworld, tables"));
    assert!(text(&run(&["--help"], dir.path()).stdout).contains("Examples:\n  ferroflux conformance "));
}

/// The result as a table, as JSON and as YAML.
#[test]
fn outputs() {
    let dir = tempfile::tempdir().unwrap();
    let bad = GOOD.replace("parse/v1.2.3", "parse/bad").replace("\"minor\":2", "\"minor\":3");
    fs::write(dir.path().join("semver.jsonl"), format!("{GOOD}\n\n{bad}\n")).unwrap();
    let output = |args: &[&str]| {
        let output = run(&[&["tables", "semver.jsonl"], args].concat(), dir.path());
        assert_eq!(output.status.code(), Some(1));
        text(&output.stdout)
    };
    let table = output(&[]);
    assert!(table.starts_with("FAIL parse/bad\n") && table.ends_with("parse: 1/2\n1/2\n"), "{table}");
    let json: serde_json::Value = serde_json::from_str(&output(&["-o", "json"])).unwrap();
    assert_eq!((&json["passed"], &json["total"], &json["groups"]["parse"]["total"]), (&1.into(), &2.into(), &2.into()));
    assert_eq!(json["failed"][0]["name"], "parse/bad");
    assert_eq!(serde_yaml::from_str::<serde_json::Value>(&output(&["--output", "yaml"])).unwrap(), json);
}
