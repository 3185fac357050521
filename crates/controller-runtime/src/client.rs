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
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, Uri};
use hyper_util::client::legacy::Builder;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt};
use kube::{Client, Config};
use tokio::time::Instant;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

use crate::liveness::Liveness;
use crate::metrics::Metrics;
use crate::token_cache::Secret;

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

/// Where the bearer token of each request comes from, for a token that does not last as long as the client.
#[derive(Clone)]
pub struct TokenSource(Arc<dyn Fn() -> BoxFuture<'static, Result<Secret, BoxError>> + Send + Sync>);

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSource")
    }
}

impl TokenSource {
    /// A source that asks `token` for each request; it should remember the token itself.
    pub fn new(token: impl Fn() -> BoxFuture<'static, Result<Secret, BoxError>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(token))
    }
}

/// A client from `KUBECONFIG` or the pod's service account, with request metrics. Requests are throttled here until the
/// server says, with its first answer, that it schedules them fairly itself (RT-30).
pub async fn connect(options: Options) -> Result<Client, ClientError> {
    Ok(build(Config::infer().await?, options)?)
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
pub fn build(config: Config, options: Options) -> kube::Result<Client> {
    stack(config, &options, None)
}

/// As [`build`], with requests that carry a token from `token`.
pub fn build_with_token(config: Config, options: Options, token: TokenSource) -> kube::Result<Client> {
    stack(config, &options, Some(token))
}

/// The client over the kind of connection that the configuration asks for.
fn stack(mut config: Config, options: &Options, token: Option<TokenSource>) -> kube::Result<Client> {
    drop_exempt_proxy(&mut config, &ProxyEnvironment::from_env());
    let Some(proxy) = &config.proxy_url else { return over(connection::tcp(), &config, options, token) };
    match proxy.scheme_str() {
        Some("http") => over(connection::tunnel(proxy, connection::tcp()), &config, options, token),
        Some("https") => {
            let to_proxy = connection::tls(&config, connection::tcp(), false)?;
            over(connection::tunnel(proxy, to_proxy), &config, options, token)
        }
        Some("socks5") => over(connection::socks(proxy, connection::tcp()), &config, options, token),
        _ => Err(kube::Error::ProxyProtocolUnsupported { proxy_url: Box::new(proxy.clone()) }),
    }
}

/// The client over connections that `connector` makes.
fn over<C>(connector: C, config: &Config, options: &Options, token: Option<TokenSource>) -> kube::Result<Client>
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
    let throttle = Throttle::new(options.rates.qps, options.rates.burst);
    let options = options.clone();
    let service = ServiceBuilder::new()
        .layer(tower::layer::layer_fn(move |inner| Observed {
            inner,
            options: options.clone(),
            host: host.clone(),
            throttle: throttle.clone(),
            token: token.clone(),
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
    throttle: Throttle,
    token: Option<TokenSource>,
}

/// With this an API server says that it queues requests fairly by itself (RT-30, KC-FLAG-02).
const FAIR: &str = "X-Kubernetes-Pf-Flowschema-Uid";

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

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Self { inner, options, host, throttle, token } = self.clone();
        Box::pin(async move {
            throttle.take().await;
            if let Some(TokenSource(token)) = token {
                let mut bearer = HeaderValue::try_from(format!("Bearer {}", token().await?.reveal()))?;
                bearer.set_sensitive(true);
                request.headers_mut().insert(AUTHORIZATION, bearer);
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
                    if response.headers().contains_key(FAIR) {
                        throttle.lift();
                    }
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
