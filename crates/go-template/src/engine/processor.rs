//! Where threads run.

/// A processor of the machine.
///
/// Linux may start a thread, and wake it each time, where the other one is running, and notice at its next tick only that
/// another processor is idle. That is milliseconds later, and all the time that parsing takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Processor(#[cfg(target_os = "linux")] usize);

impl Processor {
    /// That of the calling thread.
    pub(super) fn current() -> Self {
        Self(
            #[cfg(target_os = "linux")]
            rustix::thread::sched_getcpu(),
        )
    }

    /// Moves the calling thread, for the rest of its life, to the other processors that it may use, if there are any.
    pub(super) fn leave(self) {
        #[cfg(target_os = "linux")]
        if let Ok(mut others) = rustix::thread::sched_getaffinity(None)
            && self.0 < rustix::thread::CpuSet::MAX_CPU
        {
            others.unset(self.0);
            if others.count() > 0 {
                // A system that refuses decides by itself.
                let _ = rustix::thread::sched_setaffinity(None, &others);
            }
        }
    }
}
