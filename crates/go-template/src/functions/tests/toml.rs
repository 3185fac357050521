//! TOML: what is refused, in the words of the original.

use super::{call, text};
use crate::value::Value;

/// HE-YML-08: the place, the last key and what was expected there.
#[test]
fn refused_texts() {
    for (toml, want) in [
        ("a", "line 1: unexpected EOF; expected key separator '='"),
        ("a=", "line 1 (last key \"a\"): unexpected EOF; expected value"),
        ("a=-", "line 1 (last key \"a\"): expected a digit but got '\\x00'"),
        ("a=-0x1", "line 1 (last key \"a\"): cannot use sign with non-decimal numbers: '-0x'"),
        ("a=0x", "line 1 (last key \"a\"): not a hexadecimal number: '0x\0'"),
        ("a=.5", "line 1 (last key \"a\"): floats must start with a digit, not '.'"),
        ("a=5.", "line 1 (last key \"a\"): Invalid float \"5.\": '.' must be followed by one or more digits"),
        ("a=1e400", "line 1 (last key \"a\"): 1e400 is out of range for float64"),
        ("a=1__0", "line 1 (last key \"a\"): Invalid integer \"1__0\": underscores must be surrounded by digits"),
        ("a=nope", "line 1 (last key \"a\"): expected value but found \"nope\" instead"),
        ("a=\"\\q\"", "line 1 (last key \"a\"): invalid escape in string '\\q'"),
        ("a=\"ab\\xZ\"", "line 1 (last key \"a\"): expected two hexadecimal digits after '\\x', but got \"ab\\\\xZ\" instead"),
        ("a=\"ab\\u12G4\"", "line 1 (last key \"a\"): expected four hexadecimal digits after '\\u', but got \"ab\\\\u12G\" instead"),
        ("a=\"\\UFFFFFFFF\"", "line 1 (last key \"a\"): Escaped character '\\uFFFFFFFF' is not valid UTF-8."),
        ("a=1979-05-27 07:3:10z", "line 1 (last key \"a\"): invalid datetime: \"1979-05-27T07:3:10Z\""),
        ("a=1979-13-01", "line 1 (last key \"a\"): invalid datetime: \"1979-13-01\""),
        ("@=1", "line 1: expected '.' or '=', but got '@' instead"),
        ("[a", "line 1: expected '.' or ']' to end table name, but got '\\x00' instead"),
        ("[[a]\n", "line 2: expected end of table array name delimiter ']', but got '\\n' instead"),
        ("'a b'=1\n'a b'=2", "line 2 (last key \"a b\"): Key '\"a b\"' has already been defined."),
    ] {
        let read = call("fromToml", &[toml.into()]).unwrap();
        let error = read.as_map().and_then(|m| m.get("Error")).unwrap_or_default();
        assert_eq!(error.as_str().map(ToString::to_string).unwrap_or_default(), format!("toml: {want}"), "{toml:?}");
    }
}

/// HE-YML-08: escapes of bytes are characters, and times need no seconds.
#[test]
fn escapes_and_times() {
    let read =
        call("fromToml", &["s = \"\\x41\\xe9\"\nm = \"\"\"\\x42\"\"\"\nt = [1979-05-27 07:32z, 1979-05-27T07:32, 07:32]".into()]).unwrap();
    assert_eq!(text("toJson", &[read.as_map().and_then(|m| m.get("s")).unwrap_or_default()]), "\"Aé\"");
    assert_eq!(
        text("toString", &[read]),
        "map[m:B s:Aé t:[1979-05-27 07:32:00 +0000 UTC 1979-05-27 07:32:00 +0000 datetime-local 0000-01-01 07:32:00 +0000 time-local]]"
    );
}

/// HE-YML-08: inline tables may have several lines and a comma at their end; what is written separates before nulls.
#[test]
fn inline_tables() {
    let read = call("fromToml", &["t = {\n  a = 1, # one\n  b = 2,\n}\n".into()]).unwrap();
    assert_eq!(text("toJson", &[read]), r#"{"t":{"a":1,"b":2}}"#);
    let table = Value::map([("a", Value::from("x")), ("b", Value::Nil)]);
    let nested = Value::map([("k", Value::list(vec![table, Value::from("y")]))]);
    assert_eq!(text("toToml", &[nested]), "k = [{a = \"x\", }, \"y\"]\n");
}

/// HE-TYP-01, HE-TPL-12: chunks of a negative size, and structs under `%#v`.
#[test]
fn chunks_of_one() {
    let chunks = call("chunk", &[Value::Int(-5), Value::list(vec![Value::from("x")])]).unwrap();
    assert_eq!(text("toJson", &[chunks]), r#"[["x"]]"#);
    assert!(call("chunk", &[Value::Int(0), Value::list(vec![Value::from("x")])]).is_err());
}
