use std::cmp::Ordering;

use ferroflux_semver_go::{MAX_VERSION_LEN, Version, VersionError};

/// SRC-SEM-04: `v`, missing parts and leading zeros are accepted, and the spelling is kept.
#[test]
fn lenient_parsing_keeps_the_original() {
    let v = Version::parse("v01.2-rc.1+b5").unwrap();
    assert_eq!((v.major(), v.minor(), v.patch(), v.prerelease(), v.metadata()), (1, 2, 0, "rc.1", "b5"));
    assert_eq!((v.original(), v.to_string().as_str()), ("v01.2-rc.1+b5", "1.2.0-rc.1+b5"));
    for bad in ["", "V1.2.3", "1.2.3.4", " 1.2.3", "1.2.3-", "1.2.3+a_b", "١.2.3"] {
        assert_eq!(Version::parse(bad).unwrap_err(), VersionError::Invalid, "{bad:?}");
    }
    assert_eq!(Version::parse("1.2.3-01").unwrap_err(), VersionError::LeadingZero);
}

/// SRC-SEM-04: Flux tags need three segments.
#[test]
fn tags_need_three_segments() {
    assert!(Version::parse_tag("v1.02.3").is_ok());
    for short in ["1", "v1.2", "1.2-rc1"] {
        assert_eq!(Version::parse_tag(short).unwrap_err(), VersionError::Invalid);
    }
}

/// SRC-SEM-04: the length cap and the 64-bit cap.
#[test]
fn caps() {
    let long = format!("1.0.0-{}", "a".repeat(MAX_VERSION_LEN));
    assert_eq!(Version::parse(&long).unwrap_err(), VersionError::TooLong);
    assert_eq!(Version::parse_strict(&long).unwrap_err(), VersionError::TooLong);
    assert_eq!(Version::parse("18446744073709551615.0.0").unwrap().major(), u64::MAX);
    assert_eq!(
        Version::parse("1.18446744073709551616").unwrap_err().to_string(),
        r#"error parsing version segment: strconv.ParseUint: parsing "18446744073709551616": value out of range"#
    );
}

#[test]
fn strict_parsing_follows_the_specification() {
    assert!(Version::parse_strict("1.2.3-a.0+001").is_ok());
    let cases = [
        ("", VersionError::Empty),
        ("1.2", VersionError::Invalid),
        ("v1.2.3", VersionError::Characters),
        ("01.2.3", VersionError::LeadingZero),
        ("1.2.3-", VersionError::Prerelease),
        ("1.2.3+", VersionError::Metadata),
        ("1..3", VersionError::EmptySegment),
    ];
    for (text, error) in cases {
        assert_eq!(Version::parse_strict(text).unwrap_err(), error, "{text:?}");
    }
}

/// SRC-SEM-04: equality ignores build metadata; digits beyond 64 bits count as a word.
#[test]
fn precedence() {
    let compare = |a, b| Version::parse(a).unwrap().precedence(&Version::parse(b).unwrap());
    assert_eq!(compare("1.0.0+a", "v1+b"), Ordering::Equal);
    let rising = ["1.0.0-2", "1.0.0-10", "1.0.0-18446744073709551616", "1.0.0-a", "1.0.0-a.1", "1.0.0", "1.0.1-0"];
    for pair in rising.windows(2) {
        assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
    }
}

#[test]
fn successors_keep_the_v() {
    let v = Version::parse("v1.2.3-rc.1+x").unwrap();
    assert_eq!(v.next_patch().unwrap().original(), "v1.2.3");
    assert_eq!(v.next_minor().unwrap().original(), "v1.3.0");
    assert_eq!(v.next_major().unwrap().original(), "v2.0.0");
    assert_eq!(v.with_metadata("y.1").unwrap().original(), "v1.2.3-rc.1+y.1");
    assert_eq!(v.with_prerelease("").unwrap().original(), "v1.2.3+x");
    assert!(v.with_prerelease("a..b").is_err());
    assert!(Version::parse("18446744073709551615.0.0").unwrap().next_major().is_none());
}
