//! The artifact file server (SRC-ART-08, SRC-ART-09).
//!
//! Plain HTTP without authentication, as consumers expect: GET and HEAD of exactly the artifacts in the store, in whole
//! or in ranges, `/` for probes, and nothing else: no listing, no temporary or lock file, nothing outside. Bodies are
//! streamed from disk, so memory does not grow with the artifact.

mod answer;
mod http_date;
mod range;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ferroflux_artifact::storage::Storage;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// How long a client may take to send a request's head, also on a connection kept open.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long downloads may go on after the shutdown began.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// A server that is bound but does not serve yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    storage: Arc<Storage>,
}

impl Server {
    /// Binds `address` in the form of the flags: `host:port`, `[v6]:port`, or `:9090` for all addresses of both families.
    pub async fn bind(address: &str, storage: Arc<Storage>) -> io::Result<Self> {
        let listener = match address.strip_prefix(':') {
            // A host without IPv6 has only the other one.
            Some(port) => match TcpListener::bind(format!("[::]:{port}")).await {
                Ok(listener) => listener,
                Err(_) => TcpListener::bind(format!("0.0.0.0:{port}")).await?,
            },
            None => TcpListener::bind(address).await?,
        };
        Ok(Self { listener, storage })
    }

    /// The address that was bound, for port 0.
    pub fn local_addr(&self) -> io::Result<std::net::SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` resolves, then lets running downloads end for five seconds.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let router = answer::router(self.storage);
        let graceful = GracefulShutdown::new();
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        tokio::pin!(shutdown);
        loop {
            let stream = tokio::select! {
                () = &mut shutdown => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        // Out of file descriptors, most likely: let some connections end.
                        tracing::error!(%error, "artifact server cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone())));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "artifact download broke off");
                }
            });
        }
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await;
    }
}
