use std::fs;
use std::os::unix::fs::symlink;

use ferroflux_helm_chart::{DirectoryTree, LoadLimits, PathError, load_path, load_tree};

use super::CHART_YAML;

/// HE-CH-07: links inside the tree are followed, links out of it are an error unless `.helmignore` leaves them out.
#[test]
fn links_stay_inside() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret.txt");
    fs::write(&secret, "hidden").unwrap();
    let root = dir.path().join("app");
    fs::create_dir_all(root.join("templates")).unwrap();
    fs::write(root.join("Chart.yaml"), CHART_YAML).unwrap();
    fs::write(root.join("real.txt"), "shown").unwrap();
    symlink(root.join("real.txt"), root.join("link.txt")).unwrap();
    let chart = load_path(&root, LoadLimits::default()).unwrap();
    assert!(chart.files.iter().any(|f| f.name == "link.txt" && f.text() == "shown"));

    symlink("../../secret.txt", root.join("templates/leak.txt")).unwrap();
    let error = load_path(&root, LoadLimits::default()).unwrap_err().to_string();
    assert!(error.contains("templates/leak.txt") && error.contains("outside the chart directory"), "{error}");
    assert!(DirectoryTree::open(&root).is_ok_and(|t| ferroflux_helm_chart::FileTree::read(&t, "templates/leak.txt", 100).is_err()));
    fs::write(root.join(".helmignore"), "leak.txt\n").unwrap();
    assert!(load_path(&root, LoadLimits::default()).is_ok());

    symlink("..", root.join("templates/loop")).unwrap();
    let error = load_tree(&DirectoryTree::open(&root).unwrap(), LoadLimits { depth: 8, ..LoadLimits::default() }).unwrap_err().to_string();
    assert!(error.contains("nested deeper than 8"), "{error}");
}

/// HE-AR-02, HE-CH-07: sizes and kinds of files.
#[test]
fn limits_of_directories() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Chart.yaml"), CHART_YAML).unwrap();
    fs::write(dir.path().join("big.bin"), vec![0; 2000]).unwrap();
    let limits = LoadLimits { file_bytes: 1000, ..LoadLimits::default() };
    let error = load_path(dir.path(), limits).unwrap_err().to_string();
    assert_eq!(error, "chart file \"big.bin\" is larger than the maximum file size 1000");
    let error = load_path(dir.path(), LoadLimits { total_bytes: 1500, ..LoadLimits::default() }).unwrap_err().to_string();
    assert_eq!(error, "chart directory is larger than the maximum size 1500");
    let missing = load_path(&dir.path().join("nothing"), LoadLimits::default()).unwrap_err();
    assert!(matches!(missing, PathError::NotFound(_)));
}

/// HE-AR-01: a file that is no archive is told by what it is; a server's page that says so is often saved under a chart's name.
#[test]
fn files_that_are_no_archives() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.tgz");
    for (content, found) in [
        ("<!DOCTYPE HTML>\n<html></html>", "text/html; charset=utf-8"),
        ("  <html lang=en>", "text/html; charset=utf-8"),
        ("<htmlx>", "application/octet-stream"),
        ("<?xml version=\"1.0\"?>", "text/xml; charset=utf-8"),
        ("PK\u{3}\u{4}", "application/zip"),
        ("", "application/octet-stream"),
    ] {
        fs::write(&path, content).unwrap();
        let error = load_path(&path, LoadLimits::default()).unwrap_err().to_string();
        assert!(error.ends_with(&format!("does not appear to be a gzipped archive; got '{found}'")), "{error}");
    }
}
