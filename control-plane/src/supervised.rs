//! Child processes that end with us, however we end.
//!
//! A child that outlives a killed test run would hold its ports and its memory. The kernel's parent-death signal needs
//! unsafe code and fires when a *thread* ends; a pipe needs neither: each child runs under a small shell that holds the
//! reading end of a pipe whose writing end is ours. When we are gone, the pipe closes, and the shell ends its child.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

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
pub(crate) struct Supervised {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Supervised {
    /// Starts `program` with its output in `log`.
    pub(crate) fn start(program: &Path, args: &[String], dir: &Path, log: &Path) -> std::io::Result<Self> {
        let out = File::create(log)?;
        let err = out.try_clone()?;
        let mut command = Command::new("sh");
        command.arg("-c").arg(WATCHDOG).arg("watchdog").arg(program).args(args);
        // A group of its own: Ctrl-C in a terminal reaches us, and we end the children in order.
        let mut shell = command.current_dir(dir).stdin(Stdio::piped()).stdout(out).stderr(err).process_group(0).spawn()?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.shell.try_wait(), Ok(None))
    }

    /// Ends it and waits for that.
    pub(crate) async fn stop(&mut self) {
        drop(self.pipe.take());
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
