use proptest::prelude::*;

use super::{call, json, shown, text};
use crate::value::{Map, Value};

fn to_yaml(json_text: &str) -> String {
    text("toYaml", &[json(json_text)])
}

/// HE-YML-01: sequences stand below their key, empty collections in flow form.
#[test]
fn layout() {
    assert_eq!(to_yaml(r#"{"a":[1,[2,3],{"b":null}],"e":{},"f":[]}"#), "a:\n- 1\n- - 2\n  - 3\n- b: null\ne: {}\nf: []");
    assert_eq!(text("toYamlPretty", &[json(r#"{"a":[1,[2]],"b":1000000}"#)]), "a:\n  - 1\n  - - 2\nb: 1e+06");
}

/// HE-YML-02: natural order of keys; the pretty form has its own.
#[test]
fn key_order() {
    let keys = r#"{"v1alpha":1,"v1.9":1,"v2":1,"a10":1,"a9":1,"_x":1}"#;
    let order =
        |name: &str| -> Vec<String> { text(name, &[json(keys)]).lines().map(|l| l.split(':').next().unwrap().to_owned()).collect() };
    assert_eq!(order("toYaml"), ["_x", "a9", "a10", "v1.9", "v1alpha", "v2"]);
    assert_eq!(order("toYamlPretty"), ["_x", "a9", "a10", "v1alpha", "v1.9", "v2"]);
}

/// HE-YML-03: numbers.
#[test]
fn numbers() {
    assert_eq!(
        to_yaml("[1000000, 1e20, 0.0001, 1e-5, -0.0, 9007199254740993]"),
        "- 1000000\n- 100000000000000000000\n- 0.0001\n- 1e-05\n- 0\n- 9007199254740992".replace("100000000000000000000", "1e+20")
    );
    assert_eq!(shown(&json("[1e20, 1e21, 1e-6, 1e-7, -0.0]")), "[100000000000000000000,1e+21,0.000001,1e-7,-0]");
}

/// HE-YML-04, HE-YML-06: styles of strings.
#[test]
fn string_styles() {
    let cases =
        [("yes", "\"yes\""), ("a: b", "'a: b'"), ("x\ny\n", "|\n  x\n  y"), ("12:30", "\"12:30\""), ("a:b", "a:b"), ("1.2.3", "1.2.3")];
    for (given, want) in cases {
        assert_eq!(text("toYaml", &[Value::map([("k", given.into())])]), format!("k: {want}"));
    }
}

/// HE-YML-07: folding at column 80; the pretty form does not fold.
#[test]
fn folding() {
    let long = "word ".repeat(30).trim_end().to_owned();
    assert_eq!(text("toYaml", &[long.as_str().into()]).lines().count(), 2);
    assert_eq!(text("toYamlPretty", &[long.as_str().into()]), long);
}

/// HE-YML-08: what cannot be written is nothing, or an error under `must`; invalid UTF-8 is replaced.
#[test]
fn failures() {
    let nan = Value::list(vec![Value::Float(f64::NAN)]);
    assert_eq!(text("toYaml", &[nan.clone()]), "");
    assert!(call("mustToYaml", &[nan.clone()]).unwrap_err().to_string().contains("unsupported value: NaN"));
    assert_eq!(text("toYaml", &[Value::string(&b"a\xff\xfe"[..])]), "a\u{fffd}\u{fffd}");
    assert_eq!(text("toToml", &[nan]), "[nan]");
    assert_eq!(
        shown(&call("fromYaml", &["[1]".into()]).unwrap()),
        r#"{"Error":"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}"}"#
    );
    assert_eq!(shown(&call("fromJson", &["{\"a\":1".into()]).unwrap()), r#"{"Error":"unexpected end of JSON input"}"#);
}

/// HE-YML-08: the TOML vector of the contract.
#[test]
fn toml_vector() {
    let value = json(r#"{"a":[1,"x"],"b":{"c":1.5,"d":{}},"f":[{"g":2.5}]}"#);
    assert_eq!(text("toToml", &[value.clone()]), "a = [1.0, \"x\"]\n\n[b]\n  c = 1.5\n  [b.d]\n\n[[f]]\n  g = 2.5\n");
    let again = call("fromToml", &[text("toToml", &[value.clone()]).into()]).unwrap();
    assert!(again.deep_equal(&value));
}

#[test]
fn toml_refuses_what_is_defined_twice() {
    let refused = ["a=1\na=2", "[a]\n[a]", "a.b=1\n[a]", "a={}\n[a.b]", "[[a]]\n[a]", "a=[1]\n[[a]]", "a=1\na.b=2", "[a.b]\n[a]\nb.c=1"];
    for given in refused {
        assert!(shown(&call("fromToml", &[given.into()]).unwrap()).contains("has already been defined"), "{given}");
    }
    for fine in ["[a.b]\n[a]", "[[a]]\n[[a]]\n[a.b]", "a.b=1\na.c=2", "[x]\n[x.y.z]\n[x.y]"] {
        assert!(!shown(&call("fromToml", &[fine.into()]).unwrap()).contains("Error"), "{fine}");
    }
}

fn tree() -> impl Strategy<Value = Value> {
    let word = prop_oneof!["\\PC{0,8}", "[-~:#yn0-9.x{}\\[\\]&*!|>'\"%@` \n]{0,8}"];
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        (-1e9f64..1e9).prop_map(Value::Float),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::list),
            prop::collection::vec((word.clone(), inner), 0..4).prop_map(Value::map),
        ]
    })
}

/// Characters that YAML has no plain form for; what the detour through JSON does to them is tested elsewhere.
fn is_ordinary(value: &Value) -> bool {
    let text = shown(value);
    !text.contains(|c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'))
}

proptest! {
    /// HE-YML-01, HE-YML-04, HE-YML-05, HE-YML-06, HE-YML-07: what is written reads back as the same value, once it has the
    /// line break again that `toYaml` drops.
    #[test]
    fn written_yaml_reads_back(value in tree()) {
        let wrapped = Value::Map(Map::from_entries(crate::value::Type::MAP, [("k", value)]));
        prop_assume!(is_ordinary(&wrapped));
        let written = text("toYaml", &[wrapped.clone()]);
        let read = call("fromYaml", &[format!("{written}\n").into()]).unwrap();
        prop_assert_eq!(shown(&read), shown(&wrapped), "{}", written);
    }

    #[test]
    fn written_json_reads_back(value in tree()) {
        for name in ["mustToJson", "mustToPrettyJson", "mustToRawJson"] {
            let read = json(&text(name, &[value.clone()]));
            prop_assert!(read.deep_equal(&value), "{}", name);
        }
    }

    #[test]
    fn no_text_panics(any in "\\PC{0,40}", near in "[]\\[{}\",:=\\\\. a0eu\n'+_-]{0,40}") {
        for given in [any, near] {
            for name in ["fromJson", "fromJsonArray", "fromYaml", "fromYamlArray", "fromToml"] {
                let _ = call(name, &[given.as_str().into()]).unwrap();
            }
        }
    }
}
