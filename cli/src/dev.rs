//! `ferroflux dev`: the embedded control plane in the background.
//!
//! `up` starts a second process of this command that owns the control plane and outlives the first; `down` asks it to end
//! by its process id, which it keeps in the directory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use ferroflux_control_plane::{Binaries, ControlPlane, Home, KUBERNETES_VERSION};
use tokio::signal::unix::{SignalKind, signal};

/// What to do with the control plane.
#[derive(Debug, Subcommand)]
pub enum Dev {
    /// Start etcd, kube-apiserver and kube-controller-manager in the background; returns when they are ready.
    #[command(after_help = "Example:\n  ferroflux dev up --dir ./cluster && kubectl --kubeconfig ./cluster/kubeconfig get namespaces")]
    Up(Directory),
    /// End the control plane of a directory and everything that it started.
    #[command(after_help = "Example:\n  ferroflux dev down --dir ./cluster")]
    Down(Directory),
    /// Own a control plane until a signal comes; `up` runs this.
    #[command(hide = true)]
    Serve(Directory),
}

/// Where the control plane lives.
#[derive(Debug, Args)]
pub struct Directory {
    /// Directory for the kubeconfig, data and logs; it is made if need be.
    #[arg(long)]
    dir: PathBuf,
}

const PID: &str = "pid";
const LOG: &str = "ferroflux-dev.log";

/// Runs one of the commands.
pub fn run(command: Dev) -> Result<()> {
    match command {
        Dev::Up(at) => up(&at.dir),
        Dev::Down(at) => down(&at.dir),
        Dev::Serve(at) => tokio::runtime::Runtime::new()?.block_on(serve(&at.dir)),
    }
}

fn up(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("make the directory {}", dir.display()))?;
    let dir = std::path::absolute(dir)?;
    if let Some(pid) = running(&dir) {
        bail!("a control plane runs already in {} (process {pid}); end it with: ferroflux dev down --dir {}", dir.display(), dir.display());
    }
    for stale in [PID, "kubeconfig"] {
        let _ = std::fs::remove_file(dir.join(stale));
    }
    // Building may take minutes and shall be seen, so it is done here and not in the background.
    let began = Instant::now();
    tokio::runtime::Runtime::new()?.block_on(Binaries::find(|line| eprintln!("{line}")))?;
    eprintln!("starting etcd and kube-apiserver {KUBERNETES_VERSION} …");
    let log_path = dir.join(LOG);
    let log = std::fs::File::create(&log_path)?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["dev", "serve", "--dir"])
        .arg(&dir)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group_of_its_own()
        .spawn()
        .context("start the background process")?;
    // The process id is written last: with it the control plane is ready.
    while !dir.join(PID).exists() {
        if let Some(status) = child.try_wait()? {
            bail!("the control plane did not come up ({status}):\n{}", std::fs::read_to_string(&log_path).unwrap_or_default().trim_end());
        }
        std::thread::sleep(Duration::from_millis(30));
    }
    eprintln!("ready in {:.1} s; kubeconfig: {}", began.elapsed().as_secs_f32(), dir.join("kubeconfig").display());
    Ok(())
}

trait OwnGroup {
    fn process_group_of_its_own(&mut self) -> &mut Self;
}

impl OwnGroup for Command {
    /// So that Ctrl-C in the terminal of `up` does not end what `up` started.
    fn process_group_of_its_own(&mut self) -> &mut Self {
        std::os::unix::process::CommandExt::process_group(self, 0)
    }
}

async fn serve(dir: &Path) -> Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let binaries = Binaries::find(|line| eprintln!("{line}")).await?;
    let mut plane = ControlPlane::start(binaries, Home::Kept(dir.to_owned())).await?;
    let partial = dir.join("pid.partial");
    std::fs::write(&partial, std::process::id().to_string())?;
    std::fs::rename(&partial, dir.join(PID))?;
    loop {
        tokio::select! {
            _ = term.recv() => break,
            _ = int.recv() => break,
            () = tokio::time::sleep(Duration::from_secs(5)) => {
                if let Some(name) = plane.ended().first() {
                    eprintln!("{name} has ended by itself; its log is in {}", dir.display());
                    break;
                }
            }
        }
    }
    plane.stop().await;
    let _ = std::fs::remove_file(dir.join(PID));
    Ok(())
}

fn down(dir: &Path) -> Result<()> {
    let dir = std::path::absolute(dir)?;
    let Some(pid) = running(&dir) else {
        eprintln!("no control plane runs in {}", dir.display());
        return Ok(());
    };
    let process = rustix::process::Pid::from_raw(pid).context("the process id is zero")?;
    rustix::process::kill_process(process, rustix::process::Signal::TERM).context("ask the control plane to end")?;
    let began = Instant::now();
    while running(&dir).is_some() {
        if began.elapsed() > Duration::from_secs(60) {
            bail!("process {pid} does not end; its log is {}", dir.join(LOG).display());
        }
        std::thread::sleep(Duration::from_millis(30));
    }
    for made in ["etcd", "pki"] {
        let _ = std::fs::remove_dir_all(dir.join(made));
    }
    for made in ["kubeconfig", LOG, "etcd.log", "kube-apiserver.log", "kube-controller-manager.log"] {
        let _ = std::fs::remove_file(dir.join(made));
    }
    // The directory itself goes only if nothing of anybody else is in it.
    let _ = std::fs::remove_dir(&dir);
    Ok(())
}

/// The process that owns the control plane of `dir`, if it still runs. A process id may be given anew after a crash:
/// the command line tells whether it is ours.
fn running(dir: &Path) -> Option<i32> {
    let pid: i32 = std::fs::read_to_string(dir.join(PID)).ok()?.trim().parse().ok()?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let command = String::from_utf8_lossy(&command);
    (command.contains("serve") && command.contains(&*dir.to_string_lossy())).then_some(pid)
}
