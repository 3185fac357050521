//! The order of the output (KB-SORT-01).

use crate::error::{Error, ErrorKind, Result};
use crate::identity::{Gvk, GvkRef};
use crate::kustomization::fields::{LegacySortOptions, SortOptions};
use crate::resource::Resource;

/// Kinds that installers need first, in this order.
const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that may block others and come last.
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// The rank of a kind: negative first, 0 for most, positive last.
pub(crate) fn rank(kind: &str) -> i64 {
    rank_in(kind, &FIRST, &LAST)
}

fn rank_in<T: AsRef<str>>(kind: &str, first: &[T], last: &[T]) -> i64 {
    // of a kind that stands twice the later place counts
    let place = |list: &[T]| list.iter().rposition(|k| k.as_ref() == kind).map(|at| at as i64);
    match (place(last), place(first)) {
        (Some(at), _) => at + 1,
        (None, Some(at)) => at - first.len() as i64,
        (None, None) => 0,
    }
}

fn or<'a>(text: &'a str, placeholder: &'a str) -> &'a str {
    if text.is_empty() { placeholder } else { text }
}

/// By which kinds of one rank are ordered.
pub(crate) fn gvk_key(gvk: GvkRef<'_>) -> String {
    format!("{}_{}_{}", or(gvk.group, "~G"), or(gvk.version, "~V"), or(gvk.kind, "~K"))
}

/// What `sortOptions` asks for.
#[derive(Debug)]
pub(crate) enum SortOrder {
    Input,
    Legacy { first: Vec<String>, last: Vec<String> },
}

impl SortOrder {
    /// The order that installers need.
    pub(crate) fn legacy() -> Self {
        Self::Legacy { first: FIRST.map(str::to_owned).to_vec(), last: LAST.map(str::to_owned).to_vec() }
    }

    /// Reads the field.
    pub(crate) fn from_options(options: &SortOptions) -> Result<Self> {
        let fails = |cause: &str| Error::new(ErrorKind::SortOptions, cause).at(options.at.line, options.at.column).in_field("sortOptions");
        match (options.order.as_str(), &options.legacy) {
            ("fifo", None) => Ok(Self::Input),
            ("fifo", Some(_)) => {
                Err(fails("the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'"))
            }
            ("legacy", None) => Ok(Self::legacy()),
            ("legacy", Some(LegacySortOptions { first, last, .. })) => Ok(Self::Legacy { first: first.clone(), last: last.clone() }),
            _ => Err(fails("the field 'sortOptions.order' must be one of [fifo, legacy]")),
        }
    }

    /// Puts the objects in order.
    pub(crate) fn apply(&self, objects: &mut [Resource]) {
        let Self::Legacy { first, last } = self else { return };
        let key = |r: &Resource| {
            let id = r.id();
            let rank = rank_in(id.gvk.kind, first, last);
            // of Namespaces with a place of their own the built-in one comes first
            let foreign = rank != 0 && id.gvk.kind == "Namespace" && !id.gvk.group.is_empty();
            (rank, foreign, gvk_key(id.gvk), format!("{}|{}|{}", id.gvk, or(id.namespace, "~X"), or(id.name, "~N")))
        };
        objects.sort_by_cached_key(key);
    }
}

/// The order of kinds in which configuration entries are applied.
pub(crate) fn compare_kinds(a: &Gvk, b: &Gvk) -> std::cmp::Ordering {
    rank(&a.kind).cmp(&rank(&b.kind)).then_with(|| gvk_key(a.as_parts()).cmp(&gvk_key(b.as_parts())))
}
