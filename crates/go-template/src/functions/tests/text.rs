use proptest::prelude::*;

use super::{call, shown, text};
use crate::value::{Type, Value};

/// HE-TYP-01: the Go types of results.
#[test]
fn result_types() {
    let cases: [(&str, &[Value], &str); 9] = [
        ("splitList", &[",".into(), "a,b".into()], "[]string"),
        ("split", &[",".into(), "a,b".into()], "map[string]string"),
        ("until", &[Value::Int(3)], "[]int"),
        ("list", &[Value::Int(3)], "[]interface {}"),
        ("add", &[Value::Int(3)], "int64"),
        ("int", &["3".into()], "int"),
        ("floor", &[Value::Int(3)], "float64"),
        ("semver", &["1.2.3".into()], "*semver.Version"),
        ("now", &[], "time.Time"),
    ];
    for (name, args, want) in cases {
        assert_eq!(call(name, args).unwrap().type_name(), want, "{name}");
    }
}

#[test]
fn casts_follow_go() {
    let int64 = |v: Value| match call("int64", &[v]).unwrap() {
        Value::Int64(i) => i,
        other => panic!("{other:?}"),
    };
    let cases =
        [("010", 8), ("08", 0), ("0x1F", 31), ("1.9", 0), ("12.00", 12), ("1_000", 1000), ("-5", -5), ("", 0), ("9223372036854775808", 0)];
    for (given, want) in cases {
        assert_eq!(int64(given.into()), want, "{given}");
    }
    assert_eq!(int64(Value::Float(1e30)), i64::MIN);
    assert_eq!(int64(Value::Float(f64::NAN)), i64::MIN);
    assert_eq!(int64(Value::Float(-1.9)), -1);
}

/// Letters whose upper case has several characters stay; invalid bytes become U+FFFD one by one.
#[test]
fn case_mappings_are_simple() {
    assert_eq!(text("upper", &["straße ŉ ᾳ".into()]), "STRAßE ŉ ᾼ");
    assert_eq!(text("lower", &["İI".into()]), "ii");
    assert_eq!(text("title", &["ǆ-ab c_d".into()]), "ǅ-Ab C_d");
    assert_eq!(text("upper", &[Value::string(&b"a\xe6\x97b"[..])]), "A\u{fffd}\u{fffd}B");
}

#[test]
fn naming_styles() {
    let cases = [
        ("snakecase", "HTTP20xOK", "http_20x_ok"),
        ("snakecase", "Bld4Floor3rd", "bld4_floor_3rd"),
        ("kebabcase", "FirstName_x  y", "first-name-x--y"),
        ("camelcase", "_complex__case_", "_Complex_Case_"),
        ("camelcase", "GOLANG_IS_GREAT", "GolangIsGreat"),
        ("camelcase", "-", "--"),
    ];
    for (name, given, want) in cases {
        assert_eq!(text(name, &[given.into()]), want, "{name} {given}");
    }
}

#[test]
fn decimal_arithmetic_is_exact() {
    let sum = call("addf", &[Value::Float(0.1), Value::Float(0.2)]).unwrap();
    assert_eq!(shown(&sum), "0.3");
    assert_eq!(shown(&call("divf", &[Value::Int(2), Value::Int(3)]).unwrap()), "0.6666666666666667");
    assert_eq!(shown(&call("divf", &[Value::Int(-1), Value::Int(8)]).unwrap()), "-0.125");
    assert_eq!(call("divf", &[Value::Int(1), Value::Int(0)]).unwrap_err().to_string(), "decimal division by 0");
    assert!(call("mulf", &[Value::Float(f64::INFINITY)]).is_err());
}

/// What a template can make large is refused before it is made.
#[test]
fn sizes_are_bounded() {
    let huge = Value::Int(1 << 40);
    let cases: [(&str, &[Value]); 7] = [
        ("repeat", &[huge.clone(), "x".into()]),
        ("until", std::slice::from_ref(&huge)),
        ("indent", &[huge.clone(), "x".into()]),
        ("nindent", &[Value::Int(i64::MAX), "a\n".into()]),
        ("randAlpha", std::slice::from_ref(&huge)),
        ("randBytes", std::slice::from_ref(&huge)),
        ("untilStep", &[Value::Int(i64::MIN), Value::Int(i64::MAX), Value::Int(1)]),
    ];
    for (name, args) in cases {
        assert!(call(name, args).unwrap_err().is_limit(), "{name}");
    }
}

proptest! {
    #[test]
    fn encodings_round_trip(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for (encode, decode) in [("b64enc", "b64dec"), ("b32enc", "b32dec")] {
            let encoded = call(encode, &[Value::string(bytes.as_slice())]).unwrap();
            let decoded = call(decode, &[encoded]).unwrap();
            prop_assert_eq!(decoded.as_str().unwrap().as_bytes(), bytes.as_slice());
        }
        let encrypted = call("encryptAES", &["key".into(), Value::string(bytes.as_slice())]).unwrap();
        let decrypted = call("decryptAES", &["key".into(), encrypted]).unwrap();
        prop_assert_eq!(decrypted.as_str().unwrap().as_bytes(), bytes.as_slice());
    }

    #[test]
    fn splitting_and_joining_are_inverse(separator in "[,é]{1,2}", words in prop::collection::vec("[a-c]{0,3}", 1..6)) {
        let joined = words.join(&separator);
        let list = call("splitList", &[separator.as_str().into(), joined.as_str().into()]).unwrap();
        prop_assert_eq!(list.type_of(), Some(*Type::STRINGS));
        prop_assert_eq!(text("join", &[separator.into(), list]), joined);
    }

    /// Every line is indented, and nothing else changes.
    #[test]
    fn indent_only_adds(lines in "[a\n ]{0,20}", width in 0i64..8) {
        let indented = text("nindent", &[Value::Int(width), lines.as_str().into()]);
        let pad = " ".repeat(width as usize);
        prop_assert_eq!(indented.strip_prefix('\n').unwrap(), lines.split('\n').map(|l| format!("{pad}{l}")).collect::<Vec<_>>().join("\n"));
    }
}
