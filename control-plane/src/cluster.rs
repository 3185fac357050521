//! Starting and stopping the three programs.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::binaries::{Binaries, BinariesError};
use crate::credentials;
use crate::ports::free_port;
use crate::supervised::{Janitor, Supervised};

/// The control plane did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The programs are missing.
    #[error(transparent)]
    Binaries(#[from] BinariesError),
    /// A file could not be written or a process not started.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A program ended.
    #[error("{name} ended while starting; the end of its log {log}:\n{tail}")]
    Ended {
        /// Which.
        name: &'static str,
        /// Where its log is.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The API server is not ready after a long time.
    #[error("kube-apiserver is not ready after {0} s; its log is {1}")]
    NotReady(u64, PathBuf),
}

/// Where a control plane keeps its files.
#[derive(Debug)]
pub enum Home {
    /// A new directory that is removed at the end, also when this process is killed.
    Temporary,
    /// This directory; it is made if need be and stays.
    Kept(PathBuf),
}

/// A running control plane. Dropping it ends its processes; [`ControlPlane::stop`] waits for that.
#[derive(Debug)]
pub struct ControlPlane {
    dir: PathBuf,
    url: String,
    token: String,
    ca_pem: String,
    binaries: Binaries,
    // Order matters: dropped in this order, so etcd outlives the API server.
    children: Vec<(&'static str, Supervised)>,
    _janitor: Option<Janitor>,
}

const READY_WITHIN: Duration = Duration::from_secs(120);

impl ControlPlane {
    /// Starts etcd, the API server and the controller manager, and waits until the API server is ready and the namespace
    /// `default` is there.
    pub async fn start(binaries: Binaries, home: Home) -> Result<Self, StartError> {
        let io = |what: &str| {
            let what = what.to_owned();
            move |source| StartError::Io { what, source }
        };
        let (dir, janitor) = match home {
            Home::Temporary => {
                let dir = tempfile::Builder::new().prefix("ferroflux-").tempdir().map_err(io("make a temporary directory"))?.keep();
                let janitor = Janitor::start(&dir).map_err(io("start the janitor of the temporary directory"))?;
                (dir, Some(janitor))
            }
            Home::Kept(dir) => {
                std::fs::create_dir_all(&dir).map_err(io(&format!("make the directory {}", dir.display())))?;
                (std::path::absolute(&dir).map_err(io("find the directory"))?, None)
            }
        };
        let pki = dir.join("pki");
        std::fs::create_dir_all(&pki).map_err(io("make the directory of the keys"))?;
        std::fs::set_permissions(&pki, PermissionsExt::from_mode(0o700)).map_err(io("protect the directory of the keys"))?;
        let token = credentials::token().map_err(io("make the administrator's token"))?;
        let write = |name: &str, text: &str| std::fs::write(pki.join(name), text).map_err(io(&format!("write {name}")));
        let (private, public) = credentials::signing_key().map_err(io("make the key of service accounts"))?;
        write("sa.key", &private)?;
        write("sa.pub", &public)?;
        write("tokens.csv", &format!("{token},admin,admin,\"system:masters\"\n"))?;
        let port = || free_port().map_err(io("find a free port"));
        let (etcd, peer, api, manager) = (port()?, port()?, port()?, port()?);
        let mut plane = Self {
            url: format!("https://127.0.0.1:{api}"),
            dir,
            token,
            ca_pem: String::new(),
            binaries,
            children: Vec::new(),
            _janitor: janitor,
        };
        plane.spawn_etcd(etcd, peer)?;
        plane.spawn_apiserver(etcd, api)?;
        plane.wait_ready().await?;
        let kubeconfig = plane.kubeconfig_text();
        let path = plane.kubeconfig();
        std::fs::write(&path, kubeconfig).map_err(io("write the kubeconfig"))?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).map_err(io("protect the kubeconfig"))?;
        plane.spawn_controller_manager(manager)?;
        plane.wait_default_service_account().await?;
        Ok(plane)
    }

    /// The path of the administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.join("kubeconfig")
    }

    /// The directory with logs and data.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The URL of the API server.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The programs that run.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Ends all processes, the last started first, and waits for that.
    pub async fn stop(mut self) {
        while let Some((_, mut child)) = self.children.pop() {
            child.stop().await;
        }
    }

    /// Names of programs that have ended although they should run.
    pub fn ended(&mut self) -> Vec<&'static str> {
        self.children.iter_mut().filter_map(|(name, child)| (!child.is_running()).then_some(*name)).collect()
    }

    fn spawn(&mut self, name: &'static str, program: &Path, args: Vec<String>) -> Result<(), StartError> {
        let log = std::fs::File::create(self.log(name));
        let child = log
            .and_then(|log| Supervised::start(program, &args, &[], &self.dir, log))
            .map_err(|source| StartError::Io { what: format!("start {}", program.display()), source })?;
        self.children.push((name, child));
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.log"))
    }

    fn spawn_etcd(&mut self, port: u16, peer: u16) -> Result<(), StartError> {
        let (client, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer}"));
        let args = vec![
            format!("--data-dir={}", self.dir.join("etcd").display()),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
            // Nothing here has to survive a power cut.
            "--unsafe-no-fsync".to_owned(),
            "--log-level=warn".to_owned(),
        ];
        self.spawn("etcd", &self.binaries.etcd.clone(), args)
    }

    fn spawn_apiserver(&mut self, etcd: u16, port: u16) -> Result<(), StartError> {
        let pki = self.dir.join("pki");
        let file = |name: &str| pki.join(name).display().to_string();
        let args = vec![
            format!("--etcd-servers=http://127.0.0.1:{etcd}"),
            format!("--secure-port={port}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--cert-dir={}", pki.display()),
            format!("--service-account-key-file={}", file("sa.pub")),
            format!("--service-account-signing-key-file={}", file("sa.key")),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--token-auth-file={}", file("tokens.csv")),
            "--authorization-mode=RBAC".to_owned(),
            "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
        ];
        self.spawn("kube-apiserver", &self.binaries.apiserver.clone(), args)
    }

    fn spawn_controller_manager(&mut self, port: u16) -> Result<(), StartError> {
        let args = vec![
            format!("--kubeconfig={}", self.kubeconfig().display()),
            format!("--service-account-private-key-file={}", self.dir.join("pki/sa.key").display()),
            "--use-service-account-credentials".to_owned(),
            "--leader-elect=false".to_owned(),
            // There are no nodes to look after.
            "--controllers=*,-nodeipam,-nodelifecycle".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            "--concurrent-deployment-syncs=20".to_owned(),
        ];
        self.spawn("kube-controller-manager", &self.binaries.controller_manager.clone(), args)
    }

    /// The API server makes its own serving certificate; what it wrote is what clients are to trust.
    async fn wait_ready(&mut self) -> Result<(), StartError> {
        let began = Instant::now();
        loop {
            self.check_running()?;
            if let Ok(pem) = std::fs::read_to_string(self.dir.join("pki/apiserver.crt"))
                && !pem.is_empty()
            {
                self.ca_pem = pem;
                if self.get("/readyz").await.is_some() {
                    return Ok(());
                }
            }
            if began.elapsed() > READY_WITHIN {
                return Err(StartError::NotReady(READY_WITHIN.as_secs(), self.log("kube-apiserver")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Without its service account a namespace takes no pods and no Kustomization that impersonates.
    async fn wait_default_service_account(&mut self) -> Result<(), StartError> {
        let began = Instant::now();
        while self.get("/api/v1/namespaces/default/serviceaccounts/default").await.is_none() {
            self.check_running()?;
            if began.elapsed() > READY_WITHIN {
                return Err(StartError::NotReady(READY_WITHIN.as_secs(), self.log("kube-controller-manager")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    fn check_running(&mut self) -> Result<(), StartError> {
        let Some(name) = self.ended().first().copied() else { return Ok(()) };
        let log = self.log(name);
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        Err(StartError::Ended { name, log, tail: lines[lines.len().saturating_sub(8)..].join("\n") })
    }

    async fn get(&self, path: &str) -> Option<()> {
        let ca = reqwest::Certificate::from_pem_bundle(self.ca_pem.as_bytes()).ok()?;
        let client = reqwest::Client::builder().tls_certs_only(ca).no_proxy().timeout(Duration::from_secs(5)).build().ok()?;
        let answer = client.get(format!("{}{path}", self.url)).bearer_auth(&self.token).send().await.ok()?;
        answer.status().is_success().then_some(())
    }

    fn kubeconfig_text(&self) -> String {
        // JSON is YAML, and every client reads it.
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "ferroflux",
            "clusters": [{"name": "ferroflux", "cluster": {"server": self.url, "certificate-authority-data": STANDARD.encode(&self.ca_pem)}}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "ferroflux", "context": {"cluster": "ferroflux", "user": "admin"}}],
        });
        format!("{config:#}\n")
    }
}
