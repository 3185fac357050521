//! All functions by name.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::functions;
use crate::builtins;
use crate::function::Function;

/// The function that templates know under a name. Helm's functions hide Sprig's, which hide Go's.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    static CATALOG: OnceLock<FxHashMap<&'static str, &'static Function>> = OnceLock::new();
    let catalog = CATALOG.get_or_init(|| {
        let all = builtins::FUNCTIONS.iter().chain(crate::functions::all()).chain(functions::FUNCTIONS);
        all.map(|f| (f.name(), f)).collect()
    });
    catalog.get(name).copied()
}
