//! From an artifact to applied objects: fetch, render, write ahead, apply, prune.

use std::sync::Arc;
use std::time::Duration;

use ferroflux_api::Artifact;
use ferroflux_api::contract::reason;
use ferroflux_api::kustomize::{Kustomization, ResourceInventory, ResourceRef};
use ferroflux_artifact_transfer::fetch::{FetchError, Tree};
use ferroflux_cluster_apply::{Apply, Cluster, HealthWait, Options, Progress, prune};
use ferroflux_conditions::types::READY;
use ferroflux_controller_runtime::ObjectKey;
use ferroflux_manifest::status::CustomHealth;
use ferroflux_manifest::{IgnoreRule, IgnoreRules, IgnoreTarget, Inventory, ObjectRef};
use serde_json::Value;
use tokio::time::Instant;
use tracing::{info, warn};

use super::{KustomizationReconciler, Step};
use crate::attempt::{Attempt, now};
use crate::config::CONTROLLER;
use crate::failure::{Failure, Then, printed, told};
use crate::history;
use crate::render::Rendered;
use crate::run::{Cause, Checked, Phase, Run};
use crate::target::TargetError;

/// Work that is done before this goes unreported; what takes longer is announced in the status.
const ANNOUNCE_AFTER: Duration = Duration::from_secs(1);

/// Bytes of an inventory: an API server stores objects of 1.5 MiB, and the rest of the object needs room too.
const MAX_INVENTORY: usize = 1_400_000;

/// How long a stage may take to be current (KC-APPLY-03).
const STAGE_TIMEOUT: Duration = Duration::from_secs(60);

impl KustomizationReconciler {
    /// Brings about the state that `artifact` describes.
    pub(super) async fn apply_revision(
        &self,
        key: &ObjectKey,
        attempt: &mut Attempt,
        artifact: &Artifact,
        health: CustomHealth,
        began: Instant,
    ) -> Step {
        let tree = match self.fetch(key, attempt, artifact).await {
            Ok(tree) => tree,
            Err(step) => return step,
        };
        if let Err(failure) = crate::render::check_path(&tree, &attempt.object) {
            return failure.into();
        }
        attempt.status.last_attempted_revision = Some(artifact.revision.clone());
        let cluster = match self.targets.of(&attempt.object, &self.config).await {
            Ok(cluster) => cluster,
            Err(error) => {
                let failed = match &error {
                    TargetError::Failed(_) => Failure::new,
                    TargetError::Unsupported(_) => Failure::terminal,
                };
                let mut failure = failed(reason::RECONCILIATION_FAILED, error.to_string());
                if let Some(event) = &mut failure.event {
                    event.message = format!("failed to build kube client: {error}");
                }
                return failure.into();
            }
        };
        let rendered = match self.render(attempt, &artifact.revision, tree).await {
            Ok(rendered) => rendered,
            Err(failure) => return failure.into(),
        };
        let options = match self.options(&attempt.object, health) {
            Ok(options) => Arc::new(options),
            Err(error) => {
                attempt.working("Detecting drift", &artifact.revision);
                attempt.note(&rendered.digest, reason::RECONCILIATION_FAILED, began);
                let message = format!("failed to create ignore rule selector: {error}\n");
                return Failure::new(reason::RECONCILIATION_FAILED, message).into();
            }
        };
        self.advise(attempt, &rendered, &options, &artifact.revision);
        let before = stored_inventory(attempt);
        let run = Run {
            cause: Cause::of(&attempt.object),
            revision: artifact.revision.clone(),
            origin_revision: attempt.origin_revision.clone(),
            digest: rendered.digest,
            cluster,
            options,
            before,
            after: None,
            began,
        };
        if let Err(failure) = self.write_ahead(attempt, &run, &rendered.objects).await {
            return failure.into();
        }
        let apply = Box::new(Apply::new(rendered.objects, &run.options));
        self.advance(key, attempt, run, apply).await
    }

    /// The unpacked artifact. A failed download is tried again by a timer, not by the worker.
    async fn fetch(&self, key: &ObjectKey, attempt: &mut Attempt, artifact: &Artifact) -> Result<Arc<Tree>, Step> {
        let fetch = self.fetcher.fetch(&artifact.url, &artifact.digest);
        attempt.working("Fetching manifests", &artifact.revision);
        let fetched = announced(attempt, fetch).await.map_err(|e| Step::Failed(Failure::api(e)))?;
        let error = match fetched {
            Ok(tree) => {
                self.memory.downloaded(key);
                return Ok(tree);
            }
            Err(error) => error,
        };
        if matches!(*error, FetchError::NotFound) {
            let message = format!("Source is not ready, artifact not found, retrying in {}", printed(self.config.requeue_dependency));
            return Err(Failure::waiting(reason::ARTIFACT_FAILED, message, Then::Dependency).into());
        }
        if error.is_retryable()
            && let Some(wait) = self.config.retries.wait(self.memory.count_download(key, &artifact.digest))
        {
            warn!(%error, "the artifact could not be downloaded, it is tried again in {}", printed(wait));
            return Err(Step::Waiting(wait));
        }
        self.memory.downloaded(key);
        Err(Failure::new(reason::ARTIFACT_FAILED, error.to_string()).into())
    }

    async fn render(&self, attempt: &mut Attempt, revision: &str, tree: Arc<Tree>) -> Result<Rendered, Failure> {
        attempt.working("Building manifests", revision);
        let (renderer, object, client) = (self.renderer.clone(), attempt.object.clone(), attempt.client().clone());
        let render = async move { renderer.render(&client, &object, tree).await };
        announced(attempt, render).await.map_err(Failure::api)?
    }

    /// Tells users what is legal and probably not meant, once a revision, in the log and as an event (KC-UX-02).
    fn advise(&self, attempt: &Attempt, rendered: &Rendered, options: &Options, revision: &str) {
        if attempt.status.last_applied_revision.as_deref() == Some(revision) {
            return;
        }
        let unused = options.ignore.unused(&rendered.objects).into_iter();
        let unused = unused.map(|at| format!("spec.ignore[{at}].target matches no object of this Kustomization"));
        let advice: Vec<String> = rendered.warnings.iter().cloned().chain(unused).collect();
        for line in &advice {
            warn!("{line}");
        }
        if !advice.is_empty() {
            attempt.advise(advice.join("\n"));
        }
    }

    fn options(&self, object: &Kustomization, health: CustomHealth) -> Result<Options, ferroflux_manifest::RuleError> {
        let part = |p: &Option<String>| p.clone().unwrap_or_default();
        let rules: Vec<IgnoreRule> = object
            .spec
            .ignore
            .iter()
            .map(|rule| IgnoreRule {
                paths: rule.paths.clone(),
                target: rule.target.as_ref().map(|t| IgnoreTarget {
                    group: part(&t.group),
                    version: part(&t.version),
                    kind: part(&t.kind),
                    name: part(&t.name),
                    namespace: part(&t.namespace),
                    label_selector: part(&t.label_selector),
                    annotation_selector: part(&t.annotation_selector),
                }),
            })
            .collect();
        Ok(Options {
            manager: CONTROLLER.to_owned(),
            foreign: self.config.foreign_managers.clone(),
            force: object.spec.force,
            ignore: IgnoreRules::compile(&rules)?,
            migrate_api_version: self.config.migrate_api_version,
            custom_stage_kinds: self.config.custom_stage_kinds.clone(),
            concurrency: self.config.concurrent_ssa,
            health,
        })
    }

    /// Before the first write to the cluster: the inventory as the union of what was there and what may come, so that no
    /// object is lost if we are killed, and the progress where there is any to report (KC-SAFE-02, KC-REC-06).
    async fn write_ahead(&self, attempt: &mut Attempt, run: &Run, objects: &[Value]) -> Result<(), Failure> {
        let mut planned = Inventory::default();
        for object in objects {
            let mut id = ObjectRef::of(object);
            // A namespace on a kind without namespaces disappears when it is applied.
            if !id.namespace.is_empty() && run.cluster.resource(&id).await.is_ok_and(|r| !r.namespaced) {
                id.namespace.clear();
            }
            planned.push(&id);
        }
        let union = run.before.union(&planned);
        check_size(&union)?;
        attempt.working("Detecting drift", &run.revision);
        let new_state = attempt.status.last_applied_revision.as_deref() != Some(&run.revision)
            || attempt.status.observed_generation != attempt.conditions.generation()
            || !attempt.conditions.is_true(READY);
        if union == run.before && !new_state {
            return Ok(());
        }
        if new_state {
            attempt.progressing();
        }
        attempt.status.inventory = Some(to_status(&union));
        attempt.write().await.map(drop).map_err(|error| Failure::api(format!("failed to update status: {}", told(&error))))
    }

    /// Goes on after a stage became current, or doomed objects are gone.
    #[allow(clippy::too_many_arguments, reason = "the parts of the phase")]
    pub(super) async fn resume_stage(
        &self,
        key: &ObjectKey,
        attempt: &mut Attempt,
        run: Run,
        apply: Box<Apply>,
        mut wait: HealthWait,
        deadline: Instant,
        gone: bool,
    ) -> Step {
        use ferroflux_cluster_apply::Verdict;
        let failure = match wait.evaluate().await {
            Verdict::Passed => return self.advance(key, attempt, run, apply).await,
            Verdict::Failed(failure) => failure,
            Verdict::Waiting(poll) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    self.memory.runs.put(key, (run, Phase::Stage { apply, wait, deadline, gone }));
                    return Step::Waiting(poll.map_or(left, |p| p.min(left)));
                }
                wait.timed_out()
            }
        };
        let text = if gone {
            format!("immutable field detected, failed to wait for object to be deleted: {failure}")
        } else {
            failure.to_string()
        };
        self.apply_failed(attempt, &run, &apply, &text)
    }

    /// Applies stage after stage.
    async fn advance(&self, key: &ObjectKey, attempt: &mut Attempt, run: Run, mut apply: Box<Apply>) -> Step {
        let progress = apply.advance(&run.cluster, &run.options).await;
        let recreated = apply.take_recreated();
        if !recreated.is_empty() {
            let lines: Vec<String> =
                recreated.iter().map(|o| format!("{o} deleted: it has a change of an immutable field and is created anew")).collect();
            attempt.event(true, lines.join("\n"), None);
        }
        let (wait, gone, timeout) = match progress {
            Ok(Progress::Done) => {
                let (changes, targets) = apply.into_targets();
                return self.applied(key, attempt, run, Checked { changes, targets }).await;
            }
            Ok(Progress::Current(targets)) => {
                (HealthWait::until_current(run.cluster.clone(), targets, false, self.waker(key)), false, STAGE_TIMEOUT)
            }
            Ok(Progress::Gone(targets)) => (HealthWait::until_gone(run.cluster.clone(), targets, self.waker(key)), true, attempt.timeout()),
            Err(error) => return self.apply_failed(attempt, &run, &apply, &error.to_string()),
        };
        // Boxed: a stage that is current at once leads back here.
        Box::pin(self.resume_stage(key, attempt, run, apply, wait, Instant::now() + timeout, gone)).await
    }

    fn apply_failed(&self, attempt: &mut Attempt, run: &Run, apply: &Apply, error: &str) -> Step {
        // What was planned but not written is taken back; what was written is remembered.
        attempt.status.inventory = Some(to_status(&run.before.union(apply.written()))).filter(|i| !i.entries.is_empty());
        let lines: String = apply.changes().changed_lines().lines().map(|l| format!("{l}\n")).collect();
        attempt.note_history(run, reason::RECONCILIATION_FAILED);
        Failure::new(reason::RECONCILIATION_FAILED, format!("{error}\n{lines}")).into()
    }

    /// After the apply: log and event, the new inventory, garbage collection.
    async fn applied(&self, key: &ObjectKey, attempt: &mut Attempt, mut run: Run, checked: Checked) -> Step {
        let changes = &checked.changes;
        if !changes.0.is_empty() {
            let output = if self.config.group_change_log {
                serde_json::to_string(&changes.by_action())
            } else {
                serde_json::to_string(&changes.by_subject())
            };
            info!(output.json = output.unwrap_or_default(), revision = run.revision, "server-side apply completed");
        }
        let changed = changes.changed_lines();
        let drifted = !changed.is_empty();
        if drifted {
            attempt.event(false, changed, None);
        }
        let mut inventory = changes.inventory();
        let stale = match run.before.stale(&inventory) {
            Ok(stale) => without_renamed(&run.cluster, stale, &inventory).await,
            Err(error) => {
                attempt.note_history(&run, reason::RECONCILIATION_FAILED);
                return Failure::new(reason::RECONCILIATION_FAILED, error.to_string()).into();
            }
        };
        if attempt.object.spec.prune && !stale.is_empty() {
            let owner = prune::Owner { name: key.name.to_string(), namespace: key.namespace.to_string() };
            let deletion = prune::delete_all(&run.cluster, &owner, stale).await;
            if let Some(error) = deletion.error() {
                inventory.merge(&deletion.survivors);
                attempt.status.inventory = Some(to_status(&inventory));
                attempt.note_history(&run, reason::PRUNE_FAILED);
                return Failure::new(reason::PRUNE_FAILED, error).into();
            }
            let lines = deletion.changes.all_lines();
            info!("garbage collection completed: {lines}");
            attempt.event(false, lines, None);
        }
        attempt.status.inventory = Some(to_status(&inventory));
        run.after = Some(inventory);
        self.check_health(key, attempt, run, checked, drifted).await
    }
}

impl Attempt {
    /// Notes the result of a run in the history.
    pub(super) fn note_history(&mut self, run: &Run, status: &str) {
        self.note(&run.digest, status, run.began);
    }

    /// Notes the result for manifests with `digest` at the attempt's revision in the history.
    fn note(&mut self, digest: &str, status: &str, began: Instant) {
        let revisions = [("revision", &self.revision), ("originRevision", &self.origin_revision)];
        let metadata = revisions.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))).collect();
        history::note(&mut self.status.history, digest, status, now(), began.elapsed(), metadata);
    }
}

/// Runs `work`; if it takes long, the status says what is being done.
async fn announced<T>(attempt: &mut Attempt, work: impl Future<Output = T>) -> Result<T, kube::Error> {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return Ok(done),
        () = tokio::time::sleep(ANNOUNCE_AFTER) => {}
    }
    attempt.progressing();
    attempt.write().await?;
    Ok(work.await)
}

/// Objects whose entries differ from new ones only by a namespace that their kind does not have are not stale.
async fn without_renamed(cluster: &Cluster, stale: Vec<ObjectRef>, new: &Inventory) -> Vec<ObjectRef> {
    let mut out = Vec::with_capacity(stale.len());
    for object in stale {
        let bare = ObjectRef { namespace: String::new(), ..object.clone() }.inventory_id();
        let kept = !object.namespace.is_empty()
            && new.entries.iter().any(|e| e.id == bare)
            && cluster.resource(&object).await.is_ok_and(|r| !r.namespaced);
        if !kept {
            out.push(object);
        }
    }
    out
}

/// Refuses an inventory that no object can hold, before anything is applied (KC-PERF-05).
fn check_size(inventory: &Inventory) -> Result<(), Failure> {
    let bytes: usize = inventory.entries.iter().map(|e| r#"{"id":"","v":""},"#.len() + e.id.len() + e.v.len()).sum();
    if bytes <= MAX_INVENTORY {
        return Ok(());
    }
    let message = format!(
        "the inventory of {} objects takes {bytes} bytes, and the status of a Kustomization holds at most {MAX_INVENTORY}; split it into several Kustomizations",
        inventory.entries.len()
    );
    Err(Failure::new(reason::RECONCILIATION_FAILED, message))
}

fn stored_inventory(attempt: &Attempt) -> Inventory {
    let entries = attempt.status.inventory.iter().flat_map(|i| &i.entries);
    Inventory { entries: entries.map(|e| ferroflux_manifest::Entry { id: e.id.clone(), v: e.v.clone() }).collect() }
}

pub(super) fn to_status(inventory: &Inventory) -> ResourceInventory {
    ResourceInventory { entries: inventory.entries.iter().map(|e| ResourceRef { id: e.id.clone(), v: e.v.clone() }).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferroflux_manifest::Entry;

    /// KC-PERF-05, the size of the status: 5,000 objects fit, and what does not is refused with the way out.
    #[test]
    fn inventories_have_a_limit() {
        let of = |objects: usize| Inventory {
            entries: (0..objects)
                .map(|n| Entry { id: format!("some-namespace_some-rather-long-name-{n:06}_apps_Deployment"), v: "v1".into() })
                .collect(),
        };
        assert!(check_size(&of(5_000)).is_ok());
        let refused = check_size(&of(50_000)).err().map(|f| f.message).unwrap_or_default();
        assert!(refused.contains("50000 objects") && refused.contains("split it"), "{refused}");
    }
}
