//! The tables: every operation that something of ours answers.

/// Runs the operations `ops` of one table and demands that all pass.
#[cfg(test)]
fn all_pass(file: &str, ops: &[&str]) {
    use ferroflux_conformance::{Suite, tables::Tables};
    let Some(dir) = crate::corpus("tables") else { return };
    let report = Tables.run(&dir.join(file)).unwrap();
    for op in ops {
        let (passed, total) = report.by_family.get(*op).copied().unwrap_or_default();
        println!("{file} {op}: {passed}/{total}");
        assert!(total > 0, "{file} has no case of {op}");
        assert_eq!(
            passed,
            total,
            "{op}: {:#?}",
            report.failed.iter().filter(|(_, why)| !why.contains("no runner")).take(5).collect::<Vec<_>>()
        );
    }
}

/// SRC-ART-11, SRC-ART-12, SRC-ART-13, SRC-ART-14, SRC-ART-15: what is ignored, and what of a tree is archived.
#[test]
fn sourceignore() {
    all_pass("sourceignore.jsonl", &["match", "archive"]);
}

/// SRC-ART-05, SRC-ART-20: what unpacks, and what is refused.
#[test]
fn untar() {
    all_pass("untar.jsonl", &["untar"]);
}

/// SRC-ART-03 (normalised archives), SRC-GIT-02 (revision forms), SRC-BUCKET-02, SRC-GEN-03 (digest form).
#[test]
fn digests_and_revisions() {
    all_pass(
        "digests.jsonl",
        &["archive", "git-revision", "transform-revision", "artifact-has-revision", "bucket-revision", "digest", "digest-valid"],
    );
}

/// KB-HASH-01: suffixes of generated names.
#[test]
fn name_suffixes() {
    use ferroflux_conformance::{Suite, tables::Tables};
    let Some(dir) = crate::corpus("tables") else { return };
    let mut report = Tables.run(&dir.join("digests.jsonl")).unwrap();
    let (passed, total) = report.by_family["hash"];
    println!("digests.jsonl hash: {passed}/{total}");
    report.failed.retain(|(name, _)| name.starts_with("hash/"));
    if let Err(why) = report.check_known(include_str!("../../known-failures/tables.txt")) {
        panic!("{why}");
    }
}

/// SRC-SEM-01, SRC-SEM-02, SRC-SEM-03, SRC-SEM-04: versions and ranges.
#[test]
fn semver() {
    all_pass("semver.jsonl", &["parse", "parse-strict", "parse-flux", "compare", "sort", "constraint", "check"]);
}

/// SRC-GIT-04, SRC-OCI-02, SRC-CHART-03, SRC-CHART-04, IMG-POL-02: which version is picked.
#[test]
fn semver_selection() {
    all_pass("semver.jsonl", &["latest-git", "latest-oci", "latest-helm", "latest-helm-oci", "latest-policy"]);
}

/// KC-INV-01 (ids), KC-INV-02 (stale objects and the order of deletion), KC-APPLY-03, KC-APPLY-04 (stages, order).
#[test]
fn inventory() {
    all_pass("inventory.jsonl", &["id", "parse", "diff", "order"]);
}

/// KC-APPLY-02: what an object looks like when it is sent.
#[test]
fn normalize() {
    all_pass("normalize.jsonl", &["normalize"]);
}

/// KC-HC-05 (rules of all kinds), KC-HC-02 (Jobs and pods as a health check sees them).
#[test]
fn kstatus() {
    all_pass("kstatus.jsonl", &["compute", "poll"]);
}

/// KC-HC-06: which expressions judge an object, in which order, and how.
#[test]
fn health_by_expressions() {
    all_pass("kstatus.jsonl", &["health-check-exprs"]);
}

/// KB-DOC-02, KB-FILE-02, HE-VAL-01 (typing), KB-OUT-02, KB-OUT-03 (quoting, numbers), KB-DOC-01 (documents re-emitted).
#[test]
fn yaml_and_json() {
    all_pass("yamljson.jsonl", &["yaml-to-json", "yaml-to-json-strict", "json-to-yaml", "kyaml"]);
}

/// SRC-GEN-07, SRC-GEN-09, SRC-GEN-10, SRC-GEN-11, RT-11, RT-14, RT-16: conditions, requeue and event at the end of a pass.
#[test]
fn conditions() {
    all_pass("conditions.jsonl", &["summarize"]);
}

/// KC-SUB-07 (the grammar), KC-SUB-01, KC-SUB-02, KC-SUB-03, KC-SUB-04, KC-SUB-05, KC-SUB-08 (an object's substitution).
#[test]
fn substitution() {
    all_pass("envsubst.jsonl", &["envsubst", "post-build"]);
}

/// RT-60, KC-CEL-01: what expressions are valid, and what they evaluate to.
#[test]
fn cel() {
    use ferroflux_conformance::{Suite, tables::Tables};
    let Some(dir) = crate::corpus("tables") else { return };
    let report = Tables.run(&dir.join("cel.jsonl")).unwrap();
    println!("cel.jsonl: {}/{}", report.passed, report.total);
    if let Err(why) = report.check_known(include_str!("../../known-failures/cel.txt")) {
        panic!("{why}");
    }
}
