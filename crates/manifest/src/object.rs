//! Who an object is.

use std::fmt;

use serde_json::{Map, Value};

/// The identity of an object in a cluster, with the version it was written in.
///
/// Empty parts are empty strings: the core group, and the namespace of a cluster-wide object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ObjectRef {
    /// API group, `""` for the core group.
    pub group: String,
    /// API version such as `v1`.
    pub version: String,
    /// Kind such as `Deployment`.
    pub kind: String,
    /// Namespace, `""` if there is none.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl ObjectRef {
    /// The identity that `apiVersion`, `kind` and `metadata` of `object` give; absent parts are empty.
    pub fn of(object: &Value) -> Self {
        let text = |v: Option<&Value>| v.and_then(Value::as_str).unwrap_or_default().to_owned();
        let (group, version) = split_api_version(object.get("apiVersion").and_then(Value::as_str).unwrap_or_default());
        let metadata = object.get("metadata");
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text(object.get("kind")),
            namespace: text(metadata.and_then(|m| m.get("namespace"))),
            name: text(metadata.and_then(|m| m.get("name"))),
        }
    }

    /// From an `apiVersion` and the other parts.
    pub fn new(api_version: &str, kind: &str, namespace: &str, name: &str) -> Self {
        let (group, version) = split_api_version(api_version);
        Self { group: group.into(), version: version.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// `group/version`, or only the version for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// How Flux names an object in events and errors: `Kind/namespace/name`, or `Kind/name` without a namespace.
    pub fn subject(&self) -> String {
        self.to_string()
    }

    /// Whether both are the same object of the same kind, whatever the version.
    pub fn same_object(&self, other: &Self) -> bool {
        self.group == other.group && self.kind == other.kind && self.namespace == other.namespace && self.name == other.name
    }

    /// Whether this is a CustomResourceDefinition (kind compared without case, as Flux does).
    pub fn is_crd(&self) -> bool {
        self.kind.eq_ignore_ascii_case("customresourcedefinition") && self.group == "apiextensions.k8s.io"
    }

    /// Whether this is a core `Secret`.
    pub fn is_secret(&self) -> bool {
        self.kind.eq_ignore_ascii_case("secret") && self.group.is_empty() && self.version == "v1"
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{}/{}", self.kind, self.name)
        } else {
            write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// The group and the version of an `apiVersion`.
fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// The value at a path of keys, if every step is an object.
pub fn field<'a>(object: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(object, |v, key| v.get(key))
}

/// `metadata.labels` or `metadata.annotations`, where it is a map.
pub fn metadata_map<'a>(object: &'a Value, which: &str) -> Option<&'a Map<String, Value>> {
    field(object, &["metadata", which]).and_then(Value::as_object)
}

/// The value of a label.
pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    metadata_map(object, "labels")?.get(key)?.as_str()
}

/// The value of an annotation.
pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    metadata_map(object, "annotations")?.get(key)?.as_str()
}

/// Sets entries of `metadata.labels` or `metadata.annotations`; a missing or malformed map is replaced by a new one.
pub fn set_metadata<'a>(object: &mut Value, which: &str, entries: impl IntoIterator<Item = (&'a str, &'a str)>) {
    let mut entries = entries.into_iter().peekable();
    if entries.peek().is_none() {
        return;
    }
    let map = object.as_object_mut().and_then(|root| child_map(root, "metadata")).and_then(|metadata| child_map(metadata, which));
    let Some(map) = map else { return };
    for (key, value) in entries {
        map.insert(key.to_owned(), Value::String(value.to_owned()));
    }
}

fn child_map<'a>(parent: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    let slot = parent.entry(key).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut()
}
