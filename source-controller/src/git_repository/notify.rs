//! What a success is told as (SRC-GEN-14, SRC-GEN-15).

use ferroflux_api::Condition;
use ferroflux_api::contract::reason;
use ferroflux_api::source::GitRepositoryStatus;
use ferroflux_conditions::Status;
use ferroflux_conditions::types::{FETCH_FAILED, INCLUDE_UNAVAILABLE, STORAGE_OPERATION_FAILED};

/// Conditions whose end is a recovery.
const FAILURES: [&str; 3] = [FETCH_FAILED, INCLUDE_UNAVAILABLE, STORAGE_OPERATION_FAILED];
/// Characters of a commit's subject that are shown.
const SUBJECT: usize = 50;

/// The event after a reconcile that ended well: its reason and message. None if nothing is new.
pub(super) fn success(
    before: &GitRepositoryStatus,
    after: &GitRepositoryStatus,
    commit_message: Option<&str>,
) -> Option<(&'static str, String)> {
    let artifact = after.artifact.as_ref()?;
    let message = match commit_message {
        Some(text) => format!("stored artifact for commit '{}'", subject(text)),
        None => format!("stored artifact for revision '{}'", artifact.revision),
    };
    if before.artifact.as_ref().map(|a| &a.digest) != Some(&artifact.digest) {
        return Some((reason::NEW_ARTIFACT, message));
    }
    let failed = |conditions: &[Condition]| conditions.iter().any(|c| FAILURES.contains(&c.type_.as_str()) && c.status == Status::True);
    (failed(&before.conditions) && !failed(&after.conditions)).then_some((reason::SUCCEEDED, message))
}

/// The first line, cut.
fn subject(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    if line.chars().count() > SUBJECT { format!("{}...", line.chars().take(SUBJECT).collect::<String>()) } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferroflux_api::Artifact;

    fn status(digest: Option<&str>, failing: bool) -> GitRepositoryStatus {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let artifact = digest.map(|digest| Artifact {
            path: String::new(),
            url: String::new(),
            revision: "main@sha1:1".into(),
            digest: digest.into(),
            last_update_time: now,
            size: None,
            metadata: Default::default(),
        });
        let mut conditions = ferroflux_conditions::Conditions::new(Vec::new(), 1, now);
        if failing {
            conditions.mark_true(FETCH_FAILED, "GitOperationFailed", "x");
        }
        GitRepositoryStatus { artifact, conditions: conditions.into_vec(), ..GitRepositoryStatus::default() }
    }

    /// SRC-GEN-14, SRC-GEN-15: a new digest is news, an end of failures is, and the rest is not.
    #[test]
    fn only_news_is_told() {
        let (none, a, b) = (status(None, false), status(Some("a"), false), status(Some("b"), false));
        assert_eq!(success(&none, &a, Some("one\ntwo")), Some(("NewArtifact", "stored artifact for commit 'one'".into())));
        assert_eq!(
            success(&a, &b, Some(&"x".repeat(60))).map(|e| e.1),
            Some(format!("stored artifact for commit '{}...'", "x".repeat(50)))
        );
        assert_eq!(success(&status(Some("a"), true), &a, None), Some(("Succeeded", "stored artifact for revision 'main@sha1:1'".into())));
        assert_eq!(success(&a, &a, None), None);
        assert_eq!(success(&a, &none, None), None);
    }
}
