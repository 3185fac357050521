//! Post-build substitution of one rendered object, without the cluster.

use ferroflux_yaml::{BuildOptions, Limits, decode, to_json};
use serde_json::Value;

use crate::{Error, InvalidName, Mode, Variables, substitute};

/// The label or annotation that switches substitution off for an object (KC-SUB-01).
const SWITCH: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// `spec.postBuild.substituteStrategy`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Only if there are variables (KC-SUB-03).
    #[default]
    WithVariables,
    /// Also without any, so that `${x:-d}` gets its default.
    Always,
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The object's label or annotation switches substitution off.
    Disabled,
    /// There are no variables: the object stays as it is.
    Untouched,
    /// The object after substitution, typed anew (KC-SUB-05).
    Substituted(Value),
}

/// Why post-build substitution of an object failed. The caller names the object before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PostBuildError {
    /// A variable has no valid name.
    #[error("envsubst error: {0}")]
    InvalidName(#[from] InvalidName),
    /// The text cannot be substituted.
    #[error("envsubst error: variable substitution failed: {0}")]
    Substitution(#[from] Error),
    /// The text after substitution is no YAML any more.
    #[error("envsubst error: YAMLToJSON: {0}")]
    Yaml(#[from] ferroflux_yaml::Error),
}

/// Substitutes variables in one object.
///
/// `object` is the YAML text of the object as the renderer prints it; `labels_and_annotations` looks a key up in both and
/// answers whether either has exactly this value. Keys and values are substituted, and the result is read with the types
/// of YAML 1.1: an unquoted `yes` or `123` is no text (KC-SUB-05, KC-SUB-08).
pub fn post_build(
    object: &str,
    labels_and_annotations: impl Fn(&str, &str) -> bool,
    variables: &Variables,
    strategy: Strategy,
    mode: Mode,
) -> Result<Outcome, PostBuildError> {
    if labels_and_annotations(SWITCH, "disabled") {
        return Ok(Outcome::Disabled);
    }
    if variables.is_empty() && strategy == Strategy::WithVariables {
        return Ok(Outcome::Untouched);
    }
    variables.check_names()?;
    let text = substitute(object, variables, mode)?;
    let text = decode(&text, &Limits::default())?;
    let mut object = to_json(&text, BuildOptions::default())?;
    large_integers_to_floats(&mut object);
    Ok(Outcome::Substituted(object))
}

/// Kubernetes objects hold integers of 64 bits with a sign; what is larger is a float there.
fn large_integers_to_floats(value: &mut Value) {
    match value {
        Value::Number(n) if n.is_u64() && !n.is_i64() => {
            if let Some(float) = n.as_f64().and_then(serde_json::Number::from_f64) {
                *n = float;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(large_integers_to_floats),
        Value::Object(map) => map.values_mut().for_each(large_integers_to_floats),
        _ => {}
    }
}
