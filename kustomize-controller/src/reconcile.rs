//! The reconcile of a Kustomization, step by step (KC-REC-01…12).

use std::sync::Arc;
use std::time::Duration;

use ferroflux_api::contract::{field_manager, finalizer, reason};
use ferroflux_api::kustomize::Kustomization;
use ferroflux_artifact_transfer::fetch::Fetcher;
use ferroflux_cluster_apply::Waker;
use ferroflux_conditions::types::HEALTHY;
use ferroflux_controller_runtime::patch::{Written, set_finalizer};
use ferroflux_controller_runtime::{ObjectKey, Outcome, Pass, Queue, Reconciler};
use ferroflux_manifest::status::CustomHealth;
use kube::ResourceExt;
use tokio::time::Instant;
use tracing::{error, info};

use crate::attempt::{Attempt, Writer};
use crate::config::Config;
use crate::dependencies::{Check, Unmet};
use crate::expression;
use crate::failure::{Event, Failure, Then, printed};
use crate::render::Renderer;
use crate::run::{Cause, Memory, Phase, Run};
use crate::source::{self, Sources};
use crate::target::Targets;
use crate::triggers::Blocked;

mod apply;
mod health;

/// What all reconciles share.
pub(crate) struct KustomizationReconciler {
    pub(crate) config: Config,
    pub(crate) writer: Writer,
    pub(crate) queue: Queue,
    pub(crate) sources: Arc<Sources>,
    pub(crate) fetcher: Fetcher,
    pub(crate) renderer: Arc<Renderer>,
    pub(crate) targets: Targets,
    pub(crate) memory: Arc<Memory>,
    pub(crate) blocked: Arc<Blocked>,
}

/// How a pass left its reconcile.
pub(crate) enum Step {
    /// It waits; called again when woken, at the latest after this time.
    Waiting(Duration),
    /// It succeeded.
    Done,
    /// It did not.
    Failed(Failure),
}

impl From<Failure> for Step {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Reconciler for KustomizationReconciler {
    type Object = Kustomization;

    async fn reconcile(&self, pass: Pass<Kustomization>) -> Outcome {
        let (key, began) = (pass.key, pass.began);
        let mut attempt = Attempt::new(pass.object, self.writer.clone());
        let waiting = self.memory.runs.take(&key);
        let interruption = self.memory.take_interruption(&key);
        if attempt.object.metadata.deletion_timestamp.is_some() {
            drop(waiting);
            return self.finalize(&key, attempt, began).await;
        }
        if !attempt.object.finalizers().iter().any(|f| f == finalizer::FLUX) {
            let set =
                set_finalizer(&attempt.api(), field_manager::KUSTOMIZE_CONTROLLER_STATUS, attempt.object.as_ref(), finalizer::FLUX, true)
                    .await;
            return match set {
                Ok(Written::Changed(object)) => {
                    attempt.observe(*object);
                    Outcome::Now
                }
                Ok(Written::Unchanged | Written::Gone) => Outcome::Idle,
                Err(error) => Outcome::Retry(error.into()),
            };
        }
        if attempt.object.spec.suspend {
            info!("Reconciliation is suspended for this object");
            attempt.conclude();
            return match attempt.write().await {
                Ok(_) => Outcome::Idle,
                Err(error) => Outcome::Retry(error.into()),
            };
        }
        let step = match waiting {
            Some((run, phase)) => match self.out_of_date(&run, &attempt.object, interruption) {
                None => self.resume(&key, &mut attempt, run, phase).await,
                Some(by) if self.config.report_canceled_health_checks && matches!(phase, Phase::Health { .. }) => canceled(&by).into(),
                Some(_) => self.start(&key, &mut attempt, began).await,
            },
            None => self.start(&key, &mut attempt, began).await,
        };
        self.finish(&key, attempt, step, began).await
    }

    fn forgotten(&self, key: &ObjectKey) {
        self.memory.forget(key);
        self.blocked.remove(key);
        self.renderer.forget(key);
        self.targets.forget(key);
    }
}

/// The report of a health check that was cut short (KC-TRIG-06).
fn canceled(by: &str) -> Failure {
    let event = Event { message: format!("Health checks canceled due to new reconciliation triggered by {by}"), warning: false };
    info!(trigger = by, "New reconciliation triggered, canceling health checks");
    let message = format!("New reconciliation triggered by {by}");
    Failure { event: Some(event), ..Failure::waiting(reason::HEALTH_CHECK_CANCELED, message, Then::Now) }
}

impl KustomizationReconciler {
    /// Wakes an object when something it waits for happened.
    pub(crate) fn waker(&self, key: &ObjectKey) -> Waker {
        let (queue, key) = (self.queue.clone(), key.clone());
        Arc::new(move || queue.wake(&key))
    }

    /// What made a waiting reconcile out of date, as `Kind/namespace/name`, if anything did.
    fn out_of_date(&self, run: &Run, object: &Kustomization, interruption: Option<String>) -> Option<String> {
        if run.cause != Cause::of(object) {
            return Some(format!("Kustomization/{}", ObjectKey::of(object)));
        }
        let revision = self.sources.cached_revision(object);
        if revision.is_some_and(|revision| revision != run.revision) {
            return Some(format!("{}/{}", object.spec.source_ref.kind, source::key(object)));
        }
        interruption
    }

    /// Begins a reconcile.
    async fn start(&self, key: &ObjectKey, attempt: &mut Attempt, began: Instant) -> Step {
        let health = match self.check_spec(&attempt.object) {
            Ok(health) => health,
            Err(failure) => return failure.into(),
        };
        let artifact = match self.sources.artifact(attempt.client(), &self.config, &attempt.object).await {
            Ok(artifact) => artifact,
            Err(failure) => return failure.into(),
        };
        attempt.revision = Some(artifact.revision.clone());
        attempt.origin_revision = source::origin_revision(&artifact);
        if !attempt.object.spec.depends_on.is_empty() {
            // Listening begins before looking, so that nothing is missed in between.
            self.blocked.insert(key);
            if let Err(mut failure) = self.check_dependencies(attempt, &artifact).await {
                if failure.then == Then::Dependency && !self.blocked.report_is_due(key, self.config.requeue_dependency) {
                    failure.event = None;
                }
                return failure.into();
            }
            self.blocked.remove(key);
        }
        self.apply_revision(key, attempt, &artifact, health, began).await
    }

    /// The rules of health in the spec. Fails on configuration mistakes that only a change of the object mends.
    fn check_spec(&self, object: &Kustomization) -> Result<CustomHealth, Failure> {
        let health = expression::health_rules(&object.spec.health_check_exprs).map_err(Failure::invalid_expression)?;
        let Some(decryption) = &object.spec.decryption else { return Ok(health) };
        let account = decryption.service_account_name.as_deref().filter(|s| !s.is_empty());
        if account.is_some() && !self.config.object_level_identity {
            let message = "to use spec.decryption.serviceAccountName for decryption authentication please enable the ObjectLevelWorkloadIdentity feature gate in the controller";
            return Err(Failure::terminal(reason::FEATURE_GATE_DISABLED, message));
        }
        let message =
            "spec.decryption is not supported by this build: it cannot decrypt with SOPS; remove the field or use a build that can";
        Err(Failure::terminal(reason::BUILD_FAILED, message))
    }

    async fn check_dependencies(&self, attempt: &Attempt, artifact: &ferroflux_api::Artifact) -> Result<(), Failure> {
        let check = Check { client: attempt.client(), cache: &self.writer.cache, additive: self.config.additive_expressions };
        check.all(&attempt.object, artifact).await.map_err(|unmet| match unmet {
            Unmet::Invalid(error) => Failure::invalid_expression(error),
            Unmet::NotReady(message) => {
                let text = format!("Dependencies do not meet ready condition, retrying in {}", printed(self.config.requeue_dependency));
                let event = Some(Event { message: text, warning: false });
                Failure { event, ..Failure::waiting(reason::DEPENDENCY_NOT_READY, message, Then::Dependency) }
            }
        })
    }

    /// Goes on with a reconcile that waited. What the pass before had not written yet is set again: what is being done, by
    /// which events have their reason, and the revision it is done for.
    async fn resume(&self, key: &ObjectKey, attempt: &mut Attempt, run: Run, phase: Phase) -> Step {
        attempt.working(phase.doing(), &run.revision);
        attempt.status.last_attempted_revision = Some(run.revision.clone());
        attempt.revision = Some(run.revision.clone());
        attempt.origin_revision = run.origin_revision.clone();
        if let Some(inventory) = &run.after {
            attempt.status.inventory = Some(apply::to_status(inventory));
        }
        match phase {
            Phase::Stage { apply, wait, deadline, gone } => self.resume_stage(key, attempt, run, apply, wait, deadline, gone).await,
            Phase::Health { wait, began, deadline, announced, outcome } => {
                self.watch_health(key, attempt, run, wait, began, deadline, announced, outcome).await
            }
        }
    }

    /// Ends a pass: status, event, log, and when the object is looked at again (KC-REC-12, KC-TRIG-05).
    async fn finish(&self, key: &ObjectKey, mut attempt: Attempt, step: Step, began: Instant) -> Outcome {
        let failure = match step {
            Step::Waiting(at_most) => return Outcome::Wait(at_most),
            Step::Done => None,
            Step::Failed(failure) => Some(failure),
        };
        if let Some(failure) = &failure {
            attempt.fail(failure);
        }
        attempt.conclude();
        let written = attempt.write().await;
        if let Err(error) = written {
            return Outcome::Retry(error.into());
        }
        // Told once it is written: who hears of it finds it in the status.
        if let Some(event) = failure.as_ref().and_then(|f| f.event.as_ref()) {
            attempt.event(event.warning, event.message.clone(), None);
        }
        let Some(failure) = failure else {
            let interval = attempt.object.spec.interval;
            let text = format!("Reconciliation finished in {}, next run in {interval}", printed(began.elapsed()));
            info!(revision = attempt.status.last_attempted_revision.as_deref().unwrap_or_default(), "{text}");
            attempt.revision = attempt.status.last_applied_revision.clone();
            attempt.origin_revision = attempt.status.last_applied_origin_revision.clone();
            attempt.event(false, text, Some(("commit_status", "update")));
            return Outcome::After(self.config.jitter.spread(interval.as_std()));
        };
        match failure.then {
            Then::RetryInterval => {
                let retry = attempt.retry_interval();
                if failure.event.is_some() {
                    let revision = attempt.revision.as_deref().unwrap_or_default();
                    let text = format!("Reconciliation failed after {}, next try in {}", printed(began.elapsed()), printed(retry));
                    error!(error = %failure.message, revision, "{text}");
                } else {
                    info!("{}", failure.message);
                }
                Outcome::After(retry)
            }
            Then::Dependency => {
                match &failure.event {
                    Some(event) => info!("{}", event.message),
                    None => info!("{}", failure.message),
                }
                Outcome::After(self.config.requeue_dependency)
            }
            Then::Backoff => Outcome::Retry(failure.message.into()),
            Then::Never => {
                self.blocked.remove(key);
                Outcome::Terminal(failure.message.into())
            }
            Then::Now => Outcome::Now,
        }
    }

    /// Whether the last health check passed.
    pub(crate) fn was_healthy(attempt: &Attempt) -> bool {
        attempt.conditions.is_true(HEALTHY)
    }
}
