//! Hooks (HE-HK-01, HE-HK-02).

use std::fmt;

use super::Manifest;

pub(super) const ANNOTATION: &str = "helm.sh/hook";
const WEIGHT: &str = "helm.sh/hook-weight";
const DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
const OUTPUT_LOG_POLICY: &str = "helm.sh/hook-output-log-policy";

/// A moment in the life of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HookEvent {
    /// Before the first object of a first revision.
    PreInstall,
    /// After the objects of a first revision are ready.
    PostInstall,
    /// Before an uninstall.
    PreDelete,
    /// After an uninstall.
    PostDelete,
    /// Before the objects of a later revision.
    PreUpgrade,
    /// After the objects of a later revision are ready.
    PostUpgrade,
    /// Before a rollback.
    PreRollback,
    /// After a rollback.
    PostRollback,
    /// When tests are asked for.
    Test,
}

impl HookEvent {
    const ALL: [(Self, &'static str); 9] = [
        (Self::PreInstall, "pre-install"),
        (Self::PostInstall, "post-install"),
        (Self::PreDelete, "pre-delete"),
        (Self::PostDelete, "post-delete"),
        (Self::PreUpgrade, "pre-upgrade"),
        (Self::PostUpgrade, "post-upgrade"),
        (Self::PreRollback, "pre-rollback"),
        (Self::PostRollback, "post-rollback"),
        (Self::Test, "test"),
    ];

    /// The name in annotations and release records.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(event, _)| *event == self).map_or("", |(_, name)| name)
    }

    /// The events of an annotation, in its order; `None` if one of them is unknown, because then the whole document is
    /// dropped. `test-success` is Helm 2's name of `test`.
    pub(super) fn parse_list(annotation: &str) -> Option<Vec<Self>> {
        annotation
            .split(',')
            .map(|event| {
                let event = event.trim().to_lowercase();
                if event == "test-success" {
                    return Some(Self::Test);
                }
                Self::ALL.iter().find(|(_, name)| *name == event).map(|(event, _)| *event)
            })
            .collect()
    }
}

impl fmt::Display for HookEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A document that runs at certain moments and is not part of the release's manifest.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The document.
    pub manifest: Manifest,
    /// When it runs.
    pub events: Vec<HookEvent>,
    /// Lower ones run first.
    pub weight: i64,
    /// `before-hook-creation`, `hook-succeeded`, `hook-failed`, in lower case and as they stand in the annotation; none
    /// means `before-hook-creation`.
    pub delete_policies: Vec<String>,
    /// When logs are written: `hook-succeeded`, `hook-failed`.
    pub output_log_policies: Vec<String>,
}

impl Hook {
    pub(super) fn new(manifest: Manifest, events: Vec<HookEvent>) -> Self {
        let annotations = &manifest.head.annotations;
        let list = |key: &str| annotations.get(key).map(|l| l.split(',').map(|p| p.trim().to_lowercase()).collect()).unwrap_or_default();
        let weight = annotations.get(WEIGHT).and_then(|w| w.parse().ok()).unwrap_or(0);
        let (delete_policies, output_log_policies) = (list(DELETE_POLICY), list(OUTPUT_LOG_POLICY));
        Self { manifest, events, weight, delete_policies, output_log_policies }
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        &self.manifest.head.name
    }

    /// The kind.
    pub fn kind(&self) -> &str {
        &self.manifest.head.kind
    }
}

/// The hooks of an event in the order in which they run: by weight, then by name; the order of kinds breaks ties.
pub fn execution_order(hooks: &[Hook], event: HookEvent) -> Vec<&Hook> {
    let mut chosen: Vec<&Hook> = hooks.iter().filter(|h| h.events.contains(&event)).collect();
    chosen.sort_by(|a, b| (a.weight, a.name()).cmp(&(b.weight, b.name())));
    chosen
}
