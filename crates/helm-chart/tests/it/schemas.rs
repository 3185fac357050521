//! Schemas that refer to other documents.

use std::cell::RefCell;
use std::sync::Arc;

use ferroflux_helm_chart::{Release, RenderOptions, SchemaLoader, SystemHost, offline_capabilities, render};

use crate::{chart, table};

/// Documents by their addresses, and what was asked for.
#[derive(Debug, Default)]
struct Shelf {
    asked: RefCell<Vec<String>>,
}

impl SchemaLoader for Shelf {
    fn load(&self, address: &str) -> Result<Vec<u8>, String> {
        self.asked.borrow_mut().push(address.to_owned());
        let text = match address {
            "https://shelf/pod.json" => r#"{"properties":{"port":{"$ref":"sub/port.json#/definitions/port"}}}"#.to_owned(),
            "https://shelf/sub/port.json" => r#"{"definitions":{"port":{"type":"integer"}}}"#.to_owned(),
            "https://shelf/wrong.json" => r#"{"type":5}"#.to_owned(),
            "https://shelf/cut.json" => "{".to_owned(),
            "https://shelf/old.json" => r#"{"$schema":"http://json-schema.org/draft-07/schema#"}"#.to_owned(),
            "https://shelf/plain.json" => r#"{"properties":{"port":{"format":"ipv4"}},"dependentRequired":{"port":["host"]}}"#.to_owned(),
            "https://shelf/loop.json" => r#"{"$ref":"loop.json"}"#.to_owned(),
            "https://shelf/own.json" => r#"{"$schema":"https://shelf/own.json"}"#.to_owned(),
            "https://shelf/huge.json" => format!("{{\"a\":{:?}}}", "x".repeat(17 << 20)),
            endless => match endless.strip_prefix("https://shelf/endless/").and_then(|n| n.parse::<usize>().ok()) {
                Some(n) => format!(r#"{{"$ref":"{}"}}"#, n + 1),
                None => return Err("nothing there".to_owned()),
            },
        };
        Ok(text.into_bytes())
    }
}

fn validate(schema: &str, shelf: &Shelf) -> Result<(), String> {
    let chart = chart(&[("values.schema.json", schema), ("templates/a.yaml", "kind: X\n")]);
    let release = Release { name: "rel".to_owned(), namespace: "ns".to_owned(), revision: 1, is_upgrade: false };
    let (capabilities, host) = (offline_capabilities(), SystemHost::new("UTC"));
    let options = RenderOptions { schemas: shelf, ..RenderOptions::new(&capabilities, &host) };
    render(&Arc::clone(&chart), &table("port: x\n"), &release, &options).map(|_| ()).map_err(|e| e.to_string())
}

/// HE-SCH-01, HE-SCH-02: documents are loaded once, relative to what refers to them, and their failures have Helm's texts.
#[test]
fn references_to_documents() {
    let shelf = Shelf::default();
    let twice = r#"{"allOf":[{"$ref":"https://shelf/pod.json"},{"$ref":"https://shelf/pod.json#/properties/port"}]}"#;
    let error = validate(twice, &shelf).unwrap_err();
    assert!(error.contains("- at '/port': got string, want integer"), "{error}");
    assert_eq!(*shelf.asked.borrow(), ["https://shelf/pod.json", "https://shelf/sub/port.json"]);
    for (schema, wanted) in [
        (r#"{"$ref":"https://shelf/none.json"}"#, "\nfailing loading \"https://shelf/none.json\": nothing there"),
        (r#"{"$ref":"none.json"}"#, "\nfailing loading \"file:///none.json\": nothing there"),
        (r#"{"$ref":"https://shelf/cut.json"}"#, "\nfailing loading \"https://shelf/cut.json\": unexpected EOF"),
        (r#"{"$ref":"ftp://shelf/x"}"#, "\nfailing loading \"ftp://shelf/x\": no URLLoader registered for \"ftp://shelf/x\""),
        (r#"{"$ref":"https://shelf/wrong.json"}"#, "\n\"https://shelf/wrong.json#\" is not valid against metaschema: "),
        (r#"{"$ref":"https://shelf/pod.json#/none"}"#, "\njson-pointer in \"https://shelf/pod.json#/none\" not found"),
        (
            r#"{"$ref":"https://shelf/pod.json#none"}"#,
            "\nanchor in \"https://shelf/pod.json#none\" not found in schema \"https://shelf/pod.json\"",
        ),
        (r#"{"$schema":"https://shelf/none.json"}"#, "\nfailing loading \"https://shelf/none.json\": nothing there"),
    ] {
        let error = validate(schema, &Shelf::default()).unwrap_err();
        assert!(error.contains(wanted), "{schema}: {error}");
    }
    // the draft is that of the schema of schemas
    let old = r#"{"$schema":"https://shelf/old.json","properties":{"port":{"format":"date"}}}"#;
    assert!(validate(old, &Shelf::default()).unwrap_err().contains("is not valid date"));
}

/// HE-SCH-01: what a schema loads is bounded.
#[test]
fn endless_documents() {
    let refused = |schema: &str| validate(schema, &Shelf::default()).unwrap_err();
    assert!(refused(r#"{"$ref":"https://shelf/endless/1"}"#).contains("more than 32 documents"));
    assert!(refused(r#"{"$ref":"https://shelf/huge.json"}"#).contains("more than 16 MiB"));
    assert!(refused(r#"{"$schema":"https://shelf/own.json"}"#).contains("refers to itself"));
}

/// HE-SCH-01: lists of schemas under `items` are gone with draft 2020-12, not before.
#[test]
fn items_by_draft() {
    let schema = |draft: &str| format!(r#"{{"$schema":"{draft}","properties":{{"list":{{"items":[{{"type":"string"}}]}}}}}}"#);
    assert_eq!(validate(&schema("https://json-schema.org/draft/2019-09/schema"), &Shelf::default()), Ok(()));
    assert!(validate(&schema("https://json-schema.org/draft/2020-12/schema"), &Shelf::default()).is_err());
}

/// What stands below the chart's name in the message; empty if the values are good.
fn said(schema: &str) -> String {
    let error = validate(schema, &Shelf::default()).err().unwrap_or_default();
    error.split_once("app:\n").map_or(error.clone(), |(_, text)| text.to_owned())
}

/// HE-SCH-01: a schema is what stands at a schema's place. Properties and definitions may have the names of keywords;
/// below a keyword that nobody knows, in definitions that nothing refers to and beside an old `$ref` references count for
/// nothing, and no address or anchor is found there.
#[test]
fn places_of_schemas() {
    let default = r##"{"properties":{"port":{"$ref":"#/definitions/default"}},"definitions":{"default":{"allOf":[{"$ref":"#/definitions/enum"}]},"enum":{"type":"integer"}}}"##;
    assert_eq!(said(default), "- at '/port': 'allOf' failed\n  - at '/port': got string, want integer\n");
    for fine in [
        r##"{"definitions":{"a":{"$ref":"#/nowhere"}}}"##,
        r##"{"unknown":{"$ref":"#/nowhere"},"default":{"$ref":"#/nowhere"}}"##,
        r##"{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{}},"properties":{"port":{"$ref":"#/definitions/a","not":{"$ref":"#/nowhere"}}}}"##,
        r##"{"$schema":"http://json-schema.org/draft-04/schema#","if":{"$ref":"#/nowhere"}}"##,
    ] {
        assert_eq!(said(fine), "", "{fine}");
    }
    let data = r##"{"properties":{"port":{"$ref":"#/parts/port"}},"parts":{"port":{"items":{"$ref":"#/parts/port"},"type":"integer"}}}"##;
    assert_eq!(said(data), "- at '/port': got string, want integer\n");
    let anchor = r##"{"properties":{"port":{"$ref":"#p"}},"parts":{"port":{"$anchor":"p"}}}"##;
    assert_eq!(said(anchor), "anchor in \"file:///values.schema.json#p\" not found in schema \"file:///values.schema.json\"");
    let pointer = r##"{"items":{"$ref":"#/nowhere"}}"##;
    assert_eq!(said(pointer), "json-pointer in \"file:///values.schema.json#/nowhere\" not found");
    let wrong = r##"{"items":{"$ref":"#/parts/a"},"parts":{"a":{"$comment":5}}}"##;
    assert_eq!(
        said(wrong),
        "\"file:///values.schema.json#/parts/a\" is not valid against metaschema: jsonschema validation failed with 'https://json-schema.org/draft/2020-12/schema#'\n- at '': 'allOf' failed\n  - at '/$comment': got number, want string"
    );
    for (what, twice) in [
        ("id \"file:///x\"", r##"{"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}}"##),
        ("anchor \"x\"", r##"{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}"##),
    ] {
        assert!(said(twice).starts_with(&format!("duplicate {what} in \"file:///values.schema.json\" at ")), "{}", said(twice));
    }
}

/// HE-SCH-02: each vocabulary of a newer draft that a schema breaks is a group in the message; null and whole numbers of
/// a list of values have Go's form and the schema's.
#[test]
fn texts_of_violations() {
    let broken = r#"{"not":5,"required":"x"}"#;
    assert!(said(broken).ends_with(
        "- at '': 'allOf' failed\n  - at '/not': got number, want boolean or object\n  - at '/required': got string, want array"
    ));
    let old = r#"{"$schema":"http://json-schema.org/draft-04/schema#","exclusiveMinimum":true}"#;
    assert!(said(old).ends_with("- at '': properties 'minimum' required, if 'exclusiveMinimum' exists"), "{}", said(old));
    let values = r#"{"properties":{"port":{"enum":[null,1.0,2,"a"]}}}"#;
    assert_eq!(said(values), "- at '/port': value must be one of <nil>, 1.0, 2, 'a'\n");
}

/// HE-SCH-01: a document that names no draft is written in the newest one, whatever the schema that refers to it is written
/// in; a schema with an address of its own may name another.
#[test]
fn drafts_of_documents() {
    let shelf = Shelf::default();
    let old = r#""$schema":"http://json-schema.org/draft-07/schema#""#;
    let error = validate(&format!(r#"{{{old},"allOf":[{{"$ref":"https://shelf/plain.json"}}]}}"#), &shelf).unwrap_err();
    assert!(error.ends_with("  - at '': properties 'host' required, if 'port' exists\n"), "{error}");
    let own = |id: &str| format!(r#"{{"properties":{{"port":{{{id}{old},"format":"ipv4"}}}}}}"#);
    let error = validate(&own(r#""$id":"https://shelf/own-place","#), &shelf).unwrap_err();
    assert!(error.contains("'x' is not valid ipv4"), "{error}");
    assert_eq!(validate(&own(""), &shelf), Ok(()), "without an address it stays what it stands in");
}

/// HE-SCH-02: a schema that refers to itself is refused with the keywords that lead around, through documents too.
#[test]
fn cycles() {
    let shelf = Shelf::default();
    for (schema, text) in [
        (r##"{"$ref":"#"}"##, "both /$ref and  resolve to \"file:///values.schema.json#\" causing reference cycle"),
        (
            r##"{"properties":{"port":{"$ref":"#/$defs/a"}},"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"$ref":"#/$defs/a"}}}"##,
            "both /properties/port/$ref/anyOf/0/$ref/$ref and /properties/port/$ref resolve to \"file:///values.schema.json#/$defs/a\" causing reference cycle",
        ),
        (
            r#"{"allOf":[{"$ref":"https://shelf/loop.json"}]}"#,
            "both /allOf/0/$ref/$ref and /allOf/0/$ref resolve to \"https://shelf/loop.json#\" causing reference cycle",
        ),
    ] {
        let error = validate(schema, &shelf).unwrap_err();
        assert!(error.contains(text), "{error}");
    }
}

/// HE-SCH-01: a limit beyond all numbers, and a text that is no character, are no faults of a schema.
#[test]
fn odd_numbers_and_texts() {
    let shelf = Shelf::default();
    assert_eq!(validate(r#"{"properties":{"port":{"maximum":1e400},"host":{"const":"\ud800"}}}"#, &shelf), Ok(()));
}
