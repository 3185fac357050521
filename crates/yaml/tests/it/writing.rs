//! Writing: the bytes of both libraries.

use ferroflux_yaml::{
    Aliases, Documents, Duplicates, Node, ReadOptions, SequenceIndent, SigsWriter, Style, WriteOptions, json_to_yaml, node_to_value,
    node_to_yaml, read_document, sort_keys, value_to_yaml, write_document,
};
use serde_json::json;

/// KB-OUT-01: natural order of keys, two spaces, sequences below their key's first letter, empty containers.
#[test]
fn layout() {
    let value = json!({"b": [1, [2, 3], {"x": null, "y": []}], "a10": {}, "a2": "s", "A": true, "_": 1});
    assert_eq!(value_to_yaml(&value), "_: 1\nA: true\na2: s\na10: {}\nb:\n- 1\n- - 2\n  - 3\n- x: null\n  \"y\": []\n");
}

/// KB-OUT-01: the order of the contract's list.
#[test]
fn key_order() {
    let mut keys = vec!["é", "b", "ab", "a10", "a02", "a2", "a_b", "a.b", "a-b", "B", "A", "10", "2", "1"];
    sort_keys(&mut keys, |k| k);
    assert_eq!(keys, ["1", "2", "10", "A", "B", "a-b", "a.b", "a_b", "a2", "a02", "a10", "ab", "b", "é"]);
    // in a circle for the original; here the answer does not depend on the order they come in
    let mut one = vec!["v1", "v10", "v1alpha1", "v2"];
    let mut other = vec!["v2", "v1alpha1", "v10", "v1"];
    sort_keys(&mut one, |k| k);
    sort_keys(&mut other, |k| k);
    assert_eq!(one, other);
}

/// KB-OUT-02: which texts are quoted how.
#[test]
fn quoting() {
    for (text, want) in [
        ("plain", "plain"),
        ("1", "\"1\""),
        ("yes", "\"yes\""),
        ("y", "\"y\""),
        ("~", "\"~\""),
        ("", "\"\""),
        ("1e3", "\"1e3\""),
        ("1_0", "\"1_0\""),
        ("12:30", "\"12:30\""),
        ("2020-01-01", "\"2020-01-01\""),
        (": a", "': a'"),
        ("#x", "'#x'"),
        ("- a", "'- a'"),
        ("*a", "'*a'"),
        ("a: b", "'a: b'"),
        ("trailing ", "'trailing '"),
        ("it's", "it's"),
        ("a\tb", "\"a\\tb\""),
        ("\u{1F600}", "\"\\U0001F600\""),
        ("a\nb", "|-\n  a\n  b"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\n", "|+\n  a\n"),
        ("\na", "|2-\n\n  a"),
        ("  a\nb", "|2-\n    a\n  b"),
        ("a \nb", "\"a \\nb\""),
        ("a\tb\nc", "\"a\\tb\\nc\""),
    ] {
        assert_eq!(value_to_yaml(&json!({ "k": text })), format!("k: {want}\n"), "{text:?}");
    }
}

/// KB-OUT-02: plain and quoted texts fold at blanks past column 80; long keys get their own line.
#[test]
fn folding() {
    let words = "word ".repeat(20).trim_end().to_owned();
    assert_eq!(
        value_to_yaml(&json!({ "k": words })),
        format!("k: {}\n  {}\n", "word ".repeat(16).trim_end(), "word ".repeat(4).trim_end())
    );
    let key = "k".repeat(129);
    assert_eq!(value_to_yaml(&json!({ &key: {"a": 1} })), format!("? {key}\n: a: 1\n"));
}

/// KB-OUT-03: numbers.
#[test]
fn numbers() {
    let value = json!([1.0, 1e6, 1e20, 1.2345678912345679e+08, 1e-7, 0.1, u64::MAX, i64::MIN, -0.0]);
    assert_eq!(
        value_to_yaml(&value),
        "- 1\n- 1000000\n- 1e+20\n- 1.2345678912345679e+08\n- 1e-07\n- 0.1\n- 18446744073709551615\n- -9223372036854775808\n- 0\n"
    );
    // read as YAML first, a float stays one
    assert_eq!(json_to_yaml("{\"a\":1e6,\"b\":1000000}").unwrap(), "a: 1e+06\nb: 1000000\n");
}

/// KB-OUT-01: a resource is printed through JSON: comments, quotes and order are lost, anchors are gone.
#[test]
fn resources() {
    let node =
        read_document("# c\nkind: 'X' # d\napiVersion: v1\nspec: {l: [a, 'yes', yes, 0x10, ~], e: }\n", ReadOptions::default()).unwrap();
    assert_eq!(
        node_to_yaml(&node, "---\n".to_owned()).unwrap(),
        "---\napiVersion: v1\nkind: X\nspec:\n  e: \"\"\n  l:\n  - a\n  - \"yes\"\n  - \"yes\"\n  - 16\n  - null\n"
    );
    assert_eq!(node_to_value(&node).unwrap()["spec"]["l"], json!(["a", "yes", "yes", 16, null]));
}

/// The streaming writer in the newer library's style (Helm's `toYamlPretty`).
#[test]
fn pretty() {
    let mut writer = SigsWriter::pretty(String::new(), 2);
    writer.begin_map();
    writer.key("a");
    writer.begin_seq();
    writer.float(1e6);
    writer.begin_map();
    writer.key("b");
    writer.string(&"w ".repeat(60));
    writer.end_map();
    writer.begin_seq();
    writer.end_seq();
    writer.end_seq();
    writer.end_map();
    assert_eq!(writer.finish(), format!("a:\n  - 1e+06\n  - b: '{}'\n  - []\n", "w ".repeat(60)));
}

/// Files survive being read and written: styles, comments, anchors, order.
#[test]
fn rewriting() {
    let text = "# top\n\n# about a\na: 'x' # why\nb: &l\n- \"1\"\n- |\n  text\n   more\nc:\n  !!merge <<: *l\n  d: {e: [1, 2], f: ''}\n  # end of c\ng: !t v\n";
    let keep = ReadOptions { aliases: Aliases::Keep, duplicates: Duplicates::Keep, comments: true, ..ReadOptions::default() };
    let node = read_document(text, keep).unwrap();
    assert_eq!(write_document(&node, WriteOptions::default(), String::new()), text);
    let wide = write_document(
        &read_document("a:\n- b:\n  - 1\n", keep).unwrap(),
        WriteOptions { indent: 2, sequences: SequenceIndent::Wide },
        String::new(),
    );
    assert_eq!(wide, "a:\n  - b:\n      - 1\n");
    let documents: Vec<Node> = Documents::new("a: 1\n---\nb: 2\n", keep).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(documents.len(), 2);
}

/// A text that was put into a tree keeps being a text.
#[test]
fn new_texts_are_quoted_where_needed() {
    let mut node = Node::mapping(vec![]);
    node.set("a", Node::string("1"));
    node.set("b", Node::string("x\ny"));
    let mut single = Node::string("z");
    single.set_style(Style::SingleQuoted);
    node.set("c", single);
    assert_eq!(write_document(&node, WriteOptions::default(), String::new()), "a: \"1\"\nb: |-\n  x\n  y\nc: 'z'\n");
}
