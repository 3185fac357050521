//! The digest that ties a lock file to the dependencies it was made for (HE-REPO-03).

use ferroflux_yaml::{value_to_yaml, write_json, write_json_string};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::metadata::Dependency;
use crate::values::Tree;

/// `sha256:` and the hex digest of declared and locked dependencies, as `Chart.lock` holds it.
pub fn lock_digest(declared: &[Dependency], locked: &[Dependency]) -> String {
    let mut text = String::from("[");
    write_dependencies(&mut text, declared);
    text.push(',');
    write_dependencies(&mut text, locked);
    text.push(']');
    digest(&text)
}

/// The digest that Helm 2 wrote into `requirements.lock`; accepted beside [`lock_digest`].
pub fn lock_digest_v2(declared: &[Dependency]) -> String {
    let mut text = String::from("{\"dependencies\":");
    write_dependencies(&mut text, declared);
    text.push('}');
    digest(&text)
}

/// The text of `Chart.lock`: what was resolved, the digest, and when, in RFC 3339.
pub fn lock_yaml(locked: &[Dependency], digest: &str, generated: &str) -> String {
    let dependency = |d: &Dependency| json!({"name": d.name, "repository": d.repository, "version": d.version});
    let dependencies: Vec<_> = locked.iter().map(dependency).collect();
    value_to_yaml(&json!({"dependencies": dependencies, "digest": digest, "generated": generated}))
}

fn digest(text: &str) -> String {
    let mut out = String::from("sha256:");
    for byte in Sha256::digest(text.as_bytes()) {
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

fn write_dependencies(out: &mut String, dependencies: &[Dependency]) {
    if dependencies.is_empty() {
        out.push_str("null");
        return;
    }
    for (i, dependency) in dependencies.iter().enumerate() {
        out.push(if i == 0 { '[' } else { ',' });
        out.push_str("{\"name\":");
        write_json_string(out, &dependency.name);
        if !dependency.version.is_empty() {
            out.push_str(",\"version\":");
            write_json_string(out, &dependency.version);
        }
        out.push_str(",\"repository\":");
        write_json_string(out, &dependency.repository);
        if !dependency.condition.is_empty() {
            out.push_str(",\"condition\":");
            write_json_string(out, &dependency.condition);
        }
        if !dependency.tags.is_empty() {
            out.push_str(",\"tags\":");
            for (i, tag) in dependency.tags.iter().enumerate() {
                out.push(if i == 0 { '[' } else { ',' });
                write_json_string(out, tag);
            }
            out.push(']');
        }
        if dependency.enabled {
            out.push_str(",\"enabled\":true");
        }
        if !dependency.import_values.is_empty() {
            out.push_str(",\"import-values\":");
            write_json(out, &Tree::List(dependency.import_values.as_slice().into()).to_json());
        }
        if !dependency.alias.is_empty() {
            out.push_str(",\"alias\":");
            write_json_string(out, &dependency.alias);
        }
        out.push('}');
    }
    out.push(']');
}
