use ferroflux_conformance::Suite;
use ferroflux_conformance::charts::Charts;

/// The corpus of synthetic charts and archives: HE-CH-01 to HE-CH-07, HE-AR-01, HE-AR-02, HE-DP-01 to HE-DP-03, HE-VAL-01 to
/// HE-VAL-04, HE-VAL-06, HE-SCH-01, HE-SCH-02, HE-CTX-01, HE-RND-01 to HE-RND-04, HE-MAN-01 to HE-MAN-05, HE-HK-01, HE-HK-02,
/// HE-CAP-02.
#[test]
fn charts() {
    let Some(dir) = super::corpus("helm") else { return };
    let report = Charts.run(&dir.join("charts.jsonl.gz")).unwrap();
    println!("charts: {}/{}", report.passed, report.total);
    for (family, (passed, total)) in &report.by_family {
        println!("  {family}: {passed}/{total}");
    }
    report.check_known(include_str!("../../known-failures/charts.txt")).unwrap_or_else(|e| panic!("{e}"));
}
