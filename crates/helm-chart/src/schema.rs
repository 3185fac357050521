//! stub
use crate::assembly::Assembly;
use crate::values::Table;
/// stub
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
pub struct SchemaError(pub String);
pub(crate) fn validate(_: &Assembly, _: impl FnOnce() -> Table) -> Result<(), SchemaError> { Ok(()) }
