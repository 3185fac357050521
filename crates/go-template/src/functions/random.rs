//! Randomness; all of it comes from the host.

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Type, Value};

use super::encoding::base64;
use super::runes::runes;

const I: Type = Type::Int;

/// The functions of this module.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("randAlphaNum", &[I], |ctx, a| text(ctx, a, |b| b.is_ascii_alphanumeric())),
    Function::new("randAlpha", &[I], |ctx, a| text(ctx, a, |b| b.is_ascii_alphabetic())),
    Function::new("randNumeric", &[I], |ctx, a| text(ctx, a, |b| b.is_ascii_digit())),
    Function::new("randAscii", &[I], |ctx, a| text(ctx, a, |b| (b' '..0x7f).contains(b))),
    Function::new("randInt", &[I, I], rand_int),
    Function::new("randBytes", &[I], rand_bytes),
    Function::new("shuffle", &[Type::String], shuffle),
    Function::new("uuidv4", &[], uuid),
];

/// `count` characters of the alphabet that `belongs` describes, all equally likely. A count below zero is the original's
/// ignored error: no text.
fn text(ctx: &Context<'_>, args: &Args<'_>, belongs: fn(&u8) -> bool) -> Result<Value, CallError> {
    let alphabet: Vec<u8> = (0..0x80).filter(belongs).collect();
    let count = usize::try_from(args.int(0)).unwrap_or(0);
    ctx.reserve(count)?;
    let mut out = Vec::with_capacity(count);
    // Bytes beyond the last multiple of the alphabet's size would favour its start.
    let fair = 256 - 256 % alphabet.len();
    let mut buffer = [0; 64];
    while out.len() < count {
        ctx.host().random(&mut buffer)?;
        let picks = buffer.iter().filter(|b| usize::from(**b) < fair).map(|b| alphabet[usize::from(*b) % alphabet.len()]);
        out.extend(picks.take(count - out.len()));
    }
    Ok(Value::string(out))
}

/// A number below `bound`, all equally likely but for a share of 2⁻⁶⁴.
fn below(ctx: &Context<'_>, bound: u64) -> Result<u64, CallError> {
    let mut buffer = [0; 16];
    ctx.host().random(&mut buffer)?;
    Ok((u128::from_be_bytes(buffer) % u128::from(bound.max(1))) as u64)
}

fn rand_int(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let (min, max) = (args.int(0), args.int(1));
    let span = u64::try_from(max.wrapping_sub(min)).ok().filter(|n| *n > 0).ok_or("invalid argument to Intn")?;
    Ok(Value::Int(min.wrapping_add_unsigned(below(ctx, span)?)))
}

fn rand_bytes(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let count = usize::try_from(args.int(0)).map_err(|_| "runtime error: makeslice: len out of range")?;
    ctx.reserve(count.saturating_mul(3))?;
    let mut bytes = vec![0; count];
    ctx.host().random(&mut bytes)?;
    Ok(base64::encode(&bytes).into())
}

fn shuffle(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let mut chars: Vec<char> = runes(args.bytes(0)).map(|(c, _)| c).collect();
    for i in (1..chars.len()).rev() {
        let j = usize::try_from(below(ctx, i as u64 + 1)?).unwrap_or(0);
        chars.swap(i, j);
    }
    Ok(chars.into_iter().collect::<String>().into())
}

fn uuid(ctx: &Context<'_>, _: &Args<'_>) -> Result<Value, CallError> {
    let mut b = [0; 16];
    ctx.host().random(&mut b)?;
    b[6] = b[6] & 0x0f | 0x40;
    b[8] = b[8] & 0x3f | 0x80;
    let n = u128::from_be_bytes(b);
    let part = |shift: u32, digits: u32| n >> shift & ((1 << (4 * digits)) - 1);
    Ok(format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", part(96, 8), part(80, 4), part(64, 4), part(48, 4), part(0, 12)).into())
}
