//! Base64.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::{Decl, Function, Overload, Run, global};
use crate::budget::Budget;
use crate::error::Cause;
use crate::value::Value;

/// As Go's decoder: what is left of the last character does not matter.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
const PADDED: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const UNPADDED: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT.with_decode_padding_mode(DecodePaddingMode::RequireNone));

static ENCODE: [Overload; 1] = [global(&[Decl::Bytes], Decl::String)];
static DECODE: [Overload; 1] = [global(&[Decl::String], Decl::Bytes)];

pub(super) static FUNCTIONS: &[Function] = &[
    Function { name: "base64.encode", overloads: &ENCODE, run: Run::Values(encode) },
    Function { name: "base64.decode", overloads: &DECODE, run: Run::Values(decode) },
];

fn encode<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let [Value::Bytes(bytes)] = args else { return Err(Cause::Overload) };
    budget.spend_bytes(bytes.len())?;
    Ok(Value::from(STANDARD.encode(bytes)))
}

/// With or without padding; ends of lines within it are no part of it.
fn decode<'a>(budget: &Budget, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let [Value::String(text)] = args else { return Err(Cause::Overload) };
    budget.spend_bytes(text.len())?;
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let decoded = PADDED.decode(&text).or_else(|_| UNPADDED.decode(&text));
    decoded.map(|bytes| Value::Bytes(bytes.into())).map_err(|error| Cause::new(format!("illegal base64 data: {error}")))
}
