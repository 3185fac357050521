//! Labels and annotations by which an object tells the controller how to treat it (KC-APPLY-07).

use serde_json::Value;

use crate::{annotation, label};

/// The group whose keys these are.
const GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// A directive: a key (after `kustomize.toolkit.fluxcd.io/`) and the value that switches it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Directive {
    key: &'static str,
    value: &'static str,
}

/// Do not apply and do not prune; looked up in the desired and the live object.
pub const RECONCILE_DISABLED: Directive = Directive { key: "reconcile", value: "disabled" };
/// The same under the key of the apply policies.
pub const SSA_IGNORE: Directive = Directive { key: "ssa", value: "Ignore" };
/// Apply only where there is no such object; looked up in the desired object.
pub const SSA_IF_NOT_PRESENT: Directive = Directive { key: "ssa", value: "IfNotPresent" };
/// Leave the fields of other managers alone; looked up in both.
pub const SSA_MERGE: Directive = Directive { key: "ssa", value: "Merge" };
/// Recreate the object on an immutable change; looked up in both.
pub const FORCE: Directive = Directive { key: "force", value: "enabled" };
/// Never garbage-collect; looked up in the live object.
pub const PRUNE_DISABLED: Directive = Directive { key: "prune", value: "disabled" };
/// Leave the rendered object's `${…}` alone.
pub const SUBSTITUTE_DISABLED: Directive = Directive { key: "substitute", value: "disabled" };

impl Directive {
    /// Whether a label or an annotation of `object` sets it; values compare without case.
    pub fn is_set(self, object: &Value) -> bool {
        let key = format!("{GROUP}/{}", self.key);
        [label(object, &key), annotation(object, &key)].iter().flatten().any(|v| v.eq_ignore_ascii_case(self.value))
    }
}

/// Whether `object` is left alone by apply and prune.
pub fn is_excluded(object: &Value) -> bool {
    RECONCILE_DISABLED.is_set(object) || SSA_IGNORE.is_set(object)
}

/// Directives of `object` whose value is none that we know, as `key=value`: likely a typing error (KC-UX-02).
pub fn unknown_values(object: &Value) -> Vec<String> {
    const KNOWN: [(&str, &[&str]); 5] = [
        ("reconcile", &["disabled", "enabled"]),
        ("ssa", &["Ignore", "IfNotPresent", "Merge", "Override"]),
        ("force", &["enabled", "disabled"]),
        ("prune", &["disabled", "enabled"]),
        ("substitute", &["disabled", "enabled"]),
    ];
    let mut out = Vec::new();
    for (name, values) in KNOWN {
        let key = format!("{GROUP}/{name}");
        for value in [label(object, &key), annotation(object, &key)].into_iter().flatten() {
            if !values.iter().any(|v| v.eq_ignore_ascii_case(value)) {
                out.push(format!("{key}={value}"));
            }
        }
    }
    out
}
