//! Packaging: a chart as a gzip-compressed tar archive in Helm's layout (HE-AR-03).

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use ferroflux_yaml::value_to_yaml;
use flate2::{Compression, GzBuilder};
use serde_json::{Map, Value};

use crate::chart::Chart;
use crate::metadata::{Dependency, Metadata};
use crate::values::Tree;

/// The extra field by which Helm marks its archives: a subfield `rr` of 40 bytes.
const EXTRA: &[u8] = b"rr\x28\x00aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=";

/// Why a chart could not be packaged.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The schema is not JSON.
    #[error("invalid JSON in values.schema.json")]
    Schema,
    /// The archive could not be written.
    #[error("write chart archive: {0}")]
    Write(#[from] io::Error),
}

/// Writes `chart` as an archive: `Chart.yaml`, `Chart.lock` (API v2), `values.yaml`, the schema, templates, other files,
/// then the same for each dependency under `charts/`. Modification times are kept, so the same chart gives the same bytes.
pub fn package(chart: &Chart, out: impl Write) -> Result<(), PackageError> {
    let zipped = GzBuilder::new().extra(EXTRA).comment("Helm").write(out, Compression::default());
    let mut archive = tar::Builder::new(zipped);
    add_chart(&mut archive, chart, "")?;
    archive.into_inner()?.finish()?;
    Ok(())
}

fn add_chart<W: Write>(archive: &mut tar::Builder<W>, chart: &Chart, prefix: &str) -> Result<(), PackageError> {
    let root = format!("{prefix}{}", chart.name());
    let mut add = |name: &str, data: &[u8], modified: SystemTime| {
        let mut header = tar::Header::new_ustar();
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(modified.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()));
        header.set_entry_type(tar::EntryType::Regular);
        archive.append_data(&mut header, format!("{root}/{name}"), data)
    };
    add("Chart.yaml", chart_yaml(&chart.metadata).as_bytes(), chart.chart_file.modified)?;
    if let Some(lock) = chart.lock.as_ref().filter(|_| chart.metadata.api_version == "v2") {
        let mut map = Map::new();
        map.insert("generated".to_owned(), lock.generated.as_str().into());
        map.insert("digest".to_owned(), lock.digest.as_str().into());
        map.insert("dependencies".to_owned(), lock.dependencies.iter().map(dependency_json).collect());
        add("Chart.lock", value_to_yaml(&Value::Object(map)).as_bytes(), chart.chart_file.modified)?;
    }
    if let Some(file) = &chart.values_file {
        add(&file.name, file.data.as_bytes(), file.modified)?;
    }
    if let Some(file) = &chart.schema {
        serde_json::from_slice::<serde::de::IgnoredAny>(file.data.as_bytes()).map_err(|_| PackageError::Schema)?;
        add(&file.name, file.data.as_bytes(), file.modified)?;
    }
    for file in chart.templates.iter().chain(&chart.files) {
        add(&file.name, file.data.as_bytes(), file.modified)?;
    }
    for dependency in &chart.dependencies {
        add_chart(archive, dependency, &format!("{root}/charts/"))?;
    }
    Ok(())
}

/// `Chart.yaml` as Helm writes it: keys sorted, empty ones left out, dependencies of API v1 left to `requirements.yaml`.
fn chart_yaml(metadata: &Metadata) -> String {
    let mut map = Map::new();
    let mut text = |key: &str, value: &str| {
        if !value.is_empty() {
            map.insert(key.to_owned(), value.into());
        }
    };
    text("apiVersion", &metadata.api_version);
    text("name", &metadata.name);
    text("version", &metadata.version);
    text("kubeVersion", &metadata.kube_version);
    text("description", &metadata.description);
    text("type", &metadata.chart_type);
    text("home", &metadata.home);
    text("icon", &metadata.icon);
    text("appVersion", &metadata.app_version);
    text("condition", &metadata.condition);
    text("tags", &metadata.tags);
    let mut list = |key: &str, items: Vec<Value>| {
        if !items.is_empty() {
            map.insert(key.to_owned(), items.into());
        }
    };
    list("keywords", metadata.keywords.iter().map(|k| k.as_str().into()).collect());
    list("sources", metadata.sources.iter().map(|s| s.as_str().into()).collect());
    if metadata.api_version != "v1" {
        list("dependencies", metadata.dependencies.iter().map(dependency_json).collect());
    }
    let maintainer = |m: &crate::metadata::Maintainer| {
        let fields = [("name", &m.name), ("email", &m.email), ("url", &m.url)];
        fields.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), v.as_str().into())).collect::<Map<_, _>>().into()
    };
    list("maintainers", metadata.maintainers.iter().map(maintainer).collect());
    if metadata.deprecated {
        map.insert("deprecated".to_owned(), true.into());
    }
    if !metadata.annotations.is_empty() {
        let annotations = metadata.annotations.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect::<Map<_, _>>();
        map.insert("annotations".to_owned(), annotations.into());
    }
    value_to_yaml(&Value::Object(map))
}

fn dependency_json(dependency: &Dependency) -> Value {
    let mut map = Map::new();
    map.insert("name".to_owned(), dependency.name.as_str().into());
    map.insert("repository".to_owned(), dependency.repository.as_str().into());
    for (key, value) in [("version", &dependency.version), ("condition", &dependency.condition), ("alias", &dependency.alias)] {
        if !value.is_empty() {
            map.insert(key.to_owned(), value.as_str().into());
        }
    }
    if !dependency.tags.is_empty() {
        map.insert("tags".to_owned(), dependency.tags.iter().map(|t| Value::from(t.as_str())).collect());
    }
    if dependency.enabled {
        map.insert("enabled".to_owned(), true.into());
    }
    if !dependency.import_values.is_empty() {
        map.insert("import-values".to_owned(), dependency.import_values.iter().map(Tree::to_json).collect());
    }
    Value::Object(map)
}
