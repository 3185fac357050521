//! The identity of an object: group, version, kind, name and namespace.
//!
//! Ids are data of their own here, compared and hashed as such; the original keeps them in annotations of the object
//! and parses them again for every comparison (KB-ID-01, KB-PERF-01).

use std::fmt;
use std::hash::{Hash, Hasher};

pub(crate) mod scope;

/// What an id of a cluster-scoped object has in place of a namespace.
pub(crate) const CLUSTER_NAMESPACE: &str = "_non_namespaceable_";
const DEFAULT_NAMESPACE: &str = "default";

/// Group, version and kind. As a selector, an empty part matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    /// The API group, empty for the core group.
    pub group: String,
    /// The version inside the group.
    pub version: String,
    /// The kind.
    pub kind: String,
}

impl Gvk {
    /// From an `apiVersion` and a `kind`: what stands before the first `/` is the group.
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = split_api_version(api_version);
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    /// The group and version as an object spells them.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether each non-empty part of `selector` equals this one's.
    pub fn is_selected(&self, selector: &Gvk) -> bool {
        self.as_parts().is_selected(selector)
    }

    /// Whether the built-in schema has this kind without a namespace (KB-ID-02).
    pub fn is_cluster_scoped(&self) -> bool {
        scope::is_cluster_scoped(&self.group, &self.version, &self.kind)
    }

    pub(crate) fn as_parts(&self) -> GvkRef<'_> {
        GvkRef { group: &self.group, version: &self.version, kind: &self.kind }
    }
}

/// Splits an `apiVersion` at its first slash.
pub(crate) fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

fn or<'a>(text: &'a str, placeholder: &'a str) -> &'a str {
    if text.is_empty() { placeholder } else { text }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_parts().fmt(f)
    }
}

/// A borrowed [`Gvk`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct GvkRef<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
}

impl GvkRef<'_> {
    pub(crate) fn is_selected(&self, selector: &Gvk) -> bool {
        (selector.kind.is_empty() || selector.kind == self.kind)
            && (selector.group.is_empty() || selector.group == self.group)
            && (selector.version.is_empty() || selector.version == self.version)
    }

    pub(crate) fn to_owned(self) -> Gvk {
        Gvk { group: self.group.to_owned(), version: self.version.to_owned(), kind: self.kind.to_owned() }
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        scope::is_cluster_scoped(self.group, self.version, self.kind)
    }
}

impl fmt::Display for GvkRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", or(self.kind, "[noKind]"), or(self.version, "[noVer]"), or(self.group, "[noGrp]"))
    }
}

/// The id of an object. Two ids are equal when kind, name and **effective** namespace are: no namespace is the
/// namespace `default`, and cluster-scoped kinds have none.
#[derive(Debug, Clone, Default)]
pub struct ResId {
    /// Group, version, kind.
    pub gvk: Gvk,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace` as written, empty if absent.
    pub namespace: String,
}

impl ResId {
    pub(crate) fn as_parts(&self) -> IdRef<'_> {
        IdRef { gvk: self.gvk.as_parts(), name: &self.name, namespace: &self.namespace }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.gvk == Gvk::default() && self.name.is_empty() && self.namespace.is_empty()
    }

    /// The namespace that counts in comparisons.
    pub fn effective_namespace(&self) -> &str {
        self.as_parts().effective_namespace()
    }
}

impl PartialEq for ResId {
    fn eq(&self, other: &Self) -> bool {
        self.as_parts() == other.as_parts()
    }
}
impl Eq for ResId {}

impl fmt::Display for ResId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_parts().fmt(f)
    }
}

/// A borrowed [`ResId`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdRef<'a> {
    pub(crate) gvk: GvkRef<'a>,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
}

impl<'a> IdRef<'a> {
    pub(crate) fn effective_namespace(&self) -> &'a str {
        if self.gvk.is_cluster_scoped() {
            CLUSTER_NAMESPACE
        } else if self.namespace.is_empty() {
            DEFAULT_NAMESPACE
        } else {
            self.namespace
        }
    }

    pub(crate) fn to_owned(self) -> ResId {
        ResId { gvk: self.gvk.to_owned(), name: self.name.to_owned(), namespace: self.namespace.to_owned() }
    }

    /// Exact match on the non-empty parts of `selector` (replacement sources, KB-RPL-01).
    pub(crate) fn is_selected_by(&self, selector: &ResId) -> bool {
        (selector.name.is_empty() || selector.name == self.name)
            && (selector.namespace.is_empty() || selector.namespace == or(self.namespace, DEFAULT_NAMESPACE))
            && self.gvk.is_selected(&selector.gvk)
    }
}

impl PartialEq for IdRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.gvk == other.gvk && self.effective_namespace() == other.effective_namespace()
    }
}
impl Eq for IdRef<'_> {}

impl Hash for IdRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.gvk.hash(state);
        self.name.hash(state);
        self.effective_namespace().hash(state);
    }
}

impl fmt::Display for IdRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.{}", self.gvk, or(self.name, "[noName]"), or(self.namespace, "[noNs]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(api_version: &str, kind: &str, name: &str, namespace: &str) -> ResId {
        ResId { gvk: Gvk::new(api_version, kind), name: name.to_owned(), namespace: namespace.to_owned() }
    }

    /// KB-ID-01
    #[test]
    fn ids_print_with_placeholders_and_compare_by_effective_namespace() {
        assert_eq!(id("v1", "ConfigMap", "a", "").to_string(), "ConfigMap.v1.[noGrp]/a.[noNs]");
        assert_eq!(id("apps/v1", "Deployment", "a", "x").to_string(), "Deployment.v1.apps/a.x");
        assert_eq!(id("", "", "", "").to_string(), "[noKind].[noVer].[noGrp]/[noName].[noNs]");
        assert_eq!(id("v1", "ConfigMap", "a", ""), id("v1", "ConfigMap", "a", "default"));
        assert_ne!(id("v1", "ConfigMap", "a", ""), id("v1", "ConfigMap", "a", "x"));
    }

    /// KB-ID-02
    #[test]
    fn cluster_scope_is_what_the_old_schema_says() {
        assert_eq!(id("v1", "Namespace", "a", "x"), id("v1", "Namespace", "a", "y"));
        assert!(Gvk::new("rbac.authorization.k8s.io/v1", "ClusterRole").is_cluster_scoped());
        assert!(!Gvk::new("gateway.networking.k8s.io/v1", "GatewayClass").is_cluster_scoped());
        assert!(!Gvk::new("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy").is_cluster_scoped());
        assert!(scope::is_cluster_scoped_since("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy"));
        assert!(scope::is_cluster_scoped_since("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema"));
        assert!(!scope::is_cluster_scoped_since("", "v1", "ConfigMap"));
    }
}
