//! The functions suite.

use ferroflux_conformance::{Suite, functions::Functions};

/// HE-TPL-01 to HE-TPL-17, HE-TYP-01, HE-TYP-02, HE-CTX-01, HE-RND-03, HE-YML-01 to HE-YML-04: the template language,
/// its functions and their error texts, case by case as Helm answers them.
#[test]
fn functions() {
    let Some(dir) = crate::corpus("helm") else { return };
    let report = Functions.run(&dir.join("functions.jsonl.gz")).unwrap();
    for (family, (passed, total)) in &report.by_family {
        println!("{family}: {passed}/{total}");
    }
    println!("functions: {}/{}", report.passed, report.total);
    let known = include_str!("../../known-failures/functions.txt");
    if let Err(difference) = report.check_known(known) {
        let shown: String = difference.chars().take(20_000).collect();
        panic!("{shown}");
    }
}
