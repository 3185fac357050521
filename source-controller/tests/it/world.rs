//! A namespace, a Git server and the controllers that a test starts for it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ferroflux_api::source::GitRepository;
use ferroflux_control_plane::{ControlPlane, Supervised, free_port};
use ferroflux_git_server::{HttpOptions, HttpServer, Repository};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::{conditions::is_crd_established, wait::await_condition};
use kube::{Api, Client, Config};
use serde_json::{Value, json};

/// How long a test waits for a state before it fails; it bounds hanging, nothing else.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where one test plays.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) git: HttpServer,
    plane: &'static ControlPlane,
}

/// A running controller.
pub(crate) struct Controller {
    pub(crate) process: Supervised,
    /// `host:port` of the file server.
    pub(crate) storage: String,
    /// `host:port` of the probes.
    pub(crate) health: String,
    /// `host:port` of the metrics.
    pub(crate) metrics: String,
    /// Its storage path.
    pub(crate) data: PathBuf,
    log: PathBuf,
}

impl World {
    /// A namespace of its own, and a server of the repositories in [`World::repositories`].
    pub(crate) async fn new(name: &str) -> Self {
        let plane = tokio::task::spawn_blocking(ferroflux_control_plane::shared).await.unwrap().expect("control plane");
        let kubeconfig = Kubeconfig::read_from(plane.kubeconfig()).unwrap();
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        let client = Client::try_from(config).unwrap();
        let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
        let crd = ferroflux_api::crd::crd::<GitRepository>();
        let plural = "gitrepositories.source.toolkit.fluxcd.io";
        crds.patch(plural, &PatchParams::apply("test").force(), &Patch::Apply(&crd.manifest)).await.unwrap();
        await_condition(crds, plural, is_crd_established()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let repositories = dir.path().join("repositories");
        std::fs::create_dir(&repositories).unwrap();
        let git = HttpServer::start(repositories, HttpOptions::default()).await.unwrap();
        let world = Self { client, namespace: name.to_owned(), dir, git, plane };
        world.namespace(name).await;
        world
    }

    /// Makes a namespace.
    pub(crate) async fn namespace(&self, name: &str) {
        let object = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
        Api::<Namespace>::all(self.client.clone()).create(&Default::default(), &object).await.unwrap();
    }

    /// Where repositories are served from.
    pub(crate) fn repositories(&self) -> PathBuf {
        self.dir.path().join("repositories")
    }

    /// A repository with one commit.
    pub(crate) async fn repository(&self, name: &str) -> Repository {
        let repository = Repository::create(&self.repositories(), name).await.unwrap();
        repository.commit("first", &[("app.yaml", "a: 1\n")]).await.unwrap();
        repository
    }

    /// The kubeconfig of the cluster's administrator.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.plane.kubeconfig()
    }

    /// Starts a controller that watches this namespace alone; `name` is that of its folder and log.
    pub(crate) async fn start(&self, name: &str, flags: &[&str]) -> Controller {
        self.start_as(name, flags, &self.kubeconfig(), &[]).await
    }

    /// As [`World::start`], with another kubeconfig and variables of the environment.
    pub(crate) async fn start_as(&self, name: &str, flags: &[&str], kubeconfig: &Path, variables: &[(&str, &str)]) -> Controller {
        let mut controller = self.spawn(Path::new(env!("CARGO_BIN_EXE_source-controller")), &[], name, flags, kubeconfig, variables);
        self.until("the controller listens", async || {
            assert!(controller.process.is_running(), "{name} ended:\n{}", controller.log());
            get(&format!("http://{}/healthz", controller.health)).await.is_ok_and(|a| a.status().is_success())
        })
        .await;
        controller
    }

    /// Starts `program` with the arguments of a controller after `before`.
    pub(crate) fn spawn(
        &self,
        program: &Path,
        before: &[&str],
        name: &str,
        flags: &[&str],
        kubeconfig: &Path,
        variables: &[(&str, &str)],
    ) -> Controller {
        let [storage, health, metrics] = [(); 3].map(|()| format!("127.0.0.1:{}", free_port().unwrap()));
        let (data, log) = (self.dir.path().join(name), self.dir.path().join(format!("{name}.log")));
        let mut args: Vec<String> = before.iter().map(|a| (*a).to_owned()).collect();
        args.extend([
            format!("--storage-path={}", data.display()),
            format!("--storage-addr={storage}"),
            format!("--storage-adv-addr={storage}"),
            format!("--health-addr={health}"),
            format!("--metrics-addr={metrics}"),
            "--watch-all-namespaces=false".to_owned(),
            "--requeue-dependency=1s".to_owned(),
        ]);
        args.extend(flags.iter().map(|f| (*f).to_owned()));
        // Temporary files of its own, to be counted.
        let temporary = self.dir.path().join(format!("{name}.tmp"));
        std::fs::create_dir_all(&temporary).unwrap();
        let mut environment: Vec<(&str, &OsStr)> =
            vec![("KUBECONFIG", kubeconfig.as_os_str()), ("RUNTIME_NAMESPACE", self.namespace.as_ref()), ("TMPDIR", temporary.as_os_str())];
        environment.extend(variables.iter().map(|(n, v)| (*n, OsStr::new(*v))));
        let out = std::fs::File::create(&log).unwrap();
        let process = Supervised::start(program, &args, &environment, self.dir.path(), out).unwrap();
        Controller { process, storage, health, metrics, data, log }
    }

    /// The API of a kind in the namespace.
    pub(crate) fn api(&self, kind: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource(kind))
    }

    /// Applies an object.
    pub(crate) async fn apply(&self, kind: &str, name: &str, body: Value) {
        self.apply_in(&self.namespace, kind, name, body).await;
    }

    /// Applies an object of another namespace.
    pub(crate) async fn apply_in(&self, namespace: &str, kind: &str, name: &str, mut body: Value) {
        let resource = resource(kind);
        body["apiVersion"] = resource.api_version.as_str().into();
        body["kind"] = resource.kind.as_str().into();
        body["metadata"]["name"] = name.into();
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &resource);
        api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(body)).await.unwrap();
    }

    /// A GitRepository on the branch main of `url`, with further fields of the spec.
    pub(crate) async fn git_repository(&self, name: &str, url: &str, more: Value) {
        let mut spec = json!({"interval": "1h", "url": url, "ref": {"branch": "main"}});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.apply("GitRepository", name, json!({"spec": spec})).await;
    }

    /// The GitRepository, or null.
    pub(crate) async fn get(&self, name: &str) -> Value {
        self.api("GitRepository").get_opt(name).await.unwrap().map_or(Value::Null, |o| serde_json::to_value(o).unwrap())
    }

    /// Waits until `check` holds.
    pub(crate) async fn until(&self, what: &str, mut check: impl AsyncFnMut() -> bool) {
        let began = Instant::now();
        while !check().await {
            assert!(began.elapsed() < PATIENCE, "never: {what}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the GitRepository is as `check` says, and returns it.
    pub(crate) async fn wait(&self, name: &str, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let object = self.get(name).await;
            if check(&object) {
                return object;
            }
            assert!(began.elapsed() < PATIENCE, "{name} never: {what}\n{:#}", object["status"]);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until it is ready at its generation.
    pub(crate) async fn ready(&self, name: &str) -> Value {
        let current = |o: &Value| o["status"]["observedGeneration"] == o["metadata"]["generation"];
        self.wait(name, "ready", |o| condition(o, "Ready")["status"] == "True" && current(o)).await
    }

    /// Waits until the condition is True, or for Ready False, for this reason, and returns its message.
    pub(crate) async fn told(&self, name: &str, condition_type: &str, reason: &str) -> String {
        let object = self.wait(name, &format!("{condition_type} {reason}"), |o| condition(o, condition_type)["reason"] == reason).await;
        condition(&object, condition_type)["message"].as_str().unwrap().to_owned()
    }

    /// Asks for a reconcile and waits until it was handled.
    pub(crate) async fn reconcile(&self, name: &str) -> Value {
        let token = format!("{:?}", Instant::now());
        let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}});
        self.api("GitRepository").patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
        self.wait(name, "handled", |o| o["status"]["lastHandledReconcileAt"] == token.as_str()).await
    }

    /// The Kubernetes Events of the namespace, as (type, reason, message).
    pub(crate) async fn events(&self) -> Vec<(String, String, String)> {
        let events = self.api("Event").list(&Default::default()).await.unwrap();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        events.items.iter().map(|e| (text(&e.data["type"]), text(&e.data["reason"]), text(&e.data["message"]))).collect()
    }
}

impl Controller {
    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The values of a metric's series, by the text in braces.
    pub(crate) async fn series(&self, name: &str) -> Vec<(String, f64)> {
        let text = get(&format!("http://{}/metrics", self.metrics)).await.unwrap().text().await.unwrap();
        let series = text.lines().filter_map(|l| l.strip_prefix(name)?.rsplit_once(' '));
        series.filter(|(l, _)| l.is_empty() || l.starts_with('{')).map(|(l, v)| (l.to_owned(), v.parse().unwrap())).collect()
    }

    /// Files of the store and of the folder for temporary files that are neither artifacts nor mirrors.
    pub(crate) fn leavings(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files(&self.data, &mut found);
        found.retain(|f| {
            let name = f.file_name().unwrap_or_default().to_string_lossy().into_owned();
            !f.starts_with(self.data.join(".mirrors")) && !name.ends_with(".tar.gz") && !name.ends_with(".lock")
        });
        files(&self.data.with_extension("tmp"), &mut found);
        // Of the process itself, as long as it runs.
        found.retain(|f| f.file_name().is_none_or(|name| name != ".lock"));
        found
    }
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.path().is_dir() { files(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

/// The condition of a type, or null.
pub(crate) fn condition<'a>(object: &'a Value, type_: &str) -> &'a Value {
    object["status"]["conditions"].as_array().and_then(|all| all.iter().find(|c| c["type"] == type_)).unwrap_or(&Value::Null)
}

/// Gets a URL, past any proxy of the environment.
pub(crate) async fn get(url: &str) -> reqwest::Result<reqwest::Response> {
    reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await
}

fn resource(kind: &str) -> ApiResource {
    let (group, kind) = match kind {
        "GitRepository" => ("source.toolkit.fluxcd.io", kind),
        "Lease" => ("coordination.k8s.io", kind),
        "Role" | "RoleBinding" => ("rbac.authorization.k8s.io", kind),
        kind => ("", kind),
    };
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind))
}
