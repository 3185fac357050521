//! How objects point at other objects.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names an object in the namespace of the object that refers to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct LocalObjectReference {
    /// Name of the object.
    pub name: String,
}

/// Names an object of a known kind, in any namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct NamespacedObjectReference {
    /// Name of the object.
    pub name: String,
    /// Namespace of the object; the referring object's own if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Names an object of any kind, in any namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespacedObjectKindReference {
    /// API version of the object, such as `apps/v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind of the object.
    pub kind: String,
    /// Name of the object.
    pub name: String,
    /// Namespace of the object; the referring object's own if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Names another object of the same kind that must be ready first.
// KC §5
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DependencyReference {
    /// Name of the object.
    pub name: String,
    /// Namespace of the object; the referring object's own if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// CEL expression that decides whether the dependency is ready, in place of the built-in check. With the feature
    /// gate AdditiveCELDependencyCheck both must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_expr: Option<String>,
}

/// Names a key of a Secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SecretKeyReference {
    /// Name of the Secret.
    pub name: String,
    /// Key in the Secret; which one is read by default depends on the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Kinds that hold configuration by key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ConfigKind {
    /// A Secret.
    Secret,
    /// A ConfigMap.
    #[default]
    ConfigMap,
}

/// How to reach a remote cluster: by a kubeconfig in a Secret, or by the identity that a ConfigMap describes.
// RT-54, RT-55
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {
        "rule": "has(self.configMapRef) || has(self.secretRef)",
        "message": "exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef must be specified",
    },
    {
        "rule": "!has(self.configMapRef) || !has(self.secretRef)",
        "message": "exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef must be specified",
    },
]))]
pub struct KubeConfigReference {
    /// ConfigMap that says how to log in without a stored credential. Its keys are `provider` (aws, azure, gcp or
    /// generic), `cluster`, `address`, `ca.crt`, `audiences` (one a line) and `serviceAccountName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_ref: Option<LocalObjectReference>,
    /// Secret with a kubeconfig file. The key is `value`, else `value.yaml`, if none is named. The file should carry
    /// its credentials in it: helper commands and file paths do not exist in the controller's pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeyReference>,
}

impl NamespacedObjectReference {
    /// The namespace that is meant when an object in `own` refers so.
    pub fn namespace_or<'a>(&'a self, own: &'a str) -> &'a str {
        namespace_or(&self.namespace, own)
    }
}

impl NamespacedObjectKindReference {
    /// The namespace that is meant when an object in `own` refers so.
    pub fn namespace_or<'a>(&'a self, own: &'a str) -> &'a str {
        namespace_or(&self.namespace, own)
    }
}

impl DependencyReference {
    /// The namespace that is meant when an object in `own` refers so.
    pub fn namespace_or<'a>(&'a self, own: &'a str) -> &'a str {
        namespace_or(&self.namespace, own)
    }
}

/// An empty namespace is none, as in Go.
pub(crate) fn namespace_or<'a>(namespace: &'a Option<String>, own: &'a str) -> &'a str {
    namespace.as_deref().filter(|n| !n.is_empty()).unwrap_or(own)
}
