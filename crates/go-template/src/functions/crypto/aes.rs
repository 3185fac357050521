//! AES-256 in CBC mode with a password as key: cut or filled with zeros to 32 bytes, a random first block, base 64.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};

use crate::context::Context;
use crate::error::CallError;
use crate::functions::encoding::base64;
use crate::value::Value;

const BLOCK: usize = 16;

fn key(password: &[u8]) -> Result<UnboundCipherKey, CallError> {
    let mut key = [0; 32];
    let len = password.len().min(key.len());
    key[..len].copy_from_slice(&password[..len]);
    UnboundCipherKey::new(&AES_256, &key).map_err(|_| "crypto/aes: invalid key size".into())
}

pub(super) fn encrypt(ctx: &Context<'_>, password: &[u8], text: &[u8]) -> Result<Value, CallError> {
    if text.is_empty() {
        return Ok("".into());
    }
    ctx.reserve(text.len().saturating_mul(3))?;
    let mut iv = [0; BLOCK];
    ctx.host().random(&mut iv)?;
    let failed = |_| CallError::new("cannot encrypt with AES-256");
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(key(password)?).map_err(failed)?;
    let mut encrypted = text.to_vec();
    cipher.less_safe_encrypt(&mut encrypted, EncryptionContext::Iv128(iv.into())).map_err(failed)?;
    Ok(base64::encode(&[&iv[..], &encrypted].concat()).into())
}

/// Decrypts without a check of the padding but that it is not longer than the text, as the original.
pub(super) fn decrypt(password: &[u8], text: &[u8]) -> Result<Value, CallError> {
    if text.is_empty() {
        return Ok("".into());
    }
    let data = base64::decode(text).map_err(|e| CallError::new(e.to_string()))?;
    let Some((iv, encrypted)) = data.split_first_chunk::<BLOCK>() else {
        let capacity = text.len() / 4 * 3;
        return Err(format!("runtime error: slice bounds out of range [:{BLOCK}] with capacity {capacity}").into());
    };
    if encrypted.len() % BLOCK != 0 {
        return Err("crypto/cipher: input not full blocks".into());
    }
    let mut decrypted = encrypted.to_vec();
    if !decrypted.is_empty() {
        let failed = |_| CallError::new("cannot decrypt with AES-256");
        let cipher = DecryptingKey::cbc(key(password)?).map_err(failed)?;
        cipher.decrypt(&mut decrypted, DecryptionContext::Iv128((*iv).into())).map_err(failed)?;
    }
    let Some(padding) = decrypted.last().copied() else {
        return Err("runtime error: index out of range [-1]".into());
    };
    match decrypted.len().checked_sub(usize::from(padding)) {
        Some(end) => Ok(Value::string(&decrypted[..end])),
        None => Err(format!("runtime error: slice bounds out of range [:-{}]", usize::from(padding) - decrypted.len()).into()),
    }
}
