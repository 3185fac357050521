//! Types from an OpenAPI file: swagger 2 with the Kubernetes extensions (KB-SMP-07).

use std::collections::HashMap;

use ferroflux_yaml::{Dialect, Duplicates, Node, ReadOptions, read_document};

use crate::error::{Error, ErrorKind, Result};
use crate::tree::text;

/// How long a chain of references may be.
const MAX_REFERENCES: usize = 64;

/// A schema node of the file.
pub(crate) type Definition<'a> = &'a Node;

/// A parsed file.
#[derive(Debug)]
pub(crate) struct OpenApi {
    root: Node,
    /// apiVersion and kind → name of the definition.
    types: HashMap<(String, String), String>,
}

impl OpenApi {
    pub(crate) fn parse(text_of_file: &str) -> Result<Self> {
        let options = ReadOptions { dialect: Dialect::SigsYaml, duplicates: Duplicates::LastWins, ..ReadOptions::default() };
        let root = read_document(text_of_file, options)
            .map_err(|e| Error::new(ErrorKind::OpenApi, format!("invalid schema file: {e}")).at(e.line(), e.column()))?;
        if !root.is_mapping() {
            return Err(Error::new(ErrorKind::OpenApi, "invalid schema file: expected a mapping with `definitions`"));
        }
        let mut types = HashMap::new();
        for (name, definition) in root.get("definitions").and_then(Node::pairs).unwrap_or_default() {
            let Some(kinds) = definition.get("x-kubernetes-group-version-kind").and_then(Node::items) else { continue };
            for gvk in kinds {
                let get = |field: &str| gvk.get(field).map_or("", text);
                let api_version =
                    if get("group").is_empty() { get("version").to_owned() } else { format!("{}/{}", get("group"), get("version")) };
                types.insert((api_version, get("kind").to_owned()), text(name).to_owned());
            }
        }
        Ok(Self { root, types })
    }

    /// The definition of a kind.
    pub(crate) fn of(&self, api_version: &str, kind: &str) -> Option<Definition<'_>> {
        let name = self.types.get(&(api_version.to_owned(), kind.to_owned()))?;
        self.root.at_path(&["definitions", name])
    }

    /// A property, or what `additionalProperties` says about every one.
    pub(crate) fn field<'a>(&'a self, definition: Definition<'a>, name: &str) -> Option<Definition<'a>> {
        let property = definition.get("properties").and_then(|p| p.get(name));
        self.resolve(property.or_else(|| definition.get("additionalProperties").filter(|a| a.is_mapping()))?)
    }

    /// The items of a list.
    pub(crate) fn items<'a>(&'a self, definition: Definition<'a>) -> Option<Definition<'a>> {
        let kind = definition.get("type")?;
        let is_array = kind.text() == Some("array") || kind.items().is_some_and(|i| i.len() == 1 && i[0].text() == Some("array"));
        self.resolve(definition.get("items").filter(|_| is_array)?)
    }

    fn resolve<'a>(&'a self, mut definition: Definition<'a>) -> Option<Definition<'a>> {
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = definition.get("$ref") else { return Some(definition) };
            definition = text(reference)
                .strip_prefix("#/")?
                .split('/')
                .try_fold(&self.root, |node, part| node.get(&part.replace("~1", "/").replace("~0", "~")))?;
        }
        None
    }
}

/// The merge keys of a list that the file marks as merging.
pub(crate) fn merge_keys(definition: Definition<'_>) -> Option<Vec<String>> {
    let strategy = definition.get("x-kubernetes-patch-strategy")?;
    text(strategy).split(',').find(|s| *s == "merge")?;
    if let Some(keys) = definition.get("x-kubernetes-list-map-keys").and_then(Node::items) {
        return Some(keys.iter().map(|k| text(k).to_owned()).collect());
    }
    Some(definition.get("x-kubernetes-patch-merge-key").map(|k| text(k).to_owned()).into_iter().collect())
}
