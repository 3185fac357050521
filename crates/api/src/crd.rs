//! The CRD manifests, made from the types.

use serde_json::{Map, Value, json};

use crate::contract::annotation;
use crate::resource::{Column, CustomResource, Definition};
use crate::schema;
use crate::{clusterconfig, helm, image, kustomize, notification, source};

/// One CRD.
#[derive(Debug, Clone, PartialEq)]
pub struct Crd {
    /// API group.
    pub group: String,
    /// Plural name of the kind.
    pub plural: String,
    /// The manifest, an `apiextensions.k8s.io/v1` CustomResourceDefinition.
    pub manifest: Value,
}

impl Crd {
    /// Name of the file that holds the manifest.
    pub fn file_name(&self) -> String {
        format!("{}_{}.yaml", self.group, self.plural)
    }
}

/// Every CRD that we install, sorted by file name.
pub fn all() -> Vec<Crd> {
    let mut all = vec![
        crd::<source::Bucket>(),
        crd::<source::ExternalArtifact>(),
        crd::<source::GitRepository>(),
        crd::<source::HelmChart>(),
        crd::<source::HelmRepository>(),
        crd::<source::OCIRepository>(),
        crd::<kustomize::Kustomization>(),
        crd::<helm::HelmRelease>(),
        crd::<notification::Alert>(),
        crd::<notification::Provider>(),
        crd::<notification::Receiver>(),
        crd::<image::ImagePolicy>(),
        crd::<image::ImageRepository>(),
        crd::<image::ImageUpdateAutomation>(),
        crd::<clusterconfig::FluxConfig>(),
        crd::<clusterconfig::FluxConfigSyncStatus>(),
    ];
    all.sort_by_key(Crd::file_name);
    all
}

/// The CRD of one kind. Every kind of ours has one version, served and stored (RT-80).
pub fn crd<K: CustomResource>() -> Crd {
    let definition = K::DEFINITION;
    let (kind, group, plural) = (K::kind(&()), K::group(&()), K::plural(&()));
    let mut names = json!({
        "kind": kind,
        "listKind": format!("{kind}List"),
        "plural": plural,
        "singular": kind.to_lowercase(),
    });
    for (key, list) in [("categories", definition.categories), ("shortNames", definition.short_names)] {
        if !list.is_empty() {
            names[key] = json!(list);
        }
    }
    let (spec, status) = K::schemas();
    let mut version = json!({
        "name": K::version(&()),
        "served": true,
        "storage": true,
        "schema": { "openAPIV3Schema": root_schema(&definition, spec, status.clone()) },
    });
    if !definition.columns.is_empty() {
        version["additionalPrinterColumns"] = definition.columns.iter().map(column).collect();
    }
    version["subresources"] = if status.is_some() { json!({ "status": {} }) } else { json!({}) };
    let manifest = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.{group}"),
            "annotations": { annotation::KUSTOMIZE_SUBSTITUTE: annotation::DISABLED },
        },
        "spec": { "group": group, "names": names, "scope": "Namespaced", "versions": [version] },
    });
    Crd { group: group.into_owned(), plural: plural.into_owned(), manifest }
}

fn root_schema(definition: &Definition, spec: Value, status: Option<Value>) -> Value {
    let mut properties = json!({
        "apiVersion": {
            "description": "Group and version of the kind, such as apps/v1.",
            "type": "string",
        },
        "kind": {
            "description": "What the object is, in CamelCase. Cannot be changed.",
            "type": "string",
        },
        "metadata": { "type": "object" },
        "spec": spec,
    });
    if let Some(status) = status {
        properties["status"] = status;
    }
    let mut root = json!({ "description": schema::reflow(definition.description), "type": "object", "properties": properties });
    if !definition.rules.is_empty() {
        root["x-kubernetes-validations"] =
            definition.rules.iter().map(|(rule, message)| json!({ "rule": rule, "message": message })).collect();
    }
    root
}

fn column(column: &Column) -> Value {
    let mut out = Map::new();
    out.insert("jsonPath".into(), column.json_path.into());
    out.insert("name".into(), column.name.into());
    if column.priority > 0 {
        out.insert("priority".into(), column.priority.into());
    }
    out.insert("type".into(), column.type_.into());
    out.into()
}
