//! Label selectors and pointers.

use ferroflux_manifest::{LabelSelector, pointer};
use serde_json::json;

/// KC-IGN-01: the text form of selectors.
#[test]
fn text_form() {
    let labels = json!({"app": "web", "tier": "front", "n": "5"});
    let matches = |text: &str| LabelSelector::parse(text).map(|s| s.matches(labels.as_object()));
    for yes in [
        "",
        "app",
        "app=web",
        "app==web",
        "app!=db",
        "other!=x",
        "app in (web,db)",
        "app notin (db)",
        "!other",
        "app=web,tier in (front, back),!x",
        "n>4",
        "n<6",
    ] {
        assert_eq!(matches(yes), Ok(true), "{yes}");
    }
    for no in ["other", "app=db", "app!=web", "app in (db)", "app notin (web)", "!app", "n>5", "app=web,other"] {
        assert_eq!(matches(no), Ok(false), "{no}");
    }
    for bad in ["=x", "app in web", "app in (", "a b", "app=we b", ",", "app=,", "n>x", "app = = x"] {
        assert!(matches(bad).is_err(), "{bad}");
    }
}

/// The form of requests gives the same selector again.
#[test]
fn to_query() {
    for text in ["a in (b,c),d notin (e),f,!g", "n>4,m<2"] {
        let selector = LabelSelector::parse(text).unwrap();
        assert_eq!(LabelSelector::parse(&selector.to_query()), Ok(selector));
    }
    let object = json!({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]});
    assert_eq!(LabelSelector::from_value(&object).unwrap().to_query(), "a in (b),c");
    assert!(LabelSelector::from_value(&json!({"matchExpressions": [{"key": "c", "operator": "Is"}]})).is_err());
}

/// KC-IGN-01: pointers by RFC 6901: escapes, indexes without leading zeros, nothing created.
#[test]
fn pointers() {
    let mut object = json!({"a/b": {"~": [1, 2]}, "": 3});
    assert_eq!(pointer::get(&object, "/a~1b/~0/1"), Some(&json!(2)));
    assert_eq!(pointer::get(&object, "/"), Some(&json!(3)));
    assert_eq!(pointer::get(&object, "/a~1b/~0/01"), None);
    assert_eq!(pointer::get(&object, "a"), None);
    assert_eq!(pointer::remove(&mut object, "/a~1b/~0/0"), Some(json!(1)));
    assert!(!pointer::replace(&mut object, "/x/y", json!(1)));
    assert!(pointer::replace(&mut object, "/a~1b", json!(null)));
    assert_eq!(object, json!({"a/b": null, "": 3}));
}
