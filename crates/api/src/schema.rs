//! From schemars' JSON Schema to the structural schema that Kubernetes takes.
//!
//! schemars says "optional" with an extra type `null` and enums with documented variants as one branch a variant; it
//! also adds titles. Kubernetes knows neither: here an optional value loses its `null`, an enum becomes one list, and
//! what the API server would refuse is dropped. Descriptions lose the line breaks of the source.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

/// `interval` and the like: Go durations without sign (KC-API-02, SRC-GEN-02).
pub(crate) const DURATION_PATTERN: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$";
/// `timeout` of sources: the same without hours (SRC-GEN-02).
pub(crate) const SHORT_DURATION_PATTERN: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$";

/// The structural schema of `T`, all references resolved in place.
pub(crate) fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.inline_subschemas = true;
        s.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    make_structural(&mut schema);
    schema
}

/// `status.conditions`: a list of Kubernetes conditions.
pub(crate) fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {
            "description": "One aspect of the state of the object.",
            "type": "object",
            "required": ["lastTransitionTime", "message", "reason", "status", "type"],
            "properties": {
                "lastTransitionTime": {
                    "description": "When the status, reason or message last changed.",
                    "type": "string",
                    "format": "date-time",
                },
                "message": {
                    "description": "What happened, for people to read; may be empty.",
                    "type": "string",
                    "maxLength": 32768,
                },
                "observedGeneration": {
                    "description": "The metadata.generation that the condition was set for; an older one than the object's is out of date.",
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0,
                },
                "reason": {
                    "description": "What happened, as one CamelCase word for machines.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 1024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                },
                "status": {
                    "description": "Whether the condition holds.",
                    "type": "string",
                    "enum": ["True", "False", "Unknown"],
                },
                "type": {
                    "description": "What the condition is about, in CamelCase or as domain/CamelCase.",
                    "type": "string",
                    "maxLength": 316,
                    "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
                },
            },
        },
    })
}

/// A point in time.
pub(crate) fn date_time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date-time" })
}

/// A whole number of no stated size.
pub(crate) fn integer(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer" })
}

/// A JSON object whose fields are kept as they are.
pub(crate) fn free_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

/// Any JSON value, kept as it is.
pub(crate) fn any_json(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
}

fn make_structural(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    unwrap_optional(object);
    unwrap_enum(object);
    object.remove("title");
    object.remove("$schema");
    if object.get("additionalProperties").is_some_and(Value::is_boolean) {
        object.remove("additionalProperties");
    }
    // Formats of Rust's number types that Kubernetes does not know.
    if object.get("format").and_then(Value::as_str).is_some_and(|f| f.starts_with("uint") || f == "double") {
        object.remove("format");
    }
    if let Some(description) = object.get_mut("description")
        && let Some(text) = description.as_str()
    {
        *description = reflow(text).into();
    }
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(make_structural);
    }
    for nested in ["items", "additionalProperties"] {
        if let Some(schema) = object.get_mut(nested) {
            make_structural(schema);
        }
    }
}

/// `{"anyOf": [X, {"type": "null"}]}` and `{"type": [X, "null"]}` become X.
fn unwrap_optional(object: &mut Map<String, Value>) {
    if let Some(Value::Array(branches)) = object.get("anyOf")
        && let [branch, null] = branches.as_slice()
        && null["type"] == "null"
    {
        let branch = branch.as_object().cloned().unwrap_or_default();
        object.remove("anyOf");
        for (key, value) in branch {
            object.entry(key).or_insert(value);
        }
    }
    if let Some(Value::Array(types)) = object.get("type")
        && let [type_, null] = types.as_slice()
        && null == "null"
    {
        let type_ = type_.clone();
        object.insert("type".into(), type_);
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|v| !v.is_null());
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
}

/// `{"oneOf": [{"const": A}, {"const": B}]}` becomes `{"type": "string", "enum": [A, B]}`.
fn unwrap_enum(object: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = object.get("oneOf") else { return };
    let mut values = Vec::new();
    for branch in branches {
        match (branch.get("const"), branch.get("enum").and_then(Value::as_array)) {
            (Some(value), _) => values.push(value.clone()),
            (None, Some(several)) => values.extend(several.iter().cloned()),
            (None, None) => return,
        }
    }
    object.remove("oneOf");
    object.insert("type".into(), "string".into());
    object.insert("enum".into(), values.into());
}

/// Joins the lines of a paragraph; an empty line stays a break.
pub(crate) fn reflow(text: &str) -> String {
    let paragraphs = text.trim().split("\n\n");
    paragraphs.map(|p| p.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n\n")
}
