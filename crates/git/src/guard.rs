//! Deadline and cancellation for blocking work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::GitError;

/// Carried by everything that blocks: network waits end at the deadline, loops look at the flag.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    handle: Handle,
    deadline: Instant,
    timeout: Duration,
    token: CancellationToken,
    interrupt: Arc<AtomicBool>,
}

/// Cancels what it guards when it is dropped.
struct CancelOnDrop(CancellationToken, Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.1.store(true, Ordering::Relaxed);
        self.0.cancel();
    }
}

impl Guard {
    /// Runs `work` on a blocking thread for at most `timeout`. It is told to stop when the time is up or the future of
    /// this call is dropped.
    pub(crate) async fn run<T: Send + 'static>(
        timeout: Duration,
        work: impl FnOnce(&Guard) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, GitError> {
        let guard = Self {
            handle: Handle::current(),
            deadline: Instant::now() + timeout,
            timeout,
            token: CancellationToken::new(),
            interrupt: Arc::default(),
        };
        let cancel = CancelOnDrop(guard.token.clone(), Arc::clone(&guard.interrupt));
        let mut task = tokio::task::spawn_blocking(move || work(&guard));
        let result = tokio::select! {
            result = &mut task => result,
            () = tokio::time::sleep(timeout) => {
                drop(cancel);
                // It stops at its next look; only then its locks and files are free.
                return match task.await {
                    Ok(Ok(done)) => Ok(done),
                    Ok(Err(GitError::Canceled)) | Err(_) => Err(GitError::Timeout(timeout)),
                    Ok(Err(error)) => Err(error),
                };
            }
        };
        result.unwrap_or_else(|panic| Err(GitError::Mirror(format!("the operation broke off: {panic}"))))
    }

    /// Waits for `future` on this (blocking) thread, within the deadline.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T, GitError> {
        self.handle.block_on(async {
            tokio::select! {
                done = future => Ok(done),
                () = self.token.cancelled() => Err(GitError::Canceled),
                () = tokio::time::sleep_until(self.deadline) => Err(GitError::Timeout(self.timeout)),
            }
        })
    }

    /// An error if the work must stop.
    pub(crate) fn check(&self) -> Result<(), GitError> {
        if self.interrupt.load(Ordering::Relaxed) { Err(GitError::Canceled) } else { Ok(()) }
    }

    /// The flag for libraries that look at one.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.interrupt
    }
}
