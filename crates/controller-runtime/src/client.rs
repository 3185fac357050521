//! The client to the API server: one HTTP/2 connection for requests, one HTTP/1 connection a watch.
//!
//! Watches go their own way because an API server allows only so many streams on a connection, and a watch holds its
//! stream: many of them would block every other request. Tenants are headers on a request, not clients (design D4).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ferroflux_proxy_environment::ProxyEnvironment;
use http::{Request, Response};
use hyper_util::client::legacy::Builder;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::{Client, Config};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};
use tracing::debug;

use crate::metrics::Metrics;

mod throttle;
use throttle::Throttle;

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No usable configuration.
    #[error("no Kubernetes configuration: {0}; set KUBECONFIG or run in a pod")]
    Config(#[from] kube::config::InferConfigError),
    /// The configuration cannot be used.
    #[error("Kubernetes configuration cannot be used: {0}")]
    Build(#[from] kube::Error),
}

/// Requests that take longer are given up (RT-94); watches are exempt.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// A connection that does not answer a ping is closed (RT-94).
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Of a watch's connection, which may be silent for minutes, the kernel asks this often whether the other end is there …
const PROBE_INTERVAL: Duration = Duration::from_secs(10);
/// … and gives it up after so many questions without an answer (RT-94).
const PROBES: u32 = 3;

/// Rates for an API server without priority and fairness.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Requests a second (`--kube-api-qps`).
    pub qps: f32,
    /// Requests at once (`--kube-api-burst`).
    pub burst: u32,
}

/// A client from `KUBECONFIG` or the pod's service account, with request metrics and, where the server does not
/// schedule requests fairly itself, client-side throttling (RT-30).
pub async fn connect(metrics: Arc<Metrics>, rates: Rates) -> Result<Client, ClientError> {
    let mut config = Config::infer().await?;
    // Timeouts are per request here: a watch must be able to be silent.
    config.read_timeout = None;
    config.write_timeout = None;
    drop_exempt_proxy(&mut config, &ProxyEnvironment::from_env());
    build(config, metrics, rates).await.map_err(ClientError::Build)
}

/// The library takes a proxy of the environment for the kubeconfig's own, and asks `NO_PROXY` about the proxy instead of
/// about the API server. A proxy that the environment does not want for this server is none.
fn drop_exempt_proxy(config: &mut Config, environment: &ProxyEnvironment) {
    let Ok(server) = url::Url::parse(&config.cluster_url.to_string()) else { return };
    let from_environment = |uri: &http::Uri| url::Url::parse(&uri.to_string()).is_ok_and(|u| environment.https().is_some_and(|e| *e == u));
    if config.proxy_url.as_ref().is_some_and(from_environment) && environment.proxy(&server).is_none() {
        config.proxy_url = None;
    }
}

/// A client for the given configuration. See [`connect`].
pub async fn build(config: Config, metrics: Arc<Metrics>, rates: Rates) -> kube::Result<Client> {
    let client = stack(&config, metrics.clone(), None)?;
    if is_fair(&client).await {
        return Ok(client);
    }
    debug!("the API server has no priority and fairness, requests are throttled here");
    stack(&config, metrics, Some(Throttle::new(rates.qps, rates.burst)))
}

/// Whether the API server queues requests fairly by itself: it says so in a header of any answer.
async fn is_fair(client: &Client) -> bool {
    let Ok(request) = Request::head("/livez/ping").body(Body::empty()) else { return true };
    match client.send(request).await {
        Ok(response) => response.headers().contains_key("X-Kubernetes-Pf-Flowschema-Uid"),
        Err(_) => false,
    }
}

fn stack(config: &Config, metrics: Arc<Metrics>, throttle: Option<Throttle>) -> kube::Result<Client> {
    if config.proxy_url.is_some() {
        // The library knows how to tunnel; a cluster behind a proxy gets its stack, with one kind of connection.
        return Ok(ClientBuilder::try_from(config.clone())?.build());
    }
    let host: Arc<str> = config.cluster_url.authority().map(ToString::to_string).unwrap_or_default().into();
    let tls = config.rustls_client_config()?;
    let connector = |http2: bool| {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(Duration::from_secs(30)));
        http.set_keepalive(Some(KEEP_ALIVE));
        http.set_keepalive_interval(Some(PROBE_INTERVAL));
        http.set_keepalive_retries(Some(PROBES));
        http.set_nodelay(true);
        let builder = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http();
        if http2 { builder.enable_all_versions().wrap_connector(http) } else { builder.enable_http1().wrap_connector(http) }
    };
    let requests = Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(KEEP_ALIVE)
        .http2_keep_alive_timeout(Duration::from_secs(15))
        .http2_keep_alive_while_idle(true)
        .pool_max_idle_per_host(2)
        .build::<_, Body>(connector(true));
    let watches = Builder::new(TokioExecutor::new()).pool_max_idle_per_host(0).build::<_, Body>(connector(false));
    let service = ServiceBuilder::new()
        .layer(tower::layer::layer_fn(|inner| Measured { inner, metrics: metrics.clone(), host: host.clone(), throttle: throttle.clone() }))
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(Split { requests, watches });
    Ok(Client::new(service, config.default_namespace.clone()))
}

type Answer<B> = Pin<Box<dyn Future<Output = Result<Response<B>, BoxError>> + Send>>;

/// Sends watches over one client and everything else over the other.
#[derive(Clone)]
struct Split<C> {
    requests: C,
    watches: C,
}

fn is_watch(uri: &http::Uri) -> bool {
    uri.query().is_some_and(|q| q.split('&').any(|p| p == "watch=true" || p == "watch=1"))
}

impl<C, B> Service<Request<Body>> for Split<C>
where
    C: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    C::Future: Send,
    C::Error: Into<BoxError> + Send,
    B: 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Answer<B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if is_watch(request.uri()) {
            let answer = self.watches.clone().oneshot(request);
            Box::pin(async move { answer.await.map_err(Into::into) })
        } else {
            let answer = self.requests.clone().oneshot(request);
            Box::pin(async move {
                match tokio::time::timeout(REQUEST_TIMEOUT, answer).await {
                    Ok(answer) => answer.map_err(Into::into),
                    Err(_) => Err(format!("the API server did not answer within {} s", REQUEST_TIMEOUT.as_secs()).into()),
                }
            })
        }
    }
}

/// Counts requests by their answer and holds them back when told to.
#[derive(Clone)]
struct Measured<S> {
    inner: S,
    metrics: Arc<Metrics>,
    host: Arc<str>,
    throttle: Option<Throttle>,
}

impl<S, B> Service<Request<Body>> for Measured<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    B: 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Answer<B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { inner, metrics, host, throttle } = self.clone();
        Box::pin(async move {
            if let Some(throttle) = throttle {
                throttle.take().await;
            }
            let method = request.method().to_string();
            let answer = inner.oneshot(request).await;
            match &answer {
                Ok(response) => metrics.count_request(response.status().as_str(), &method, &host),
                Err(_) => metrics.count_request("<error>", &method, &host),
            }
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// RT-03, RT-04: a proxy of the environment is not for an API server that NO_PROXY or loopback leaves out; one of the
    /// kubeconfig stays.
    #[test]
    fn exempt_servers_have_no_proxy() {
        let environment = |no_proxy: &'static str| {
            ProxyEnvironment::read(move |name| match name {
                "HTTPS_PROXY" => Some("http://proxy:3128".into()),
                "NO_PROXY" => Some(no_proxy.into()),
                _ => None,
            })
        };
        let left = |server: &str, proxy: &str, no_proxy| {
            let mut config = Config::new(server.parse().unwrap());
            config.proxy_url = Some(proxy.parse().unwrap());
            drop_exempt_proxy(&mut config, &environment(no_proxy));
            config.proxy_url.is_some()
        };
        assert!(left("https://api.example.org:6443", "http://proxy:3128", ""));
        assert!(!left("https://api.example.org:6443", "http://proxy:3128", ".example.org"));
        assert!(!left("https://kubernetes.default.svc.cluster.local.", "http://proxy:3128", ".cluster.local."));
        assert!(!left("https://127.0.0.1:6443", "http://proxy:3128", ""));
        assert!(left("https://127.0.0.1:6443", "http://bastion:3128", ""));
    }
}
