//! `derivePassword`: the Master Password algorithm. One secret and the name of a site always give the same password.

use aws_lc_rs::hmac;

use crate::context::Context;
use crate::error::CallError;
use crate::function::Args;
use crate::value::Value;

/// What all keys and seeds of the algorithm start with.
const SCOPE: &[u8] = b"com.lyndir.masterpassword";

/// The shapes of a password type: each letter is a class of characters.
fn shapes(kind: &[u8]) -> Option<&'static [&'static str]> {
    Some(match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return None,
    })
}

fn characters(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// Memory that the key derivation takes.
const SCRYPT_BYTES: usize = 32 << 20;

pub(super) fn derive(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let (kind, password, user, site) = (args.bytes(1), args.bytes(2), args.bytes(3), args.bytes(4));
    let counter = args.value(0).as_uint().and_then(|c| u32::try_from(c).ok()).unwrap_or_default();
    let Some(shapes) = shapes(kind) else {
        return Ok(Value::string([b"cannot find password template ", kind].concat()));
    };
    ctx.reserve(SCRYPT_BYTES)?;
    let failed = |e: String| CallError::new(format!("failed to derive password: {e}"));
    let mut key = [0; 64];
    let params = scrypt::Params::new(15, 8, 2).map_err(|e| failed(e.to_string()))?;
    scrypt::scrypt(password, &[SCOPE, &length(user), user].concat(), &params, &mut key).map_err(|e| failed(e.to_string()))?;
    let message = [SCOPE, &length(site), site, &counter.to_be_bytes()].concat();
    let seed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &message);
    let (first, rest) = seed.as_ref().split_first().unwrap_or((&0, &[]));
    let shape = shapes[usize::from(*first) % shapes.len()];
    let text = shape.bytes().zip(rest).map(|(class, byte)| {
        let class = characters(class);
        class[usize::from(*byte) % class.len()]
    });
    Ok(Value::string(text.collect::<Vec<u8>>()))
}

fn length(text: &[u8]) -> [u8; 4] {
    u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes()
}
