//! Staged server-side apply (KC-APPLY-03…12, KC-IGN-01…03).
//!
//! Requests: one dry-run an object. The live object is read only when the dry-run cannot tell alone: it answers with the
//! live object as it would be, and an object that would change carries a managed-fields time of this moment. So an object
//! that is as it should be costs one request, a new one two, a changed one three.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use ferroflux_manifest::managed_fields::{self, ForeignManager};
use ferroflux_manifest::order::{self, Stage};
use ferroflux_manifest::status::CustomHealth;
use ferroflux_manifest::{IgnoreRules, Inventory, ObjectRef, directive, drift, field, normalize};
use futures::{FutureExt, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::api::{Cluster, Returned};
use crate::change::{Action, Change, ChangeSet};
use crate::error::{ApiError, ApplyError};
use crate::health::Target;

/// How objects are applied.
#[derive(Debug)]
pub struct Options {
    /// Our field manager.
    pub manager: String,
    /// Managers whose fields are taken over, see [`managed_fields::foreign_managers`].
    pub foreign: Vec<ForeignManager>,
    /// Recreate every object with an immutable change.
    pub force: bool,
    /// Fields that are left to others.
    pub ignore: IgnoreRules,
    /// Rewrite the API version of managed fields before the dry-run.
    pub migrate_api_version: bool,
    /// Kinds of the third stage, see [`order::parse_stage_kinds`].
    pub custom_stage_kinds: BTreeSet<(String, String)>,
    /// Dry-runs at once (`--concurrent-ssa`).
    pub concurrency: usize,
    /// The health of objects of which users know better.
    pub health: CustomHealth,
}

/// Where an apply stands.
#[derive(Debug)]
pub enum Progress {
    /// All objects are applied.
    Done,
    /// The objects of a stage are applied and must be current before the next begins (at most a minute).
    Current(Vec<Target>),
    /// Objects that are to be recreated are being deleted and must be gone before their stage begins anew.
    Gone(Vec<Target>),
}

/// An apply under way.
#[derive(Debug)]
pub struct Apply {
    stages: VecDeque<(Stage, Vec<Value>)>,
    /// What was done by the finished stages.
    changes: ChangeSet,
    /// The applied and unchanged objects, for a health check.
    targets: Vec<Target>,
    /// Objects that were deleted in order to be recreated, for a Warning event (KC-APPLY-09).
    recreated: Vec<ObjectRef>,
    /// All objects that were written, also by a stage that failed later.
    written: Inventory,
    defined_kinds: bool,
}

/// What is to be done with an object.
enum Plan {
    Leave(Change, Option<Box<Target>>),
    Write { created: bool, payload: Value, cleanup: Option<Value> },
    Recreate(ObjectRef),
}

/// Managed-fields times have whole seconds; an object that was written this shortly before is compared in full.
const RECENT: SignedDuration = SignedDuration::from_secs(2);
/// A kind defined by this very run may be served a moment after its definition is established.
const NEW_KIND_TRIES: u32 = 10;
const NEW_KIND_DELAY: Duration = Duration::from_millis(200);

impl Apply {
    /// Sorts normalised objects into stages.
    pub fn new(objects: Vec<Value>, options: &Options) -> Self {
        let mut stages: Vec<(Stage, Vec<(ObjectRef, Value)>)> = Stage::ALL.map(|stage| (stage, Vec::new())).into();
        for mut object in objects {
            normalize::drop_invalid_ca_bundle(&mut object);
            let id = ObjectRef::of(&object);
            let stage = Stage::of(&id, &options.custom_stage_kinds);
            if let Some((_, objects)) = stages.iter_mut().find(|(s, _)| *s == stage) {
                objects.push((id, object));
            }
        }
        let stages = stages
            .into_iter()
            .filter(|(_, objects)| !objects.is_empty())
            .map(|(stage, mut objects)| {
                objects.sort_by(|a, b| order::compare(&a.0, &b.0));
                (stage, objects.into_iter().map(|(_, object)| object).collect())
            })
            .collect();
        Self {
            stages,
            changes: ChangeSet::default(),
            targets: Vec::new(),
            recreated: Vec::new(),
            written: Inventory::default(),
            defined_kinds: false,
        }
    }

    /// What the finished stages did.
    pub fn changes(&self) -> &ChangeSet {
        &self.changes
    }

    /// All objects that were written so far, also by a stage that failed: they are there and must not be forgotten.
    pub fn written(&self) -> &Inventory {
        &self.written
    }

    /// The objects that were deleted in order to be recreated since the last call.
    pub fn take_recreated(&mut self) -> Vec<ObjectRef> {
        std::mem::take(&mut self.recreated)
    }

    /// The applied and unchanged objects with what is known of their health; skipped ones are not among them.
    pub fn into_targets(self) -> (ChangeSet, Vec<Target>) {
        (self.changes, self.targets)
    }

    /// Applies stage after stage until all are done or one must be waited for; then call it again. All objects of a stage
    /// are dry-run before the first of them is written. After an error nothing of the failing stage is in
    /// [`Apply::changes`].
    pub async fn advance(&mut self, cluster: &Cluster, options: &Options) -> Result<Progress, ApplyError> {
        while let Some((stage, objects)) = self.stages.pop_front() {
            let plans = self.plan(cluster, options, &objects).await?;
            let doomed: Vec<ObjectRef> =
                plans.iter().filter_map(|p| if let Plan::Recreate(id) = p { Some(id.clone()) } else { None }).collect();
            if !doomed.is_empty() {
                // Gone or not: the stage starts again, as the dry-runs so far are of no use without the object.
                self.stages.push_front((stage, objects));
                self.recreated.extend(doomed.iter().cloned());
                return Ok(Progress::Gone(doomed.into_iter().map(Target::unread).collect()));
            }
            let (changes, targets) = write(cluster, options, objects, plans, &mut self.written).await?;
            self.defined_kinds |= targets.iter().any(|t| t.object.is_crd());
            self.changes.0.extend(changes);
            let pending: Vec<Target> = targets.iter().filter(|t| !t.is_current()).cloned().collect();
            self.targets.extend(targets);
            if stage.waits() && !pending.is_empty() {
                return Ok(Progress::Current(pending));
            }
        }
        Ok(Progress::Done)
    }

    async fn plan(&self, cluster: &Cluster, options: &Options, objects: &[Value]) -> Result<Vec<Plan>, ApplyError> {
        // Boxed and collected, since the compiler cannot prove a closure over each borrow to be general enough. Futures do
        // nothing until they are polled.
        let plans: Vec<_> = objects.iter().map(|object| plan(cluster, options, object, self.defined_kinds).boxed()).collect();
        futures::stream::iter(plans).buffered(options.concurrency.max(1)).try_collect().await
    }
}

/// Writes what the plans of a stage say, one object after the other, in order.
async fn write(
    cluster: &Cluster,
    options: &Options,
    objects: Vec<Value>,
    plans: Vec<Plan>,
    written_ids: &mut Inventory,
) -> Result<(Vec<Change>, Vec<Target>), ApplyError> {
    let (mut changes, mut targets) = (Vec::with_capacity(plans.len()), Vec::with_capacity(plans.len()));
    for (object, plan) in objects.iter().zip(plans) {
        let (created, payload, cleanup) = match plan {
            Plan::Leave(change, target) => {
                changes.push(change);
                targets.extend(target.map(|t| *t));
                continue;
            }
            Plan::Recreate(_) => continue,
            Plan::Write { created, payload, cleanup } => (created, payload, cleanup),
        };
        let id = ObjectRef::of(object);
        if let Some(patch) = cleanup {
            let cleaned = cluster.json_patch(&id, &patch, &options.manager).await;
            cleaned.map_err(|error| ApplyError::Cleanup { object: Box::new(id.clone()), error })?;
        }
        let payload = if payload.is_null() { object } else { &payload };
        let written = cluster.apply(&id, payload, &options.manager, false).await;
        let written = written.map_err(|error| ApplyError::Apply { object: Box::new(id), error })?.object;
        let target = Target::of(&written, &options.health);
        written_ids.push(&target.object);
        if target.object.is_crd() {
            cluster.discovery().learn_definition(&written);
        }
        changes.push(Change { object: target.object.clone(), action: if created { Action::Created } else { Action::Configured } });
        targets.push(target);
    }
    Ok((changes, targets))
}

/// Finds out what to do with an object, by a dry-run and, where need be, the live object.
async fn plan(cluster: &Cluster, options: &Options, desired: &Value, new_kinds: bool) -> Result<Plan, ApplyError> {
    let id = ObjectRef::of(desired);
    let excluded = directive::is_excluded(desired);
    if excluded || directive::SSA_IF_NOT_PRESENT.is_set(desired) {
        // Upstream does not tell a failed read from an absent object here; a read that fails must not lead to a write.
        match live(cluster, &id).await? {
            Some(live) => return Ok(skipped(&live)),
            None if excluded => return Ok(skipped(desired)),
            None => {}
        }
    }
    let mut migrated = false;
    if options.migrate_api_version
        && let Some(live) = live(cluster, &id).await?
        && let Some(patch) = managed_fields::migration_patch(&live, &id.api_version())
    {
        let patched = cluster.json_patch(&id, &patch, &options.manager).await;
        patched.map_err(|error| ApplyError::Migrate { object: Box::new(id.clone()), error })?;
        migrated = true;
    }
    let dry_run = match dry_run(cluster, options, &id, desired, new_kinds).await {
        Ok(dry_run) => dry_run,
        Err(error) if error.is_immutable() => return recreate(cluster, options, id, desired, error).await,
        Err(error) => return Err(ApplyError::DryRun { object: Box::new(id), error }),
    };
    if text(&dry_run.object, "resourceVersion").is_empty() {
        return Ok(Plan::Write { created: true, payload: Value::Null, cleanup: None });
    }
    if !migrated
        && is_untouched(&dry_run)
        && managed_fields::cleanup_patch(desired, &dry_run.object, &options.manager, &options.foreign).is_none()
    {
        return Ok(if directive::is_excluded(&dry_run.object) { skipped(&dry_run.object) } else { unchanged(&dry_run.object, options) });
    }
    compare(cluster, options, id, desired, dry_run.object, migrated).await
}

/// Compares the dry-run with the live object.
async fn compare(
    cluster: &Cluster,
    options: &Options,
    id: ObjectRef,
    desired: &Value,
    dry_run: Value,
    migrated: bool,
) -> Result<Plan, ApplyError> {
    let Some(live) = live(cluster, &id).await? else {
        return Ok(Plan::Write { created: true, payload: Value::Null, cleanup: None });
    };
    if directive::is_excluded(&live) {
        return Ok(skipped(&live));
    }
    let cleanup = managed_fields::cleanup_patch(desired, &live, &options.manager, &options.foreign);
    if !migrated && cleanup.is_none() && !drift::has_drifted(&live, &dry_run, &options.ignore) {
        return Ok(unchanged(&live, options));
    }
    let mut payload = Value::Null;
    let kept = options.ignore.resolutions(&live, &dry_run, &options.manager);
    if !kept.is_empty() {
        payload = desired.clone();
        kept.into_iter().for_each(|resolution| resolution.apply(&mut payload));
    }
    Ok(Plan::Write { created: false, payload, cleanup })
}

/// After a dry-run that failed on an immutable field: deletes the object if that is allowed and if it is there.
async fn recreate(cluster: &Cluster, options: &Options, id: ObjectRef, desired: &Value, error: ApiError) -> Result<Plan, ApplyError> {
    let Some(live) = live(cluster, &id).await? else { return Err(ApplyError::DryRun { object: Box::new(id), error }) };
    if directive::is_excluded(&live) {
        return Ok(skipped(&live));
    }
    if !(options.force || directive::FORCE.is_set(desired) || directive::FORCE.is_set(&live)) {
        return Err(ApplyError::DryRun { object: Box::new(id), error });
    }
    match cluster.delete(&id, Some(text(&live, "uid"))).await {
        Ok(()) => Ok(Plan::Recreate(id)),
        Err(e) if e.is_not_found() => Ok(Plan::Recreate(id)),
        Err(error) => Err(ApplyError::Recreate { object: Box::new(id), error }),
    }
}

async fn dry_run(cluster: &Cluster, options: &Options, id: &ObjectRef, desired: &Value, new_kinds: bool) -> Result<Returned, ApiError> {
    let mut tries = if new_kinds { NEW_KIND_TRIES } else { 1 };
    loop {
        tries -= 1;
        match cluster.apply(id, desired, &options.manager, true).await {
            // A 404 without details is about the path, not about the namespace.
            Err(ApiError::Refused(status))
                if tries > 0 && status.code == 404 && status.details.as_ref().is_none_or(|d| d.name.is_empty()) =>
            {
                tokio::time::sleep(NEW_KIND_DELAY).await;
            }
            answer => return answer,
        }
    }
}

async fn live(cluster: &Cluster, id: &ObjectRef) -> Result<Option<Value>, ApplyError> {
    match cluster.get(id).await {
        Ok(live) => Ok(Some(live)),
        Err(error) if error.is_not_found() => Ok(None),
        // An unknown kind is reported by the dry-run, in its words.
        Err(ApiError::NoSuchKind { .. }) => Ok(None),
        Err(error) => Err(ApplyError::Query { object: Box::new(id.clone()), error }),
    }
}

/// Whether the dry-run cannot have changed anything: every field manager last wrote some time ago by the clock of the
/// server that answered.
fn is_untouched(dry_run: &Returned) -> bool {
    let Some(now) = dry_run.date else { return false };
    let Some(entries) = field(&dry_run.object, &["metadata", "managedFields"]).and_then(Value::as_array) else { return false };
    let is_old = |entry: &Value| {
        let time = entry.get("time").and_then(Value::as_str).and_then(|t| t.parse::<Timestamp>().ok());
        time.is_some_and(|time| now.duration_since(time) > RECENT)
    };
    !entries.is_empty() && entries.iter().all(is_old)
}

fn skipped(object: &Value) -> Plan {
    Plan::Leave(Change { object: ObjectRef::of(object), action: Action::Skipped }, None)
}

fn unchanged(live: &Value, options: &Options) -> Plan {
    let target = Target::of(live, &options.health);
    Plan::Leave(Change { object: target.object.clone(), action: Action::Unchanged }, Some(Box::new(target)))
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    field(object, &["metadata", key]).and_then(Value::as_str).unwrap_or_default()
}
