//! Field specs from OpenAPI definitions of custom resources (KB-CONF-02).

use ferroflux_yaml::{Dialect, Duplicates, Node, ReadOptions, read_document};

use super::{Configuration, NameReference};
use crate::error::{Error, ErrorKind, Result};
use crate::field_spec::{FieldSpec, FieldSpecs};
use crate::identity::Gvk;
use crate::tree::text;

/// How deep definitions may refer to one another.
const MAX_DEPTH: usize = 32;

/// Reads a map of definitions.
pub(crate) fn read(content: &str) -> Result<Configuration> {
    let options = ReadOptions { dialect: Dialect::SigsYaml, duplicates: Duplicates::LastWins, ..ReadOptions::default() };
    let root = read_document(content, options)
        .map_err(|e| Error::new(ErrorKind::MalformedYaml, format!("unable to parse open API definition: {e}")).at(e.line(), e.column()))?;
    let mut configuration = Configuration::default();
    for (name, definition) in root.pairs().unwrap_or_default() {
        let Some(properties) = properties(definition) else { continue };
        if ["kind", "apiVersion", "metadata"].iter().any(|field| properties.get(field).is_none()) {
            continue;
        }
        let kind = text(name).rsplit('.').next().unwrap_or_default().to_owned();
        let gvk = Gvk { kind, ..Gvk::default() };
        walk(&root, text(name), &gvk, &mut Vec::new(), &mut configuration)?;
    }
    Ok(configuration)
}

fn properties(definition: &Node) -> Option<&Node> {
    definition.at_path(&["Schema", "properties"]).or_else(|| definition.at_path(&["schema", "properties"]))
}

fn walk(root: &Node, name: &str, gvk: &Gvk, path: &mut Vec<String>, configuration: &mut Configuration) -> Result<()> {
    let Some(properties) = root.get(name).and_then(properties) else { return Ok(()) };
    if path.len() > MAX_DEPTH {
        return Err(Error::new(ErrorKind::Limit, format!("the definition of {} refers to itself", gvk.kind)));
    }
    for (field, property) in properties.pairs().unwrap_or_default() {
        path.push(text(field).to_owned());
        let spec = |path: &[String]| FieldSpec::new(gvk.clone(), &path.join("/"), false);
        let extension = |key: &str| property.get(key).filter(|v| v.is_scalar()).map(text);
        if extension("x-kubernetes-annotation").is_some() {
            configuration.common_annotations.add(&spec(path))?;
        }
        if extension("x-kubernetes-label-selector").is_some() {
            configuration.common_labels.add(&spec(path))?;
        }
        if extension("x-kubernetes-identity").is_some() {
            configuration.name_prefix.add(&spec(path))?;
        }
        if let (Some(version), Some(kind)) = (extension("x-kubernetes-object-ref-api-version"), extension("x-kubernetes-object-ref-kind")) {
            path.push(extension("x-kubernetes-object-ref-name-key").unwrap_or("name").to_owned());
            let target = Gvk { group: String::new(), version: version.to_owned(), kind: kind.to_owned() };
            configuration.add_name_reference(NameReference { target, referrers: FieldSpecs(vec![spec(path)]) })?;
            path.pop();
        }
        if let Some(reference) = property.get("$ref") {
            walk(root, text(reference), gvk, path, configuration)?;
        }
        path.pop();
    }
    Ok(())
}
