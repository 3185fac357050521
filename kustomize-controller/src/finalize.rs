//! Deletion of a Kustomization (KC-DEL-01…03).

use ferroflux_api::contract::{field_manager, finalizer};
use ferroflux_api::kustomize::{DeletionPolicy, Kustomization};
use ferroflux_cluster_apply::{Action, HealthWait, Target, Verdict, prune};
use ferroflux_controller_runtime::patch::{Written, set_finalizer};
use ferroflux_controller_runtime::{ObjectKey, Outcome};
use ferroflux_manifest::{ObjectRef, order};
use tokio::time::Instant;
use tracing::{error, info};

use crate::attempt::Attempt;
use crate::failure::printed;
use crate::reconcile::KustomizationReconciler;
use crate::target;

/// Whether the objects of a Kustomization are deleted with it.
fn deletes_objects(object: &Kustomization) -> bool {
    let empty = object.status.inventory.as_ref().is_none_or(|i| i.entries.is_empty());
    if object.spec.suspend || empty {
        return false;
    }
    match object.spec.deletion_policy.unwrap_or_default() {
        DeletionPolicy::MirrorPrune => object.spec.prune,
        DeletionPolicy::Delete | DeletionPolicy::WaitForTermination => true,
        DeletionPolicy::Orphan => false,
    }
}

/// What was deleted and must be gone before the finalizer goes.
pub(crate) struct Terminating {
    wait: HealthWait,
    deadline: Instant,
}

impl KustomizationReconciler {
    /// Deletes what the policy says, then lets the object go.
    pub(crate) async fn finalize(&self, key: &ObjectKey, mut attempt: Attempt, began: Instant) -> Outcome {
        if attempt.object.metadata.finalizers.iter().flatten().all(|f| f != finalizer::FLUX) {
            return Outcome::Idle;
        }
        attempt.revision = attempt.status.last_applied_revision.clone();
        attempt.origin_revision = attempt.status.last_applied_origin_revision.clone();
        if deletes_objects(&attempt.object) {
            let waiting = match self.memory.terminations.take(key) {
                Some(waiting) => Some(waiting),
                None => match self.delete_objects(key, &attempt).await {
                    Ok(waiting) => waiting,
                    Err(error) => return Outcome::Retry(error.into()),
                },
            };
            if let Some(mut terminating) = waiting {
                let left = terminating.deadline.saturating_duration_since(Instant::now());
                match terminating.wait.evaluate().await {
                    Verdict::Passed => {}
                    Verdict::Waiting(poll) if !left.is_zero() => {
                        self.memory.terminations.put(key, terminating);
                        return Outcome::Wait(poll.map_or(left, |p| p.min(left)));
                    }
                    Verdict::Waiting(_) | Verdict::Failed(_) => {
                        let text = "failed to wait for resources termination";
                        error!(error = %terminating.wait.timed_out(), "{text}");
                        attempt.event(true, text.to_owned(), None);
                    }
                }
            }
        }
        let gone =
            set_finalizer(&attempt.api(), field_manager::KUSTOMIZE_CONTROLLER, attempt.object.as_ref(), finalizer::FLUX, false).await;
        match gone {
            Ok(Written::Changed(object)) => {
                attempt.observe(*object);
                info!("finalized in {}", printed(began.elapsed()));
                Outcome::Idle
            }
            Ok(Written::Unchanged | Written::Gone) => Outcome::Idle,
            Err(error) => Outcome::Retry(error.into()),
        }
    }

    async fn delete_objects(&self, key: &ObjectKey, attempt: &Attempt) -> Result<Option<Terminating>, String> {
        let object = &attempt.object;
        let entries = object.status.inventory.iter().flat_map(|i| &i.entries);
        // An entry that cannot be read names no object that could be deleted.
        let mut objects: Vec<ObjectRef> = entries.filter_map(|e| ObjectRef::from_inventory(&e.id, &e.v).ok()).collect();
        objects.sort_by(order::compare);
        if !self.targets.account_exists(object, &self.config).await {
            let account = target::service_account(object, &self.config).unwrap_or_default();
            let list = objects.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            let text = format!("unable to prune objects: \n{list}");
            error!(error = format!("skipping pruning, failed to find account to impersonate: {account}"), "{text}");
            attempt.event(true, text, None);
            return Ok(None);
        }
        let cluster = self.targets.of(object, &self.config).await.map_err(|e| e.to_string())?;
        let owner = prune::Owner { name: key.name.to_string(), namespace: key.namespace.to_string() };
        let deletion = prune::delete_all(&cluster, &owner, objects).await;
        if let Some(error) = deletion.error() {
            attempt.event(true, "pruning for deleted resource failed".to_owned(), None);
            return Err(error);
        }
        if deletion.changes.0.is_empty() {
            return Ok(None);
        }
        attempt.event(false, deletion.changes.all_lines(), None);
        if object.spec.deletion_policy != Some(DeletionPolicy::WaitForTermination) {
            return Ok(None);
        }
        let deleted = deletion.changes.0.into_iter().filter(|c| c.action == Action::Deleted).map(|c| Target::unread(c.object)).collect();
        let wait = HealthWait::until_gone(cluster, deleted, self.waker(key));
        Ok(Some(Terminating { wait, deadline: Instant::now() + attempt.timeout() }))
    }
}
