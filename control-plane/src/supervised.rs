//! Child processes that end with us, however we end.
//!
//! A child that outlives a killed test run would hold its ports and its memory. The kernel's parent-death signal needs
//! unsafe code and fires when a *thread* ends; a pipe needs neither: each child runs under a small shell that holds the
//! reading end of a pipe whose writing end is ours. When we are gone, the pipe closes, and the shell ends its child.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, ChildStdin, Command};

/// `$1` is the log's name for the reader only; the rest is the command.
const WATCHDOG: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
trap 'kill -TERM $child 2>/dev/null' TERM INT
{ cat <&3 >/dev/null; kill -TERM $child 2>/dev/null; sleep 5; kill -KILL $child 2>/dev/null; } &
exec 3<&-
watch=$!
wait $child; status=$?
wait $child 2>/dev/null
kill $watch 2>/dev/null
exit $status
"#;

/// Removes the directory `$1` when the pipe closes, once nobody has it as working directory any more.
const JANITOR: &str = r#"
cat >/dev/null
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  rm -rf "$1" 2>/dev/null
  sleep 0.4
  [ -e "$1" ] || exit 0
done
"#;

/// A child under its watchdog. Dropping it closes the pipe, which ends the child.
#[derive(Debug)]
pub struct Supervised {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Supervised {
    /// Starts `program` in `dir` with its output in `log`, and with `environment` beside what it inherits. Needs a tokio
    /// runtime, as waiting for the child does.
    pub fn start(program: &Path, args: &[String], environment: &[(&str, &OsStr)], dir: &Path, log: File) -> std::io::Result<Self> {
        let err = log.try_clone()?;
        let mut command = Command::new("sh");
        command.arg("-c").arg(WATCHDOG).arg("watchdog").arg(program).args(args).envs(environment.iter().copied());
        // A group of its own: Ctrl-C in a terminal reaches us, and we end the children in order.
        let mut shell = command.current_dir(dir).stdin(Stdio::piped()).stdout(log).stderr(err).process_group(0).spawn()?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.shell.try_wait(), Ok(None))
    }

    /// The process id of the child itself, where the system tells it.
    pub fn id(&self) -> Option<u32> {
        let shell = self.shell.id()?;
        // The shell starts it first; what comes after is the watchdog's own.
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }

    /// Waits until it ends by itself; the code is that of the child.
    pub async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        // The shell must not take the end of its input for the end of ours: the pipe stays open.
        let pipe = self.pipe.take();
        let status = self.shell.wait().await;
        drop(pipe);
        status
    }

    /// Ends it with SIGTERM, after five seconds with SIGKILL, and waits for that.
    pub async fn stop(&mut self) {
        drop(self.pipe.take());
        let _ = self.shell.wait().await;
    }

    /// Ends it with SIGKILL, as a crash does, and waits until nothing of it is left: its ports are free then.
    pub async fn kill(&mut self) {
        use rustix::process::{Pid, Signal, kill_process, kill_process_group};
        let pid = |id: Option<u32>| id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        // The shell waits for its child and ends after it. Only a child that has not been started yet goes with its shell.
        if let Some(child) = pid(self.id()) {
            let _ = kill_process(child, Signal::KILL);
        } else if let Some(group) = pid(self.shell.id()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.shell.wait().await;
    }
}

/// Removes a directory when this is dropped or the process is gone.
#[derive(Debug)]
pub(crate) struct Janitor {
    _pipe: Option<ChildStdin>,
    _shell: Child,
}

impl Janitor {
    pub(crate) fn start(dir: &Path) -> std::io::Result<Self> {
        let mut shell = Command::new("sh")
            .arg("-c")
            .arg(JANITOR)
            .arg("janitor")
            .arg(dir)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let pipe = shell.stdin.take();
        Ok(Self { _pipe: pipe, _shell: shell })
    }
}
