//! Laws that hold for every input.

use ferroflux_semver_go::{Constraints, Version};
use proptest::prelude::*;

fn version() -> impl Strategy<Value = String> {
    "v?[0-9]{1,3}(\\.[0-9]{1,3}){0,2}(-(0|[1-9][0-9]?|[a-c-]{1,3})(\\.(0|[1-9]|[a-c]))?)?(\\+[a-z0-9]{1,3})?"
}

fn constraint() -> impl Strategy<Value = String> {
    "(=|!=|>|<|>=|<=|~|\\^)? ?[0-9x*]{1,2}(\\.[0-9x]{1,2}){0,2}(-[a-c0-9]{1,2})?(( |, ?| \\|\\| )(>|<=|\\^)?[0-3](\\.[0-3]){0,2}){0,2}"
}

proptest! {
    /// SRC-SEM-04: a version's canonical text is the same version, and is strict.
    #[test]
    fn canonical_text_is_the_same_version(text in version()) {
        let v = Version::parse(&text).unwrap();
        let again = Version::parse_strict(&v.to_string()).unwrap();
        prop_assert_eq!(&v, &again);
        prop_assert_eq!(v.metadata(), again.metadata());
    }

    /// SRC-SEM-04: precedence is a total order.
    #[test]
    fn precedence_is_a_total_order(a in version(), b in version(), c in version()) {
        let [a, b, c] = [a, b, c].map(|t| Version::parse(&t).unwrap());
        prop_assert_eq!(a.precedence(&b), b.precedence(&a).reverse());
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
    }

    /// SRC-SEM-01: the normalised text means the same; build metadata of the version never counts.
    #[test]
    fn normalised_constraint_means_the_same(c in constraint(), v in version()) {
        if let Ok(parsed) = Constraints::parse(&c) {
            let v = Version::parse(&v).unwrap();
            let again = Constraints::parse(&parsed.to_string()).unwrap();
            prop_assert_eq!(parsed.check(&v), again.check(&v));
            prop_assert_eq!(parsed.check(&v), parsed.check(&v.with_metadata("other").unwrap()));
        }
    }

    /// SRC-SEM-03: without a pre-release in the constraint no pre-release is admitted.
    #[test]
    fn prereleases_need_an_opt_in(c in constraint(), v in version()) {
        let v = Version::parse(&v).unwrap();
        if !c.contains('-') && !v.prerelease().is_empty() && let Ok(parsed) = Constraints::parse(&c) {
            prop_assert!(!parsed.check(&v));
        }
    }

    /// SRC-SEM-01, SRC-SEM-04: any text gives an answer or an error.
    #[test]
    fn no_input_panics(text in "\\PC{0,40}", near in "[0-9v.xX*|=<>~^!, +-]{0,30}") {
        for t in [text, near] {
            let _ = (Version::parse(&t), Version::parse_strict(&t), Version::parse_tag(&t), Constraints::parse(&t));
        }
    }
}
