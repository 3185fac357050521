//! What expressions mean, where users of Flux rely on it.

use ferroflux_cel::{CompileError, Expression, Output, Value, with_double_numbers};
use serde_json::json;

use crate::holds;

fn refused(text: &str, variables: &[&str], output: Option<Output>) -> String {
    Expression::compile(text, variables, output).err().map(|e| e.to_string()).unwrap_or_default()
}

/// RT-60, KC-DEP-02: the type of the result is known before there is data, and dynamic results are not enough.
#[test]
fn output_types() {
    let compile = |text: &str, output| Expression::compile(text, &["self", "dep"], Some(output));
    for text in ["true", "dep.a == self.a", "has(dep.a) && dep.a", "dep.list.exists(x, x > 1)", "dep.?a.orValue(false) == true"] {
        assert!(compile(text, Output::Bool).is_ok(), "{text}");
        assert!(matches!(compile(text, Output::String), Err(CompileError::Output { .. })), "{text}");
    }
    for text in ["dep.a", "dep", "1", "dep.?a.orValue(true)", "dyn(true)", "optional.of(true)", "[true]"] {
        let error = refused(text, &["self", "dep"], Some(Output::Bool));
        assert!(error.contains("expected bool, got") && error.contains(text), "{text}: {error}");
    }
    assert!(compile("string(dep.a)", Output::String).is_ok());
    assert!(compile("dep.a + '/' + dep.b", Output::String).is_ok());
}

/// RT-60: what is not declared, and types that do not go together, are found at the place where they are.
#[test]
fn mistakes_name_expression_and_place() {
    let error = refused("dep.ready ==\n deps.ready", &["dep"], None);
    assert!(error.starts_with("failed to parse the CEL expression 'dep.ready ==\n deps.ready': ERROR: <input>:2:2: undeclared"), "{error}");
    assert!(refused("1 + 'a'", &[], None).contains("1:3: found no matching overload for '_+_' applied to '(int, string)'"));
    assert!(refused("[1, 'a']", &[], None).contains("expected type 'int' but found 'string'"));
    assert!(refused("'%d'.format(['a'])", &[], None).contains("decimal clause"));
    assert!(refused("a.b.matches('(')", &["a"], None).contains("missing closing )"));
    assert!(refused("true || int('x') == 1", &[], None).contains("type conversion error from 'string' to 'int'"));
}

/// RT-60, KC-HC-06: an expression that is only parsed takes its variables from the data, and misses them only there.
#[test]
fn variables_of_parsed_expressions() {
    let object = json!({"status": {"ready": true}, "spec": {"replicas": 2}});
    assert_eq!(holds("status.ready && spec.replicas > 1", &object), Ok(true));
    let missing = |text: &str| holds(text, &object).map_err(|e| e.to_string());
    assert_eq!(
        missing("metadata.name == 'a'"),
        Err("failed to evaluate the CEL expression 'metadata.name == 'a'': no such attribute(s): metadata.name".into())
    );
    assert_eq!(
        missing("status.phase == 'a'"),
        Err("failed to evaluate the CEL expression 'status.phase == 'a'': no such key: phase".into())
    );
    assert_eq!(missing("spec.replicas"), Err("failed to evaluate CEL expression as boolean: 'spec.replicas'".into()));
    // Nothing depends on what is not needed.
    assert_eq!(holds("status.phase == 'a' || status.ready", &object), Ok(true));
    assert_eq!(holds("has(status.phase) && status.phase == 'a'", &object), Ok(false));
}

/// RT-60: the numbers of objects are integers where they can be, and those of webhook bodies never are; comparison does
/// not mind.
#[test]
fn numbers() {
    let object = json!({"n": 5, "big": 9_007_199_254_740_993_i64});
    assert_eq!(holds("n % 2 == 1 && n == 5.0 && n < 5.5 && n in [5.0] && big != 9007199254740992", &object), Ok(true));
    let body = with_double_numbers(object);
    assert_eq!(holds("n == 5 && n + 1.0 == 6", &body), Ok(true));
    assert!(holds("n % 2 == 1", &body).is_err());
}

/// RT-60: optional types, the extensions for strings, sets and base64, and UTC where no zone is given.
#[test]
fn extensions() {
    let object = json!({"image": "ghcr.io/org/app:1.2.3", "list": [1, 2], "none": {}});
    for text in [
        "image.split('/').last().value().split(':').first().orValue('') == 'app'",
        "none.?a.b.c.orValue('x') == 'x' && !none.?a.hasValue()",
        "[?none.?a, ?optional.of(1)] == [1]",
        "optional.of(list).optMap(l, l.size()).value() == 2",
        "optional.of(1).optMap(x, optional.of(x + 1)).value() == 2",
        "image.substring(image.lastIndexOf(':') + 1) == '1.2.3'",
        "'%s has %d'.format([image.lowerAscii().trim().reverse().reverse().charAt(0), list.size()]) == 'g has 2'",
        "['a', 'b'].join('-').upperAscii().replace('-', '') == 'AB' && 'a'.indexOf('b') == -1",
        "sets.contains(list, [1.0]) && sets.intersects(list, [2, 3]) && sets.equivalent(list, [2, 1, 1])",
        "string(base64.decode(base64.encode(b'hello'))) == 'hello'",
        "timestamp('2024-02-29T23:30:15+02:00').getHours() == 21",
        "timestamp('2024-02-29T23:30:15Z').getHours('-02:30') == 21",
        "string(timestamp('2024-02-29T23:30:15+02:00') + duration('1h')) == '2024-03-01T00:30:15+02:00'",
        "strings.quote('a\"b') == '\"a\\\\\"b\"'",
    ] {
        assert_eq!(holds(text, &object), Ok(true), "{text}");
    }
    for text in ["math.greatest(1, 2) == 2", "[1].sort() == [1]", "cel.bind(x, 1, x) == 1", "now() == timestamp(0)"] {
        assert!(Expression::compile(text, &[], None).is_err(), "{text} is not enabled");
    }
}

/// RT-60: results are read as texts and lists of texts.
#[test]
fn results() {
    let object = json!({"a": ["x", "y"], "b": ["x", 1], "c": {}});
    let data = |name: &str| object.get(name);
    let strings = Expression::parse("a.map(x, x + '!')").unwrap();
    assert_eq!(strings.evaluate_strings(&data), Ok(vec!["x!".to_owned(), "y!".to_owned()]));
    assert!(Expression::parse("b").unwrap().evaluate_strings(&data).is_err());
    assert_eq!(Expression::parse("a[0]").unwrap().evaluate_string(&data), Ok("x".to_owned()));
    assert!(Expression::parse("a").unwrap().evaluate_string(&data).is_err());
    assert!(matches!(Expression::parse("c.b").unwrap().evaluate(&data), Err(error) if error.to_string().contains("no such key: b")));
    assert!(matches!(Expression::parse("c.?b").unwrap().evaluate(&data), Ok(Value::Optional(None))));
}
