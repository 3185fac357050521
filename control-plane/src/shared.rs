//! One control plane for all tests of a process.

use std::sync::{OnceLock, mpsc};

use crate::{Binaries, ControlPlane, Home};

/// The control plane of this process, started at the first call; it ends with the process. Tests take a namespace each.
///
/// It lives on a thread with a runtime of its own, because the runtime of the test that came first ends with that test.
///
/// # Errors
/// The text says why it did not start; every later call gives the same text.
pub fn shared() -> Result<&'static ControlPlane, &'static str> {
    static PLANE: OnceLock<Result<ControlPlane, String>> = OnceLock::new();
    PLANE.get_or_init(start).as_ref().map_err(String::as_str)
}

fn start() -> Result<ControlPlane, String> {
    let (send, receive) = mpsc::channel::<Result<ControlPlane, String>>();
    std::thread::spawn(move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(send.send(Err(error.to_string()))),
        };
        let started = runtime.block_on(async {
            let binaries = Binaries::find(tell).await.map_err(|e| e.to_string())?;
            ControlPlane::start(binaries, Home::Temporary).await.map_err(|e| e.to_string())
        });
        // The receiver waits for exactly this.
        let _ = send.send(started);
        // Kept for the reactor that the pipes to the children are registered with.
        runtime.block_on(std::future::pending::<()>());
    });
    receive.recv().unwrap_or_else(|e| Err(e.to_string()))
}

/// A first run builds for minutes: whoever waits for the tests shall see why.
#[allow(clippy::print_stderr, reason = "tests have no other place to say it")]
fn tell(line: &str) {
    eprintln!("{line}");
}
