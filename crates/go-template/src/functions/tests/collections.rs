use proptest::prelude::*;

use super::{call, json, shown};
use crate::value::{List, Map, Type, Value};

/// The destination wins unless its value is empty; nested maps are merged in place, and what is taken is shared.
#[test]
fn merge_rules() {
    let cases = [
        (
            "merge",
            r#"{"a":1,"e":"","l":[],"m":{"x":1},"n":null}"#,
            r#"{"a":2,"b":0,"e":"E","l":[1],"m":{"x":2,"y":3},"n":4,"z":null}"#,
            r#"{"a":1,"b":0,"e":"E","l":[1],"m":{"x":1,"y":3},"n":4}"#,
        ),
        (
            "mergeOverwrite",
            r#"{"a":1,"l":[1,2],"m":{"x":1},"s":{"k":1}}"#,
            r#"{"a":null,"l":[],"m":{"y":3},"s":"flat"}"#,
            r#"{"a":null,"l":[],"m":{"x":1,"y":3},"s":"flat"}"#,
        ),
        ("merge", r#"{"m":"text"}"#, r#"{"m":{"x":1}}"#, r#"{"m":"text"}"#),
        ("merge", r#"{"m":{}}"#, r#"{"m":{"x":1}}"#, r#"{"m":{"x":1}}"#),
    ];
    for (name, destination, source, want) in cases {
        let destination = json(destination);
        let merged = call(name, &[destination.clone(), json(source)]).unwrap();
        assert_eq!(shown(&merged), want, "{name}");
        assert_eq!(shown(&destination), want, "{name} changes its destination");
    }
}

#[test]
fn deep_copy_shares_nothing_that_can_change() {
    let value = json(r#"{"a":{"b":[{"c":1}]},"l":[1,2]}"#);
    let before = shown(&value);
    let copy = call("deepCopy", &[value.clone()]).unwrap();
    assert!(copy.deep_equal(&value));
    let inner = copy.as_map().unwrap().get("a").unwrap().as_map().unwrap().get("b").unwrap().items().unwrap()[0].clone();
    inner.as_map().unwrap().insert("c", "changed".into());
    assert_eq!(shown(&value), before);
    let Some(Value::List(ours)) = copy.as_map().unwrap().get("l") else { panic!("no list") };
    let Some(Value::List(theirs)) = value.as_map().unwrap().get("l") else { panic!("no list") };
    assert!(ours.same(&theirs), "a list without maps is shared");
}

/// A map that holds itself ends in an error or a finished answer, not in a dead process.
#[test]
fn cycles() {
    let map = Map::new();
    map.insert("self", Value::Map(map.clone()));
    let value = Value::Map(map.clone());
    assert!(call("deepCopy", &[value.clone()]).unwrap_err().is_limit());
    for name in ["mustToJson", "mustToYaml", "mustToToml"] {
        assert!(call(name, &[value.clone()]).is_err(), "{name}");
    }
    for name in ["toJson", "toYaml", "toYamlPretty"] {
        assert_eq!(shown(&call(name, &[value.clone()]).unwrap()), r#""""#, "{name}");
    }
    assert!(call("merge", &[Value::Map(Map::new()), value.clone()]).is_ok());
    map.remove("self");
}

#[test]
fn lists_of_any_type() {
    let strings = Value::strings(["a", "b", "c"]);
    assert_eq!(call("slice", &[strings.clone(), Value::Int(1)]).unwrap().type_name(), "[]string");
    assert_eq!(call("rest", &[strings.clone()]).unwrap().type_name(), "[]interface {}");
    assert_eq!(shown(&call("chunk", &[Value::Int(2), strings.clone()]).unwrap()), r#"[["a","b"],["c"]]"#);
    assert_eq!(shown(&call("without", &[strings, "b".into()]).unwrap()), r#"["a","c"]"#);
    let empty = Value::List(List::new(Type::LIST, Vec::new()));
    assert_eq!(shown(&call("rest", &[empty.clone()]).unwrap()), "null");
    assert!(call("first", &[empty]).unwrap().is_nil());
    assert_eq!(call("first", &["x".into()]).unwrap_err().to_string(), "Cannot find first on type string");
    assert!(call("first", &[Value::Nil]).unwrap_err().to_string().contains("nil pointer"));
}

#[test]
fn dig_wants_plain_maps() {
    let dict = json(r#"{"a":{"b":1}}"#);
    let dig = |keys: [&str; 2], dict: &Value| call("dig", &[keys[0].into(), keys[1].into(), "none".into(), dict.clone()]);
    assert_eq!(shown(&dig(["a", "b"], &dict).unwrap()), "1");
    assert_eq!(shown(&dig(["a", "x"], &dict).unwrap()), r#""none""#);
    let split = call("split", &[",".into(), "x".into()]).unwrap();
    let error = dig(["a", "b"], &split).unwrap_err().to_string();
    assert_eq!(error, "interface conversion: interface {} is map[string]string, not map[string]interface {}");
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        (-9i64..9).prop_map(Value::Int),
        "[a-c]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::list),
            prop::collection::vec(("[a-d]", inner), 0..4).prop_map(Value::map),
        ]
    })
}

proptest! {
    #[test]
    fn merging_a_value_into_itself_or_twice_changes_nothing(a in tree(), b in tree()) {
        let (Value::Map(a), Value::Map(b)) = (&a, &b) else { return Ok(()) };
        for name in ["merge", "mergeOverwrite"] {
            let copy = call("deepCopy", &[Value::Map(a.clone())]).unwrap();
            let once = call(name, &[copy, call("deepCopy", &[Value::Map(b.clone())]).unwrap()]).unwrap();
            let text = shown(&once);
            prop_assert_eq!(shown(&call(name, &[once.clone(), Value::Map(b.clone())]).unwrap()), text.clone());
            prop_assert_eq!(shown(&call(name, &[once.clone(), once]).unwrap()), text);
        }
    }

    #[test]
    fn uniq_keeps_one_of_each(items in prop::collection::vec(tree(), 0..8)) {
        let unique = call("uniq", &[Value::list(items.clone())]).unwrap();
        let unique = unique.items().unwrap().into_owned();
        for item in &items {
            prop_assert_eq!(unique.iter().filter(|u| u.deep_equal(item)).count(), 1);
        }
    }
}
