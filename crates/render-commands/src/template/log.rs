//! What the original logs, on standard error.

use ferroflux_helm_chart::{Level, Log, Notice};

/// Writes each notice at once, so that those before an error are seen too.
#[derive(Debug)]
pub(super) struct StandardError {
    /// Whether notices for debugging are written.
    pub(super) debug: bool,
}

impl Log for StandardError {
    fn log(&self, notice: Notice) {
        if self.hears(notice.level) {
            eprintln!("{notice}");
        }
    }

    fn hears(&self, level: Level) -> bool {
        self.debug || level > Level::Debug
    }
}
