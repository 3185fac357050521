//! `status.history`: the last states that were reached, newest first (KC-HIST-01).

use std::collections::BTreeMap;
use std::time::Duration;

use ferroflux_api::Time;
use ferroflux_api::kustomize::Snapshot;

/// How many states are remembered.
const LIMIT: usize = 5;

/// Notes that the rendered state `digest` was reconciled with the result `status`. A state that is known moves to the
/// front with its counters advanced.
pub(crate) fn note(history: &mut Vec<Snapshot>, digest: &str, status: &str, now: Time, took: Duration, metadata: BTreeMap<String, String>) {
    let known = history.iter().position(|s| s.digest == digest && s.last_reconciled_status == status);
    let (first_reconciled, total) = match known.map(|i| history.remove(i)) {
        Some(old) => (old.first_reconciled, old.total_reconciliations.saturating_add(1)),
        None => (now, 1),
    };
    let snapshot = Snapshot {
        digest: digest.to_owned(),
        first_reconciled,
        last_reconciled: now,
        last_reconciled_duration: took.into(),
        last_reconciled_status: status.to_owned(),
        total_reconciliations: total,
        metadata,
    };
    history.insert(0, snapshot);
    history.truncate(LIMIT);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KC-HIST-01: keyed by digest and status, a hit moves to the front, five are kept.
    #[test]
    fn keeps_the_last_five() {
        let now = Time::from(jiff::Timestamp::UNIX_EPOCH);
        let mut history = Vec::new();
        let mut add = |digest: &str, status: &str| note(&mut history, digest, status, now, Duration::from_millis(20), BTreeMap::new());
        for digest in ["a", "b", "c", "d", "e", "f"] {
            add(digest, "ReconciliationSucceeded");
        }
        add("c", "ReconciliationSucceeded");
        add("c", "HealthCheckFailed");
        let seen: Vec<_> =
            history.iter().map(|s| (s.digest.as_str(), s.last_reconciled_status.as_str(), s.total_reconciliations)).collect();
        let ok = "ReconciliationSucceeded";
        assert_eq!(seen, [("c", "HealthCheckFailed", 1), ("c", ok, 2), ("f", ok, 1), ("e", ok, 1), ("d", ok, 1)]);
    }
}
