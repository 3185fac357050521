use ferroflux_semver_go::Constraints;
use ferroflux_semver_go::select::{
    ChartVersionError, chart_versions, latest_by_key, latest_chart, latest_chart_tag, latest_oci_chart, latest_tag, sorted_tags,
};

fn range(text: &str) -> Constraints {
    Constraints::parse(text).unwrap()
}

/// SRC-OCI-02, IMG-POL-02: highest in range, unparsable tags ignored, first of equals.
#[test]
fn tags() {
    let tags = ["latest", "1.0.0", "v1.10.0", "1.10.0", "2.0.0-rc.1", "1.11"];
    assert_eq!(latest_tag(tags, &range("*")), Some("v1.10.0"));
    assert_eq!(latest_tag(tags, &range(">=1.0.0-0")), Some("2.0.0-rc.1"));
    assert_eq!(latest_tag(tags, &range("~9")), None);
    assert_eq!(sorted_tags(tags), ["2.0.0-rc.1", "v1.10.0", "1.10.0", "1.0.0"]);
}

/// SRC-OCI-02: `_` stands for `+` where Helm pushed.
#[test]
fn helm_tags() {
    assert_eq!(latest_tag(["1.0.0_a"], &range("*")), None);
    assert_eq!(latest_chart_tag(["1.0.0", "1.0.1_a"], &range("*")), Some("1.0.1_a"));
}

/// SRC-GIT-04: of equal versions the one with the latest commit.
#[test]
fn ties_by_time() {
    let tags = [("1.0.0+a", 3), ("1.0.0+b", 5), ("v1.0.0", 4), ("0.9.0", 9)];
    assert_eq!(latest_by_key(tags, &range("^1")), Some(1));
    assert_eq!(latest_by_key([("1", 1)], &range("*")), None);
}

/// SRC-CHART-03: an exact text comes first, then the range; empty is `*`.
#[test]
fn charts() {
    let versions = [("1.0", 1), ("1.0.5", 1), ("v1.0.5", 2), ("2.0.0-rc.1", 3)];
    assert_eq!(latest_chart(versions, "1.0"), Ok(0));
    assert_eq!(latest_chart(versions, "1.0.x"), Ok(2));
    assert_eq!(latest_chart(versions, ""), Ok(2));
    assert_eq!(latest_chart(versions, "~3"), Err(ChartVersionError::NoMatch("~3".into())));
    assert!(matches!(latest_chart(versions, "bogus"), Err(ChartVersionError::Constraint(_))));
}

/// SRC-CHART-04: a registry's tags are strict versions with `_` for `+`.
#[test]
fn oci_charts() {
    let tags = ["1.0.0_a", "v1.5.0", "1.0.1_b", "1.0.1_c", "latest"];
    assert_eq!(chart_versions(tags), ["1.0.1+b", "1.0.1+c", "1.0.0+a"]);
    assert_eq!(latest_oci_chart(tags, "^1").unwrap(), "1.0.1+b");
    assert_eq!(latest_oci_chart(tags, "1.0.1+c").unwrap(), "1.0.1+c");
}
