//! The cluster, the controller and the artifacts that a test works with.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{LazyLock, Mutex, OnceLock};
use std::time::Duration;

use ferroflux_artifact::tarball::Writer;
use ferroflux_control_plane::Supervised;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How long a test waits for a state before it fails; it bounds hanging, nothing else.
const PATIENCE: Duration = Duration::from_secs(60);

/// One test's part of the cluster.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) namespace: &'static str,
}

/// The API of a kind, by `group/version` and kind; the plural is the regular one.
pub(crate) fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let lower = kind.to_lowercase();
    let plural = match lower.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ if lower.ends_with('s') => format!("{lower}es"),
        _ => format!("{lower}s"),
    };
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), &plural)
}

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";
const SOURCE: &str = "source.toolkit.fluxcd.io/v1";

impl World {
    /// A world in a new namespace.
    pub(crate) async fn new(namespace: &'static str) -> Self {
        let client = connect().await;
        static CRDS: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
        CRDS.get_or_init(|| install_crds(client.clone())).await;
        static MAIN: OnceLock<Controller> = OnceLock::new();
        MAIN.get_or_init(|| Controller::start("!sharding.fluxcd.io/key"));
        let world = Self { client, namespace };
        world.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})).await;
        world
    }

    fn api(&self, api_version: &str, kind: &str) -> Api<DynamicObject> {
        let resource = resource(api_version, kind);
        let cluster_wide = ["Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "PriorityClass"];
        if cluster_wide.contains(&kind) {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), self.namespace, &resource)
        }
    }

    /// Applies an object as a user would.
    pub(crate) async fn apply(&self, object: Value) -> Value {
        let (version, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        let name = object["metadata"]["name"].as_str().unwrap();
        let written = self.api(version, kind).patch(name, &PatchParams::apply("test").force(), &Patch::Apply(&object)).await.unwrap();
        serde_json::to_value(written).unwrap()
    }

    pub(crate) async fn merge(&self, api_version: &str, kind: &str, name: &str, patch: Value) -> Value {
        let written = self.api(api_version, kind).patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
        serde_json::to_value(written).unwrap()
    }

    pub(crate) async fn merge_status(&self, api_version: &str, kind: &str, name: &str, patch: Value) {
        self.api(api_version, kind).patch_status(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    }

    pub(crate) async fn get(&self, api_version: &str, kind: &str, name: &str) -> Option<Value> {
        let found = self.api(api_version, kind).get_opt(name).await.unwrap();
        found.map(|o| serde_json::to_value(o).unwrap())
    }

    pub(crate) async fn delete(&self, api_version: &str, kind: &str, name: &str) {
        self.api(api_version, kind).delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Publishes files as the artifact of the GitRepository `name`; returns the revision.
    pub(crate) async fn publish(&self, name: &str, files: &[(&str, &str)]) -> String {
        self.publish_at(&format!("127.0.0.1:{}", SERVER.port), name, files).await
    }

    /// Publishes an artifact whose URL has another host.
    pub(crate) async fn publish_at(&self, host: &str, name: &str, files: &[(&str, &str)]) -> String {
        let archive = pack(files);
        let digest = format!("{:x}", Hex(&Sha256::digest(&archive)));
        let path = format!("/{}/{name}/{digest}.tar.gz", self.namespace);
        let server = &*SERVER;
        server.files.lock().unwrap().insert(path.clone(), archive);
        let revision = format!("main@sha1:{}", &digest[..40]);
        let spec = json!({"interval": "1h", "url": "https://example.com/repo.git"});
        self.apply(json!({"apiVersion": SOURCE, "kind": "GitRepository", "metadata": {"name": name}, "spec": spec})).await;
        let artifact = json!({
            "path": path, "url": format!("http://{host}{path}"), "revision": revision,
            "digest": format!("sha256:{digest}"), "lastUpdateTime": "2026-01-01T00:00:00Z",
        });
        self.merge_status(SOURCE, "GitRepository", name, json!({"status": {"artifact": artifact}})).await;
        revision
    }

    /// Applies a Kustomization on the GitRepository `repo`, with fields over the usual ones.
    pub(crate) async fn kustomization(&self, name: &str, repo: &str, fields: Value) -> Value {
        let mut spec = json!({"interval": "1h", "retryInterval": "1h", "prune": true, "sourceRef": {"kind": "GitRepository", "name": repo}, "targetNamespace": self.namespace});
        for (key, value) in fields.as_object().unwrap() {
            spec[key] = value.clone();
        }
        // A null takes a field away.
        spec.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let labels = spec.as_object_mut().unwrap().remove("labels").unwrap_or_else(|| json!({}));
        self.apply(json!({"apiVersion": KUSTOMIZE, "kind": "Kustomization", "metadata": {"name": name, "labels": labels}, "spec": spec}))
            .await
    }

    /// Asks for a reconcile by annotation.
    pub(crate) async fn request(&self, name: &str, token: &str) {
        self.merge(KUSTOMIZE, "Kustomization", name, json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}}))
            .await;
    }

    /// A token of a service account of the namespace.
    pub(crate) async fn token(&self, account: &str) -> String {
        let api: Api<k8s_openapi::api::core::v1::ServiceAccount> = Api::namespaced(self.client.clone(), self.namespace);
        let request = serde_json::from_value(json!({"spec": {"audiences": []}})).unwrap();
        let answer = api.create_token_request(account, &Default::default(), &request).await.unwrap();
        answer.status.unwrap().token.unwrap()
    }

    /// Waits until the Kustomization is as asked.
    pub(crate) async fn kustomization_is(&self, name: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        self.is(KUSTOMIZE, "Kustomization", name, what, |o| o.is_some_and(&is)).await.unwrap()
    }

    /// Waits until the Kustomization has applied a revision.
    pub(crate) async fn ready(&self, name: &str, revision: &str) -> Value {
        self.kustomization_is(name, "ready", |o| o["status"]["lastAppliedRevision"] == revision && is_ready(o)).await
    }

    /// Waits until the Kustomization failed for a reason.
    pub(crate) async fn failed(&self, name: &str, reason: &str) -> Value {
        self.kustomization_is(name, reason, |o| {
            let ready = condition(o, "Ready");
            ready["status"] == "False" && ready["reason"] == reason
        })
        .await
    }

    /// Waits until an object, or its absence, is as asked.
    pub(crate) async fn is(
        &self,
        api_version: &str,
        kind: &str,
        name: &str,
        what: &str,
        is: impl Fn(Option<&Value>) -> bool,
    ) -> Option<Value> {
        let look = async || {
            let found = self.get(api_version, kind, name).await;
            if is(found.as_ref()) { Ok(found) } else { Err(found) }
        };
        let tell = |found: Option<Value>| {
            let status = &found.unwrap_or_default()["status"];
            format!("{kind}/{}/{name} did not become {what}: {status:#}\n{}", self.namespace, log())
        };
        until(look, tell).await
    }

    /// Waits for an event on a Kustomization whose message is as asked.
    pub(crate) async fn event(&self, name: &str, reason: &str, is: impl Fn(&str) -> bool) -> Value {
        let look = async || {
            let events = self.api("v1", "Event").list(&Default::default()).await.unwrap();
            let mut events = events.items.into_iter().map(|e| serde_json::to_value(e).unwrap());
            let wanted =
                |e: &Value| e["involvedObject"]["name"] == name && e["reason"] == reason && is(e["message"].as_str().unwrap_or_default());
            events.find(wanted).ok_or(())
        };
        until(look, |()| format!("no such event {reason} on {name}\n{}", log())).await
    }

    /// Waits for a log line about an object whose message is as asked.
    pub(crate) async fn logged(&self, name: &str, is: impl Fn(&str) -> bool) -> Value {
        let look = async || logged(self.namespace, name, &is).ok_or(());
        until(look, |()| format!("no such line about {name}\n{}", log())).await
    }

    /// The messages of the events on a Kustomization with a reason.
    pub(crate) async fn events(&self, name: &str, reason: &str) -> Vec<String> {
        let events = self.api("v1", "Event").list(&Default::default()).await.unwrap();
        let events = events.items.into_iter().map(|e| serde_json::to_value(e).unwrap());
        let wanted = |e: &Value| e["involvedObject"]["name"] == name && e["reason"] == reason;
        events.filter(wanted).map(|e| e["message"].as_str().unwrap().to_owned()).collect()
    }
}

/// Waits until `look` finds what is wanted. If it never does, `tell` makes a message of what it found instead at last.
pub(crate) async fn until<T, E>(mut look: impl AsyncFnMut() -> Result<T, E>, tell: impl FnOnce(E) -> String) -> T {
    let begin = tokio::time::Instant::now();
    loop {
        match look().await {
            Ok(found) => return found,
            Err(instead) if begin.elapsed() >= PATIENCE => panic!("{}", tell(instead)),
            Err(_) => tokio::time::sleep(Duration::from_millis(30)).await,
        }
    }
}

pub(crate) fn condition<'a>(object: &'a Value, type_: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().find(|c| c["type"] == type_).unwrap_or(&Value::Null)
}

/// Ready, for this generation, with nothing under way.
pub(crate) fn is_ready(object: &Value) -> bool {
    let observed = object["status"]["observedGeneration"] == object["metadata"]["generation"];
    observed && condition(object, "Ready")["status"] == "True" && condition(object, "Reconciling").is_null()
}

pub(crate) fn inventory(object: &Value) -> Vec<String> {
    let entries = object["status"]["inventory"]["entries"].as_array();
    entries.into_iter().flatten().map(|e| e["id"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn config_map(name: &str, data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{key: {data:?}}}\n")
}

async fn connect() -> Client {
    let plane = tokio::task::spawn_blocking(ferroflux_control_plane::shared).await.unwrap().expect("control plane");
    let kubeconfig = Kubeconfig::read_from(plane.kubeconfig()).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

async fn install_crds(client: Client) {
    let api: Api<DynamicObject> = Api::all_with(client, &resource("apiextensions.k8s.io/v1", "CustomResourceDefinition"));
    let established = |o: &DynamicObject| {
        let conditions = o.data["status"]["conditions"].as_array();
        conditions.into_iter().flatten().any(|c| c["type"] == "Established" && c["status"] == "True")
    };
    let wanted = ["kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"];
    for crd in ferroflux_api::crd::all().into_iter().filter(|c| wanted.contains(&c.group.as_str())) {
        let name = format!("{}.{}", crd.plural, crd.group);
        api.patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(&crd.manifest)).await.unwrap();
        while !established(&api.get(&name).await.unwrap()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

struct Hex<'a>(&'a [u8]);

impl std::fmt::LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

fn pack(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = Writer::new(Vec::new());
    archive.directory(b".").unwrap();
    for (path, content) in files {
        archive.file(path.as_bytes(), false, content.len() as u64, &mut content.as_bytes()).unwrap();
    }
    archive.finish().unwrap()
}

/// Serves the published artifacts.
pub(crate) struct Server {
    pub(crate) port: u16,
    files: Mutex<HashMap<String, Vec<u8>>>,
}

pub(crate) static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    Server { port, files: Mutex::default() }
});

fn answer(mut stream: TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    let path = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned();
    let found = SERVER.files.lock().unwrap().get(&path).cloned();
    let (status, body) = found.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(&body);
}

/// A controller process for one shard.
pub(crate) struct Controller(Supervised);

impl Controller {
    pub(crate) fn start(selector: &str) -> Self {
        Self::start_with(selector, &[], &[])
    }

    /// One with further flags, which come after the usual ones, and environment variables.
    pub(crate) fn start_with(selector: &str, flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let kubeconfig = ferroflux_control_plane::shared().expect("control plane").kubeconfig();
        let log = std::fs::File::options().create(true).append(true).open(log_path()).unwrap();
        let usual = ["--metrics-addr=0", "--health-addr=0", "--requeue-dependency=2s", "--override-manager=ui", "--concurrent=8"];
        let args = usual.iter().chain(flags).map(|flag| (*flag).to_owned());
        let args: Vec<String> = std::iter::once(format!("--watch-label-selector={selector}")).chain(args).collect();
        let mut variables: Vec<(&str, &OsStr)> = vec![("KUBECONFIG", kubeconfig.as_os_str()), ("RUNTIME_NAMESPACE", "default".as_ref())];
        variables.extend(environment.iter().map(|(name, value)| (*name, OsStr::new(*value))));
        let program = Path::new(env!("CARGO_BIN_EXE_kustomize-controller"));
        Self(Supervised::start(program, &args, &variables, &std::env::temp_dir(), log).unwrap())
    }

    /// Ends it as a crash does.
    pub(crate) async fn kill(mut self) {
        self.0.kill().await;
    }
}

fn log_path() -> std::path::PathBuf {
    static DIR: OnceLock<tempfile::TempDir> = OnceLock::new();
    DIR.get_or_init(|| tempfile::tempdir().unwrap()).path().join("controller.log")
}

/// What the controllers logged about an object of a namespace with a message that is as asked: the last such line.
fn logged(namespace: &str, name: &str, is: impl Fn(&str) -> bool) -> Option<Value> {
    let text = std::fs::read_to_string(log_path()).unwrap_or_default();
    let lines = text.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut lines = lines.filter(|line| line["namespace"] == namespace && line["name"] == name);
    lines.find(|line| line["msg"].as_str().is_some_and(&is))
}

/// The last lines that the controllers wrote.
fn log() -> String {
    let text = std::fs::read_to_string(log_path()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
