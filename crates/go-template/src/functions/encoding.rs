//! Base 64 and base 32 with Go's error texts.

use crate::function::Function;
use crate::value::{Type, Value};

mod base32;
pub(super) mod base64;

const S: Type = Type::String;

/// The functions of this module. The decoders answer the text of an error as their result.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("b64enc", &[S], |_, a| Ok(base64::encode(a.bytes(0)).into())),
    Function::new("b64dec", &[S], |_, a| Ok(base64::decode(a.bytes(0)).map_or_else(|e| e.to_string().into(), Value::string))),
    Function::new("b32enc", &[S], |_, a| Ok(base32::encode(a.bytes(0)).into())),
    Function::new("b32dec", &[S], |_, a| Ok(base32::decode(a.bytes(0)).map_or_else(|e| e.to_string().into(), Value::string))),
];
