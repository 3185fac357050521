//! Whether an object is healthy: the rules of kstatus (KC-HC-05).
//!
//! [`compute`] judges one object alone. [`poll`] is what a health check uses: Jobs count as current only when they are
//! complete, and pod controllers look at their pods. [`CustomHealth`] has the rules that users write themselves.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{ObjectRef, field};

mod builtin;
mod conditions;
mod custom;
mod poll;

pub use custom::{CustomExpressions, CustomHealth, CustomHealthError, CustomRule};
pub use poll::{Assessment, Surroundings, assess, generated_kind, may_pass, poll};

/// How an object is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Status {
    /// On its way.
    InProgress,
    /// It will not get there.
    Failed,
    /// It is what its spec asks for.
    Current,
    /// It is being deleted.
    Terminating,
    /// There is no such object.
    NotFound,
    /// It could not be read or judged.
    Unknown,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::InProgress => "InProgress",
            Self::Failed => "Failed",
            Self::Current => "Current",
            Self::Terminating => "Terminating",
            Self::NotFound => "NotFound",
            Self::Unknown => "Unknown",
        })
    }
}

/// A condition as kstatus reports it: `Reconciling` or `Stalled`, always `True`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// `Reconciling` or `Stalled`.
    #[serde(rename = "type")]
    pub type_: &'static str,
    /// Always `True`.
    pub status: &'static str,
    /// One word; may be empty.
    pub reason: String,
    /// A sentence; may be empty.
    pub message: String,
}

/// The judgement on an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// How it is doing.
    pub status: Status,
    /// Why, in one sentence.
    pub message: String,
    /// The same as a standard condition; empty for current and terminating objects.
    pub conditions: Vec<Condition>,
}

impl Health {
    pub(crate) fn current(message: impl Into<String>) -> Self {
        Self { status: Status::Current, message: message.into(), conditions: Vec::new() }
    }

    pub(crate) fn in_progress(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self::with_condition(Status::InProgress, "Reconciling", reason.into(), message.into())
    }

    pub(crate) fn failed(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self::with_condition(Status::Failed, "Stalled", reason.into(), message.into())
    }

    fn with_condition(status: Status, type_: &'static str, reason: String, message: String) -> Self {
        Self { status, message: message.clone(), conditions: vec![Condition { type_, status: "True", reason, message }] }
    }
}

/// An object whose fields have not the shape that its health is read from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HealthError {
    /// A field of an unexpected type.
    #[error("looking up {path} from resource: it is of the type {found}, expected {expected}")]
    Field {
        /// Path of the field.
        path: &'static str,
        /// JSON type that it has.
        found: &'static str,
        /// Type that it should have.
        expected: &'static str,
    },
    /// `status.conditions` is not a list of conditions.
    #[error("cannot restore {expected} from {found}")]
    Conditions {
        /// What was expected.
        expected: &'static str,
        /// JSON type that it has.
        found: &'static str,
    },
    /// A pod phase that Kubernetes does not have.
    #[error("unknown phase {0}")]
    PodPhase(String),
    /// A pod controller without `spec.selector`.
    #[error("no selector found")]
    NoSelector,
    /// A pod controller with a selector that cannot be read.
    #[error("{0}")]
    Selector(crate::SelectorError),
}

/// Judges an object by itself. `now` decides how long a pod has been unschedulable.
pub fn compute(object: &Value, now: Timestamp) -> Result<Health, HealthError> {
    if let Some(health) = generic(object)? {
        return Ok(health);
    }
    let id = ObjectRef::of(object);
    if let Some(health) = builtin::compute(&id, object, now)? {
        return Ok(health);
    }
    ready_condition(object)
}

/// Rules that hold for every kind.
fn generic(object: &Value) -> Result<Option<Health>, HealthError> {
    if !string_at(object, &["metadata", "deletionTimestamp"], "metadata.deletionTimestamp")?.unwrap_or_default().is_empty() {
        return Ok(Some(Health { status: Status::Terminating, message: "Resource scheduled for deletion".into(), conditions: Vec::new() }));
    }
    if let Some(generation) = integer_at(object, &["metadata", "generation"], "metadata.generation")? {
        let observed = integer_at(object, &["status", "observedGeneration"], "status.observedGeneration")?;
        if let Some(observed) = observed.filter(|o| *o != generation) {
            let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
            let message = format!("{kind} generation is {generation}, but latest observed generation is {observed}");
            return Ok(Some(Health::in_progress("LatestGenerationNotObserved", message)));
        }
    }
    for c in conditions::of(object)? {
        match (c.type_, c.status) {
            ("Reconciling", "True") => return Ok(Some(Health::in_progress(c.reason, c.message))),
            ("Stalled", "True") => return Ok(Some(Health::failed(c.reason, c.message))),
            _ => {}
        }
    }
    Ok(None)
}

/// The rule for kinds without one of their own: a Ready condition decides, and without one the object is current.
fn ready_condition(object: &Value) -> Result<Health, HealthError> {
    let ready = conditions::of(object)?.into_iter().filter(|c| c.type_ == "Ready");
    for c in ready {
        match c.status {
            "True" => return Ok(Health::current("Resource is Ready")),
            "False" | "Unknown" => return Ok(Health::in_progress(c.reason, c.message)),
            _ => {}
        }
    }
    Ok(Health::current("Resource is current"))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_i64() || n.is_u64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

/// A field below objects; a parent of another type is an error, an absent one is not.
fn strict_field<'a>(object: &'a Value, path: &[&str], name: &'static str) -> Result<Option<&'a Value>, HealthError> {
    let mut at = object;
    for key in path {
        match at {
            Value::Object(map) => match map.get(*key) {
                Some(next) => at = next,
                None => return Ok(None),
            },
            other => return Err(HealthError::Field { path: name, found: type_name(other), expected: "map[string]interface{}" }),
        }
    }
    Ok(Some(at))
}

fn string_at<'a>(object: &'a Value, path: &[&str], name: &'static str) -> Result<Option<&'a str>, HealthError> {
    match strict_field(object, path, name)? {
        None => Ok(None),
        Some(Value::String(s)) => Ok(Some(s)),
        Some(other) => Err(HealthError::Field { path: name, found: type_name(other), expected: "string" }),
    }
}

fn integer_at(object: &Value, path: &[&str], name: &'static str) -> Result<Option<i64>, HealthError> {
    match strict_field(object, path, name)? {
        None => Ok(None),
        Some(value) => match value.as_i64() {
            Some(n) => Ok(Some(n)),
            None => Err(HealthError::Field { path: name, found: type_name(value), expected: "int64" }),
        },
    }
}

/// An integer, or the default where there is none.
fn int(object: &Value, path: &[&str], default: i64) -> i64 {
    field(object, path).and_then(Value::as_i64).unwrap_or(default)
}

/// A string, or the default where there is none.
fn string<'a>(object: &'a Value, path: &[&str], default: &'a str) -> &'a str {
    field(object, path).and_then(Value::as_str).unwrap_or(default)
}
