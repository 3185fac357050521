//! Error texts.

use crate::{fails, parse, render};

/// HE-TPL-17
#[test]
fn parse_errors() {
    fails(&[
        ("{{ nope }}", "function \"nope\" not defined"),
        ("{{ $y }}", "undefined variable \"$y\""),
        ("{{ if }}{{ end }}", "missing value for if"),
        ("{{ end }}", "unexpected {{end}}"),
        ("{{ if 1 }}", "unexpected EOF"),
        ("{{ \"a }}", "unterminated quoted string"),
        ("{{ $a, $b := 1 }}", "too many declarations in command"),
        ("{{ break }}", "{{break}} outside {{range}}"),
        ("{{ define \"a\" }}x{{ end }}{{ define \"a\" }}y{{ end }}", "multiple definition of template \"a\""),
        ("{{ 1 | 2 }}", "non executable command in pipeline stage 2"),
        ("{{ (1 }}", "unclosed left paren"),
        ("{{/* a */ }}", "comment ends before closing delimiter"),
    ]);
    let error = parse(&[("c/templates/t.yaml", "\n{{ nope }}")]).unwrap_err();
    assert_eq!(error.text, "parse error at (c/templates/t.yaml:2): function \"nope\" not defined");
}

/// HE-TPL-17: the line is that of the last item that Go's parser has split off, and white space is an item for it.
#[test]
fn lines_of_parse_errors() {
    for (text, line, want) in [
        ("{{ nope\n}}", 1, "function \"nope\" not defined"),
        ("{{ $y\n}}", 2, "undefined variable \"$y\""),
        ("{{ $y\n1 }}", 2, "undefined variable \"$y\""),
        ("{{ true.a\n}}", 1, "unexpected . after term \"true\""),
        ("{{ true.a\n-}}", 2, "unexpected . after term \"true\""),
        ("{{ true.a\n -}}", 1, "unexpected . after term \"true\""),
        ("{{ (1\n-}}", 1, "unclosed left paren"),
        ("{{ (1\n}}", 2, "unclosed left paren in action started at c/templates/t.yaml:1"),
        ("{{ 1\n", 2, "unclosed action started at c/templates/t.yaml:1"),
        ("{{ \"a\"\n\"b", 2, "unterminated quoted string in action started at c/templates/t.yaml:1"),
        ("{{ $a,\n$b := 1 }}", 1, "too many declarations in command"),
        ("{{ range $a,\n1 }}", 2, "range can only initialize variables"),
    ] {
        let error = parse(&[("c/templates/t.yaml", text)]).expect_err(text);
        assert_eq!(error.text, format!("parse error at (c/templates/t.yaml:{line}): {want}"), "{text}");
    }
}

/// HE-TPL-07, HE-TPL-10, HE-TPL-11
#[test]
fn execution_errors() {
    fails(&[
        ("{{ .Values.missing.x }}", "nil pointer evaluating interface {}.x"),
        ("{{ .Values.str.x }}", "can't evaluate field x in type interface {}"),
        ("{{ (.Values.str).x }}", "can't evaluate field x in type string"),
        ("{{ range .Values.str }}{{ end }}", "range can't iterate over text"),
        ("{{ range $i, $e := 3 }}{{ end }}", "can't use 3 to iterate over more than one variable"),
        ("{{ eq .Values.n 3 }}", "incompatible types for comparison: float64 and int"),
        ("{{ lt nil 1 }}", "invalid type for comparison"),
        ("{{ index .Values.list 5 }}", "error calling index: index out of range: 5"),
        ("{{ index .Values.list 1.0 }}", "error calling index: cannot index slice/array with type float64"),
        ("{{ index (semver \"1.2.3\") 0 }}", "error calling index: can't index item of type semver.Version"),
        ("{{ mustToToml 1i }}", "error calling mustToToml: unsupported type for key '': complex128"),
        ("{{ subf \"inf\" 1 }}", "error calling subf: Cannot create a Decimal from +Inf"),
        ("{{ index nil 1 }}", "error calling index: index of untyped nil"),
        ("{{ len .Values.missing }}", "error calling len: len of nil pointer"),
        ("{{ nil }}", "nil is not a command"),
        ("{{ .Values.str 1 }}", "str is not a method but has arguments"),
        ("{{ and }}", "wrong number of args for and: want at least 1 got 0"),
        ("{{ template \"zz\" . }}", "template \"zz\" not defined"),
    ]);
}

/// HE-TPL-13, HE-TYP-02
#[test]
fn arguments_are_checked_against_go_types() {
    fails(&[
        ("{{ include .Values.missing . }}", "wrong type for value; expected string; got interface {}"),
        ("{{ include nil . }}", "cannot assign nil to string"),
        ("{{ include 1 . }}", "expected string; found 1"),
        ("{{ include .Values.n . }}", "wrong type for value; expected string; got float64"),
        ("{{ include (.Values.missing) . }}", "invalid value; expected string"),
        ("{{ include \"a\" }}", "wrong number of args for include: want 2 got 1"),
    ]);
}

/// HE-TPL-14: what is a panic in the original is an error of the call, in Go's one line.
#[test]
fn panics_of_the_original_are_errors() {
    assert_eq!(
        render("{{ div 1 0 }}").unwrap_err(),
        "template: c/templates/t.yaml:1:3: executing \"c/templates/t.yaml\" at <div 1 0>: error calling div: runtime error: integer divide by zero"
    );
}

/// HE-TPL-16: the trace, the place of the outermost template for `fail`, and Go's own text where a function failed.
#[test]
fn presentation() {
    let set = parse(&[
        ("a/templates/_h.tpl", "{{ define \"t\" }}a{{ .Values.nope.x }}{{ end }}"),
        ("a/templates/d.yaml", "\n\n{{ include \"t\" . }}"),
    ])
    .unwrap();
    let error = crate::render_set(&set, &crate::values(), ferroflux_go_template::limits::Limits::default()).unwrap_err();
    assert_eq!(
        error.text,
        "a/templates/d.yaml:3:3\n  executing \"a/templates/d.yaml\" at <include \"t\" .>:\n    error calling include:\n\
         a/templates/_h.tpl:1:27\n  executing \"t\" at <.Values.nope.x>:\n    nil pointer evaluating interface {}.x"
    );
    assert_eq!(render("x{{ fail \"no: way\" }}").unwrap_err(), "execution error at (c/templates/t.yaml:1:4): no: way");
    assert_eq!(render("{{ required \"need it\" .Values.missing }}").unwrap_err(), "execution error at (c/templates/t.yaml:1:3): need it");
    assert_eq!(
        render("{{ tpl \"{{ .x.y }}\" (index .Values \"map\") }}").unwrap_err(),
        "template: c/templates/t.yaml:1:3: executing \"c/templates/t.yaml\" at <tpl \"{{ .x.y }}\" (index .Values \"map\")>: \
         error calling tpl: error during tpl function execution for \"{{ .x.y }}\": template: gotpl:1:5: executing \"gotpl\" at <.x.y>: \
         nil pointer evaluating interface {}.y"
    );
}
