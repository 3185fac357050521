//! Reading: types, documents, anchors, keys, places.

use ferroflux_yaml::{
    Aliases, BuildOptions, Dialect, Documents, Duplicates, ErrorKind, Kind, Node, ReadOptions, Tag, WriteOptions, node_to_json_text,
    read_document, to_json, to_json_text, write_document,
};

fn read(text: &str) -> Node {
    read_document(text, ReadOptions::default()).unwrap()
}

fn tag_of(dialect: Dialect, scalar: &str) -> Tag {
    let node = read_document(&format!("a: {scalar}\n"), ReadOptions { dialect, ..ReadOptions::default() }).unwrap();
    node.get("a").unwrap().tag()
}

/// KB-DOC-02: resources are typed by the newer library; HE-VAL-01, KB-FILE-02: values and kustomizations by YAML 1.1.
#[test]
fn dialects_type_scalars_differently() {
    use Dialect::{GoYamlV3, SigsYaml};
    for text in ["yes", "On", "OFF", "y", "n"] {
        assert_eq!((tag_of(GoYamlV3, text), tag_of(SigsYaml, text)), (Tag::Str, Tag::Bool), "{text}");
    }
    assert_eq!((tag_of(GoYamlV3, "2024-01-01"), tag_of(SigsYaml, "2024-01-01")), (Tag::Timestamp, Tag::Str));
    for dialect in [GoYamlV3, SigsYaml] {
        for text in ["017", "0o17", "0x1F", "0b11", "1_000", "+5", "-0"] {
            assert_eq!(tag_of(dialect, text), Tag::Int, "{text}");
        }
        for text in ["1e5", ".5", "1.", "08", "-.inf", ".NaN", "123456789012345678901"] {
            assert_eq!(tag_of(dialect, text), Tag::Float, "{text}");
        }
        for text in ["12:30:45", "0x", "1e400", "_1", "'1'", "tRUE", "2024-13-01"] {
            assert_eq!(tag_of(dialect, text), Tag::Str, "{text}");
        }
    }
}

/// KB-DOC-02: what the types become as JSON.
#[test]
fn values_of_scalars() {
    let text = "i: 017\nf: 1e5\nd: 2024-1-2\nt: 2024-01-02 03:04:05.60\nz: 2024-01-02T03:04:05+02:00\nb: !!binary aGk=\nbig: 18446744073709551616\n";
    assert_eq!(
        node_to_json_text(&read(text)).unwrap(),
        r#"{"b":"hi","big":18446744073709552000,"d":"2024-01-02T00:00:00Z","f":100000,"i":15,"t":"2024-01-02T03:04:05.6Z","z":"2024-01-02T03:04:05+02:00"}"#
    );
    for text in ["a: .inf\n", "a: .nan\n", "a:\n  1: x\n", "a:\n  true: x\n"] {
        assert!(node_to_json_text(&read(text)).is_err(), "{text}");
    }
}

/// KB-DOC-03: a duplicate key names both lines, as the original does, and the place.
#[test]
fn duplicate_keys() {
    let text = "a:\n  k: 1\n  j: 2\n  \"k\": 3\n";
    let error = read_document(text, ReadOptions::default()).unwrap_err();
    assert_eq!((error.line(), error.column()), (4, 3));
    assert_eq!(error.to_string(), "yaml: line 4: mapping key \"k\" already defined at line 2");
    let last = ReadOptions { duplicates: Duplicates::LastWins, ..ReadOptions::default() };
    assert_eq!(read_document(text, last).unwrap().at_path(&["a", "k"]).unwrap().as_i64(), Some(3));
    // many keys take another way
    let many: String = (0..40).map(|i| format!("k{i}: {i}\n")).chain(["k7: x\n".to_owned()]).collect();
    assert!(matches!(read_document(&many, ReadOptions::default()).unwrap_err().kind(), ErrorKind::DuplicateKey { first_line: 8, .. }));
}

/// KB-DOC-03: anchors, aliases and merge keys are expanded and disappear; explicit keys win, of a list the first.
#[test]
fn anchors_and_merges() {
    let text = "base: &b {x: 1, y: 1}\nother: &o {y: 2, z: 2}\none:\n  y: 0\n  <<: *b\nlist:\n  <<: [*b, *o]\nsame: *b\n";
    let json = node_to_json_text(&read(text)).unwrap();
    assert_eq!(json, r#"{"base":{"x":1,"y":1},"list":{"x":1,"y":1,"z":2},"one":{"x":1,"y":0},"other":{"y":2,"z":2},"same":{"x":1,"y":1}}"#);
    assert_eq!(read(text).get("base").unwrap().anchor(), "");
    // the older library lets a merge overwrite what stands before it
    assert_eq!(to_json_text("b: &b {w: 1}\none: {w: 0, <<: *b}\n", BuildOptions::default()).unwrap(), r#"{"b":{"w":1},"one":{"w":1}}"#);
    for (text, what) in [("a: *b\n", "unknown anchor"), ("a: &a [*a]\n", "contains itself"), ("a: {<<: 1}\n", "map merge requires map")] {
        let error = read_document(text, ReadOptions::default()).unwrap_err();
        assert!(error.to_string().contains(what) && error.line() == 1, "{error}");
    }
}

/// KB-DOC-01: documents come one after another, also between CRLF lines; empty ones are null.
#[test]
fn documents() {
    let text = "# only a comment\n---\na: 1\r\nb: |\r\n  x\r\n---\n---\n- 2\n...\n";
    let all: Vec<Node> = Documents::new(text, ReadOptions::default()).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].get("b").unwrap().as_str(), Some("x\n"));
    assert!(all[1].is_null());
    assert_eq!(all[2].items().unwrap()[0].as_i64(), Some(2));
    // an error ends the stream, what stood before it is there
    let mut documents = Documents::new("a: 1\n---\nb: [\n---\nc: 1\n", ReadOptions::default()).unwrap();
    assert!(documents.next().unwrap().is_ok());
    assert!(documents.next().unwrap().is_err());
    assert!(documents.next().is_none());
}

/// KB-UX-01: what is refused is named with the line and the column where it is.
#[test]
fn errors_have_places() {
    for (text, line, column) in [
        ("a: b: c\n", 1, 5),
        ("a:\n  - x\n y: 1\n", 3, 2),
        ("a: \"x\n", 1, 4),
        ("a: \"\\q\"\n", 1, 4),
        ("a: \"\\/\"\n", 1, 5),
        ("a: 1\nb:\n\t c: 2\n", 3, 3),
        ("a: x\u{7}y\n", 1, 5),
        ("%YAML 1.2\n---\na: 1\n", 1, 1),
        (": a\n", 1, 1),
        ("a: [1, 2\n", 1, 4),
        ("a: &b.c x\n", 1, 4),
    ] {
        let error = read_document(text, ReadOptions::default()).unwrap_err();
        assert_eq!((error.line(), error.column()), (line, column), "{text:?}: {error}");
        assert!(!error.message().is_empty());
    }
}

/// Templates see the texts of errors, so these are the original's, with its way to count lines.
#[test]
fn errors_read_like_the_original() {
    for (text, want) in [
        ("v: a: b\n", "yaml: mapping values are not allowed in this context"),
        ("v: \"unterminated\n", "yaml: line 2: found unexpected end of stream"),
        ("v: {a: 1\n", "yaml: line 1: did not find expected ',' or '}'"),
        ("a:\n  b: 1\n c: 2\n", "yaml: line 2: did not find expected key"),
        ("- a\nb: c\n", "yaml: line 1: did not find expected '-' indicator"),
        ("a:\n\tb: 1\n", "yaml: line 2: found character that cannot start any token"),
        ("a: *nope\n", "yaml: unknown anchor 'nope' referenced"),
        ("a: |\n  \tx\n", "yaml: line 2: found a tab character where an indentation space is expected"),
        ("v: !!binary \"!!\"\n", "yaml: !!binary value contains invalid base64 data"),
        ("a: .inf\n", "json: unsupported value: +Inf"),
        ("~: v\n", "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"v\""),
        ("? [a, b]\n: v\n", "yaml: invalid map key: []interface {}{\"a\", \"b\"}"),
    ] {
        assert_eq!(to_json_text(text, BuildOptions::default()).unwrap_err().to_string(), want, "{text:?}");
    }
}

/// Files whose quoted text goes on without indentation exist, and the original reads them.
#[test]
fn quoted_lines_without_indentation() {
    let text = "one: 1\n---\na:\n  b: 'x\ny\n\nz'\n  c: \"p\nq\"\n---\nlast: 1\n";
    let all: Vec<Node> = Documents::new(text, ReadOptions::default()).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all[1].at_path(&["a", "b"]).unwrap().as_str(), Some("x y\nz"));
    assert_eq!(all[1].at_path(&["a", "c"]).unwrap().as_str(), Some("p q"));
    assert_eq!(to_json_text("a: 'x\ny'\n", BuildOptions::default()).unwrap(), r#"{"a":"x y"}"#);
    // lines keep their numbers, in the repaired document and behind it
    assert_eq!((all[1].get("a").unwrap().line(), all[2].get("last").unwrap().line()), (4, 11));
    let mut documents = Documents::new("a: 'x\ny'\n---\nb: 'x\ny'\nc: [\n", ReadOptions::default()).unwrap();
    assert!(documents.next().unwrap().is_ok());
    assert_eq!(documents.next().unwrap().unwrap_err().line(), 6);
}

/// HE-VAL-01, KB-DOC-03: what the original reads and the parser does not, or in another way: colons at the end of unquoted
/// texts in brackets, tabs that start lines in brackets and quotes, comments right behind quotes and brackets.
#[test]
fn forms_that_only_the_original_takes() {
    for (text, want) in [
        ("b: [x:, y:, it's:, !!str z:, \"q\":, r: ]\n", r#"{"b":["x:","y:","it's:","z:",{"q":null},{"r":null}]}"#),
        ("b: {x:, z:}\nc: {d: e:}\n", r#"{"b":{"x:":null,"z:":null},"c":{"d":"e:"}}"#),
        ("a: [b, -]\nc: {d: -, e: [-, -f, -]}\n", r#"{"a":["b","-"],"c":{"d":"-","e":["-","-f","-"]}}"#),
        ("a: b\n  \t\nc:\n  d: e\n    \t # f\n", r#"{"a":"b","c":{"d":"e"}}"#),
        ("a: \"it\\'s \\\\'\\'\"\nb: c\n", r#"{"a":"it's \\''","b":"c"}"#),
        ("  a: [b,\n\tc]\n  d: \"e\n\t f\"\n", r#"{"a":["b","c"],"d":"e f"}"#),
        ("a: \"b\"#c\nd: [e]#f\ng: 'h'# [", r#"{"a":"b","d":["e"],"g":"h"}"#),
    ] {
        assert_eq!(to_json_text(text, BuildOptions::default()).unwrap(), want, "{text:?}");
    }
    for text in
        ["a: b\n\t\n", "a: 'b'\n \t\n", "a: b\n# c\n \t\n", "a:\n \tb: c\n", "c:\n  d: e\n \t # f\n", "a: |\n  x\n\t", "{a: 1}\n\t", "\t"]
    {
        assert!(to_json_text(text, BuildOptions::default()).is_err(), "{text:?}");
    }
    let node = read("b: [x:, z]\n---\nc: d\n");
    assert_eq!(node_to_json_text(&node).unwrap(), r#"{"b":["x:","z"]}"#);
    let all: Vec<Node> = Documents::new("b: [x:, z]\n---\nc: d\n", ReadOptions::default()).unwrap().map(Result::unwrap).collect();
    assert_eq!(all.len(), 2);
}

/// HE-VAL-01: a text that ends in the middle of a line of blanks ends a block scalar without a line break.
#[test]
fn blanks_at_the_end_of_block_scalars() {
    for (text, want) in [
        ("a: |\n  x\n     ", r#"{"a":"x\n   "}"#),
        ("a: >\n  x\n     ", r#"{"a":"x\n   "}"#),
        ("a: |\n  x\n  ", r#"{"a":"x\n"}"#),
        ("a: |-\n  x\n ", r#"{"a":"x"}"#),
        ("a: |\n  x", r#"{"a":"x"}"#),
    ] {
        assert_eq!(to_json_text(text, BuildOptions::default()).unwrap(), want, "{text:?}");
    }
}

/// KB-FILE-02: strict reading refuses what the lenient one lets the last value win.
#[test]
fn strict_and_lenient_values() {
    let strict = BuildOptions { strict: true, ..BuildOptions::default() };
    assert_eq!(to_json_text("a: 1\na: 2\n", BuildOptions::default()).unwrap(), r#"{"a":2}"#);
    let error = to_json_text("a: 1\nb:\n  c: 1\n  c: 2\n", strict).unwrap_err();
    assert!(error.to_string().contains("key \"c\" already set in map") && error.line() == 4, "{error}");
}

/// HE-VAL-01: keys that are not text become text, null does not.
#[test]
fn keys_become_text() {
    assert_eq!(
        to_json_text("y: 2\n1: a\n1.5: b\n'x': c\n0x10: d\n", BuildOptions::default()).unwrap(),
        r#"{"1":"a","1.5":"b","16":"d","true":2,"x":"c"}"#
    );
    assert!(to_json_text("null: a\n", BuildOptions::default()).is_err());
    // an empty flow collection is no key: at the start it is the document, later it ends the mapping
    assert_eq!(to_json_text("{}: a\nb: c\n", BuildOptions::default()).unwrap(), "{}");
    assert_eq!(to_json_text("[]: a\n", BuildOptions::default()).unwrap(), "[]");
    assert!(to_json_text("a: 1\n{}: b\n", BuildOptions::default()).is_err());
    assert!(to_json_text("a: .inf\n", BuildOptions::default()).is_err());
    assert_eq!(to_json_text("a: <&>\n", BuildOptions::default()).unwrap(), r#"{"a":"\u003c\u0026\u003e"}"#);
}

/// HE-VAL-01: line breaks of YAML 1.1 end lines outside of quotes, and a byte order mark inside a document is a character like any other.
#[test]
fn old_breaks_and_marks() {
    let json = |text: &str| to_json_text(text, BuildOptions::default()).map_err(|e| e.to_string());
    for (text, want) in [
        ("a: <&>\u{2028}\n", r#"{"a":"\u003c\u0026\u003e"}"#),
        ("a: b\u{2028}c: d\n", r#"{"a":"b","c":"d"}"#),
        ("a: b\u{2029}\u{2028}c: d\n", r#"{"a":"b","c":"d"}"#),
        ("a: b\u{85}  c\n", r#"{"a":"b c"}"#),
        ("a: |\n  x\u{85}  y\n", r#"{"a":"x\ny\n"}"#),
        ("a: \u{2028}  b\n", r#"{"a":"b"}"#),
        ("- a\u{85}- b\n", r#"["a","b"]"#),
        ("a: b\n\u{feff}c: d\n", "{\"a\":\"b\",\"\u{feff}c\":\"d\"}"),
        ("a: \u{feff}b: # c\n", ""),
        ("a: \u{feff}it's#b # c\n", "{\"a\":\"\u{feff}it's#b\"}"),
        ("a: \"x\u{85} y\"\n", r#"{"a":"x y"}"#),
    ] {
        assert_eq!(json(text).unwrap_or_default(), want, "{text:?}");
    }
    // In the middle of a text a separator would stay, which no other way of writing it says.
    for text in ["a: b\u{2028}  c\n", "a: |\n  x\u{2028}  y\n", "a: |\n  x\u{2028}b: 2\n"] {
        assert!(json(text).is_err_and(|e| e.contains("a line separator")), "{text:?}");
    }
    assert!(json("a: b\u{2028}garbage\n").is_err());
}

/// Comments, anchors, spans and positions stay when they are asked for.
#[test]
fn kept_trees() {
    let text = "# head\na: &x 1 # line\nb: *x\n# foot\n";
    let options = ReadOptions { aliases: Aliases::Keep, comments: true, spans: true, ..ReadOptions::default() };
    let node = read_document(text, options).unwrap();
    let a = node.get("a").unwrap();
    assert_eq!((a.line(), a.column(), a.anchor()), (2, 7, "x"));
    let (from, to) = a.meta().unwrap().span.unwrap();
    assert_eq!(&text[from..to], "1");
    assert!(matches!(node.get("b").unwrap().kind(), Kind::Alias(name) if name == "x"));
    assert_eq!(write_document(&node, WriteOptions::default(), String::new()), text);
}

/// HE-VAL-01, HE-TPL-16: the original parses a document before it looks at what its nodes mean, and makes JSON of it at
/// the end: a fault of an earlier step is reported even if it stands further down. What stands before a document counts too.
#[test]
fn faults_come_in_the_order_of_the_steps() {
    for (text, message) in [
        ("a: !!int x\nb: [\n", "yaml: line 2: did not find expected node content"),
        ("a: .nan\nb: *x\n", "yaml: unknown anchor 'x' referenced"),
        ("a: .inf\nb: !!int x\n", "yaml: cannot decode !!str `x` as a !!int"),
        ("a: .inf\n~: b\n", "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"b\""),
        ("a: [1,\nb: c\nd: e\n", "yaml: line 2: did not find expected ',' or ']'"),
        ("a: 1\n\n{}\n\n{}\n", "yaml: line 2: did not find expected key"),
        ("a: 1\n[]\n", "yaml: line 1: did not find expected key"),
        ("...\na: 1\n", "yaml: did not find expected node content"),
        ("# c\n...\n", "yaml: line 1: did not find expected node content"),
        ("%YAML 1.2\n---\na: 1\n", "yaml: found incompatible YAML document"),
        ("%YAML 2.0\n---\na: 1\n", "yaml: found incompatible YAML document"),
        ("%OTHER x\n---\na: 1\n", "yaml: found unknown directive name"),
        ("a: |\n\tx\n", "yaml: line 2: found a tab character where an indentation space is expected"),
    ] {
        assert_eq!(to_json(text, BuildOptions::default()).unwrap_err().to_string(), message, "{text:?}");
    }
    assert_eq!(to_json("%YAML 1.1\n---\na: 1\n", BuildOptions::default()).unwrap().to_string(), r#"{"a":1}"#);
}

/// HE-TPL-16, HE-MAN-05: for a text that a template broke, the words and the line are those of go-yaml, whose scanner
/// notices a key without a colon at the next line and joined lines at the dash.
#[test]
fn broken_texts_are_refused_in_the_words_of_go_yaml() {
    for (text, message) in [
        ("l:\n  - n: A\n    v: \"1\"- n: B\n      f:\n", "yaml: line 3: block sequence entries are not allowed in this context"),
        ("a:\n  b:\n  \"x\" y\n  c: d\n", "yaml: line 4: could not find expected ':'"),
        ("a: b\nfoo bar", "yaml: line 3: could not find expected ':'"),
        ("k: \"a\n\nb: c\n", "yaml: line 4: found unexpected end of stream"),
        ("a: 'it's'\n", "yaml: did not find expected key"),
        ("x:\n- a\n- b\n c: d\n", "yaml: line 4: mapping values are not allowed in this context"),
        ("a: [*none\n", "yaml: unknown anchor 'none' referenced"),
        ("a:\n  - b\n c:\n  - d\n", "yaml: line 2: did not find expected key"),
        ("- - a\n - b\n  - c\n", "yaml: line 1: did not find expected '-' indicator"),
        ("a: [b, ? c : d]\ne: }\n", "yaml: line 1: did not find expected node content"),
        ("a: \"\\ud800\"\n", "yaml: found invalid Unicode character escape code"),
        ("a: !<x y\n", "yaml: did not find the expected '>'"),
        ("!e!x a: b\n", "yaml: found undefined tag handle"),
        ("%YAML 1.1\na: b\n", "yaml: line 1: did not find expected <document start>"),
        ("a: >x\n y\n", "yaml: did not find expected comment or line break"),
    ] {
        assert_eq!(to_json(text, BuildOptions::default()).unwrap_err().to_string(), message, "{text:?}");
    }
    // the first document ends with its node, whatever comes behind
    for (text, json) in [("{a: b}}\n", r#"{"a":"b"}"#), ("[a]\nb: c\n", r#"["a"]"#)] {
        assert_eq!(to_json(text, BuildOptions::default()).unwrap().to_string(), json, "{text:?}");
    }
}
