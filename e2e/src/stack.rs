//! The control plane, the Git server and the controllers that all scenarios of a run share.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use ferroflux_control_plane::{ControlPlane, Supervised, free_port};
use ferroflux_git_server::{HttpOptions, HttpServer};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::{conditions::is_crd_established, wait::await_condition};
use kube::{Api, Client, Config};

/// What runs for all scenarios.
#[derive(Debug)]
pub struct Stack {
    /// The control plane.
    pub plane: &'static ControlPlane,
    /// Serves the repositories below [`Stack::git_root`].
    pub git: HttpServer,
    /// Where scenarios make their repositories.
    pub git_root: tempfile::TempDir,
    /// The controllers of everything that is in no shard.
    pub controllers: Controllers,
}

/// The stack of this process, started at the first call.
pub async fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    tokio::task::spawn_blocking(|| STACK.get_or_init(start)).await.unwrap()
}

/// Everything lives on a thread with a runtime of its own: the first scenario's runtime ends with that scenario.
fn start() -> Stack {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let stack = runtime.block_on(async {
            let plane = tokio::task::spawn_blocking(ferroflux_control_plane::shared).await.unwrap().expect("control plane");
            install_crds(&connect(&plane.kubeconfig()).await).await;
            let git_root = tempfile::tempdir().unwrap();
            let git = HttpServer::start(git_root.path(), HttpOptions::default()).await.unwrap();
            let controllers = Controllers::start(&plane.kubeconfig(), "!sharding.fluxcd.io/key");
            Stack { plane, git, git_root, controllers }
        });
        send.send(stack).ok();
        runtime.block_on(std::future::pending::<()>());
    });
    receive.recv().expect("the stack did not start")
}

/// A client of one's own: connections belong to the runtime of the scenario.
pub(crate) async fn connect(kubeconfig: &Path) -> Client {
    let config = Config::from_custom_kubeconfig(Kubeconfig::read_from(kubeconfig).unwrap(), &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

async fn install_crds(client: &Client) {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for crd in ferroflux_api::crd::all() {
        let name = format!("{}.{}", crd.plural, crd.group);
        api.patch(&name, &PatchParams::apply("e2e").force(), &Patch::Apply(&crd.manifest)).await.unwrap();
        await_condition(api.clone(), &name, is_crd_established()).await.unwrap();
    }
}

/// source-controller and kustomize-controller as processes, which end with this one.
#[derive(Debug)]
pub struct Controllers {
    children: Vec<(&'static str, Supervised)>,
    kubeconfig: PathBuf,
    selector: String,
    /// Where the programs are; ours if not given.
    programs: Option<PathBuf>,
    dir: tempfile::TempDir,
    storage: u16,
}

impl Controllers {
    /// Starts both for the objects that match `selector`.
    pub fn start(kubeconfig: &Path, selector: &str) -> Self {
        Self::start_from(None, kubeconfig, selector)
    }

    /// Starts the originals, where they are: in `$PEERS`, or in the folder `peers` of the cache.
    pub fn originals(kubeconfig: &Path, selector: &str) -> Option<Self> {
        let given = std::env::var_os("PEERS").filter(|v| !v.is_empty()).map(PathBuf::from);
        let peers = given.or_else(|| ferroflux_control_plane::cache_dir().ok().map(|cache| cache.join("peers")))?;
        let are_there = ["source-controller", "kustomize-controller"].iter().all(|name| peers.join(name).is_file());
        are_there.then(|| Self::start_from(Some(peers), kubeconfig, selector))
    }

    fn start_from(programs: Option<PathBuf>, kubeconfig: &Path, selector: &str) -> Self {
        let (dir, storage) = (tempfile::tempdir().unwrap(), free_port().unwrap());
        let (kubeconfig, selector) = (kubeconfig.to_owned(), selector.to_owned());
        let mut controllers = Self { children: Vec::new(), kubeconfig, selector, programs, dir, storage };
        controllers.spawn("source-controller");
        controllers.spawn("kustomize-controller");
        controllers
    }

    /// Ends a controller with SIGKILL, as a crash does.
    pub async fn kill(&mut self, name: &str) {
        let at = self.children.iter().position(|(n, _)| *n == name).unwrap();
        self.children.remove(at).1.kill().await;
    }

    /// Starts a controller again.
    pub fn spawn(&mut self, name: &'static str) {
        let log = std::fs::File::options().create(true).append(true).open(self.log(name)).unwrap();
        let mut args =
            vec![format!("--watch-label-selector={}", self.selector), format!("--health-addr=127.0.0.1:{}", free_port().unwrap())];
        args.extend(["--metrics-addr=0", "--events-addr=", "--requeue-dependency=1s", "--log-level=debug"].map(str::to_owned));
        if name == "source-controller" {
            let storage = format!("127.0.0.1:{}", self.storage);
            let data = self.dir.path().join("data");
            std::fs::create_dir_all(&data).unwrap();
            args.push(format!("--storage-path={}", data.display()));
            args.extend([format!("--storage-addr={storage}"), format!("--storage-adv-addr={storage}")]);
        }
        let program = self.programs.as_ref().map_or_else(|| program(name), |dir| dir.join(name));
        let environment = [("KUBECONFIG", self.kubeconfig.as_os_str()), ("RUNTIME_NAMESPACE", "default".as_ref())];
        self.children.push((name, Supervised::start(&program, &args, &environment, self.dir.path(), log).unwrap()));
    }

    /// The path of a controller's log.
    pub fn log(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.log"))
    }
}

/// A scenario that fails shows what its own controllers said last.
impl Drop for Controllers {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for (name, _) in &self.children {
            let text = std::fs::read_to_string(self.log(name)).unwrap_or_default();
            let lines: Vec<_> = text.lines().collect();
            eprintln!("{name} of {}:\n{}", self.selector, lines[lines.len().saturating_sub(40)..].join("\n"));
        }
    }
}

/// The program in the folder that Cargo builds into, built if it is not there.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join(name);
    if !path.is_file() {
        eprintln!("building {name} …");
        let status = Command::new(env!("CARGO")).args(["build", "--locked", "-p", &format!("ferroflux-{name}")]).status().unwrap();
        assert!(status.success(), "{name} does not build");
    }
    path
}

/// How long a scenario waits for a state before it fails; it bounds hanging, nothing else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
