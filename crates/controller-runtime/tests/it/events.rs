//! Events, to Kubernetes and to a receiver.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use ferroflux_controller_runtime::events::reference;
use ferroflux_controller_runtime::metrics::Format;
use ferroflux_controller_runtime::{Event, EventRecorder, EventType};
use k8s_openapi::api::core::v1::Event as CoreEvent;
use kube::Api;
use kube::api::ListParams;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{client, eventually, git_repository, install_git_repository, namespace};

type Received = Arc<Mutex<Vec<Value>>>;

/// A receiver that answers the first request with 503, calls the reason `Again` a duplicate each time, and remembers what
/// it was sent afterwards.
async fn receiver() -> (String, Received) {
    let received = Received::default();
    let (kept, first) = (received.clone(), Arc::new(Mutex::new(true)));
    let router = Router::new().route(
        "/",
        post(move |body: String| async move {
            if std::mem::take(&mut *first.lock().unwrap()) {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            let event: Value = serde_json::from_str(&body).unwrap();
            let duplicate = event["reason"] == "Again";
            kept.lock().unwrap().push(event);
            if duplicate { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::ACCEPTED }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

/// RT-40, RT-41, RT-42, RT-43, RT-45, SRC-GEN-16: an event is a core/v1 Event with the emitter's metadata, repeated ones are
/// counted up, a trace event is not posted, a receiver that fails once gets the event all the same, one that answers 429
/// is not asked again, and an event of no object goes nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn recorded_and_posted() {
    let (client, metrics) = client().await;
    install_git_repository(&client).await;
    let ns = namespace(&client, "events").await;
    let object = git_repository(&client, &ns, "a").await;
    let (url, received) = receiver().await;
    let (recorder, _) = EventRecorder::start("source-controller", &url, client.clone(), metrics, CancellationToken::new()).unwrap();
    let event = |type_, reason: &str| Event {
        object: reference(&object),
        type_,
        reason: reason.to_owned(),
        message: "stored artifact".to_owned(),
        metadata: BTreeMap::from([("source.toolkit.fluxcd.io/revision".to_owned(), "main@sha1:1".to_owned())]),
    };
    for part in 0..3 {
        let mut incomplete = event(EventType::Normal, "Incomplete");
        *[&mut incomplete.object.kind, &mut incomplete.object.name, &mut incomplete.object.namespace][part] = None;
        recorder.record(incomplete);
    }
    recorder.record(event(EventType::Normal, "NewArtifact"));
    recorder.record(event(EventType::Normal, "NewArtifact"));
    recorder.record(event(EventType::Normal, "Again"));
    recorder.record(event(EventType::Trace, "ArtifactUpToDate"));
    recorder.record(event(EventType::Warning, "GitOperationFailed"));

    let api: Api<CoreEvent> = Api::namespaced(client.clone(), &ns);
    let stored = eventually("four Kubernetes Events", async || {
        let items = api.list(&ListParams::default()).await.unwrap().items;
        (items.len() == 4).then_some(items)
    })
    .await;
    let find = |reason: &str| stored.iter().find(|e| e.reason.as_deref() == Some(reason)).unwrap();
    let new = find("NewArtifact");
    assert_eq!((new.count, new.type_.as_deref()), (Some(2), Some("Normal")));
    assert_eq!(new.source.as_ref().unwrap().component.as_deref(), Some("source-controller"));
    assert_eq!(new.reporting_component.as_deref(), Some("source-controller"));
    assert_eq!(new.metadata.annotations.as_ref().unwrap()["source.toolkit.fluxcd.io/revision"], "main@sha1:1");
    assert_eq!(new.involved_object.kind.as_deref(), Some("GitRepository"));
    assert_eq!(find("ArtifactUpToDate").type_.as_deref(), Some("Normal"));
    assert_eq!(find("GitOperationFailed").type_.as_deref(), Some("Warning"));

    let posted = eventually("four posts", async || Some(received.lock().unwrap().clone()).filter(|p| p.len() == 4)).await;
    let severities: Vec<_> = posted.iter().map(|p| (p["reason"].as_str().unwrap(), p["severity"].as_str().unwrap())).collect();
    assert_eq!(severities, [("NewArtifact", "info"), ("NewArtifact", "info"), ("Again", "info"), ("GitOperationFailed", "error")]);
    assert_eq!(posted[0]["involvedObject"]["name"], "a");
    assert_eq!(posted[0]["metadata"]["source.toolkit.fluxcd.io/revision"], "main@sha1:1");
    assert_eq!(posted[0]["reportingController"], "source-controller");
}

/// RT-44: with a receiver that swallows everything, recording returns at once and drops the oldest, counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_receiver_holds_nobody_up() {
    let (client, metrics) = client().await;
    install_git_repository(&client).await;
    let ns = namespace(&client, "events-dead").await;
    let object = git_repository(&client, &ns, "a").await;
    // Accepts connections and never answers.
    let hole = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", hole.local_addr().unwrap());
    let (recorder, _) = EventRecorder::start("source-controller", &url, client, metrics.clone(), CancellationToken::new()).unwrap();
    for n in 0..2500 {
        recorder.record(Event {
            object: reference(&object),
            type_: EventType::Normal,
            reason: "R".into(),
            message: n.to_string(),
            metadata: BTreeMap::new(),
        });
    }
    let dropped =
        metrics.encode(Format::Text).lines().find_map(|l| l.strip_prefix("gotk_events_dropped_total ")).unwrap().parse::<f64>().unwrap();
    assert!(dropped >= 1000.0, "{dropped} dropped");
}
