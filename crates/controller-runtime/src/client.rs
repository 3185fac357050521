//! The client to the API server: one HTTP/2 connection for requests, one HTTP/1 connection a watch.
//!
//! Watches go their own way because an API server allows only so many streams on a connection, and a watch holds its
//! stream: many of them would block every other request. Tenants are headers on a request, not clients (design D4).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use ferroflux_proxy_environment::ProxyEnvironment;
use http::{Request, Response, Uri};
use hyper_util::client::legacy::Builder;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt};
use kube::{Client, Config};
use tokio::time::Instant;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};
use tracing::debug;

use crate::liveness::Liveness;
use crate::metrics::Metrics;

mod bounds;
mod connection;
mod throttle;

use bounds::Bounded;
pub use bounds::Deadlines;
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

/// Rates for an API server without priority and fairness.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Requests a second (`--kube-api-qps`).
    pub qps: f32,
    /// Requests at once (`--kube-api-burst`).
    pub burst: u32,
}

/// What a client reports to and keeps to, besides its configuration.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where requests are counted.
    pub metrics: Arc<Metrics>,
    /// Where watches are heard.
    pub liveness: Arc<Liveness>,
    /// How fast it may ask a server that does not schedule requests fairly itself.
    pub rates: Rates,
    /// How long it waits.
    pub deadlines: Deadlines,
}

/// A client from `KUBECONFIG` or the pod's service account, with request metrics and, where the server does not
/// schedule requests fairly itself, client-side throttling (RT-30).
pub async fn connect(options: Options) -> Result<Client, ClientError> {
    let mut config = Config::infer().await?;
    drop_exempt_proxy(&mut config, &ProxyEnvironment::from_env());
    build(config, options).await.map_err(ClientError::Build)
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

/// A client for the given configuration, whose own timeouts do not count: those of `options` do. See [`connect`].
pub async fn build(config: Config, options: Options) -> kube::Result<Client> {
    let client = stack(&config, &options, None)?;
    if is_fair(&client).await {
        return Ok(client);
    }
    debug!("the API server has no priority and fairness, requests are throttled here");
    stack(&config, &options, Some(Throttle::new(options.rates.qps, options.rates.burst)))
}

/// Whether the API server queues requests fairly by itself: it says so in a header of any answer.
async fn is_fair(client: &Client) -> bool {
    let Ok(request) = Request::head("/livez/ping").body(Body::empty()) else { return true };
    match client.send(request).await {
        Ok(response) => response.headers().contains_key("X-Kubernetes-Pf-Flowschema-Uid"),
        Err(_) => false,
    }
}

/// The client over the kind of connection that the configuration asks for.
fn stack(config: &Config, options: &Options, throttle: Option<Throttle>) -> kube::Result<Client> {
    let Some(proxy) = &config.proxy_url else { return over(connection::tcp(), config, options, throttle) };
    match proxy.scheme_str() {
        Some("http") => over(connection::tunnel(proxy, connection::tcp()), config, options, throttle),
        Some("https") => {
            let to_proxy = connection::tls(config, connection::tcp(), false)?;
            over(connection::tunnel(proxy, to_proxy), config, options, throttle)
        }
        Some("socks5") => over(connection::socks(proxy, connection::tcp()), config, options, throttle),
        _ => Err(kube::Error::ProxyProtocolUnsupported { proxy_url: Box::new(proxy.clone()) }),
    }
}

/// The client over connections that `connector` makes.
fn over<C>(connector: C, config: &Config, options: &Options, throttle: Option<Throttle>) -> kube::Result<Client>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: hyper_util::client::legacy::connect::Connection + hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    C::Future: Send + Unpin + 'static,
    C::Error: Into<BoxError> + Send + Sync,
    hyper_rustls::HttpsConnector<C>: Connect,
{
    let deadlines = options.deadlines;
    let requests = Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(deadlines.ping)
        .http2_keep_alive_timeout(deadlines.pong)
        .http2_keep_alive_while_idle(true)
        .pool_max_idle_per_host(2)
        .build::<_, Body>(connection::tls(config, connector.clone(), true)?);
    let watches = Builder::new(TokioExecutor::new()).pool_max_idle_per_host(0).build::<_, Body>(connection::tls(config, connector, false)?);
    let host: Arc<str> = config.cluster_url.authority().map(ToString::to_string).unwrap_or_default().into();
    let options = options.clone();
    let service = ServiceBuilder::new()
        .layer(tower::layer::layer_fn(move |inner| Observed {
            inner,
            options: options.clone(),
            host: host.clone(),
            throttle: throttle.clone(),
        }))
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

fn is_watch(uri: &Uri) -> bool {
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
        let client = if is_watch(request.uri()) { &self.watches } else { &self.requests };
        let answer = client.clone().oneshot(request);
        Box::pin(async move { answer.await.map_err(Into::into) })
    }
}

/// Holds requests back when told to, gives up what takes too long, counts requests by their answer and tells of watches
/// that something was heard.
#[derive(Clone)]
struct Observed<S> {
    inner: S,
    options: Options,
    host: Arc<str>,
    throttle: Option<Throttle>,
}

impl<S, B> Service<Request<Body>> for Observed<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Bounded<B>>;
    type Error = BoxError;
    type Future = Answer<Bounded<B>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { inner, options, host, throttle } = self.clone();
        Box::pin(async move {
            if let Some(throttle) = throttle {
                throttle.take().await;
            }
            let Options { metrics, liveness, deadlines, .. } = options;
            let method = request.method().to_string();
            let (path, watch) = (request.uri().path().to_owned(), is_watch(request.uri()));
            let deadline = Instant::now() + deadlines.request;
            let answer = tokio::time::timeout_at(deadline, inner.oneshot(request)).await;
            let answer = answer.unwrap_or_else(|_| Err(bounds::late(deadlines.request)));
            match &answer {
                Ok(response) => {
                    metrics.count_request(response.status().as_str(), &method, &host);
                    liveness.heard(&path);
                }
                Err(_) => metrics.count_request("<error>", &method, &host),
            }
            Ok(answer?.map(|body| {
                if watch {
                    Bounded::parts(body, deadlines.silence, liveness, &path)
                } else {
                    Bounded::whole(body, deadline, deadlines.request)
                }
            }))
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
