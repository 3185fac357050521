//! The health check after an apply (KC-HC-01…04), and the end of a successful reconcile.

use std::time::Duration;

use ferroflux_api::contract::reason;
use ferroflux_cluster_apply::{HealthWait, Target, Verdict};
use ferroflux_conditions::types::{HEALTHY, READY, RECONCILING};
use ferroflux_controller_runtime::ObjectKey;
use ferroflux_manifest::ObjectRef;
use tokio::time::Instant;

use super::{KustomizationReconciler, Step};
use crate::attempt::Attempt;
use crate::failure::{Failure, printed};
use crate::run::{Applied, Checked, Phase, Run};

/// A health check that takes longer is announced in the status.
const ANNOUNCE_AFTER: Duration = Duration::from_secs(3);

impl KustomizationReconciler {
    /// Checks the health of what was applied, or of the objects that the spec names.
    pub(super) async fn check_health(&self, key: &ObjectKey, attempt: &mut Attempt, run: Run, checked: Checked, drifted: bool) -> Step {
        let spec = &attempt.object.spec;
        let targets: Vec<Target> = if spec.wait {
            checked.targets
        } else {
            let named = spec.health_checks.iter().map(|c| {
                let version = c.api_version.as_deref().filter(|v| !v.is_empty()).unwrap_or("apps/v1");
                ObjectRef::new(version, &c.kind, c.namespace.as_deref().unwrap_or_default(), &c.name)
            });
            // What was just applied is known already.
            let known = |id: &ObjectRef| checked.targets.iter().find(|t| t.object.same_object(id)).cloned();
            named.map(|id| known(&id).unwrap_or_else(|| Target::unread(id).judged_by(&run.options.health))).collect()
        };
        if targets.is_empty() {
            attempt.conditions.delete(HEALTHY);
            return succeed(attempt, &run);
        }
        let itself = |t: &Target| t.object.kind == "Kustomization" && t.object.name == *key.name && t.object.namespace == *key.namespace;
        let targets: Vec<Target> = targets.into_iter().filter(|t| !itself(t)).collect();
        let outcome = Applied {
            was_healthy: Self::was_healthy(attempt),
            drifted,
            new_revision: attempt.status.last_applied_revision.as_deref() != Some(&run.revision),
        };
        let began = Instant::now();
        let wait = HealthWait::until_current(run.cluster.clone(), targets, self.config.fail_fast, self.waker(key));
        self.watch_health(key, attempt, run, wait, began, began + attempt.timeout(), false, outcome).await
    }

    /// Looks at the health check; waits if it has not come to an end.
    #[allow(clippy::too_many_arguments, reason = "the parts of the phase")]
    pub(super) async fn watch_health(
        &self,
        key: &ObjectKey,
        attempt: &mut Attempt,
        run: Run,
        mut wait: HealthWait,
        began: Instant,
        deadline: Instant,
        mut announced: bool,
        outcome: Applied,
    ) -> Step {
        attempt.working("Running health checks", &run.revision);
        let failure = match wait.evaluate().await {
            Verdict::Passed => {
                let text = format!("Health check passed in {}", printed(began.elapsed()));
                if !outcome.was_healthy || (outcome.new_revision && outcome.drifted) {
                    attempt.event(false, text.clone(), None);
                }
                attempt.conditions.mark_true(HEALTHY, reason::SUCCEEDED, text);
                return succeed(attempt, &run);
            }
            Verdict::Failed(failure) => failure,
            Verdict::Waiting(poll) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    let mut at_most = poll.map_or(left, |p| p.min(left));
                    if !announced {
                        let quiet = ANNOUNCE_AFTER.saturating_sub(began.elapsed());
                        if quiet.is_zero() {
                            announced = true;
                            announce(attempt);
                            if let Err(error) = attempt.write().await {
                                return Failure::api(format!("unable to update the healthy status to progressing: {error}")).into();
                            }
                        } else {
                            at_most = at_most.min(quiet);
                        }
                    }
                    self.memory.runs.put(key, (run, Phase::Health { wait, began, deadline, announced, outcome }));
                    return Step::Waiting(at_most);
                }
                wait.timed_out()
            }
        };
        let text = format!("health check failed after {}: {failure}", printed(began.elapsed()));
        attempt.conditions.mark_false(HEALTHY, reason::HEALTH_CHECK_FAILED, failure.to_string());
        attempt.note_history(&run, reason::HEALTH_CHECK_FAILED);
        Failure::new(reason::HEALTH_CHECK_FAILED, text).into()
    }
}

fn announce(attempt: &mut Attempt) {
    let message = attempt.conditions.get(RECONCILING).map(|c| c.message.clone()).unwrap_or_default();
    attempt.progressing();
    attempt.conditions.mark_unknown(HEALTHY, reason::PROGRESSING, message);
}

/// All is as the revision asks for.
fn succeed(attempt: &mut Attempt, run: &Run) -> Step {
    attempt.status.last_applied_revision = Some(run.revision.clone());
    attempt.status.last_applied_origin_revision = run.origin_revision.clone();
    attempt.conditions.mark_true(READY, reason::RECONCILIATION_SUCCEEDED, format!("Applied revision: {}", run.revision));
    attempt.note_history(run, reason::RECONCILIATION_SUCCEEDED);
    Step::Done
}
