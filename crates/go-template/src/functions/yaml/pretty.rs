//! `toYamlPretty`: go-yaml v3 with an indent of two.
use crate::error::CallError;
use crate::value::Value;

/// The YAML text of a value, with its final line break.
pub(super) fn write(value: &Value) -> Result<String, CallError> {
    super::write::write(value)
}
