use ferroflux_semver_go::{ConstraintError, Constraints, MAX_CONSTRAINT_GROUPS, MAX_CONSTRAINT_LEN, Version};

fn admits(constraint: &str, version: &str) -> bool {
    Constraints::parse(constraint).unwrap().check(&Version::parse(version).unwrap())
}

/// SRC-SEM-01: operators, wildcards, AND, OR and hyphen ranges.
#[test]
fn operators() {
    let cases = [
        ("1.2.3", "1.2.3", "1.2.4"),
        ("1.2", "1.2.9", "1.3.0"),
        ("1.x", "1.9.0", "2.0.0"),
        (">11", "12.0.0", "11.9.9"),
        (">1.2", "1.3.0", "1.2.9"),
        ("!=1.2", "1.3.0", "1.2.5"),
        ("=>1.1 =<1.2", "1.2.9", "1.3.0"),
        (">=1.0, <2", "1.5.0", "2.0.0"),
        ("1.0.0 - 1.2", "1.2.9", "1.3.0"),
        ("<1 || ^3", "3.4.0", "2.0.0"),
    ];
    for (constraint, inside, outside) in cases {
        assert!(admits(constraint, inside), "{constraint} admits {inside}");
        assert!(!admits(constraint, outside), "{constraint} does not admit {outside}");
    }
}

/// SRC-SEM-02: caret and tilde.
#[test]
fn caret_and_tilde() {
    let cases = [
        ("^0.2.3", "0.2.9", "0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("^0", "0.9.0", "1.0.0"),
        ("^1.2", "1.9.0", "2.0.0"),
        ("~1.2.3", "1.2.9", "1.3.0"),
        ("~1", "1.9.0", "2.0.0"),
        ("~>1.2", "1.2.0", "1.1.9"),
    ];
    for (constraint, inside, outside) in cases {
        assert!(admits(constraint, inside), "{constraint} admits {inside}");
        assert!(!admits(constraint, outside), "{constraint} does not admit {outside}");
    }
}

/// SRC-SEM-03: one comparator with a pre-release opts the whole group in, and only that group.
#[test]
fn prereleases() {
    assert!(!admits("*", "1.0.0-beta"));
    assert!(!admits(">=1.0.0", "1.1.0-beta"));
    assert!(admits(">=1.0.0-0 <2", "1.1.0-beta"));
    assert!(!admits(">=1.0.0 || <0.1.0-0", "1.1.0-beta"));
}

/// SRC-SEM-01: what is refused, and with which words.
#[test]
fn refusals() {
    for bad in ["", " ", "nope", ">=1.0.0<2.0.0", "==1.2.3", "1.2.3.4", "1 ||", "1,,2", ">=1 - 2"] {
        assert!(matches!(Constraints::parse(bad).unwrap_err(), ConstraintError::Improper(_)), "{bad:?}");
    }
    assert_eq!(Constraints::parse("a\"b").unwrap_err().to_string(), r#"improper constraint: "a\"b""#);
    assert_eq!(Constraints::parse("1.99999999999999999999").unwrap_err(), ConstraintError::Version);
    assert_eq!(Constraints::parse(&"1 ".repeat(MAX_CONSTRAINT_LEN)).unwrap_err(), ConstraintError::TooLong);
    assert_eq!(Constraints::parse(&vec!["1"; MAX_CONSTRAINT_GROUPS + 1].join("||")).unwrap_err(), ConstraintError::TooManyGroups);
}

/// SRC-SEM-01: the normalised text.
#[test]
fn normalised_text() {
    let text = |c: &str| Constraints::parse(c).unwrap().to_string();
    assert_eq!(text(" >= 1.2 ,<v2 || 1.0 - 3 "), ">=1.2 <v2 || >=1.0 <=3");
}
