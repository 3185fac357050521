//! The expressions of a Kustomization: `spec.dependsOn[].readyExpr` and `spec.healthCheckExprs`.
//!
//! They are compiled where a reconcile begins, and not kept by object: compiling takes about as long as reading the object
//! from JSON, far less than the request that follows it. What waits for health keeps its rules until it is done.

use ferroflux_api::kustomize::CustomHealthCheck;
use ferroflux_cel::{CompileError, Expression, Output};
use ferroflux_manifest::status::{CustomExpressions, CustomHealth, CustomHealthError};

/// The rules of `spec.healthCheckExprs` (KC-REC-02, KC-HC-06).
pub(crate) fn health_rules(list: &[CustomHealthCheck]) -> Result<CustomHealth, CustomHealthError> {
    CustomHealth::parse(list.iter().map(|check| CustomExpressions {
        api_version: &check.api_version,
        kind: check.kind.as_deref().unwrap_or_default(),
        current: &check.current,
        in_progress: check.in_progress.as_deref().unwrap_or_default(),
        failed: check.failed.as_deref().unwrap_or_default(),
    }))
}

/// A `readyExpr`: over the Kustomization itself, `self`, and its dependency, `dep`, with `true` or `false` as its result
/// (KC-DEP-02).
pub(crate) fn readiness(text: &str) -> Result<Expression, CompileError> {
    Expression::compile(text, &["self", "dep"], Some(Output::Bool))
}
