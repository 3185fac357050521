//! Laws that hold for every input.

use ferroflux_regex_go::{Regex, quote_meta};
use proptest::prelude::*;

proptest! {
    /// A quoted text matches itself and nothing else.
    #[test]
    fn quoted_text_matches_itself(text in "\\PC{0,12}", other in "\\PC{0,12}") {
        let re = Regex::new(format!("^(?:{})$", quote_meta(&text))).unwrap();
        prop_assert!(re.is_match(&text));
        prop_assert_eq!(re.is_match(&other), text == other);
    }

    /// Parts and matches together are the text; a replacement by `$0` changes nothing.
    #[test]
    fn split_and_replace_cover_the_text(pattern in "[ab.*?|()^$\\[\\]\\\\dwb{}0-9+-]{0,12}", text in prop::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(0xff_u8), Just(b'1'), Just(b' ')], 0..20)) {
        if let Ok(re) = Regex::new(&pattern) {
            prop_assert_eq!(re.replace_all(&text, "$0"), text.clone());
            let found = re.find_all(&text, None);
            prop_assert_eq!(re.is_match(&text), !found.is_empty());
            prop_assert_eq!(re.find(&text), found.first().cloned());
            prop_assert!(found.windows(2).all(|w| w[0].end <= w[1].start));
            let parts: usize = re.split(&text, None).iter().map(|r| r.len()).sum();
            let matched: usize = found.iter().map(|r| r.len()).sum();
            prop_assert_eq!(parts + matched, text.len());
        }
    }

    /// Any pattern gives an engine or an error.
    #[test]
    fn no_pattern_panics(any in "\\PC{0,30}", near in "[ab(){}\\[\\]|*+?^$.\\\\pLPx0-9:?<>imsU=,!-]{0,30}") {
        for pattern in [any, near] {
            if let Ok(re) = Regex::new(&pattern) {
                let _ = re.replace_all("ab1 é", "$1");
            }
        }
    }
}
