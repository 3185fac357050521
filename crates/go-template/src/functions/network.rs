//! Names of hosts.

use crate::function::Function;
use crate::value::Type;

/// The functions of this module.
pub(super) const FUNCTIONS: &[Function] =
    &[Function::new("getHostByName", &[Type::String], |ctx, a| Ok(ctx.host().resolve(&a.text(0)).into()))];
