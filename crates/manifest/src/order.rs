//! In which stages and in which order objects are applied, and in which they are deleted (KC-APPLY-03, KC-APPLY-04).

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::ObjectRef;

/// Kinds that go before all others, in this order.
const FIRST: [&str; 23] = [
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that go after all others, in this order.
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// A stage of an apply. The objects of one are all dry-run before the first of them is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// CustomResourceDefinitions, Namespaces and ClusterRoles: they must be current before the next stage.
    Definitions,
    /// Kinds whose name ends in `Class`: they must be current before the next stage.
    Classes,
    /// Kinds that the operator named.
    Custom,
    /// All others.
    Resources,
}

impl Stage {
    /// All stages, first to last.
    pub const ALL: [Stage; 4] = [Stage::Definitions, Stage::Classes, Stage::Custom, Stage::Resources];

    /// Whether the next stage starts only when the objects of this one are current.
    pub fn waits(self) -> bool {
        matches!(self, Self::Definitions | Self::Classes)
    }

    /// The stage of an object. `custom` holds the (group, kind) pairs of `--custom-apply-stage-kinds`.
    pub fn of(object: &ObjectRef, custom: &BTreeSet<(String, String)>) -> Self {
        let definition = object.is_crd()
            || (object.kind.eq_ignore_ascii_case("namespace") && object.group.is_empty() && object.version == "v1")
            || (object.kind.eq_ignore_ascii_case("clusterrole") && object.group == "rbac.authorization.k8s.io");
        if definition {
            Self::Definitions
        } else if object.kind.ends_with("Class") {
            Self::Classes
        } else if custom.contains(&(object.group.clone(), object.kind.clone())) {
            Self::Custom
        } else {
            Self::Resources
        }
    }
}

/// Parses the value of `--custom-apply-stage-kinds`: `group/Kind,…`, where a name alone is a kind of the core group.
pub fn parse_stage_kinds(text: &str) -> BTreeSet<(String, String)> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| item.split_once('/').unwrap_or(("", item)))
        .map(|(group, kind)| (group.to_owned(), kind.to_owned()))
        .collect()
}

fn rank(kind: &str) -> isize {
    let at = |kinds: &[&str]| kinds.iter().position(|k| *k == kind).and_then(|i| isize::try_from(i).ok());
    match (at(&FIRST), at(&LAST)) {
        (Some(i), _) => i - 100,
        (_, Some(i)) => i + 1,
        _ => 0,
    }
}

/// The order within a stage: rank of the kind, group, kind, namespace, name.
pub fn compare(a: &ObjectRef, b: &ObjectRef) -> Ordering {
    let key = |o: &ObjectRef| rank(&o.kind);
    key(a).cmp(&key(b)).then_with(|| (&a.group, &a.kind, &a.namespace, &a.name).cmp(&(&b.group, &b.kind, &b.namespace, &b.name)))
}

/// Sorts into the order of deletion: the reverse of the order of application, over all stages at once.
pub fn sort_for_deletion(objects: &mut [ObjectRef]) {
    objects.sort_by(|a, b| compare(b, a));
}
