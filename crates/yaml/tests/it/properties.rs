//! KB-SAFE-01: for every text an answer and no panic; what is written reads back.

use ferroflux_yaml::{
    Aliases, BuildOptions, Dialect, Documents, Duplicates, Limits, ReadOptions, SigsWriter, WriteOptions, compare_keys, decode,
    json_to_yaml, node_to_json_text, node_to_yaml, number, read_document, sort_keys, to_json, value_to_yaml, write_document,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

/// Texts of the characters that mean something.
fn yamlish() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "b: ",
        ": ",
        "- ",
        "-",
        "\n",
        "\n  ",
        "\n    ",
        " ",
        "\t",
        "#c",
        "'",
        "\"",
        "|",
        ">",
        "|2-\n",
        "&x ",
        "*x",
        "<<: ",
        "!t ",
        "!!int ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "? ",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "1",
        "0x",
        ".5e",
        "~",
        "yes",
        "2024-01-01",
        "\\",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\r\n",
        "é",
        "\u{1F600}",
        "\0",
    ]);
    vec(pieces, 0..40).prop_map(|p| p.concat())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-zA-Z0-9 ._:/#'\"-]{0,20}",
        2 => prop::sample::select(vec!["", "yes", "1", "0x1", "~", "null", "2024-01-01", "12:30", "a: b", "- a", " lead", "trail ", "a\nb", "a\n", "\n\na", "a \nb", "\ta", "=", ".inf"]).prop_map(str::to_owned),
        1 => "([a-z]{1,9} ){5,30}",
        1 => any::<String>().prop_filter("characters that YAML holds", |s| decode(s.as_bytes(), &Limits::default()).is_ok() && !s.contains(['\u{85}', '\u{feff}']) && s != "<<"),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e12..1e12).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![vec(inner.clone(), 0..5).prop_map(Value::from), btree_map(text(), inner, 0..5).prop_map(|m| m.into_iter().collect())]
    })
}

/// Equal but for the kind of number: a float without a fraction prints as an integer.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w))),
        _ => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 600 } else { 5_000 }, failure_persistence: None, ..ProptestConfig::default() })]

    /// KB-SAFE-01
    #[test]
    fn any_text_gets_an_answer(text in prop_oneof![yamlish(), any::<String>()]) {
        for dialect in [Dialect::GoYamlV3, Dialect::SigsYaml] {
            for strict in [false, true] {
                let _ = to_json(&text, BuildOptions { dialect, strict, ..BuildOptions::default() });
            }
        }
        let keep = ReadOptions { aliases: Aliases::Keep, duplicates: Duplicates::Keep, comments: true, spans: true, ..ReadOptions::default() };
        for options in [ReadOptions::default(), keep] {
            let Ok(documents) = Documents::new(&text, options) else { continue };
            for node in documents.map_while(Result::ok) {
                let _ = node_to_yaml(&node, String::new());
                let _ = write_document(&node, WriteOptions::default(), String::new());
            }
        }
        let _ = json_to_yaml(&text);
    }

    /// KB-SAFE-01
    #[test]
    fn any_bytes_get_an_answer(bytes in vec(any::<u8>(), 0..60)) {
        if let Ok(text) = decode(&bytes, &Limits::default()) {
            let _ = read_document(&text, ReadOptions::default());
        }
    }

    /// KB-OUT-02: what the writer prints is what it was given, for readers of both dialects. (Not so for a key `<<`, which
    /// the original prints without quotes.)
    #[test]
    fn printed_values_read_back(value in value()) {
        let printed = value_to_yaml(&value);
        let v1 = to_json(&printed, BuildOptions { strict: true, ..BuildOptions::default() });
        prop_assert!(v1.as_ref().is_ok_and(|v| same(v, &value)), "{printed}\n{v1:?}");
        let v2 = to_json(&printed, BuildOptions { dialect: Dialect::GoYamlV3, strict: true, ..BuildOptions::default() });
        prop_assert!(v2.as_ref().is_ok_and(|v| same(v, &value)), "{printed}\n{v2:?}");
    }

    /// Trees written with their styles read back to the same values.
    #[test]
    fn rewritten_trees_read_back(value in value()) {
        let text = value.to_string();
        let node = read_document(&text, ReadOptions::default());
        prop_assume!(node.is_ok());
        let node = node.unwrap();
        let again = write_document(&node, WriteOptions::default(), String::new());
        let read = read_document(&again, ReadOptions::default());
        prop_assert!(read.as_ref().is_ok_and(|r| r.same_value(&node)), "{again}\n{read:?}");
        prop_assert_eq!(node_to_json_text(&node).ok(), node_to_json_text(&read.unwrap()).ok());
    }

    /// KB-OUT-03: floats in Go's form read back exactly.
    #[test]
    fn floats_read_back(v in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
        prop_assert_eq!(number::format_g(v).parse::<f64>().unwrap().to_bits(), v.to_bits());
        prop_assert_eq!(number::format_json(v).parse::<f64>().unwrap().to_bits(), v.to_bits());
    }

    /// KB-OUT-01: sorting gives one answer for one set of keys.
    #[test]
    fn key_order_is_stable(mut keys in vec("[a-c0-3._-]{1,5}", 0..12)) {
        let mut other = keys.clone();
        other.reverse();
        let (mut a, mut b): (Vec<&str>, Vec<&str>) = (keys.iter().map(String::as_str).collect(), other.iter().map(String::as_str).collect());
        sort_keys(&mut a, |k| k);
        sort_keys(&mut b, |k| k);
        prop_assert_eq!(&a, &b);
        prop_assert!(a.iter().all(|k| compare_keys(k, k).is_eq()));
        keys.clear();
    }
}

/// KB-SAFE-01: mutations of real shapes, a bounded number of them.
#[test]
fn mutated_manifests() {
    let seeds = [
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {x: 'y', \"z\": &a 1}\ndata:\n  k: |\n    text\n  l: >-\n    folded\n    text\n  m: *a\n",
        "a: &x {b: [1, 2, {c: d}]}\nlist:\n- <<: *x\n  e: \"q\\n\\u00e9\"\n- - - deep\n? long\n: value\n# c\n",
        "---\n- 'single\n  quoted'\n- \"double\\\n  quoted\"\n...\n---\n!t &b !!str x\n",
    ];
    let rounds = if cfg!(debug_assertions) { 3_000 } else { 60_000 };
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap()
    };
    for round in 0..rounds {
        let mut bytes = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..=next(4) {
            let at = next(bytes.len());
            match next(4) {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, b" \n\t:-#'\"[]{}&*!|>%?,~0\\"[next(23)]),
                2 => bytes[at] = b"\n :-'\"{["[next(8)],
                _ => {
                    let to = (at + next(12)).min(bytes.len());
                    let piece = bytes[at..to].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        let Ok(text) = decode(&bytes, &Limits::default()) else { continue };
        let _ = to_json(&text, BuildOptions::default());
        let keep = ReadOptions { aliases: Aliases::Keep, duplicates: Duplicates::Keep, comments: true, ..ReadOptions::default() };
        for options in [keep, ReadOptions::default()] {
            for node in Documents::new(&text, options).into_iter().flatten().map_while(Result::ok) {
                let _ = write_document(&node, WriteOptions::default(), String::new());
                let _ = node_to_yaml(&node, String::new());
            }
        }
    }
}

/// The writer closes what it opens, whatever is nested how.
#[test]
fn writer_nesting() {
    let mut writer = SigsWriter::new(String::new());
    for _ in 0..100 {
        writer.begin_seq();
        writer.begin_map();
        writer.key("a");
    }
    writer.null();
    for _ in 0..100 {
        writer.end_map();
        writer.end_seq();
    }
    assert!(to_json(&writer.finish(), BuildOptions::default()).is_ok());
}
