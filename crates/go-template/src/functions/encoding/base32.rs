//! Standard base 32 with padding. Line breaks are skipped on reading, as Go does.

use thiserror::Error;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Where the input, without its line breaks, stops to be base 32.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("illegal base32 data at input byte {0}")]
pub(super) struct CorruptInput(usize);

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let digits = (chunk.len() * 8).div_ceil(5);
        for i in 0..8 {
            let digit = (bits >> (35 - 5 * i)) & 31;
            out.push(if i < digits { char::from(ALPHABET[digit as usize]) } else { '=' });
        }
    }
    out
}

pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, CorruptInput> {
    let text: Vec<u8> = text.iter().copied().filter(|b| !matches!(b, b'\n' | b'\r')).collect();
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    let mut at = 0;
    while at < text.len() {
        let (mut bits, mut digits) = (0u64, 0);
        let mut padded = false;
        while digits < 8 {
            let Some(&byte) = text.get(at) else { return Err(CorruptInput(at - digits)) };
            at += 1;
            if byte == b'=' && digits >= 2 && text.len() - at < 8 {
                check_padding(&text, at, digits)?;
                padded = true;
                break;
            }
            let digit = ALPHABET.iter().position(|b| *b == byte).ok_or(CorruptInput(at - 1))?;
            bits = bits << 5 | digit as u64;
            digits += 1;
        }
        let block = (bits << (5 * (8 - digits)) << 24).to_be_bytes();
        out.extend_from_slice(&block[..digits * 5 / 8]);
        if padded {
            break;
        }
    }
    Ok(out)
}

/// Checks what follows the first `=` of a block with this many digits; `at` is behind it.
fn check_padding(text: &[u8], at: usize, digits: usize) -> Result<(), CorruptInput> {
    let rest = &text[at..];
    if rest.len() + digits < 7 {
        return Err(CorruptInput(text.len()));
    }
    if let Some(k) = rest.iter().take(7 - digits).position(|b| *b != b'=') {
        return Err(CorruptInput(at + k - 1));
    }
    // So many digits hold no whole number of bytes.
    if matches!(digits, 1 | 3 | 6) { Err(CorruptInput(at - 1)) } else { Ok(()) }
}
