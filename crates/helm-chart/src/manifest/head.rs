//! The head of a document: what Helm reads of a manifest before it goes to the cluster (HE-MAN-05).

mod fields;
mod quick;

use std::collections::BTreeMap;

use ferroflux_yaml::{BuildOptions, Limits, build, decode};

use fields::{Field, HeadBuilder};

/// What a manifest says about itself. Missing parts are empty; numbers and booleans have become text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
    /// The `metadata.annotations` under `helm.sh/`; others are only checked.
    pub annotations: BTreeMap<String, String>,
}

/// Why a document is no manifest. The texts are those of the Go libraries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The document is not YAML.
    #[error("error converting YAML to JSON: {0}")]
    Yaml(String),
    /// A part of the head, or all of the document, has the wrong type.
    #[error("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go {place}")]
    Type {
        /// The JSON type that is there.
        found: &'static str,
        /// Where it is and what belongs there.
        place: &'static str,
    },
}

const METADATA_TYPE: &str = "struct field SimpleHead.metadata of type struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \"json:\\\"annotations\\\"\" }";

impl HeadError {
    /// What is wrong with bytes that are no text.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        let why = decode(bytes, &Limits::default()).err().map(|e| e.to_string());
        Self::Yaml(why.unwrap_or_else(|| "yaml: invalid leading UTF-8 octet".to_owned()))
    }
}

impl Head {
    /// Reads the head of a document and checks that all of the document is YAML.
    pub fn parse(text: &str) -> Result<Self, HeadError> {
        match quick::read(text) {
            Some(head) => Ok(head),
            None => Self::parse_fully(text),
        }
    }

    fn parse_fully(text: &str) -> Result<Self, HeadError> {
        let limits = Limits { depth: 512, ..Limits::default() };
        let yaml = |e: ferroflux_yaml::Error| HeadError::Yaml(e.to_string());
        let decoded = decode(text.as_bytes(), &limits).map_err(yaml)?;
        let root = build(&decoded, &mut HeadBuilder, BuildOptions { limits, ..BuildOptions::default() }).map_err(yaml)?;
        let wrong = |field: &Field, place| Err(HeadError::Type { found: field.json_type(), place });
        let mut head = Self::default();
        let fields = match root {
            Field::Null => return Ok(head),
            Field::Map(fields) => fields,
            other => return wrong(&other, "value of type util.SimpleHead"),
        };
        for (key, field) in fields.kept {
            match (key.to_ascii_lowercase().as_str(), field) {
                (_, Field::Null) => {}
                ("apiversion", Field::Text(text, _)) => head.api_version = text,
                ("apiversion", other) => return wrong(&other, "struct field SimpleHead.apiVersion of type string"),
                ("kind", Field::Text(text, _)) => head.kind = text,
                ("kind", other) => return wrong(&other, "struct field SimpleHead.kind of type string"),
                ("metadata", Field::Map(metadata)) => {
                    for (key, field) in metadata.kept {
                        match (key.to_ascii_lowercase().as_str(), field) {
                            (_, Field::Null) => {}
                            ("name", Field::Text(text, _)) => head.name = text,
                            ("name", other) => return wrong(&other, "struct field .metadata.name of type string"),
                            ("annotations", Field::Map(annotations)) => {
                                if let Some((_, found)) = annotations.no_text {
                                    return Err(HeadError::Type { found, place: "struct field .metadata.annotations of type string" });
                                }
                                let text = |(key, field)| match field {
                                    Field::Text(text, _) => (key, text),
                                    _ => (key, String::new()),
                                };
                                head.annotations
                                    .extend(annotations.kept.into_iter().filter(|(k, _)| k.starts_with(fields::HELM)).map(text));
                            }
                            ("annotations", other) => return wrong(&other, "struct field .metadata.annotations of type map[string]string"),
                            _ => {}
                        }
                    }
                }
                ("metadata", other) => return wrong(&other, METADATA_TYPE),
                _ => {}
            }
        }
        Ok(head)
    }
}
