//! Expressions and data that are made to do harm.

use ferroflux_cel::{Expression, Output};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::holds;

/// Compiles in both ways and evaluates what can be evaluated.
fn try_all(text: &str, object: &Value) {
    let data = |name: &str| object.get(name);
    for expression in
        [Expression::parse(text), Expression::compile(text, &["v"], None), Expression::compile(text, &["v"], Some(Output::Bool))]
    {
        match expression {
            Ok(expression) => {
                let _ = expression.evaluate(&data).map_err(|error| assert!(!error.to_string().is_empty()));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Runs on a thread with the stack of those that work for the controllers.
#[cfg(test)]
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
}

/// RT-60: an evaluation is cut off, in whatever way it would take time or memory.
#[test]
fn work_is_bounded() {
    let list: Vec<i64> = (0..2000).collect();
    let object = json!({"l": list, "s": "a".repeat(100_000)});
    for text in [
        "l.all(a, l.all(b, l.all(c, a + b + c >= 0)))".to_owned(),
        "l.map(a, l.map(b, [a, b])).size() > 0".to_owned(),
        format!("s{}.size() > 0", ".replace('a', s)".repeat(3)),
        format!("{}.all(x, true)", "l.map(a, l)".to_owned() + &".map(a, a + a + a + a)".repeat(20)),
        // Text doubles at each step.
        format!("'aaaaaaaa'{}.size() > 0", ".split('!').map(x, x + x).join()".repeat(40)),
        // Values are shared, but compared and printed one by one.
        format!("[[1]{0}] == [[1]{0}]", ".map(x, [x, x, x, x])".repeat(12)),
        format!("'%s'.format([[[1]{}]]) == ''", ".map(x, [x, x])".repeat(30)),
        "l.exists(x, s.matches(string(x) + '(.*a){50}b'))".to_owned(),
        "s.split('').exists(a, s.split('').exists(b, a + b == 'b'))".to_owned(),
    ] {
        let result = holds(&text, &object).map_err(|error| error.to_string());
        assert!(matches!(&result, Err(why) if why.contains("more steps or memory")), "{text}: {result:?}");
    }
    // What can be decided without is, but not by leaving out what was too much.
    assert!(holds("l.all(a, l.all(b, l.all(c, true))) || true", &object).is_err());
    assert_eq!(holds("true || l.all(a, l.all(b, l.all(c, true)))", &object), Ok(true));
}

/// RT-60: types that are exponentially larger than their expression are not computed.
#[test]
fn types_are_bounded() {
    on_small_stack(|| {
        let doubled = format!("[1]{}", ".map(x, {string(x.size()): [x, x]}).map(x, {'a': x, 'b': x})".repeat(60));
        let _ = Expression::compile(&doubled, &[], None);
        let mut keys = "1".to_owned();
        for _ in 0..12 {
            keys = format!("[{keys}].map(x, {{x: x}})");
        }
        let _ = Expression::compile(&keys, &[], None);
        let optional = format!("optional.of(1){}", ".optMap(x, [x, x])".repeat(200));
        let _ = Expression::compile(&optional, &[], None);
    });
}

/// RT-60: the deepest expressions and data that are let through fit on a small stack.
#[test]
fn depth_is_bounded() {
    on_small_stack(|| {
        let mut data = json!(1);
        for _ in 0..100 {
            data = json!([data]);
        }
        let object = json!({"v": data});
        for text in [
            format!("{}v{}", "(".repeat(249), ")".repeat(249)),
            format!("{}v{}", "[".repeat(249), "]".repeat(249)),
            format!("v{}", "[0]".repeat(240)),
            format!("v{} == v", ".map(x, [x])".repeat(240)),
            format!("{}true{}", "[1].all(x, ".repeat(200), ")".repeat(200)),
            format!("{}v{}", "has(v.a) ? 1 : ".repeat(200), ""),
            format!("'%s'.format([{}v{}])", "[".repeat(200), "]".repeat(200)),
            "!".repeat(90_000) + "true",
            "-".repeat(90_000) + "1",
            "v&&".repeat(30_000) + "v",
            format!("[{}]", "1,".repeat(40_000)),
            format!("{{{}}}", "1:1,".repeat(20_000)),
            ".".repeat(90_000),
            "'".repeat(90_000),
            "v.".repeat(45_000),
        ] {
            try_all(&text, &object);
        }
    });
}

/// RT-60: an error names the expression, but does not repeat what is endless; it is kept for each object it is about.
#[test]
fn errors_are_short() {
    let long = "a".repeat(90_000);
    for text in [
        format!("{long}.b == 1"),
        format!("'{long}'"),
        format!("v['{long}']"),
        format!("{long}("),
        format!("{long}()"),
        format!("int('{long}')"),
    ] {
        let error = match Expression::parse(&text) {
            Ok(expression) => expression.evaluate_bool(&|_| None).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(error.len() < 5_000 && error.contains(&text[..500]), "{} bytes: {}", error.len(), &error[..100]);
    }
}

/// Pieces of expressions, so that many of what is made of them is valid.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "v",
        "v.a",
        "v.l",
        "x",
        "1",
        "-9223372036854775808",
        "2u",
        "1.5",
        "'a'",
        "b'\\xff'",
        "null",
        "true",
        "[1, 2]",
        "{'a': 1}",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        ",",
        "?",
        ":",
        "+",
        "-",
        "*",
        "/",
        "%",
        "==",
        "<",
        " in ",
        "&&",
        "||",
        "!",
        ".all(x, ",
        ".map(x, ",
        ".filter(x, ",
        ".optMap(x, ",
        ".size()",
        "size(",
        "int(",
        "string(",
        "timestamp(",
        "duration(",
        ".getHours('",
        "'",
        "\\u",
        ".format([",
        "'%s%d%.3f'",
        ".split(",
        ".substring(",
        ".matches(",
        "optional.none()",
        ".orValue(",
        "has(",
        "sets.contains(",
        "google.protobuf.Duration{seconds:",
        "r'''",
    ];
    prop_oneof![8 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// RT-60: no text makes the parser, the checker or an evaluation panic.
    #[test]
    fn any_text(pieces in proptest::collection::vec(piece(), 0..25)) {
        try_all(&pieces.concat(), &json!({"v": {"a": 1, "l": [1, "é", null, {"k": 2.5}]}}));
    }

    /// RT-60: functions on texts agree with their definition by characters.
    #[test]
    fn positions_are_characters(text in "[aé日b]{0,8}", part in "[aé日b]{0,2}", at in -2i64..10, to in -2i64..10) {
        let chars: Vec<char> = text.chars().collect();
        let object = json!({"s": text, "p": part, "at": at, "to": to});
        let data = |name: &str| object.get(name);
        let expression = Expression::parse("s.substring(at, to)").unwrap();
        let wanted = usize::try_from(at).ok().zip(usize::try_from(to).ok()).and_then(|(a, b)| chars.get(a..b)).map(String::from_iter);
        prop_assert_eq!(expression.evaluate_string(&data).ok(), wanted);
        let size = part.chars().count();
        let found = (0..chars.len()).find(|n| size > 0 && *n >= usize::try_from(at).unwrap_or(0) && text.chars().skip(*n).take(size).eq(part.chars()));
        let expected = match found {
            _ if part.is_empty() => Some(at),
            _ if at < 0 => None,
            Some(n) => i64::try_from(n).ok(),
            None => Some(-1),
        };
        let got = expected.map(|n| holds(&format!("s.indexOf(p, at) == {n}"), &object));
        prop_assert!(got.is_none_or(|holds| holds == Ok(true)), "{expected:?}");
    }
}
