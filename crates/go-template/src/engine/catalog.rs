//! All functions by name.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::{functions, outside};
use crate::builtins;
use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Body, Function};
use crate::value::Value;

/// The function that templates know under a name. Helm's functions hide Sprig's, which hide Go's.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    static CATALOG: OnceLock<FxHashMap<&'static str, &'static Function>> = OnceLock::new();
    let catalog = CATALOG.get_or_init(|| {
        let all = builtins::FUNCTIONS.iter().chain(crate::functions::all()).chain(functions::FUNCTIONS);
        all.map(|f| (f.name(), f)).collect()
    });
    catalog.get(name).copied()
}

/// What Helm adds to the functions of Go and of Sprig, beside those that run templates.
const ADDED_BY_HELM: &[&str] =
    &["toYaml", "mustToYaml", "toYamlPretty", "fromYaml", "fromYamlArray", "toToml", "mustToToml", "fromToml", "fromJsonArray"];

/// The function that a template outside of a chart knows under a name: Sprig's, or Go's.
pub(crate) fn find_outside_helm(name: &str) -> Option<&'static Function> {
    static CATALOG: OnceLock<FxHashMap<&'static str, &'static Function>> = OnceLock::new();
    let catalog = CATALOG.get_or_init(|| {
        let all = builtins::FUNCTIONS.iter().chain(crate::functions::all()).chain(outside::FUNCTIONS);
        all.filter(|f| !ADDED_BY_HELM.contains(&f.name())).map(|f| (f.name(), f)).collect()
    });
    catalog.get(name).copied()
}

/// What `toYaml` answers, for methods that write YAML.
pub(crate) fn to_yaml(ctx: &Context<'_>, value: &Value) -> Result<Value, CallError> {
    match find("toYaml").map(Function::body) {
        Some(Body::Plain(call)) => call(ctx, &Args::new(std::slice::from_ref(value))),
        _ => Err("toYaml is not there".into()),
    }
}
