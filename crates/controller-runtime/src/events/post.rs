//! The POST of an event to notification-controller.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ferroflux_proxy_environment::ProxyEnvironment;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use reqwest::StatusCode;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::{Event, EventType, Shared};

const TIMEOUT: Duration = Duration::from_secs(5);
const RETRIES: u32 = 4;

/// The body, as `events.toolkit.fluxcd.io` defines it (NC-10).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    involved_object: &'a ObjectReference,
    severity: &'static str,
    timestamp: String,
    message: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: &'a BTreeMap<String, String>,
    reporting_controller: &'a str,
    reporting_instance: &'a str,
}

/// Posts events in order until the queue is empty after `shutdown`.
pub(super) async fn run(shared: Arc<Shared>, shutdown: CancellationToken) {
    let Some((url, queue)) = &shared.posts else { return };
    let proxies = ProxyEnvironment::from_env();
    let proxy = reqwest::Proxy::custom(move |url| proxies.proxy(url).cloned());
    let client = match reqwest::Client::builder().timeout(TIMEOUT).proxy(proxy).build() {
        Ok(client) => client,
        Err(error) => return error!(%error, "unable to record event: no HTTP client"),
    };
    while let Some(event) = queue.next(&shutdown).await {
        if let Err(error) = post(&shared, &client, url, &event, &shutdown).await {
            error!(%error, reason = %event.reason, "unable to record event");
        }
    }
}

fn body<'a>(shared: &'a Shared, event: &'a Event, now: Timestamp) -> Body<'a> {
    Body {
        involved_object: &event.object,
        severity: if event.type_ == EventType::Warning { "error" } else { "info" },
        timestamp: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        message: &event.message,
        reason: &event.reason,
        metadata: &event.metadata,
        reporting_controller: &shared.controller,
        reporting_instance: &shared.instance,
    }
}

/// Tries up to five times on connection errors and 5xx, 1 s to 30 s apart; 429 says that the event is a duplicate (RT-43).
async fn post(
    shared: &Shared,
    client: &reqwest::Client,
    url: &url::Url,
    event: &Event,
    shutdown: &CancellationToken,
) -> Result<(), String> {
    let body = serde_json::to_vec(&body(shared, event, Timestamp::now())).map_err(|e| e.to_string())?;
    let mut failure = String::new();
    for attempt in 0..=RETRIES {
        if attempt > 0 {
            let wait = Duration::from_secs(1 << (attempt - 1)).min(Duration::from_secs(30));
            tokio::select! { () = shutdown.cancelled() => return Err(failure), () = tokio::time::sleep(wait) => {} }
        }
        match client.post(url.clone()).header("content-type", "application/json").body(body.clone()).send().await {
            Ok(answer) if answer.status().is_success() || answer.status() == StatusCode::TOO_MANY_REQUESTS => return Ok(()),
            Ok(answer) if answer.status().is_server_error() => failure = format!("{} answered {}", url, answer.status()),
            Ok(answer) => return Err(format!("{} answered {}", url, answer.status())),
            Err(error) => failure = error.without_url().to_string(),
        }
    }
    Err(failure)
}
