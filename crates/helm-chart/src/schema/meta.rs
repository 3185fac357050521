//! Whether a schema is one: the rules of the drafts' own schemas, cut to what the validator uses.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::Draft;
use super::check::check;
use super::registry::Registry;

/// Refuses the schema `name` if it breaks the rules of its draft, with the message that Helm gives.
pub(super) fn check_schema(name: &str, document: &Value, draft: Draft) -> Result<(), String> {
    static RULES: OnceLock<[Value; 4]> = OnceLock::new();
    let [oldest, old, newer, newest] = RULES.get_or_init(|| [rules(Draft::D4), rules(Draft::D7), rules(Draft::D2019), rules(Draft::D2020)]);
    let rules = match draft {
        Draft::D4 => oldest,
        Draft::D6 | Draft::D7 => old,
        Draft::D2019 => newer,
        Draft::D2020 => newest,
    };
    // Formats (`regex`) are asserted in all drafts here, which the seventh does.
    let registry = Registry::new(rules, &[], Draft::D7)?;
    match check(&registry, rules, document) {
        Ok(()) => Ok(()),
        Err(violations) => {
            let address = draft.address();
            let mut out = format!("\"{name}#\" is not valid against metaschema: jsonschema validation failed with '{address}'\n");
            for violation in &violations {
                violation.write(&mut out, 0);
            }
            Err(out)
        }
    }
}

fn rules(draft: Draft) -> Value {
    let schema = json!({"$ref": "#"});
    let natural = if draft >= Draft::D2019 {
        json!({"type": "integer", "minimum": 0})
    } else {
        json!({"allOf": [{"type": "integer", "minimum": 0}]})
    };
    let schemas = json!({"type": "array", "minItems": 1, "items": schema});
    let map = json!({"type": "object", "additionalProperties": schema});
    let texts = json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true});
    let types = json!(["array", "boolean", "integer", "null", "number", "object", "string"]);
    let limit = if draft == Draft::D4 { json!({"type": "boolean"}) } else { json!({"type": "number"}) };
    let items = if draft >= Draft::D2020 { schema.clone() } else { json!({"anyOf": [schema, schemas]}) };
    let mut properties = json!({
        "title": {"type": "string"},
        "description": {"type": "string"},
        "multipleOf": {"type": "number", "exclusiveMinimum": 0},
        "maximum": {"type": "number"},
        "exclusiveMaximum": limit,
        "minimum": {"type": "number"},
        "exclusiveMinimum": limit,
        "maxLength": natural,
        "minLength": natural,
        "pattern": {"type": "string", "format": "regex"},
        "items": items,
        "maxItems": natural,
        "minItems": natural,
        "uniqueItems": {"type": "boolean"},
        "maxProperties": natural,
        "minProperties": natural,
        "required": texts,
        "properties": map,
        "patternProperties": {"type": "object", "additionalProperties": schema, "propertyNames": {"format": "regex"}},
        "additionalProperties": schema,
        "definitions": map,
        "dependencies": {"type": "object", "additionalProperties": {"anyOf": [schema, texts]}},
        "enum": {"type": "array"},
        "type": {"anyOf": [{"enum": types}, {"type": "array", "items": {"enum": types}, "minItems": 1, "uniqueItems": true}]},
        "format": {"type": "string"},
        "allOf": schemas,
        "anyOf": schemas,
        "oneOf": schemas,
        "not": schema,
    });
    if let Value::Object(properties) = &mut properties {
        if draft == Draft::D4 {
            properties.insert("additionalProperties".to_owned(), json!({"anyOf": [{"type": "boolean"}, schema]}));
        } else {
            for keyword in ["contains", "propertyNames", "if", "then", "else"] {
                properties.insert(keyword.to_owned(), schema.clone());
            }
        }
        if draft >= Draft::D2019 {
            for keyword in ["unevaluatedItems", "unevaluatedProperties"] {
                properties.insert(keyword.to_owned(), schema.clone());
            }
            for keyword in ["$defs", "dependentSchemas"] {
                properties.insert(keyword.to_owned(), map.clone());
            }
            properties.insert("prefixItems".to_owned(), schemas);
            properties.insert("dependentRequired".to_owned(), json!({"type": "object", "additionalProperties": texts}));
            for keyword in ["minContains", "maxContains"] {
                properties.insert(keyword.to_owned(), natural.clone());
            }
        } else {
            properties.insert("additionalItems".to_owned(), schema);
        }
    }
    let kinds = if draft == Draft::D4 { json!("object") } else { json!(["object", "boolean"]) };
    if draft >= Draft::D2019 {
        json!({"type": kinds, "allOf": [{"properties": properties}]})
    } else {
        json!({"type": kinds, "properties": properties})
    }
}
