use ferroflux_conformance::Suite;
use ferroflux_conformance::realworld::Realworld;

/// The corpus of public charts, whole pipelines: HE-CH-04, HE-DP-01 to HE-DP-03, HE-VAL-01 to HE-VAL-03, HE-SCH-02, HE-RND-01,
/// HE-RND-04, HE-MAN-01 to HE-MAN-04, HE-CAP-02.
#[test]
fn realworld() {
    let Some(dir) = super::corpus("helm") else { return };
    let report = Realworld.run(&dir.join("realworld/index.jsonl")).unwrap();
    println!("realworld: {}/{}", report.passed, report.total);
    report.check_known(include_str!("../../known-failures/realworld.txt")).unwrap_or_else(|e| panic!("{e}"));
}
