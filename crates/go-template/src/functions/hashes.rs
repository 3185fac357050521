//! Checksums, in hexadecimal.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::function::Function;
use crate::value::Type;

const S: Type = Type::String;

/// The functions of this module.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("sha1sum", &[S], |_, a| Ok(hex(&Sha1::digest(a.bytes(0))).into())),
    Function::new("sha256sum", &[S], |_, a| Ok(hex(&Sha256::digest(a.bytes(0))).into())),
    Function::new("sha512sum", &[S], |_, a| Ok(hex(&Sha512::digest(a.bytes(0))).into())),
    Function::new("adler32sum", &[S], |_, a| Ok(adler32(a.bytes(0)).to_string().into())),
];

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.extend([byte >> 4, byte & 15].map(|d| char::from(DIGITS[usize::from(d)])));
    }
    out
}

/// Adler-32 of RFC 1950; printed in decimal.
fn adler32(bytes: &[u8]) -> u32 {
    const PRIME: u32 = 65521;
    let (mut a, mut b) = (1u32, 0u32);
    // So many bytes cannot overflow the sums.
    for chunk in bytes.chunks(5552) {
        for byte in chunk {
            a += u32::from(*byte);
            b += a;
        }
        a %= PRIME;
        b %= PRIME;
    }
    b << 16 | a
}
