//! What Flux does to an object before it applies it (KC-APPLY-02): built-in kinds are read into their Go types and
//! written back, so that unknown fields disappear and zero values of fields that Go always writes appear. Without it,
//! server-side apply would reject what Flux tolerates, and merge lists of ports wrongly.
//!
//! The Go types are a table (`normalize/builtin.txt`, made by the program in `normalize/generate`).

use base64::Engine as _;
use serde_json::{Map, Value};

use crate::{ObjectRef, field, set_metadata};

mod convert;
mod quantity;
mod table;

/// An object that cannot be applied as one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject} normalization error: a list is not an object; its items must stand alone")]
pub struct NormalizeError {
    /// The object.
    pub subject: String,
}

/// Brings `object` into the form that is sent. Returns the paths of fields that the built-in kind does not have and that
/// were therefore dropped (so that they can be named in a warning). Objects that do not convert keep their form.
pub fn normalize(object: &mut Value) -> Result<Vec<String>, NormalizeError> {
    let id = ObjectRef::of(object);
    if id.group == "rbac.authorization.k8s.io" && id.version == "v1" && (id.kind == "Role" || id.kind == "ClusterRole") {
        // The converter would reset the rules of aggregated roles.
        return Ok(Vec::new());
    }
    if id.kind.ends_with("List") && (id.kind == "List" || table::kind(&id.api_version(), id.kind.trim_end_matches("List")).is_some()) {
        return Err(NormalizeError { subject: id.subject() });
    }
    let mut dropped = Vec::new();
    if let Some(type_name) = table::kind(&id.api_version(), &id.kind)
        && let Ok(converted) = convert::convert(type_name, object, &mut dropped)
    {
        *object = converted;
        set_defaults(&id, object);
    }
    dropped.retain(|path| path != "status" && !path.starts_with("status."));
    if let Some(root) = object.as_object_mut() {
        if let Some(metadata) = root.entry("metadata").or_insert_with(|| Value::Object(Map::new())).as_object_mut() {
            metadata.insert("creationTimestamp".to_owned(), Value::Null);
        }
        if !id.is_crd() {
            root.remove("status");
        }
    }
    Ok(dropped)
}

/// Sets the labels by which objects are known as those of one owner (KC-APPLY-01).
pub fn set_owner(object: &mut Value, name: &str, namespace: &str) {
    set_metadata(object, "labels", [("kustomize.toolkit.fluxcd.io/name", name), ("kustomize.toolkit.fluxcd.io/namespace", namespace)]);
}

/// Removes `spec.conversion.webhook.clientConfig.caBundle` of a CustomResourceDefinition if it is no PEM certificate in
/// base64: the API server would refuse it, and cert-manager's injector fills it in later.
pub fn drop_invalid_ca_bundle(object: &mut Value) {
    if !ObjectRef::of(object).is_crd() {
        return;
    }
    const CONFIG: &str = "/spec/conversion/webhook/clientConfig";
    let Some(config) = object.pointer_mut(CONFIG).and_then(Value::as_object_mut) else { return };
    let invalid = match config.get("caBundle").and_then(Value::as_str) {
        None | Some("") => false,
        Some(text) => !base64::engine::general_purpose::STANDARD.decode(text).is_ok_and(|der| der.is_empty() || holds_certificate(&der)),
    };
    if invalid {
        config.remove("caBundle");
    }
}

/// Whether PEM text holds a certificate whose body is base64 of a DER sequence.
fn holds_certificate(pem: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(pem) else { return false };
    text.split("-----BEGIN CERTIFICATE-----").skip(1).any(|rest| {
        let Some((body, _)) = rest.split_once("-----END CERTIFICATE-----") else { return false };
        let body: String = body.split_whitespace().collect();
        base64::engine::general_purpose::STANDARD.decode(body).is_ok_and(|der| der.first() == Some(&0x30))
    })
}

fn set_defaults(id: &ObjectRef, object: &mut Value) {
    let pod_spec = match (id.group.as_str(), id.version.as_str(), id.kind.as_str()) {
        ("", "v1", "Service") => return set_protocols(object.pointer_mut("/spec/ports")),
        ("", "v1", "Secret") => return fold_string_data(object),
        ("", "v1", "Pod") => "/spec",
        ("apps", "v1", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "v1", "Job") => "/spec/template/spec",
        ("batch", "v1", "CronJob") => "/spec/jobTemplate/spec/template/spec",
        _ => return,
    };
    let containers = object.pointer_mut(pod_spec).and_then(|spec| spec.get_mut("containers")).and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        set_protocols(container.get_mut("ports"));
    }
}

fn set_protocols(ports: Option<&mut Value>) {
    for port in ports.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut) {
        port.entry("protocol").or_insert_with(|| "TCP".into());
    }
}

fn fold_string_data(secret: &mut Value) {
    let Some(root) = secret.as_object_mut() else { return };
    let Some(Value::Object(text)) = root.remove("stringData") else { return };
    let Some(data) = root.entry("data").or_insert_with(|| Value::Object(Map::new())).as_object_mut() else { return };
    for (key, value) in text {
        let encoded = base64::engine::general_purpose::STANDARD.encode(value.as_str().unwrap_or_default());
        data.insert(key, Value::String(encoded));
    }
}

/// Whether a Secret still carries SOPS metadata and its decryption is not switched off (KC-SOPS-08). To be asked before
/// [`normalize`], which drops the field.
pub fn is_encrypted_secret(object: &Value) -> bool {
    let disabled = crate::annotation(object, "kustomize.toolkit.fluxcd.io/decrypt").is_some_and(|v| v.eq_ignore_ascii_case("disabled"));
    ObjectRef::of(object).is_secret() && field(object, &["sops"]).is_some() && !disabled
}
