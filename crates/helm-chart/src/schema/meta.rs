//! Whether a schema is one: the rules of the drafts' own schemas, cut to what the validator uses.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::notice::Unlogged;

use super::Draft;
use super::check::check;
use super::documents::Unresolved;
use super::registry::Registry;

/// Refuses the schema at the address `name`, which has a fragment, if it breaks the rules of its draft, with the message that Helm gives.
pub(super) fn check_schema(name: &str, document: &Value, draft: Draft) -> Result<(), String> {
    static RULES: [OnceLock<Value>; 5] = [const { OnceLock::new() }; 5];
    let rules = RULES[draft as usize].get_or_init(|| rules(draft));
    // Formats (`regex`) are asserted in all drafts here, which the seventh does.
    let registry = Registry::new(rules, &[], Draft::D7, &Unresolved::new(&Unlogged)).map_err(|obstacle| format!("{obstacle:?}"))?;
    match check(&registry, rules, document) {
        Ok(()) => Ok(()),
        Err(violations) => {
            let address = draft.address();
            let mut out = format!("\"{name}\" is not valid against metaschema: jsonschema validation failed with '{address}'\n");
            for violation in &violations {
                violation.write(&mut out, 0);
            }
            // the next chart's name stands behind it on the same line
            out.truncate(out.trim_end_matches('\n').len());
            Err(out)
        }
    }
}

/// The rules of a draft. Those of old drafts stand in one schema; newer ones have a schema for each vocabulary, and the
/// failures of each are a group of their own in messages.
fn rules(draft: Draft) -> Value {
    let parts = Parts::of(draft);
    match draft {
        Draft::D4 | Draft::D6 | Draft::D7 => {
            let mut rules = parts.core();
            for vocabulary in [parts.applicator(), parts.validation(), parts.annotations(), parts.content()] {
                extend(&mut rules, vocabulary);
            }
            extend(&mut rules, json!({"definitions": parts.named, "dependencies": parts.dependencies()}));
            match draft {
                Draft::D4 => json!({
                    "type": "object",
                    "properties": rules,
                    "dependencies": {"exclusiveMaximum": ["maximum"], "exclusiveMinimum": ["minimum"]},
                }),
                _ => json!({"type": ["object", "boolean"], "properties": rules}),
            }
        }
        Draft::D2019 | Draft::D2020 => {
            let vocabularies = [parts.core(), parts.applicator(), parts.unevaluated(), parts.validation(), parts.annotations()];
            let last = [json!({"format": {"type": "string"}}), parts.content()];
            let all: Vec<Value> = vocabularies.into_iter().chain(last).map(|rules| json!({"properties": rules})).collect();
            let old = json!({"definitions": parts.named, "dependencies": parts.dependencies()});
            json!({"type": ["object", "boolean"], "allOf": all, "properties": old})
        }
    }
}

/// The pieces that rules are made of.
struct Parts {
    draft: Draft,
    schema: Value,
    /// A list of schemas.
    list: Value,
    /// Schemas by name.
    named: Value,
    /// Texts, none twice.
    texts: Value,
    /// A whole number from 0 on.
    natural: Value,
    /// The same where the draft gives it a default.
    natural_or_0: Value,
}

impl Parts {
    fn of(draft: Draft) -> Self {
        let schema = json!({"$ref": "#"});
        let natural = json!({"type": "integer", "minimum": 0});
        let mut texts = json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true});
        if draft == Draft::D4 {
            extend(&mut texts, json!({"minItems": 1}));
        }
        Self {
            draft,
            list: json!({"type": "array", "minItems": 1, "items": schema}),
            named: json!({"type": "object", "additionalProperties": schema}),
            natural_or_0: if draft >= Draft::D2019 { natural.clone() } else { json!({"allOf": [natural, {}]}) },
            texts,
            schema,
            natural,
        }
    }

    fn core(&self) -> Value {
        let (text, address, reference) =
            (json!({"type": "string"}), json!({"type": "string", "format": "uri"}), json!({"type": "string", "format": "uri-reference"}));
        let id = json!({"type": "string", "format": "uri-reference", "pattern": "^[^#]*#?$"});
        let vocabulary = json!({"type": "object", "propertyNames": address, "additionalProperties": {"type": "boolean"}});
        let mut rules = match self.draft {
            Draft::D4 => return json!({"id": text, "$schema": text}),
            Draft::D6 => json!({"$id": reference, "$schema": address, "$ref": reference}),
            Draft::D7 => json!({"$id": reference, "$schema": address, "$ref": reference, "$comment": text}),
            Draft::D2019 => json!({
                "$anchor": {"type": "string", "pattern": "^[A-Za-z][-A-Za-z0-9.:_]*$"},
                "$recursiveRef": reference,
                "$recursiveAnchor": {"type": "boolean"},
            }),
            Draft::D2020 => {
                let anchor = json!({"type": "string", "pattern": "^[A-Za-z_][-A-Za-z0-9._]*$"});
                json!({"$anchor": anchor, "$dynamicRef": reference, "$dynamicAnchor": anchor})
            }
        };
        if self.draft >= Draft::D2019 {
            extend(
                &mut rules,
                json!({
                    "$id": id,
                    "$schema": address,
                    "$ref": reference,
                    "$comment": text,
                    "$vocabulary": vocabulary,
                    "$defs": self.named,
                }),
            );
        }
        rules
    }

    fn applicator(&self) -> Value {
        let Self { draft, schema, list, named, .. } = self;
        let mut rules = json!({
            "items": if *draft >= Draft::D2020 { schema.clone() } else { json!({"anyOf": [schema, list]}) },
            "additionalProperties": schema,
            "properties": named,
            "patternProperties": {"type": "object", "additionalProperties": schema, "propertyNames": {"format": "regex"}},
            "allOf": list,
            "anyOf": list,
            "oneOf": list,
            "not": schema,
        });
        if *draft == Draft::D4 {
            let either = json!({"anyOf": [{"type": "boolean"}, schema]});
            extend(&mut rules, json!({"additionalItems": either, "additionalProperties": either, "patternProperties": named}));
        } else {
            extend(&mut rules, json!({"contains": schema, "propertyNames": schema}));
        }
        if (Draft::D6..=Draft::D2019).contains(draft) {
            extend(&mut rules, json!({"additionalItems": schema}));
        }
        if *draft >= Draft::D7 {
            extend(&mut rules, json!({"if": schema, "then": schema, "else": schema}));
        }
        if *draft >= Draft::D2019 {
            extend(&mut rules, json!({"dependentSchemas": named}));
        }
        match draft {
            Draft::D2019 => extend(&mut rules, json!({"unevaluatedItems": schema, "unevaluatedProperties": schema})),
            Draft::D2020 => extend(&mut rules, json!({"prefixItems": list})),
            _ => {}
        }
        rules
    }

    /// A vocabulary of its own since 2020-12.
    fn unevaluated(&self) -> Value {
        match self.draft {
            Draft::D2020 => json!({"unevaluatedItems": self.schema, "unevaluatedProperties": self.schema}),
            _ => json!({}),
        }
    }

    fn validation(&self) -> Value {
        let types = json!(["array", "boolean", "integer", "null", "number", "object", "string"]);
        let limit = if self.draft == Draft::D4 { json!({"type": "boolean"}) } else { json!({"type": "number"}) };
        let mut rules = json!({
            "type": {"anyOf": [{"enum": types}, {"type": "array", "items": {"enum": types}, "minItems": 1, "uniqueItems": true}]},
            "enum": if self.draft >= Draft::D2019 { json!({"type": "array"}) } else { json!({"type": "array", "minItems": 1, "uniqueItems": true}) },
            "multipleOf": {"type": "number", "exclusiveMinimum": 0},
            "maximum": {"type": "number"},
            "exclusiveMaximum": limit,
            "minimum": {"type": "number"},
            "exclusiveMinimum": limit,
            "maxLength": self.natural,
            "minLength": self.natural_or_0,
            "pattern": {"type": "string", "format": "regex"},
            "maxItems": self.natural,
            "minItems": self.natural_or_0,
            "uniqueItems": {"type": "boolean"},
            "maxProperties": self.natural,
            "minProperties": self.natural_or_0,
            "required": self.texts,
        });
        if self.draft >= Draft::D2019 {
            let required = json!({"type": "object", "additionalProperties": self.texts});
            extend(&mut rules, json!({"minContains": self.natural, "maxContains": self.natural, "dependentRequired": required}));
        }
        rules
    }

    fn annotations(&self) -> Value {
        let (text, flag) = (json!({"type": "string"}), json!({"type": "boolean"}));
        let mut rules = json!({"title": text, "description": text});
        if self.draft >= Draft::D7 {
            extend(&mut rules, json!({"readOnly": flag, "writeOnly": flag, "examples": {"type": "array"}}));
        }
        if self.draft >= Draft::D2019 {
            extend(&mut rules, json!({"deprecated": flag}));
        } else {
            extend(&mut rules, json!({"format": text}));
        }
        rules
    }

    fn content(&self) -> Value {
        let text = json!({"type": "string"});
        match self.draft {
            Draft::D4 | Draft::D6 => json!({}),
            Draft::D7 => json!({"contentEncoding": text, "contentMediaType": text}),
            Draft::D2019 | Draft::D2020 => json!({"contentEncoding": text, "contentMediaType": text, "contentSchema": self.schema}),
        }
    }

    fn dependencies(&self) -> Value {
        json!({"type": "object", "additionalProperties": {"anyOf": [self.schema, self.texts]}})
    }
}

/// Adds the entries of one object to another.
fn extend(rules: &mut Value, more: Value) {
    if let (Value::Object(rules), Value::Object(more)) = (rules, more) {
        rules.extend(more);
    }
}
