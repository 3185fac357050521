//! One pass over a GitRepository: its steps in order, and what is written in the end (SRC-GEN-05 … SRC-GEN-12).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ferroflux_api::contract::{annotation, finalizer, group, metadata_key, reason};
use ferroflux_api::source::{GitRepository, GitRepositoryStatus};
use ferroflux_api::{Artifact, Time};
use ferroflux_artifact::digest::Digest;
use ferroflux_artifact::storage::{ArtifactPath, Integrity};
use ferroflux_conditions::types::{
    ARTIFACT_IN_STORAGE, ARTIFACT_OUTDATED, FETCH_FAILED, INCLUDE_UNAVAILABLE, READY, RECONCILING, SOURCE_VERIFIED, STALLED,
    STORAGE_OPERATION_FAILED,
};
use ferroflux_conditions::{Conditions, Pass as End, Progress, Status, sources};
use ferroflux_controller_runtime::patch::{Written, set_finalizer, write_status};
use ferroflux_controller_runtime::{Event, EventType, ObjectKey, Outcome, Pass, Reconciler, events};
use kube::{Api, ResourceExt};

use super::{GitRepositories, KIND, artifact, include, notify};
use crate::steps::{Broken, event_type, outcome};

/// Conditions that are ours to write.
const OWNED: &[&str] = &[
    STORAGE_OPERATION_FAILED,
    FETCH_FAILED,
    INCLUDE_UNAVAILABLE,
    ARTIFACT_OUTDATED,
    ARTIFACT_IN_STORAGE,
    SOURCE_VERIFIED,
    READY,
    RECONCILING,
    STALLED,
];

impl Reconciler for GitRepositories {
    type Object = GitRepository;

    async fn reconcile(&self, pass: Pass<GitRepository>) -> Outcome {
        let superseded = pass.superseded.clone();
        tokio::select! {
            outcome = self.pass(pass) => outcome,
            // The object is another one now: what is under way is dropped, and the next pass begins with the new one.
            () = superseded.cancelled() => Outcome::Now,
        }
    }

    /// A fetch runs on a thread of its own for as long as the object allows.
    fn patience(&self, object: &GitRepository) -> Duration {
        object.spec.timeout().as_std()
    }
}

/// What a pass has found so far.
struct Work {
    object: Arc<GitRepository>,
    status: GitRepositoryStatus,
    conditions: Conditions,
    /// The object as the server has it, after the write at the start if there was one.
    written: Arc<GitRepository>,
    started: bool,
    /// The message of the commit, if one was fetched.
    message: Option<String>,
}

impl GitRepositories {
    async fn pass(&self, pass: Pass<GitRepository>) -> Outcome {
        let object = pass.object;
        let api: Api<GitRepository> = Api::namespaced(self.process.client.clone(), &pass.key.namespace);
        if object.metadata.deletion_timestamp.is_some() {
            return self.delete(&api, &object, &pass.key).await;
        }
        match set_finalizer(&api, self.process.name, object.as_ref(), finalizer::FLUX, true).await {
            Ok(Written::Unchanged) => {}
            Ok(written) => return self.observed(written),
            Err(error) => return Outcome::Retry(error.into()),
        }
        if object.spec.suspend {
            tracing::info!("Reconciliation is suspended for this object");
            return Outcome::Idle;
        }
        let now = Time::from(jiff::Timestamp::now());
        let generation = object.metadata.generation.unwrap_or_default();
        let mut work = Work {
            conditions: Conditions::new(object.status.conditions.clone(), generation, now),
            status: object.status.clone(),
            written: Arc::clone(&object),
            object,
            started: false,
            message: None,
        };
        let broken = match self.start(&api, &mut work).await {
            Ok(()) => self.steps(&api, &mut work).await.err(),
            Err(error) => return self.unwritten(&work, error),
        };
        self.finish(&api, work, broken, pass.began).await
    }

    /// After the finalizer was set: the answer is known before the watch tells it.
    fn observed(&self, written: Written<GitRepository>) -> Outcome {
        match written {
            Written::Changed(object) => {
                self.cache.observe(*object);
                Outcome::Now
            }
            _ => Outcome::Idle,
        }
    }

    /// Says that work goes on; a new generation is told at once (SRC-GEN-09).
    async fn start(&self, api: &Api<GitRepository>, work: &mut Work) -> Result<(), kube::Error> {
        let (generation, observed) = (work.conditions.generation(), work.status.observed_generation);
        work.conditions.progress(false, reason::PROGRESSING, "reconciliation in progress");
        if generation != observed {
            work.conditions.progress(false, reason::PROGRESSING, format!("processing object: new generation {observed} -> {generation}"));
            self.write_start(api, work).await?;
        }
        Ok(())
    }

    /// The write at the start: once in a pass, whatever the reason.
    async fn write_start(&self, api: &Api<GitRepository>, work: &mut Work) -> Result<(), kube::Error> {
        if std::mem::replace(&mut work.started, true) {
            return Ok(());
        }
        work.status.conditions = work.conditions.as_slice().to_vec();
        if let Written::Changed(object) = write_status(api, self.process.name, work.written.as_ref(), &work.status, OWNED).await? {
            work.written = Arc::new((*object).clone());
            self.cache.observe(*object);
        }
        Ok(())
    }

    /// Storage, source, include, artifact; the first that does not succeed ends the row (SRC-GEN-08).
    async fn steps(&self, api: &Api<GitRepository>, work: &mut Work) -> Result<(), Broken> {
        self.check_storage(work).await?;
        work.conditions.delete(STORAGE_OPERATION_FAILED);
        if work.status.artifact.is_none() && work.object.status.artifact.is_some() {
            // Consumers must learn that what they were promised is not there.
            self.tell(api, work).await;
        }
        if work.object.spec.verify.is_none() || work.conditions.is_false(SOURCE_VERIFIED) {
            work.conditions.delete(SOURCE_VERIFIED);
        }
        let remote = self.remote(&work.object).await?;
        let included = include::artifacts(&self.cache, &work.object, self.requeue_dependency)?;
        work.conditions.delete(INCLUDE_UNAVAILABLE);
        // The step before may have found the artifact gone: what counts is what this pass knows.
        let mut object = GitRepository::clone(&work.object);
        object.status.artifact = work.status.artifact.clone();
        // What was not good the last time is looked at again, though it be the stored revision.
        let verified = object.spec.verify.is_none() || work.conditions.is_true(SOURCE_VERIFIED);
        let unchanged = verified && artifact::content_unchanged(&object, &included);
        let Some(checkout) = self.fetch(&object, remote, unchanged).await? else {
            let revision = work.status.artifact.as_ref().map(|a| a.revision.clone()).unwrap_or_default();
            work.conditions.delete(FETCH_FAILED);
            work.conditions.delete(ARTIFACT_OUTDATED);
            work.conditions.mark_true(ARTIFACT_IN_STORAGE, reason::SUCCEEDED, format!("stored artifact for revision '{revision}'"));
            let message = format!("no changes since last reconciliation: observed revision '{revision}'");
            tracing::debug!("{message}");
            return Err(Broken::nothing_to_do(reason::GIT_OPERATION_SUCCEEDED, message));
        };
        work.conditions.delete(FETCH_FAILED);
        let (checkout, verified) = self.verify(&object, checkout).await?;
        if let Some(verified) = verified {
            self.event(work.object.as_ref(), EventType::Trace, reason::SUCCEEDED, verified.clone(), None);
            work.conditions.mark_true(SOURCE_VERIFIED, reason::SUCCEEDED, verified);
        }
        let revision = checkout.resolved().revision();
        work.message = Some(checkout.commit().message().to_owned());
        self.announce(api, work, &revision, &included).await;
        let stored = self.store(&object, checkout, &included).await?;
        artifact::observe(&mut work.status, &object, included);
        work.status.artifact = Some(stored);
        work.conditions.delete(ARTIFACT_OUTDATED);
        work.conditions.mark_true(ARTIFACT_IN_STORAGE, reason::SUCCEEDED, format!("stored artifact for revision '{revision}'"));
        Ok(())
    }

    /// Says that the artifact that is served is out of date, and why: a new revision, or other includes. Another
    /// configuration at the same revision is a new generation, which was told at the start.
    async fn announce(&self, api: &Api<GitRepository>, work: &mut Work, revision: &str, included: &[Artifact]) {
        let Some(old) = &work.status.artifact else { return };
        let (reason, message) = if artifact::includes_changed(&work.status, included) {
            (reason::INCLUDE_CHANGE, "included artifacts differ from last observed includes".to_owned())
        } else if old.revision != revision {
            (reason::NEW_REVISION, format!("new upstream revision '{revision}'"))
        } else {
            return;
        };
        work.conditions.mark_true(ARTIFACT_OUTDATED, reason, message.as_str());
        work.conditions.progress(true, reason::PROGRESSING, format!("building artifact: {message}"));
        self.tell(api, work).await;
    }

    /// Writes how far the pass has come. Only a message: the artifact comes, told or not.
    async fn tell(&self, api: &Api<GitRepository>, work: &mut Work) {
        if let Err(error) = self.write_start(api, work).await {
            tracing::error!(%error, "cannot write how far the reconcile has come");
        }
    }

    /// Collects garbage, checks the recorded artifact and brings its URL up to date (SRC-GEN-12).
    async fn check_storage(&self, work: &mut Work) -> Result<(), Broken> {
        let Some(recorded) = work.status.artifact.clone() else {
            work.conditions.progress(true, reason::PROGRESSING, "building artifact");
            work.conditions.delete(ARTIFACT_IN_STORAGE);
            return Ok(());
        };
        let storage = Arc::clone(&self.storage);
        let checked = tokio::task::spawn_blocking({
            let recorded = recorded.clone();
            move || {
                let (Ok(path), Ok(digest)) = (ArtifactPath::parse(&recorded.path), recorded.digest.parse::<Digest>()) else {
                    return Ok((Integrity::Missing, None, Ok(Vec::new())));
                };
                let collected = storage.collect_garbage(&path, SystemTime::now());
                let integrity = storage.integrity(&path, &digest)?;
                if integrity == Integrity::Corrupt {
                    storage.remove(&path)?;
                }
                Ok::<_, ferroflux_artifact::storage::StorageError>((integrity, Some(path), collected))
            }
        });
        let failed = |what: String| Broken::generic(STORAGE_OPERATION_FAILED, reason::STAT_OPERATION_FAILED, what);
        let (integrity, path, collected) = checked.await.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))?;
        match collected {
            Ok(removed) if removed.is_empty() => {}
            Ok(removed) => {
                let message = format!("garbage collected {} artifacts", removed.len());
                self.event(work.object.as_ref(), EventType::Trace, reason::GARBAGE_COLLECTION_SUCCEEDED, message, None);
            }
            Err(error) => {
                let message = format!("garbage collection failed: {error}");
                tracing::error!("{message}");
                self.event(work.object.as_ref(), EventType::Warning, reason::GARBAGE_COLLECTION_FAILED, message, None);
            }
        }
        match (integrity, path) {
            (Integrity::Intact, Some(path)) => {
                let url = self.storage.url(&path);
                if let Some(artifact) = work.status.artifact.as_mut() {
                    artifact.url = url;
                }
            }
            (integrity, _) => {
                if integrity == Integrity::Corrupt {
                    self.event(
                        work.object.as_ref(),
                        EventType::Warning,
                        reason::ARTIFACT_VERIFICATION_FAILED,
                        format!("failed to verify integrity of artifact: the stored file does not have the digest '{}'", recorded.digest),
                        None,
                    );
                }
                work.status.artifact = None;
                work.conditions.delete(ARTIFACT_IN_STORAGE);
                work.conditions.progress(true, reason::PROGRESSING, "building artifact: disappeared from storage");
            }
        }
        Ok(())
    }

    /// Concludes: conditions, status, event, and what the queue is told.
    async fn finish(&self, api: &Api<GitRepository>, mut work: Work, broken: Option<Broken>, began: tokio::time::Instant) -> Outcome {
        if let Some(broken) = &broken {
            broken.note(&mut work.conditions);
        }
        let interval = self.jitter.spread(work.object.spec.interval.as_std());
        let annotations = work.object.annotations();
        let end = End {
            progress: if broken.is_none() { Progress::Done } else { Progress::BrokenOff },
            failure: broken.map(|b| b.failure),
            interval,
            requested_at: annotations.get(annotation::REQUESTED_AT).map(String::as_str),
        };
        let conclusion = work.conditions.conclude(&end, &sources::GIT_REPOSITORY);
        if let Some(generation) = conclusion.observed_generation {
            work.status.observed_generation = generation;
        }
        if let Some(handled) = &conclusion.last_handled_reconcile_at {
            work.status.last_handled_reconcile_at = Some(handled.clone());
        }
        work.status.conditions = work.conditions.as_slice().to_vec();
        match write_status(api, self.process.name, work.written.as_ref(), &work.status, OWNED).await {
            Ok(Written::Changed(object)) => {
                self.cache.observe(*object);
            }
            Ok(_) => {}
            // Nothing is told that is not written.
            Err(error) => return self.unwritten(&work, error),
        }
        if let Some(event) = &conclusion.event {
            self.event(work.object.as_ref(), event_type(event.type_), &event.reason, event.message.clone(), work.status.artifact.as_ref());
        }
        if work.conditions.status(READY) == Some(Status::True)
            && let Some((reason, message)) = notify::success(&work.object.status, &work.status, work.message.as_deref())
        {
            tracing::info!("{message}");
            self.event(work.object.as_ref(), EventType::Normal, reason, message, work.status.artifact.as_ref());
        }
        if let (None, ferroflux_conditions::Requeue::After(next)) = (&conclusion.error, conclusion.requeue) {
            let printed = |time: std::time::Duration| ferroflux_api::Duration::from(time);
            tracing::info!("Reconciliation finished in {}, next run in {}", printed(began.elapsed()), printed(next));
        }
        outcome(&conclusion)
    }

    /// The status cannot be written. A refusal is told, since somebody must give us the right (SRC-GEN-13).
    fn unwritten(&self, work: &Work, error: kube::Error) -> Outcome {
        if let kube::Error::Api(refusal) = &error {
            let message = format!("unable to write the status: {}", refusal.message);
            self.event(work.object.as_ref(), EventType::Warning, reason::PATCH_OPERATION_FAILED, message, None);
        }
        Outcome::Retry(error.into())
    }

    /// Removes what the object has left, then its finalizer (SRC-GEN-05).
    async fn delete(&self, api: &Api<GitRepository>, object: &GitRepository, key: &ObjectKey) -> Outcome {
        if !object.finalizers().iter().any(|f| f == finalizer::FLUX) {
            return Outcome::Idle;
        }
        let (storage, at) = (Arc::clone(&self.storage), key.clone());
        match tokio::task::spawn_blocking(move || storage.remove_object(KIND, &at.namespace, &at.name)).await {
            Ok(Ok(true)) => {
                let message = "garbage collected artifacts for deleted resource".to_owned();
                self.event(object, EventType::Trace, reason::GARBAGE_COLLECTION_SUCCEEDED, message, None);
            }
            Ok(Ok(false)) => {}
            Ok(Err(error)) => {
                let message = format!("garbage collection for deleted resource failed: {error}");
                self.event(object, EventType::Warning, reason::GARBAGE_COLLECTION_FAILED, message, None);
                return Outcome::Retry(error.into());
            }
            Err(error) => return Outcome::Retry(error.into()),
        }
        match set_finalizer(api, self.process.name, object, finalizer::FLUX, false).await {
            Ok(_) => Outcome::Idle,
            Err(error) => Outcome::Retry(error.into()),
        }
    }

    /// Records an event with the artifact's revision and digest, and the user's own annotations (SRC-GEN-14).
    fn event(&self, object: &GitRepository, type_: EventType, reason: &str, message: String, artifact: Option<&Artifact>) {
        let mut metadata = events::user_metadata(object);
        if let Some(artifact) = artifact {
            metadata.insert(format!("{}/{}", group::SOURCE, metadata_key::REVISION), artifact.revision.clone());
            metadata.insert(format!("{}/{}", group::SOURCE, metadata_key::DIGEST), artifact.digest.clone());
        }
        self.process.events.record(Event { object: events::reference(object), type_, reason: reason.to_owned(), message, metadata });
    }
}
