//! What a repository's index says about one version of a chart: its metadata and where the archive is (HE-REPO-01).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::decode::{Field, Object};
use super::{DecodeError, Metadata};

const METADATA: [&str; 17] = [
    "name",
    "home",
    "sources",
    "version",
    "description",
    "keywords",
    "maintainers",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "deprecated",
    "annotations",
    "kubeVersion",
    "dependencies",
    "type",
];
/// What the index adds; the last four were written by Helm 2 and mean nothing any more.
const ENTRY: [&str; 8] = ["urls", "created", "removed", "digest", "checksum", "engine", "tillerVersion", "url"];
const HEAD: [&str; 6] = ["serverInfo", "apiVersion", "generated", "entries", "publicKeys", "annotations"];
const MAINTAINER: [&str; 3] = ["name", "email", "url"];
const DEPENDENCY: [&str; 8] = ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];

/// One version of a chart in an index.
#[derive(Debug, Default)]
pub(crate) struct IndexRecord {
    pub(crate) metadata: Metadata,
    pub(crate) urls: Vec<String>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) removed: bool,
    pub(crate) digest: String,
}

impl IndexRecord {
    /// Reads a version; `None` for null. In strict reading, keys that no index has are errors.
    pub(crate) fn read(field: Field, strict: bool) -> Result<Option<Self>, DecodeError> {
        let Some(object) = Object::of(field, "ChartVersion")? else { return Ok(None) };
        if strict {
            object.refuse_unknown(&[&METADATA[..], &ENTRY].concat())?;
            for (list, type_name, known) in [("maintainers", "Maintainer", &MAINTAINER[..]), ("dependencies", "Dependency", &DEPENDENCY)] {
                for item in object.objects(list, type_name)?.into_iter().flatten().flatten() {
                    item.refuse_unknown(known)?;
                }
            }
        }
        let mut record = Self::default();
        record.metadata.take(&object)?;
        if record.metadata.api_version.is_empty() {
            record.metadata.api_version = "v1".to_owned();
        }
        object.strings("urls", &mut record.urls)?;
        object.boolean("removed", &mut record.removed)?;
        object.string("digest", &mut record.digest)?;
        record.created = time(&object, "created")?;
        Ok(Some(record))
    }
}

/// Reads everything of an index that stands beside the entries, and entries that stand there nevertheless: the API
/// version, and versions by chart name.
pub(crate) fn read_index_head(field: Field, strict: bool) -> Result<(String, BTreeMap<String, Field>), DecodeError> {
    let Some(mut object) = Object::of(field, "IndexFile")? else { return Ok(Default::default()) };
    if strict {
        object.refuse_unknown(&HEAD)?;
    }
    let mut api_version = String::new();
    object.string("apiVersion", &mut api_version)?;
    object.string_map("annotations", &mut BTreeMap::new())?;
    object.strings("publicKeys", &mut Vec::new())?;
    time(&object, "generated")?;
    match object.take("entries") {
        Field::Null => Ok((api_version, BTreeMap::new())),
        Field::Map(entries) => Ok((api_version, entries)),
        other => Err(DecodeError::entries(&other)),
    }
}

fn time(object: &Object, key: &str) -> Result<Option<Timestamp>, DecodeError> {
    let mut text = String::new();
    object.string(key, &mut text)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| DecodeError::Time(text))
}
