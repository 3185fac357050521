//! Rules of the kinds that Kubernetes itself brings.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Health, HealthError, conditions, int, integer_at, string};
use crate::{ObjectRef, field};

/// How long a pod may be unschedulable before it counts as failed.
const SCHEDULE_WINDOW: SignedDuration = SignedDuration::from_secs(15);

/// The judgement on a built-in kind, `None` for all others.
pub(super) fn compute(id: &ObjectRef, object: &Value, now: Timestamp) -> Result<Option<Health>, HealthError> {
    let health = match (id.group.as_str(), id.kind.as_str()) {
        ("", "Service") => service(object),
        ("", "Pod") => pod(object, now)?,
        ("", "Secret" | "ConfigMap") | ("batch", "CronJob") => Health::current("Resource is always ready"),
        ("", "PersistentVolumeClaim") => claim(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps" | "extensions", "DaemonSet") => daemon_set(object)?,
        ("apps" | "extensions", "Deployment") => deployment(object)?,
        ("apps" | "extensions", "ReplicaSet") => replica_set(object)?,
        ("policy", "PodDisruptionBudget") => Health::current("AllowedDisruptions has been computed."),
        ("batch", "Job") => job(object)?,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object)?,
        _ => return Ok(None),
    };
    Ok(Some(health))
}

/// Requirements in the order in which they are reported: the first that is not met is the answer.
fn first_unmet<const N: usize>(checks: [(bool, &str, String); N]) -> Option<Health> {
    checks.into_iter().find(|(unmet, ..)| *unmet).map(|(_, reason, message)| Health::in_progress(reason, message))
}

fn service(object: &Value) -> Health {
    if string(object, &["spec", "type"], "ClusterIP") == "LoadBalancer" && string(object, &["spec", "clusterIP"], "").is_empty() {
        return Health::in_progress("NoIPAssigned", "ClusterIP not set. Service type: LoadBalancer");
    }
    Health::current("Service is ready")
}

fn claim(object: &Value) -> Health {
    match string(object, &["status", "phase"], "unknown") {
        "Bound" => Health::current("PVC is Bound"),
        phase => Health::in_progress("NotBound", format!("PVC is not Bound. phase: {phase}")),
    }
}

fn pod(object: &Value, now: Timestamp) -> Result<Health, HealthError> {
    let conditions = conditions::of(object)?;
    Ok(match string(object, &["status", "phase"], "") {
        "Succeeded" => Health::current("Pod has completed successfully"),
        "Failed" => Health::current("Pod has completed, but not successfully"),
        "Running" if conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True") => Health::current("Pod is Ready"),
        "Running" => {
            let crashing = crash_looping(object);
            if crashing.is_empty() {
                Health::in_progress("PodRunningNotReady", "Pod is running but is not Ready")
            } else {
                Health::failed("ContainerCrashLooping", format!("Containers in CrashLoop state: {}", crashing.join(",")))
            }
        }
        "Pending" => {
            let scheduled = conditions.iter().find(|c| c.type_ == "PodScheduled" && c.status == "False");
            if scheduled.is_some_and(|c| c.reason == "Unschedulable") {
                let created = string(object, &["metadata", "creationTimestamp"], "").parse::<Timestamp>();
                if created.is_ok_and(|created| now.duration_since(created) < SCHEDULE_WINDOW) {
                    Health::in_progress("PodNotScheduled", "Pod has not been scheduled")
                } else {
                    Health::failed("PodUnschedulable", "Pod could not be scheduled")
                }
            } else {
                Health::in_progress("PodPending", "Pod is in the Pending phase")
            }
        }
        "" => Health::in_progress("PodNotObserved", "Pod phase not available"),
        phase => return Err(HealthError::PodPhase(phase.to_owned())),
    })
}

fn crash_looping(pod: &Value) -> Vec<&str> {
    let statuses = field(pod, &["status", "containerStatuses"]).and_then(Value::as_array);
    let crashing = |s: &&Value| string(s, &["state", "waiting", "reason"], "") == "CrashLoopBackOff";
    statuses.into_iter().flatten().filter(crashing).filter_map(|s| s.get("name")?.as_str()).collect()
}

fn stateful_set(object: &Value) -> Health {
    if string(object, &["spec", "updateStrategy", "type"], "") == "OnDelete" {
        return Health::current("StatefulSet is using the ondelete update strategy");
    }
    let spec = int(object, &["spec", "replicas"], 1);
    let status = |key| int(object, &["status", key], 0);
    let (replicas, ready, current, updated) =
        (status("replicas"), status("readyReplicas"), status("currentReplicas"), status("updatedReplicas"));
    let scaled = first_unmet([
        (spec > replicas, "LessReplicas", format!("Replicas: {replicas}/{spec}")),
        (spec > ready, "LessReady", format!("Ready: {ready}/{spec}")),
        (replicas > spec, "ExtraPods", format!("Pending termination: {}", replicas.saturating_sub(spec))),
    ]);
    if let Some(health) = scaled {
        return health;
    }
    let partition = int(object, &["spec", "updateStrategy", "rollingUpdate", "partition"], -1);
    if partition != -1 {
        let wanted = spec.saturating_sub(partition);
        if updated < wanted {
            return Health::in_progress("PartitionRollout", format!("updated: {updated}/{wanted}"));
        }
        return Health::current(format!("Partition rollout complete. updated: {updated}"));
    }
    if spec > current {
        return Health::in_progress("LessCurrent", format!("current: {current}/{spec}"));
    }
    if string(object, &["status", "currentRevision"], "") != string(object, &["status", "updateRevision"], "") {
        return Health::in_progress("RevisionMismatch", "Waiting for updated revision to match current");
    }
    Health::current(format!("All replicas scheduled as expected. Replicas: {replicas}"))
}

fn daemon_set(object: &Value) -> Result<Health, HealthError> {
    let kind = string(object, &["kind"], "");
    if integer_at(object, &["metadata", "generation"], "metadata.generation")?.is_none() {
        return Ok(Health::in_progress("NoGeneration", format!("{kind} metadata.generation not found")));
    }
    if integer_at(object, &["status", "observedGeneration"], "status.observedGeneration")?.is_none() {
        return Ok(Health::in_progress("NoObservedGeneration", format!("{kind} status.observedGeneration not found")));
    }
    let desired = int(object, &["status", "desiredNumberScheduled"], -1);
    if desired == -1 {
        return Ok(Health::in_progress("NoDesiredNumber", "Missing .status.desiredNumberScheduled"));
    }
    let status = |key| int(object, &["status", key], 0);
    let (current, updated) = (status("currentNumberScheduled"), status("updatedNumberScheduled"));
    let (available, ready) = (status("numberAvailable"), status("numberReady"));
    let unmet = first_unmet([
        (desired > current, "LessCurrent", format!("Current: {current}/{desired}")),
        (desired > updated, "LessUpdated", format!("Updated: {updated}/{desired}")),
        (desired > available, "LessAvailable", format!("Available: {available}/{desired}")),
        (desired > ready, "LessReady", format!("Ready: {ready}/{desired}")),
    ]);
    Ok(unmet.unwrap_or_else(|| Health::current(format!("All replicas scheduled as expected. Replicas: {desired}"))))
}

fn deployment(object: &Value) -> Result<Health, HealthError> {
    /// What the controller writes to say that there is no deadline.
    const NO_DEADLINE: i64 = i32::MAX as i64;
    // Without a deadline the controller never sets the Progressing condition.
    let mut progressing = int(object, &["spec", "progressDeadlineSeconds"], NO_DEADLINE) == NO_DEADLINE;
    let mut available = false;
    for c in conditions::of(object)? {
        match c.type_ {
            "Progressing" if c.reason == "ProgressDeadlineExceeded" => {
                let mut health = Health::failed(c.reason, c.message);
                health.message = "Progress deadline exceeded".into();
                return Ok(health);
            }
            "Progressing" => progressing |= c.status == "True" && c.reason == "NewReplicaSetAvailable",
            "Available" => available |= c.status == "True",
            _ => {}
        }
    }
    let spec = int(object, &["spec", "replicas"], 1);
    let status = |key| int(object, &["status", key], 0);
    let (replicas, updated, ready, up) =
        (status("replicas"), status("updatedReplicas"), status("readyReplicas"), status("availableReplicas"));
    let unmet = first_unmet([
        (spec > replicas, "LessReplicas", format!("Replicas: {replicas}/{spec}")),
        (spec > updated, "LessUpdated", format!("Updated: {updated}/{spec}")),
        (replicas > spec, "ExtraPods", format!("Pending termination: {}", replicas.saturating_sub(spec))),
        (updated > up, "LessAvailable", format!("Available: {up}/{updated}")),
        (spec > ready, "LessReady", format!("Ready: {ready}/{spec}")),
        (!progressing, "ReplicaSetNotAvailable", "ReplicaSet not Available".into()),
        (!available, "DeploymentNotAvailable", "Deployment not Available".into()),
    ]);
    Ok(unmet.unwrap_or_else(|| Health::current(format!("Deployment is available. Replicas: {replicas}"))))
}

fn replica_set(object: &Value) -> Result<Health, HealthError> {
    if conditions::of(object)?.iter().any(|c| c.type_ == "ReplicaFailure" && c.status == "True") {
        return Ok(Health::in_progress("ReplicaFailure", "Replica Failure condition. Check Pods"));
    }
    let spec = int(object, &["spec", "replicas"], 1);
    let status = |key| int(object, &["status", key], 0);
    let (replicas, ready, available, labelled) =
        (status("replicas"), status("readyReplicas"), status("availableReplicas"), status("fullyLabeledReplicas"));
    let unmet = first_unmet([
        (spec > labelled, "LessLabelled", format!("Labelled: {labelled}/{spec}")),
        (spec > available, "LessAvailable", format!("Available: {available}/{spec}")),
        (spec > ready, "LessReady", format!("Ready: {ready}/{spec}")),
        (replicas > spec, "ExtraPods", format!("Pending termination: {}", replicas.saturating_sub(spec))),
    ]);
    Ok(unmet.unwrap_or_else(|| Health::current(format!("ReplicaSet is available. Replicas: {replicas}"))))
}

/// Complete or failed, if the Job says so.
fn job_end(object: &Value) -> Result<Option<Health>, HealthError> {
    let completions = int(object, &["spec", "completions"], int(object, &["spec", "parallelism"], 1));
    let status = |key| int(object, &["status", key], 0);
    for c in conditions::of(object)? {
        match (c.type_, c.status) {
            ("Complete", "True") => {
                return Ok(Some(Health::current(format!("Job Completed. succeeded: {}/{completions}", status("succeeded")))));
            }
            ("Failed", "True") => {
                return Ok(Some(Health::failed("JobFailed", format!("Job Failed. failed: {}/{completions}", status("failed")))));
            }
            _ => {}
        }
    }
    Ok(None)
}

fn job_progress(object: &Value) -> String {
    let status = |key| int(object, &["status", key], 0);
    format!("Job in progress. success:{}, active: {}, failed: {}", status("succeeded"), status("active"), status("failed"))
}

/// The general rule: a Job that runs is current.
fn job(object: &Value) -> Result<Health, HealthError> {
    if let Some(end) = job_end(object)? {
        return Ok(end);
    }
    if string(object, &["status", "startTime"], "").is_empty() {
        return Ok(Health::in_progress("JobNotStarted", "Job not started"));
    }
    Ok(Health::current(job_progress(object)))
}

/// The rule of health checks: a Job that runs is in progress, a suspended one is current.
pub(super) fn awaited_job(object: &Value) -> Result<Health, HealthError> {
    if field(object, &["spec", "suspend"]) == Some(&Value::Bool(true)) {
        return Ok(Health::current("Job is suspended"));
    }
    if let Some(end) = job_end(object)? {
        return Ok(end);
    }
    if string(object, &["status", "startTime"], "").is_empty() {
        let parallelism = int(object, &["spec", "parallelism"], 1);
        return Ok(Health::in_progress("JobNotStarted", format!("Job not started. active: 0/{parallelism}")));
    }
    Ok(Health::in_progress("JobInProgress", job_progress(object)))
}

fn definition(object: &Value) -> Result<Health, HealthError> {
    for c in conditions::of(object)? {
        match (c.type_, c.status) {
            ("NamesAccepted", "False") => return Ok(Health::failed(c.reason, c.message)),
            ("Established", "False") if c.reason != "Installing" => return Ok(Health::failed(c.reason, c.message)),
            ("Established", "True") => return Ok(Health::current("CRD is established")),
            _ => {}
        }
    }
    Ok(Health::in_progress("Installing", "Install in progress"))
}

/// Whether a pod waits for a node that can take it.
pub(super) fn is_unschedulable(pod: &Value) -> bool {
    conditions::of(pod)
        .is_ok_and(|conditions| conditions.iter().any(|c| c.type_ == "PodScheduled" && c.status == "False" && c.reason == "Unschedulable"))
}
