//! Charts: loading, dependencies, values, schema, rendering, hooks
