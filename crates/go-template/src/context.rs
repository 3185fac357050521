//! What a function may use while it runs: the host and the limits of the render.

use crate::error::CallError;
use crate::exec::{Run, Scope};
use crate::host::Host;
use crate::limits::Meter;

/// The handle of one call into a function.
#[derive(Clone, Copy)]
pub struct Context<'r> {
    host: &'r dyn Host,
    meter: &'r Meter,
    render: Option<(&'r Run<'r>, &'r Scope<'r>)>,
}

impl<'r> Context<'r> {
    /// A context outside of a render, for functions that are tested or used alone.
    pub fn new(host: &'r dyn Host, meter: &'r Meter) -> Self {
        Self { host, meter, render: None }
    }

    /// The context of a call from a template.
    pub(crate) fn of_render(run: &'r Run<'r>, scope: &'r Scope<'r>) -> Self {
        Self { host: run.host, meter: run.meter, render: Some((run, scope)) }
    }

    /// The render that this call belongs to, and the templates that it sees.
    pub(crate) fn render(&self) -> Option<(&'r Run<'r>, &'r Scope<'r>)> {
        self.render
    }

    /// Cluster, DNS, clock and randomness.
    pub fn host(&self) -> &'r dyn Host {
        self.host
    }

    /// To be called before building a value whose size a template can choose (`repeat`, `until`, `randBytes`, padding
    /// …): fails when the render would go beyond its limit. `bytes` is the size of the value in memory, roughly.
    pub fn reserve(&self, bytes: usize) -> Result<(), CallError> {
        self.meter.reserve(bytes)
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Context")
    }
}
