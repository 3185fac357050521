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
