//! The control plane comes up, serves, and leaves nothing behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ferroflux_control_plane::{Binaries, ControlPlane, Home};

async fn plane() -> ControlPlane {
    let binaries = Binaries::find(|line| eprintln!("{line}")).await.unwrap();
    ControlPlane::start(binaries, Home::Temporary).await.unwrap()
}

/// Processes whose command line names `dir`.
fn processes_in(dir: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir("/proc") else { return 0 };
    let name = dir.display().to_string();
    let lines = entries.flatten().filter_map(|e| std::fs::read(e.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(&name)).count()
}

/// Waits until `condition` holds; the deadline only bounds a test that would hang.
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn serves_and_leaves_nothing_behind() {
    let plane = plane().await;
    let dir = plane.dir().to_owned();
    if let Some(kubectl) = &plane.binaries().kubectl {
        let out = Command::new(kubectl)
            .arg("--kubeconfig")
            .arg(plane.kubeconfig())
            .args(["create", "namespace", "made-by-a-test"])
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    plane.stop().await;
    eventually("no process is left", || processes_in(&dir) == 0);
    eventually("no file is left", || !dir.exists());
}

/// A parent that is killed takes its control plane with it. The parent is this test binary, run again as a child.
#[tokio::test(flavor = "multi_thread")]
async fn ends_with_a_killed_parent() {
    if std::env::var_os("START_AND_HANG").is_some() {
        let plane = plane().await;
        std::fs::write(std::env::var_os("START_AND_HANG").unwrap(), plane.dir().display().to_string()).unwrap();
        std::future::pending::<()>().await;
    }
    let told = tempfile::NamedTempFile::new().unwrap();
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ends_with_a_killed_parent", "--nocapture"])
        .env("START_AND_HANG", told.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    eventually("the child is up", || !std::fs::read_to_string(told.path()).unwrap().is_empty());
    let dir = std::path::PathBuf::from(std::fs::read_to_string(told.path()).unwrap());
    assert!(processes_in(&dir) >= 3);
    parent.kill().unwrap();
    parent.wait().unwrap();
    eventually("no process is left", || processes_in(&dir) == 0);
    eventually("no file is left", || !dir.exists());
}

/// The child's own id is told, not that of its watchdog; the child ends when it is no longer held.
#[tokio::test(flavor = "multi_thread")]
async fn supervised_children() {
    let log = tempfile::tempfile().unwrap();
    let child = ferroflux_control_plane::Supervised::start(Path::new("sleep"), &["600".to_owned()], &[], Path::new("/"), log).unwrap();
    let command = |id: u32| std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    eventually("the child runs", || child.id().is_some_and(|id| command(id) == "sleep\n"));
    let id = child.id().unwrap();
    drop(child);
    eventually("the child is gone", || command(id).is_empty());
}
