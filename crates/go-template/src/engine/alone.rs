//! One text, rendered as a Go program does that knows Sprig and not Helm: `--name-template`.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{TextCache, catalog};
use crate::exec::{self, Run};
use crate::host::Host;
use crate::limits::{Limits, Meter};
use crate::syntax::Parser;
use crate::value::{CycleGuard, Str, Value};

/// Renders `text` under `name` without data, with the functions of Go and of Sprig and without those that Helm adds
/// (`include`, `toYaml`…). The environment is there: what the text names comes from whoever wrote it on a command
/// line. `<no value>` stays. The error is Go's, on one line.
pub fn render_alone(name: &str, text: &str, host: &dyn Host, limits: Limits) -> Result<Vec<u8>, String> {
    let _guard = CycleGuard::start();
    let parsed = Parser::new(catalog::find_outside_helm).parse(&Str::from(name), &Str::from(text))?;
    let templates: FxHashMap<Str, Arc<_>> = parsed.into_iter().map(|t| (t.name.clone(), Arc::new(t))).collect();
    let (meter, texts) = (Meter::new(limits), TextCache::default());
    let run = Run { host, meter: &meter, strict: false, lint: false, included: RefCell::default(), invocations: Cell::new(0) };
    let scope = exec::Scope { outer: None, templates: &templates, texts: &texts };
    let Some(main) = scope.lookup(name.as_bytes()) else { return Ok(Vec::new()) };
    exec::execute(&run, &scope, main, Value::Nil).map_err(|error| error.to_string())
}
