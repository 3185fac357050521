//! Tests of variable substitution.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use ferroflux_envsubst::{Error, Mode, Outcome, Problem, Strategy, Variables, post_build, substitute};
use proptest::prelude::*;
use serde_json::json;

fn variables() -> Variables {
    Variables::from_iter([("v", "hello"), ("empty", ""), ("n", "-2"), ("path", "a/b/c.tar.gz")])
}

fn run(text: &str) -> Result<String, Error> {
    substitute(text, &variables(), Mode::Strict).map(|b| String::from_utf8(b).unwrap())
}

/// KC-SUB-07: every form of the grammar.
#[test]
fn forms() {
    for (text, want) in [
        ("$v $(v) ${v} $${v} $$", "$v $(v) hello ${v} $"),
        ("${empty:-d} ${v:-d} ${unset:-d} ${unset:=d} ${unset=d} ${unset:?d} ${unset:+d}", "d hello d d d d d"),
        ("${unset:-a ${v:0:${unset:-2}} z}", "a he z"),
        ("${#v} ${v^} ${v^^} ${v,} ${v,,}", "5 Hello HELLO hello hello"),
        ("${v:1} ${v:1:2} ${v:9} ${v:${n}} ${v: -2} ${v:x}", "ello el  lo hello hello"),
        ("${path#*/} ${path##*/} ${path%.*} ${path%%.*} ${path#[a-b]?}", "b/c.tar.gz c.tar.gz a/b/c.tar a/b/c b/c.tar.gz"),
        ("${v/l/L} ${v//l/L} ${v/#he/HE} ${v/%lo/LO} ${v/l/} ${path/\\//-}", "heLlo heLLo HEllo helLO helo a-b/c.tar.gz"),
        ("é ${v} \u{1F600}", "é hello \u{1F600}"),
        ("a ${v}\0${v}", "a hello"),
    ] {
        assert_eq!(run(text).unwrap(), want, "{text}");
    }
}

/// KC-SUB-07: what is malformed, with the cause of the original and the place.
#[test]
fn malformed() {
    for (text, problem, line, column) in [
        ("${v-d}", Problem::MissingClosingBrace, 1, 1),
        ("a\nb ${v[0]}", Problem::MissingClosingBrace, 2, 3),
        ("${v", Problem::MissingClosingBrace, 1, 1),
        ("${}", Problem::VariableName, 1, 1),
        ("${{ x }}", Problem::VariableName, 1, 1),
        ("é${ x }", Problem::VariableName, 1, 2),
        ("${!v}", Problem::VariableName, 1, 1),
        ("${v/x}", Problem::BadSubstitution, 1, 1),
        ("${v#}", Problem::Argument, 1, 1),
        ("${v:-x", Problem::Argument, 1, 1),
        ("${v:-${w!}}", Problem::MissingClosingBrace, 1, 6),
    ] {
        match run(text).unwrap_err() {
            Error::Parse(e) => assert_eq!((e.problem, e.line, e.column), (problem, line, column), "{text}: {e}"),
            other => panic!("{text}: {other}"),
        }
    }
    assert!(run("${v-d}").unwrap_err().to_string().starts_with("missing closing brace"));
    let deep = format!("{}x{}", "${v:-".repeat(10_000), "}".repeat(10_000));
    assert!(matches!(run(&deep).unwrap_err(), Error::Parse(e) if e.problem == Problem::TooDeep));
}

/// KC-SUB-07: a negative length is an error, where the original crashes.
#[test]
fn negative_length() {
    assert!(matches!(run("${v:2:${n}}").unwrap_err(), Error::NegativeLength { length: -2, .. }));
}

/// KC-UX-01, KC-SUB-06: strict mode names all that is missing, once each; lenient mode takes them for empty.
#[test]
fn all_missing_variables_at_once() {
    let text = "${a} ${v} ${b^^} ${a} ${c:-d} ${d:-${e}}";
    let error = run(text).unwrap_err();
    assert_eq!(error, Error::NotSet(vec!["a".to_owned(), "b".to_owned(), "e".to_owned()]));
    assert_eq!(error.to_string(), "variable not set (strict mode): \"a\", \"b\", \"e\"");
    assert_eq!(substitute(text, &variables(), Mode::Lenient).unwrap(), b" hello   d ");
}

/// KC-SUB-02, KC-SUB-04: line feeds go, later values win, names are checked.
#[test]
fn variable_sets() {
    let mut all = Variables::new();
    all.set("a", "x\ny\n");
    all.set("b", "1");
    all.set("b", [0xff, b'\n']);
    assert_eq!((all.get("a"), all.get("b")), (Some(&b"xy"[..]), Some(&[0xff][..])));
    assert!(all.check_names().is_ok());
    all.set("a-b", "");
    assert_eq!(all.check_names().unwrap_err().to_string(), "'a-b' var name is invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'");
}

fn build(object: &str, variables: &Variables, strategy: Strategy) -> Result<Outcome, String> {
    let has = |key: &str, value: &str| object.contains(&format!("{key}: {value}"));
    post_build(object, has, variables, strategy, Mode::Strict).map_err(|e| e.to_string())
}

/// KC-SUB-01, KC-SUB-03, KC-SUB-05, KC-SUB-08: one object's way.
#[test]
fn post_build_of_an_object() {
    let some = Variables::from_iter([("x", "yes"), ("q", "\""), ("k", "key")]);
    let none = Variables::new();
    let object = "kind: X\n${k}: ${x}\ntext: ${q}${x}${q}\n";
    assert_eq!(build(object, &some, Strategy::default()), Ok(Outcome::Substituted(json!({"kind": "X", "key": true, "text": "yes"}))));
    let disabled = "metadata:\n  labels:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\na: ${x}\n";
    assert_eq!(build(disabled, &some, Strategy::Always), Ok(Outcome::Disabled));
    assert_eq!(build("a: ${x:-1}\n", &none, Strategy::WithVariables), Ok(Outcome::Untouched));
    assert_eq!(build("a: ${x:-1}\n", &none, Strategy::Always), Ok(Outcome::Substituted(json!({"a": 1}))));
}

/// KC-SUB-06: the causes of failures, as the caller puts them behind the object's name.
#[test]
fn post_build_failures() {
    let vars = Variables::from_iter([("x", "a: b: c"), ("bytes", "")]);
    assert_eq!(
        build("a: ${missing}\n", &vars, Strategy::default()).unwrap_err(),
        "envsubst error: variable substitution failed: variable not set (strict mode): \"missing\""
    );
    assert!(build("kind: X\na: ${x}\n", &vars, Strategy::default()).unwrap_err().starts_with("envsubst error: YAMLToJSON: yaml: line 2: "));
    let mut bad = vars.clone();
    bad.set("9", "x");
    assert!(build("a: 1\n", &bad, Strategy::default()).unwrap_err().starts_with("envsubst error: '9' var name is invalid"));
    let mut binary = vars;
    binary.set("bytes", [0xff, 0xfe]);
    assert!(build("a: ${bytes}\n", &binary, Strategy::default()).unwrap_err().contains("yaml: invalid leading UTF-8 octet"));
}

/// A pattern on a long value has an end.
#[test]
fn expensive_patterns() {
    let mut vars = Variables::new();
    vars.set("v", "a".repeat(200_000));
    assert!(matches!(substitute("${v##*b}", &vars, Mode::Strict).unwrap_err(), Error::PatternTooExpensive(_)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every text gets an answer; without a dollar sign or a NUL it is the text itself.
    #[test]
    fn any_text_gets_an_answer(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "${", "}", "$", "v", "n", "unset", ":", "-", "=", "?", "+", "#", "%", "/", "\\", "^", ",", "*", "[", "a-z", "]", "1", "é", " ", "\n", "\u{1F600}", "\0",
        ]), 0..24),
        free in any::<String>(),
    ) {
        let text = pieces.concat();
        for mode in [Mode::Strict, Mode::Lenient] {
            let _ = substitute(&text, &variables(), mode);
            let plain: String = free.chars().filter(|c| !matches!(c, '$' | '\0')).collect();
            prop_assert_eq!(substitute(&plain, &variables(), mode).unwrap(), plain.as_bytes());
        }
    }
}
