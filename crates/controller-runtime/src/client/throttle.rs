//! A token bucket for API servers that do not protect themselves (RT-30).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets `burst` requests through at once and `qps` a second after that. Clones share one bucket.
#[derive(Debug, Clone)]
pub(super) struct Throttle {
    next: Arc<Mutex<Instant>>,
    gap: Duration,
    burst: Duration,
    lifted: Arc<AtomicBool>,
}

impl Throttle {
    /// A full bucket. A rate of zero or less means no limit.
    pub(super) fn new(qps: f32, burst: u32) -> Self {
        let gap = if qps > 0.0 { Duration::from_secs_f32(1.0 / qps) } else { Duration::ZERO };
        Self { next: Arc::new(Mutex::new(Instant::now())), gap, burst: gap * burst, lifted: Arc::default() }
    }

    /// From now on nobody waits: the server says that it protects itself.
    pub(super) fn lift(&self) {
        self.lifted.store(true, Ordering::Relaxed);
    }

    /// Waits for its turn. Turns are given in the order of asking.
    pub(super) async fn take(&self) {
        if self.lifted.load(Ordering::Relaxed) {
            return;
        }
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            *next = (*next).max(now) + self.gap;
            // `next` runs ahead of the clock by what was taken; up to `burst` of that is free.
            now + (*next - now).saturating_sub(self.burst)
        };
        tokio::time::sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RT-30: the burst passes at once, the rest at the rate.
    #[tokio::test(start_paused = true)]
    async fn bursts_then_paces() {
        let throttle = Throttle::new(10.0, 3);
        let start = Instant::now();
        for _ in 0..5 {
            throttle.take().await;
        }
        // The paused clock moves in whole milliseconds, each sleep may round up by one.
        assert!((200..205).contains(&(Instant::now() - start).as_millis()));
    }
}
