//! The kustomize suite: four files, each in both document orders. What is known to differ is listed with its reason in
//! `known-failures/kustomize.txt`, and nothing else may.

use ferroflux_conformance::{Report, Suite, kustomize::Kustomize};

/// KB-CONF-10, KB-PROF-01, KB-PROF-02, KB-ORD-01, KB-OUT-01, KB-OUT-02, KB-OUT-03, KB-OUT-04, KB-DOC-02, KB-SMP-01,
/// KB-SMP-04, KB-JSON-01, KB-REF-01, KB-REF-04, KB-HASH-01, KB-SORT-01, KB-PLUG-01: byte for byte what the original prints.
#[test]
fn builds() {
    let Some(dir) = crate::corpus("kustomize") else { return };
    let mut all = Report::default();
    for file in ["krusty", "builtin", "synthetic", "realworld"] {
        let report = Kustomize.run(&dir.join(format!("{file}.jsonl.gz"))).unwrap();
        println!("{file}: {}/{} ({} skipped)", report.passed, report.total, report.skipped.len());
        assert!(report.total > 0, "{file} has no cases");
        all.merge(report);
    }
    println!("all: {}/{}", all.passed, all.total);
    if let Err(why) = all.check_known(include_str!("../../known-failures/kustomize.txt")) {
        panic!("{why}");
    }
}
