//! The two small HTTP servers of every controller: probes on the health port, metrics and profiles on the other (RT-39).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::liveness::Liveness;
use crate::metrics::{Format, Metrics};

mod pprof;

/// A listen address could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {addr} (flag {flag}): {source}; give a free address, or \"0\" for none")]
pub struct ListenError {
    addr: String,
    flag: &'static str,
    source: std::io::Error,
}

/// Opens `addr` as Go's flags write it: `:8080` listens on all addresses, `0` means no server at all.
pub async fn listen(addr: &str, flag: &'static str) -> Result<Option<TcpListener>, ListenError> {
    if addr.is_empty() || addr == "0" {
        return Ok(None);
    }
    let failed = |source| ListenError { addr: addr.to_owned(), flag, source };
    let listener = match addr.strip_prefix(':') {
        // Both families where the machine has them; `[::]` takes IPv4 too.
        Some(port) => match TcpListener::bind(format!("[::]:{port}")).await {
            Ok(listener) => Ok(listener),
            Err(_) => TcpListener::bind(format!("0.0.0.0:{port}")).await,
        },
        None => TcpListener::bind(addr).await,
    };
    listener.map(Some).map_err(failed)
}

/// Serves `router` until `shutdown`; requests under way are finished.
pub fn spawn(listener: TcpListener, router: Router, shutdown: CancellationToken) -> Option<SocketAddr> {
    let addr = listener.local_addr().ok();
    tokio::spawn(async move {
        // The server ends only with the shutdown: accept errors are retried inside.
        let _ = axum::serve(listener, router).with_graceful_shutdown(async move { shutdown.cancelled().await }).await;
    });
    addr
}

/// `/healthz`, `/readyz` and their `/ping`: plain `ok`. `/healthz` fails, and says why, when the process hangs (RT-94).
pub fn probes(liveness: Arc<Liveness>) -> Router {
    let alive = move || async move {
        match liveness.verdict() {
            None => (StatusCode::OK, "ok".to_owned()),
            Some(hanging) => (StatusCode::INTERNAL_SERVER_ERROR, hanging),
        }
    };
    let mut router = Router::new().route("/healthz", get(alive));
    for path in ["/readyz", "/healthz/ping", "/readyz/ping"] {
        router = router.route(path, get(|| async { "ok" }));
    }
    router
}

/// `/metrics`, in the format that the scraper prefers, and `/debug/pprof`.
pub fn metrics(metrics: Arc<Metrics>) -> Router {
    let scrape = move |headers: HeaderMap| async move {
        let accepts = |kind| headers.get_all(ACCEPT).iter().any(|v| v.to_str().is_ok_and(|v| v.contains(kind)));
        let format = if accepts("application/openmetrics-text") { Format::OpenMetrics } else { Format::Text };
        ([(CONTENT_TYPE, format.content_type())], metrics.encode(format))
    };
    Router::new().route("/metrics", get(scrape)).merge(pprof::router())
}
