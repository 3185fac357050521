//! DSA keys of 2048 bits with a subgroup of 256. Nothing new should use them; old charts may.

use num_bigint::BigUint;
use num_traits::{One, Zero};

use crate::context::Context;
use crate::error::CallError;

use super::der::{self, Reader, element, unsigned};

/// Rounds of the primality test: an error is less likely than one in 2⁶⁴.
const ROUNDS: usize = 32;

/// A fresh key in OpenSSL's traditional form.
pub(super) fn generate(ctx: &Context<'_>) -> Result<Vec<u8>, CallError> {
    let q = prime(ctx, 256)?;
    let p = prime_over(ctx, 2048, &q)?;
    let exponent = (&p - 1u8) / &q;
    let mut h = BigUint::from(2u8);
    let g = loop {
        let g = h.modpow(&exponent, &p);
        if !g.is_one() {
            break g;
        }
        h += 1u8;
    };
    let x = random(ctx, 256)? % (&q - 1u8) + 1u8;
    let y = g.modpow(&x, &p);
    let zero = BigUint::zero();
    let numbers: Vec<Vec<u8>> = [&zero, &p, &q, &g, &y, &x].iter().map(|n| unsigned(&n.to_bytes_be())).collect();
    Ok(element(der::SEQUENCE, &numbers.concat()))
}

/// Whether this is a key in that form: a sequence of six numbers.
pub(super) fn is_key(data: &[u8]) -> bool {
    Reader(data).expect(der::SEQUENCE).is_some_and(|key| {
        let parts: Vec<_> = Reader(key.content).collect();
        parts.len() == 6 && parts.iter().all(|part| part.tag == der::INTEGER)
    })
}

/// A random number of exactly this many bits.
fn random(ctx: &Context<'_>, bits: u64) -> Result<BigUint, CallError> {
    let mut bytes = vec![0; usize::try_from(bits / 8).unwrap_or(0)];
    ctx.host().random(&mut bytes)?;
    let mut number = BigUint::from_bytes_be(&bytes);
    number.set_bit(bits - 1, true);
    Ok(number)
}

fn prime(ctx: &Context<'_>, bits: u64) -> Result<BigUint, CallError> {
    loop {
        let mut candidate = random(ctx, bits)?;
        candidate.set_bit(0, true);
        if is_prime(ctx, &candidate)? {
            return Ok(candidate);
        }
    }
}

/// A prime `p` of this many bits such that `q` divides `p - 1`.
fn prime_over(ctx: &Context<'_>, bits: u64, q: &BigUint) -> Result<BigUint, CallError> {
    let step = q * 2u8;
    loop {
        let start = random(ctx, bits)?;
        let candidate = &start - (&start % &step) + 1u8;
        if candidate.bits() == bits && is_prime(ctx, &candidate)? {
            return Ok(candidate);
        }
    }
}

/// Trial division, then Miller-Rabin.
fn is_prime(ctx: &Context<'_>, n: &BigUint) -> Result<bool, CallError> {
    for divisor in (3u32..2000).step_by(2) {
        if (n % divisor).is_zero() {
            return Ok(*n == BigUint::from(divisor));
        }
    }
    let less = n - 1u8;
    let twos = less.trailing_zeros().unwrap_or(0);
    let odd = &less >> twos;
    'rounds: for _ in 0..ROUNDS {
        let base = random(ctx, 256)? % (&less - 2u8) + 2u8;
        let mut power = base.modpow(&odd, n);
        if power.is_one() || power == less {
            continue;
        }
        for _ in 1..twos {
            power = power.modpow(&BigUint::from(2u8), n);
            if power == less {
                continue 'rounds;
            }
        }
        return Ok(false);
    }
    Ok(true)
}
