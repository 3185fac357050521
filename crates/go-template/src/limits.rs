//! Limits of a render: a chart that loops forever or grows without end gets an error, not the machine.

use std::cell::Cell;
use std::time::Instant;

use crate::error::CallError;
use crate::host::Host;

/// What one render may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Template nodes that may be executed.
    pub steps: u64,
    /// Bytes that templates may write and functions may build, counted over the whole render.
    pub bytes: u64,
    /// The moment at which the render gives up.
    pub deadline: Option<Instant>,
}

impl Default for Limits {
    /// Far above what real charts need: of 200 known ones none takes a million steps or 64 MiB.
    fn default() -> Self {
        Self { steps: 100_000_000, bytes: 512 << 20, deadline: None }
    }
}

/// Counts what a render uses.
#[derive(Debug)]
pub struct Meter {
    limits: Limits,
    steps: Cell<u64>,
    bytes: Cell<u64>,
}

/// Steps between two looks at the clock.
const CLOCK_EVERY: u64 = 4096;

impl Meter {
    /// A meter at zero.
    pub fn new(limits: Limits) -> Self {
        Self { limits, steps: Cell::new(0), bytes: Cell::new(0) }
    }

    /// Counts one step; from time to time looks at the clock and asks the host whether to go on.
    pub(crate) fn step(&self, host: &dyn Host) -> Result<(), CallError> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps.is_multiple_of(CLOCK_EVERY) { self.look(steps, host) } else { Ok(()) }
    }

    #[cold]
    fn look(&self, steps: u64, host: &dyn Host) -> Result<(), CallError> {
        if steps > self.limits.steps {
            return Err(CallError::limit(format!("the templates took more than {} steps: is there an endless loop?", self.limits.steps)));
        }
        if self.limits.deadline.is_some_and(|d| Instant::now() > d) {
            return Err(CallError::limit("the render did not end before its deadline"));
        }
        if host.is_cancelled() {
            return Err(CallError::limit("the render was cancelled"));
        }
        Ok(())
    }

    /// Counts bytes that are about to be built or were written.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<(), CallError> {
        let total = self.bytes.get().saturating_add(bytes as u64);
        self.bytes.set(total);
        if total > self.limits.bytes {
            return Err(CallError::limit(format!("the templates produced more than {} bytes", self.limits.bytes)));
        }
        Ok(())
    }
}
