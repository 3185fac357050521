//! `values.schema.json`: JSON Schema drafts 4 to 2020-12 with Helm's messages (HE-SCH-01, HE-SCH-02).
//!
//! This is a validator of our own because the message is part of the contract: which checks still run after one has
//! failed, how failures nest, RE2 instead of ECMAScript patterns, formats asserted by draft, each with its own text. No
//! library gives that away. It reads no network and no files itself: a reference to another document goes to a [`SchemaLoader`],
//! an unknown `urn:` is permissive, as in Helm.

mod check;
mod documents;
mod format;
mod json;
mod meta;
mod number;
mod registry;
mod violation;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::assembly::Assembly;
use crate::notice::{Level, Log, Notice};
use crate::values::{Table, Tree};
use check::check;
use documents::{Documents, Unresolved};
pub use documents::{NoSchemas, SchemaLoader};
use registry::{Obstacle, Registry};

/// Values that break the schemas of one or more charts; the text names the charts, the places and the rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
pub struct SchemaError(pub String);

/// The name under which a chart's schema refers to itself.
const SELF: &str = "file:///values.schema.json";

/// Checks the coalesced values of a chart and of each enabled subchart against their schemas; `values` is asked for only
/// if there is a schema.
pub(crate) fn validate(
    root: &Assembly,
    loader: &dyn SchemaLoader,
    log: &dyn Log,
    values: impl FnOnce() -> Table,
) -> Result<(), SchemaError> {
    fn any(assembly: &Assembly) -> bool {
        assembly.chart.schema.is_some() || assembly.children.iter().any(any)
    }
    if !any(root) {
        count_dependencies(root, log);
        return Ok(());
    }
    let unresolved = Unresolved::new(log);
    let text = Charts { loader, log, unresolved: &unresolved }.validate(root, &values());
    if text.is_empty() { Ok(()) } else { Err(SchemaError(text)) }
}

/// Says how many dependencies each chart has that takes part, as the check of schemas does; loading has bounded how deep
/// they are nested.
fn count_dependencies(assembly: &Assembly, log: &dyn Log) {
    log.log(dependencies_of(assembly));
    assembly.children.iter().for_each(|child| count_dependencies(child, log));
}

fn dependencies_of(assembly: &Assembly) -> Notice {
    let count = assembly.children.len().to_string();
    Notice::new(Level::Debug, "number of dependencies in the chart").with("chart", &assembly.metadata.name).with("dependencies", count)
}

/// What the schemas of a chart and of its subcharts share.
struct Charts<'l> {
    loader: &'l dyn SchemaLoader,
    log: &'l dyn Log,
    unresolved: &'l Unresolved<'l>,
}

impl Charts<'_> {
    /// What is wrong with the values of a chart and of those below it; nothing for an empty text.
    fn validate(&self, assembly: &Assembly, values: &Table) -> String {
        let mut out = String::new();
        let name = &assembly.metadata.name;
        if let Some(schema) = &assembly.chart.schema {
            self.log.log(Notice::new(Level::Debug, "chart name").with("chart-name", name));
            if let Err(text) = self.validate_values(&schema.text(), values) {
                out.push_str(&format!("{name}:\n{text}"));
            }
        }
        self.log.log(dependencies_of(assembly));
        for child in &assembly.children {
            match values.get(child.metadata.name.as_bytes()) {
                None | Some(Tree::Null) => {}
                Some(Tree::Table(values)) => out.push_str(&self.validate(child, values)),
                Some(_) => out.push_str(&format!("{}:\ninvalid type for values: expected object (map)\n", child.metadata.name)),
            }
        }
        out
    }

    /// Checks values against the text of a schema; the error is what stands below a chart's name.
    fn validate_values(&self, schema: &str, values: &Table) -> Result<(), String> {
        let document: Value = json::parse(schema)?;
        if self.log.hears(Level::Debug) {
            self.log.log(Notice::new(Level::Debug, "unmarshalled JSON schema").with("schema", schema));
        }
        let mut documents = Documents::new(self.loader, self.unresolved);
        let draft = documents.draft(&document)?;
        meta::check_schema(&format!("{SELF}#"), &document, draft)?;
        documents.load_references(&document, draft)?;
        let registry = Registry::new(&document, documents.loaded(), draft, self.unresolved).map_err(|obstacle| match obstacle {
            Obstacle::Missing(address) => format!("failing loading {address:?}"),
            Obstacle::Fault(text) => text,
        })?;
        let instance = Value::Object(values.iter().map(|(k, v)| (k.to_string(), v.to_json())).collect());
        match check(&registry, &document, &instance) {
            Ok(()) => Ok(()),
            Err(violations) => {
                let mut out = String::new();
                for violation in &violations {
                    violation.write(&mut out, 0);
                }
                Err(out)
            }
        }
    }
}

/// A draft of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Draft {
    D4,
    D6,
    D7,
    D2019,
    D2020,
}

impl Draft {
    /// The draft that a schema names; 2020-12 if it names none or an unknown `urn:`. The error is the address of another
    /// schema of schemas.
    fn of(schema: &Value) -> Result<Self, &str> {
        let Some(named) = schema.get("$schema").and_then(Value::as_str) else { return Ok(Self::D2020) };
        let (url, fragment) = named.split_once('#').unwrap_or((named, ""));
        let known: BTreeMap<&str, Self> = [
            ("json-schema.org/draft-04/schema", Self::D4),
            ("json-schema.org/draft-06/schema", Self::D6),
            ("json-schema.org/draft-07/schema", Self::D7),
            ("json-schema.org/draft/2019-09/schema", Self::D2019),
            ("json-schema.org/draft/2020-12/schema", Self::D2020),
            ("json-schema.org/schema", Self::D2020),
        ]
        .into();
        let bare = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or(url);
        match known.get(bare) {
            Some(draft) if fragment.is_empty() => Ok(*draft),
            _ if url.starts_with("urn:") => Ok(Self::D2020),
            _ => Err(url),
        }
    }

    /// The address of the draft's own schema.
    fn address(self) -> &'static str {
        match self {
            Self::D4 => "http://json-schema.org/draft-04/schema#",
            Self::D6 => "http://json-schema.org/draft-06/schema#",
            Self::D7 => "http://json-schema.org/draft-07/schema#",
            Self::D2019 => "https://json-schema.org/draft/2019-09/schema#",
            Self::D2020 => "https://json-schema.org/draft/2020-12/schema#",
        }
    }
}
