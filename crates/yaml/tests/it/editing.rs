//! Changing trees.

use ferroflux_yaml::{Dialect, Node, ReadOptions, Tag, node_to_json_text, read_document};

fn read(text: &str) -> Node {
    read_document(text, ReadOptions::default()).unwrap()
}

#[test]
fn keys_and_items() {
    let mut node = read("a: {b: 1}\nl: [x]\n");
    assert_eq!(node.at_path(&["a", "b"]).unwrap().as_i64(), Some(1));
    assert_eq!(node.get_mut("a").unwrap().set("b", Node::string("2")).unwrap().as_i64(), Some(1));
    node.get_or_insert_with("n", || Node::mapping(vec![])).set("m", Node::bool(true));
    node.get_mut("l").unwrap().push(Node::int(7));
    assert!(node.remove("missing").is_none());
    assert_eq!(node_to_json_text(&node).unwrap(), r#"{"a":{"b":"2"},"l":["x",7],"n":{"m":true}}"#);
    assert!(node.remove("a").is_some());
    assert_eq!(node.len(), 2);
    let taken = node.get_mut("l").unwrap().take();
    assert_eq!(taken.len(), 2);
    assert!(node.get("l").unwrap().is_null());
}

#[test]
fn scalars_change_their_type() {
    let mut node = read("a: 1 # c\n");
    node.get_mut("a").unwrap().set_string("1");
    assert_eq!(node.get("a").unwrap().as_str(), Some("1"));
    node.get_mut("a").unwrap().set_scalar("2", Tag::Int);
    assert_eq!(node.get("a").unwrap().as_i64(), Some(2));
    node.set("b", Node::plain(Dialect::SigsYaml, "yes"));
    assert_eq!(node.get("b").unwrap().as_bool(), Some(true));
    // what is no mapping becomes one
    node.get_mut("a").unwrap().set("k", Node::null());
    assert!(node.at_path(&["a", "k"]).unwrap().is_null());
}

#[test]
fn equal_values() {
    assert!(read("{a: 1, b: [x, 'y']}").same_value(&read("b:\n- 'x'\n- y\na: 0x1\n")));
    assert!(!read("a: 1").same_value(&read("a: '1'")));
    assert!(!read("a: [1, 2]").same_value(&read("a: [2, 1]")));
    assert!(!read("a: 1").same_value(&read("{a: 1, b: 2}")));
}

/// A tree is compact: the nodes of a manifest take no more than a few bytes a character.
#[test]
fn nodes_are_small() {
    assert!(std::mem::size_of::<Node>() <= 48, "{}", std::mem::size_of::<Node>());
}
