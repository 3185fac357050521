//! Leader election by a Lease, on the wire as client-go does it, so that our replicas and the originals' can contend
//! for one lease (RT-35).
//!
//! A lease is judged by the clock of the one who looks: it is free when its record has not changed for the lease duration
//! as seen here, never by comparing time stamps of two machines. Every write carries the resource version it was read at.
//!
//! One thing differs on purpose (RT-90): when the API server cannot be reached, leadership is suspended, not lost. The
//! process keeps its caches and goes on once it has renewed; it gives up only when somebody else holds the lease.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::flags::RuntimeFlags;

/// What an elector needs to know.
#[derive(Debug, Clone)]
pub struct Election {
    /// Namespace of the lease: the pod's.
    pub namespace: String,
    /// Name of the lease: `<controller>-leader-election`, with a suffix for a shard.
    pub lease: String,
    /// `<hostname>_<uuid>`.
    pub identity: String,
    /// Others may take the lease after so long without renewal.
    pub lease_duration: Duration,
    /// Work is suspended after so long without renewal.
    pub renew_deadline: Duration,
    /// Time between two tries.
    pub retry_period: Duration,
    /// Give the lease back at the end.
    pub release: bool,
}

impl Election {
    /// The election of a controller from its flags. The lease of a shard carries the first eight digits of the selector's
    /// SHA-256 (RT-35).
    pub fn new(controller: &str, namespace: String, flags: &RuntimeFlags) -> Self {
        let mut lease = format!("{controller}-leader-election");
        if !flags.watch_label_selector.is_empty() {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, flags.watch_label_selector.as_bytes());
            lease.push('-');
            for byte in &digest.as_ref()[..4] {
                lease.push_str(&format!("{byte:02x}"));
            }
        }
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self {
            namespace,
            lease,
            identity: format!("{host}_{}", uuid::Uuid::new_v4()),
            lease_duration: flags.leader_election_lease_duration.as_std(),
            renew_deadline: flags.leader_election_renew_deadline.as_std(),
            retry_period: flags.leader_election_retry_period.as_std(),
            release: flags.leader_election_release_on_cancel,
        }
    }
}

/// Whether this process may work now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leadership {
    /// Not yet, or not at the moment.
    Standby,
    /// The lease is ours.
    Leading,
    /// Another replica has taken the lease from us: the process must end.
    Lost,
}

/// Contends for the lease until `shutdown`, telling through `state` where it stands. Releases the lease at the end.
pub async fn run(client: Client, election: Election, state: watch::Sender<Leadership>, shutdown: CancellationToken) {
    let api: Api<Lease> = Api::namespaced(client, &election.namespace);
    let mut observed: Option<(Lease, Instant)> = None;
    let mut renewed: Option<Instant> = None;
    info!(lease = %format!("{}/{}", election.namespace, election.lease), "attempting to acquire leader lease");
    while !shutdown.is_cancelled() {
        match try_hold(&api, &election, &mut observed).await {
            Ok(true) => {
                if renewed.is_none() {
                    info!(lease = %format!("{}/{}", election.namespace, election.lease), "successfully acquired lease");
                }
                renewed = Some(Instant::now());
                state.send_replace(Leadership::Leading);
            }
            Ok(false) if renewed.is_some() => {
                error!(lease = %election.lease, "leader election lost");
                state.send_replace(Leadership::Lost);
                return;
            }
            Ok(false) => {}
            Err(error) => {
                warn!(%error, lease = %election.lease, "lease could not be renewed, it is tried again");
                if renewed.is_some_and(|at| at.elapsed() >= election.renew_deadline) {
                    state.send_if_modified(|s| std::mem::replace(s, Leadership::Standby) != Leadership::Standby);
                }
            }
        }
        tokio::select! { () = shutdown.cancelled() => {}, () = tokio::time::sleep(election.retry_period) => {} }
    }
    if let (true, Some((lease, _)), Some(_)) = (election.release, observed, renewed) {
        release(&api, lease).await;
    }
}

/// One try to take or renew the lease. `Ok(false)`: somebody else holds it.
async fn try_hold(api: &Api<Lease>, election: &Election, observed: &mut Option<(Lease, Instant)>) -> Result<bool, kube::Error> {
    let Some(lease) = api.get_opt(&election.lease).await? else {
        let metadata =
            ObjectMeta { name: Some(election.lease.clone()), namespace: Some(election.namespace.clone()), ..ObjectMeta::default() };
        let lease = Lease { metadata, spec: Some(record(election, None)) };
        let created = api.create(&PostParams::default(), &lease).await?;
        *observed = Some((created, Instant::now()));
        return Ok(true);
    };
    if observed.as_ref().is_none_or(|(seen, _)| seen.spec != lease.spec) {
        *observed = Some((lease.clone(), Instant::now()));
    }
    let spec = lease.spec.clone().unwrap_or_default();
    let holder = spec.holder_identity.as_deref().unwrap_or_default();
    let age = observed.as_ref().map(|(_, at)| at.elapsed()).unwrap_or_default();
    // The holder's own duration counts, not ours: it may run with other flags.
    let duration = spec.lease_duration_seconds.and_then(|s| u64::try_from(s).ok()).map_or(election.lease_duration, Duration::from_secs);
    if !holder.is_empty() && holder != election.identity && age < duration {
        return Ok(false);
    }
    let mut next = lease;
    next.spec = Some(record(election, Some(&spec)));
    let updated = api.replace(&election.lease, &PostParams::default(), &next).await?;
    *observed = Some((updated, Instant::now()));
    Ok(true)
}

/// The lease's record while we hold it.
fn record(election: &Election, current: Option<&LeaseSpec>) -> LeaseSpec {
    let now = MicroTime(jiff::Timestamp::now());
    let mine = current.is_some_and(|c| c.holder_identity.as_deref() == Some(&election.identity));
    let transitions = current.and_then(|c| c.lease_transitions).unwrap_or(0);
    LeaseSpec {
        acquire_time: if mine { current.and_then(|c| c.acquire_time.clone()) } else { Some(now.clone()) },
        holder_identity: Some(election.identity.clone()),
        lease_duration_seconds: i32::try_from(election.lease_duration.as_secs()).ok(),
        // A first holder is no transition; client-go counts the changes of hands.
        lease_transitions: Some(if mine || current.is_none() { transitions } else { transitions + 1 }),
        renew_time: Some(now),
        ..current.cloned().unwrap_or_default()
    }
}

/// Gives the lease back: an empty holder and a duration of one second, as client-go leaves it.
async fn release(api: &Api<Lease>, mut lease: Lease) {
    let now = MicroTime(jiff::Timestamp::now());
    let transitions = lease.spec.as_ref().and_then(|s| s.lease_transitions);
    lease.spec = Some(LeaseSpec {
        acquire_time: Some(now.clone()),
        holder_identity: Some(String::new()),
        lease_duration_seconds: Some(1),
        lease_transitions: transitions,
        renew_time: Some(now),
        ..LeaseSpec::default()
    });
    lease.metadata.managed_fields = None;
    let name = lease.metadata.name.clone().unwrap_or_default();
    if let Err(error) = api.replace(&name, &PostParams::default(), &lease).await {
        warn!(%error, lease = %name, "lease could not be released, others wait until it runs out");
    }
}
