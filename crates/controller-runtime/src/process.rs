//! A controller process: client, metrics, probes, events, leadership and an orderly end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::client::{self, ClientError, Deadlines, Options};
use crate::events::EventRecorder;
use crate::flags::{RUNTIME_NAMESPACE, RuntimeFlags};
use crate::gates::FeatureGates;
use crate::leader::{self, Election, Leadership};
use crate::liveness::{Limits, Liveness};
use crate::metrics::Metrics;
use crate::serve::{self, ListenError};
use crate::watch::Scope;

/// The process could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A port is taken.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// `--events-addr` is no URL.
    #[error("--events-addr {0:?} is not a URL: {1}")]
    EventsAddr(String, url::ParseError),
    /// One namespace is to be watched, but which?
    #[error("--watch-all-namespaces=false needs the environment variable RUNTIME_NAMESPACE")]
    NoNamespace,
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(#[from] std::io::Error),
}

/// The process ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum ExitError {
    /// Another replica has the lease now.
    #[error("leader election lost")]
    LeaderElectionLost,
}

/// How long passes under way may take after a shutdown began, unless a controller says otherwise (RT-38).
pub const GRACE: Duration = Duration::from_secs(30);
/// How long the last events may take.
const DRAIN: Duration = Duration::from_secs(3);

/// What all parts of a controller share.
pub struct Process {
    /// The controller's name, for example `kustomize-controller`; also its field manager.
    pub name: &'static str,
    /// The shared flags.
    pub flags: RuntimeFlags,
    /// The feature gates.
    pub gates: FeatureGates,
    /// The one client (design D4).
    pub client: Client,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// What the liveness probe answers by.
    pub liveness: Arc<Liveness>,
    /// Where events go.
    pub events: EventRecorder,
    /// Cancelled when the process shall stop: no new work is begun.
    pub shutdown: CancellationToken,
    /// Whether this replica works.
    pub leadership: watch::Receiver<Leadership>,
    /// `$RUNTIME_NAMESPACE`, else the namespace of the pod or of the kubeconfig's context.
    pub namespace: String,
    /// Cancelled when the work has ended: events are flushed and the lease is released.
    done: CancellationToken,
    background: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

impl Process {
    /// Connects to the cluster, opens the ports and, if told to, contends for leadership. Logging must have been set up.
    pub async fn start(name: &'static str, flags: RuntimeFlags, gates: FeatureGates) -> Result<Arc<Self>, StartError> {
        gates.log();
        let own_namespace = std::env::var(RUNTIME_NAMESPACE).ok().filter(|n| !n.is_empty());
        if !flags.watch_all_namespaces && own_namespace.is_none() {
            return Err(StartError::NoNamespace);
        }
        let metrics = Arc::new(Metrics::default());
        let liveness = Arc::<Liveness>::default();
        let shutdown = CancellationToken::new();
        let done = CancellationToken::new();
        on_signals(shutdown.clone())?;
        if let Some(listener) = serve::listen(&flags.health_addr, "--health-addr").await? {
            serve::spawn(listener, serve::probes(liveness.clone()), done.clone());
        }
        if let Some(listener) = serve::listen(&flags.metrics_addr, "--metrics-addr").await? {
            serve::spawn(listener, serve::metrics(metrics.clone()), done.clone());
        }
        let options =
            Options { metrics: metrics.clone(), liveness: liveness.clone(), rates: flags.rates(), deadlines: Deadlines::default() };
        let client = client::connect(options).await?;
        tokio::spawn(liveness.clone().run(client.clone(), Limits::default(), done.clone()));
        let namespace = own_namespace.unwrap_or_else(|| client.default_namespace().to_owned());
        let (events, writer) = EventRecorder::start(name, &flags.events_addr, client.clone(), metrics.clone(), done.clone())
            .map_err(|e| StartError::EventsAddr(flags.events_addr.clone(), e))?;
        let mut background = vec![writer];
        let (state, leadership) = watch::channel(Leadership::Leading);
        if flags.enable_leader_election {
            state.send_replace(Leadership::Standby);
            let election = Election::new(name, namespace.clone(), &flags);
            metrics.set_leader(&election.lease, false);
            background.push(tokio::spawn(show_leadership(metrics.clone(), election.lease.clone(), leadership.clone())));
            background.push(tokio::spawn(leader::run(client.clone(), election, state, done.clone())));
        } else {
            // Without an election there is nobody to change the state; the receivers keep the last value.
            drop(state);
        }
        Ok(Arc::new(Self {
            name,
            flags,
            gates,
            client,
            metrics,
            liveness,
            events,
            shutdown,
            leadership,
            namespace,
            done,
            background: background.into(),
        }))
    }

    /// What is watched: all namespaces or one, and the shard's selector.
    pub fn scope(&self) -> Scope {
        Scope {
            namespace: (!self.flags.watch_all_namespaces).then(|| self.namespace.clone()),
            labels: self.flags.watch_label_selector.clone(),
        }
    }

    /// Waits until this replica leads; at once without an election.
    pub async fn elected(&self) {
        let mut leadership = self.leadership.clone();
        let _ = leadership.wait_for(|l| *l == Leadership::Leading).await;
    }

    /// Runs `work` (the controllers) to its end, which a signal or a lost lease brings about; then writes what events
    /// remain and gives the lease back.
    pub async fn run(&self, work: impl Future<Output = ()>) -> Result<(), ExitError> {
        let mut leadership = self.leadership.clone();
        let lost = async {
            // With the sender gone nothing can be lost any more.
            if leadership.wait_for(|l| *l == Leadership::Lost).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::pin!(work);
        let result = tokio::select! {
            () = &mut work => Ok(()),
            () = lost => {
                self.shutdown.cancel();
                Err(ExitError::LeaderElectionLost)
            }
        };
        if result.is_err() {
            work.await;
        }
        self.done.cancel();
        let background = std::mem::take(&mut *self.background.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for task in background {
            if tokio::time::timeout(DRAIN, task).await.is_err() {
                error!("the last events or the lease could not be written in time");
            }
        }
        result
    }
}

async fn show_leadership(metrics: Arc<Metrics>, lease: String, mut leadership: watch::Receiver<Leadership>) {
    while leadership.changed().await.is_ok() {
        metrics.set_leader(&lease, *leadership.borrow_and_update() == Leadership::Leading);
    }
}

/// The first SIGTERM or SIGINT asks for an orderly end, the second ends at once (RT-38).
fn on_signals(shutdown: CancellationToken) -> std::io::Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            if first {
                info!("shutting down");
                shutdown.cancel();
            } else {
                std::process::exit(1);
            }
        }
    });
    Ok(())
}
