//! Health as a health check sees it: an object together with the objects that its controller made from it.

use jiff::Timestamp;
use serde_json::Value;

use super::{Health, HealthError, Status, builtin, compute};
use crate::{LabelSelector, ObjectRef, field, metadata_map};

/// The objects around one, as far as its health depends on them.
pub trait Surroundings {
    /// All objects of a kind in a namespace.
    fn list(&self, group: &str, kind: &str, namespace: &str) -> Vec<&Value>;
}

impl Surroundings for [Value] {
    fn list(&self, group: &str, kind: &str, namespace: &str) -> Vec<&Value> {
        let wanted = |o: &&Value| {
            let id = ObjectRef::of(o);
            id.group == group && id.kind == kind && id.namespace == namespace
        };
        self.iter().filter(wanted).collect()
    }
}

/// The judgement of a health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The object.
    pub id: ObjectRef,
    /// How it is doing. [`Status::Unknown`] goes with an error.
    pub status: Status,
    /// Why, in one sentence.
    pub message: String,
    /// Why it could not be judged.
    pub error: Option<HealthError>,
    /// What its controller made of it, by identity.
    pub generated: Vec<Assessment>,
}

/// The kind of object that the controller of an object makes from it, as far as health looks at it: pods of ReplicaSets
/// and StatefulSets. (The ReplicaSets of a Deployment are read by upstream too, but never change its answer.)
pub fn generated_kind(id: &ObjectRef) -> Option<(&'static str, &'static str)> {
    match (id.group.as_str(), id.kind.as_str()) {
        ("apps", "StatefulSet" | "ReplicaSet") => Some(("", "Pod")),
        ("apps", "Deployment") => Some(("apps", "ReplicaSet")),
        _ => None,
    }
}

/// Judges `object` with what is around it.
pub fn poll(object: &Value, around: &(impl Surroundings + ?Sized), now: Timestamp) -> Assessment {
    let id = ObjectRef::of(object);
    let mut out = Assessment { id, status: Status::Unknown, message: String::new(), error: None, generated: Vec::new() };
    match judge(object, &mut out, around, now) {
        Ok(health) => {
            out.status = health.status;
            out.message = health.message;
        }
        Err(error) => out.error = Some(error),
    }
    out
}

fn judge(object: &Value, out: &mut Assessment, around: &(impl Surroundings + ?Sized), now: Timestamp) -> Result<Health, HealthError> {
    let Some((group, kind)) = generated_kind(&out.id) else { return assess(object, now) };
    let selector = field(object, &["spec", "selector"]).ok_or(HealthError::NoSelector)?;
    let selector = LabelSelector::from_value(selector).map_err(HealthError::Selector)?;
    let mut made: Vec<(&Value, Assessment)> = around
        .list(group, kind, &out.id.namespace)
        .into_iter()
        .filter(|o| selector.matches(metadata_map(o, "labels")))
        .map(|o| (o, poll(o, around, now)))
        .collect();
    made.sort_by(|a, b| a.1.id.cmp(&b.1.id));
    let failed = made.iter().filter(|(o, a)| a.status == Status::Failed && !may_pass(o)).count();
    out.generated = made.into_iter().map(|(_, a)| a).collect();
    let mut health = compute(object, now)?;
    if kind == "Pod" && health.status == Status::InProgress && failed > 0 {
        health.status = Status::Failed;
        health.message = format!("{failed} pods have failed");
    }
    Ok(health)
}

/// Judges an object as a health check does, without what is around it: as [`compute`], but a Job is current only when it
/// is complete or suspended.
pub fn assess(object: &Value, now: Timestamp) -> Result<Health, HealthError> {
    let id = ObjectRef::of(object);
    if (id.group.as_str(), id.kind.as_str()) == ("batch", "Job") { builtin::awaited_job(object) } else { compute(object, now) }
}

/// Whether the failure of a pod may pass, so that its controller does not count it: the pod is being deleted, or it waits
/// for a node.
pub fn may_pass(pod: &Value) -> bool {
    field(pod, &["metadata", "deletionTimestamp"]).is_some_and(|v| !v.is_null()) || builtin::is_unschedulable(pod)
}
