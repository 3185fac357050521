//! The seam for CEL expressions: `spec.dependsOn[].readyExpr` and `spec.healthCheckExprs`.

use ferroflux_api::kustomize::CustomHealthCheck;
use serde_json::Value;

/// An expression that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpressionError {
    /// It is not valid: only a change of the object mends that.
    #[error("{0}")]
    Invalid(String),
}

/// Evaluates expressions.
pub(crate) trait Expressions: Send + Sync {
    /// Checks all expressions of `spec.healthCheckExprs` (KC-REC-02).
    fn check(&self, exprs: &[CustomHealthCheck]) -> Result<(), ExpressionError>;

    /// Evaluates a `readyExpr` on the Kustomization itself and its dependency (KC-DEP-02).
    fn ready(&self, expr: &str, this: &Value, dependency: &Value) -> Result<bool, ExpressionError>;
}

/// A build without an evaluator: every expression is refused, so that none is silently ignored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unavailable;

impl Expressions for Unavailable {
    fn check(&self, exprs: &[CustomHealthCheck]) -> Result<(), ExpressionError> {
        match exprs.first() {
            None => Ok(()),
            Some(first) => Err(unavailable(&first.current)),
        }
    }

    fn ready(&self, expr: &str, _: &Value, _: &Value) -> Result<bool, ExpressionError> {
        Err(unavailable(expr))
    }
}

fn unavailable(expr: &str) -> ExpressionError {
    ExpressionError::Invalid(format!("the CEL expression '{expr}' cannot be evaluated: this build has no CEL evaluator"))
}
