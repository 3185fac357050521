//! Types and equality as Go's `reflect` sees them.

use crate::function::{Args, Function};
use crate::value::{Type, Value};

const ANY: Type = Type::Any;
const S: Type = Type::String;

/// The functions of this module.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("typeOf", &[ANY], |_, a| Ok(a.value(0).type_name().into())),
    Function::new("typeIs", &[S, ANY], |_, a| Ok(is_type(a, "").into())),
    Function::new("typeIsLike", &[S, ANY], |_, a| Ok((is_type(a, "") || is_type(a, "*")).into())),
    Function::new("kindOf", &[ANY], |_, a| Ok(a.value(0).kind().name().into())),
    Function::new("kindIs", &[S, ANY], |_, a| Ok((a.bytes(0) == a.value(1).kind().name().as_bytes()).into())),
    Function::new("deepEqual", &[ANY, ANY], |_, a| Ok(Value::Bool(a.value(0).deep_equal(a.value(1))))),
];

fn is_type(args: &Args<'_>, prefix: &str) -> bool {
    format!("{prefix}{}", args.text(0)) == args.value(1).type_name()
}
