//! From rendered documents to the objects that are applied (KC-REC-10).

use serde_json::Value;

use crate::ObjectRef;

/// Flattens lists, then drops documents without `apiVersion`, `kind` or `metadata.name` and kustomization files.
/// The items of a list are kept as they are, as upstream keeps them.
pub fn objects(documents: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut out = Vec::new();
    for mut document in documents {
        if let Some(Value::Array(items)) = document.get_mut("items") {
            out.append(items);
        } else if is_object(&document) {
            out.push(document);
        }
    }
    out
}

fn is_object(document: &Value) -> bool {
    let id = ObjectRef::of(document);
    let kustomization = id.kind.eq_ignore_ascii_case("kustomization") && id.group == "kustomize.config.k8s.io";
    !id.name.is_empty() && !id.kind.is_empty() && !id.version.is_empty() && !kustomization
}
