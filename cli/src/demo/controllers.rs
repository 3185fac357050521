//! The controllers as processes, as a cluster runs them in pods.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ferroflux_control_plane::{Supervised, free_port};

const NAMES: [&str; 2] = ["source-controller", "kustomize-controller"];

/// Where the programs are.
pub(super) struct Programs(Vec<(&'static str, PathBuf)>);

/// The running controllers. They end when this is dropped, and when this process is gone.
pub(super) struct Controllers {
    running: Vec<(&'static str, Supervised)>,
    dir: tempfile::TempDir,
}

impl Controllers {
    /// The programs beside this one.
    pub(super) fn find() -> Result<Programs> {
        let own = std::env::current_exe()?;
        let dir = own.parent().unwrap_or(Path::new("."));
        let programs: Vec<_> = NAMES.iter().map(|name| (*name, dir.join(name))).collect();
        if let Some((name, _)) = programs.iter().find(|(_, path)| !path.is_file()) {
            bail!("{name} is not beside this program in {}: build all with `make build`", dir.display());
        }
        Ok(Programs(programs))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.running.iter().map(|(name, _)| *name)
    }

    /// The ends of the logs, for an error message.
    pub(super) fn tails(&self) -> String {
        let tail = |name: &str| {
            let text = std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            format!("the end of the log of {name}:\n{}", lines[lines.len().saturating_sub(8)..].join("\n"))
        };
        self.names().map(tail).collect::<Vec<_>>().join("\n")
    }

    /// Name, peak and present resident memory in MiB.
    pub(super) fn memory(&self) -> Vec<(&'static str, f32, f32)> {
        let read = |pid: u32, field: &str| -> Option<f32> {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let kib: f32 = status.lines().find_map(|l| l.strip_prefix(field))?.trim().trim_end_matches(" kB").parse().ok()?;
            Some(kib / 1024.0)
        };
        let figures = |(name, child): &(&'static str, Supervised)| {
            let pid = child.id()?;
            Some((*name, read(pid, "VmHWM:")?, read(pid, "VmRSS:")?))
        };
        self.running.iter().filter_map(figures).collect()
    }

    /// Ends them in an orderly way.
    pub(super) async fn stop(mut self) {
        for (_, child) in &mut self.running {
            child.stop().await;
        }
    }
}

impl Programs {
    /// Starts the controllers against a cluster, on free ports, with their logs in a folder of their own.
    pub(super) async fn start(self, kubeconfig: &Path) -> Result<Controllers> {
        let dir = tempfile::tempdir()?;
        let mut controllers = Controllers { running: Vec::new(), dir };
        for (name, path) in self.0 {
            let (health, storage) = (free_port()?, free_port()?);
            let mut args = vec![format!("--health-addr=127.0.0.1:{health}"), "--metrics-addr=0".to_owned(), "--events-addr=".to_owned()];
            if name == "source-controller" {
                let data = controllers.dir.path().join("data");
                args.push(format!("--storage-path={}", data.display()));
                args.extend([format!("--storage-addr=127.0.0.1:{storage}"), format!("--storage-adv-addr=127.0.0.1:{storage}")]);
            }
            let log = std::fs::File::create(controllers.dir.path().join(name))?;
            let environment = [("KUBECONFIG", kubeconfig.as_os_str()), ("RUNTIME_NAMESPACE", "flux-system".as_ref())];
            let child = Supervised::start(&path, &args, &environment, controllers.dir.path(), log);
            controllers.running.push((name, child.with_context(|| format!("start {}", path.display()))?));
            controllers.healthy(name, health).await?;
        }
        Ok(controllers)
    }
}

impl Controllers {
    async fn healthy(&mut self, name: &'static str, port: u16) -> Result<()> {
        loop {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(());
            }
            if self.running.iter_mut().any(|(_, child)| !child.is_running()) {
                bail!("{name} ended at once\n{}", self.tails());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
