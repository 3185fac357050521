//! Keys, certificates, password hashes and encryption. Everything is real: OpenSSL accepts what is made here.

use ::bcrypt::Version;

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Type, Value};

mod aes;
mod certificate;
mod der;
mod dsa;
mod keys;
mod object;
mod password;
mod pem;

const S: Type = Type::String;

/// The functions of this module and its parts.
pub(super) const TABLES: [&[Function]; 2] = [FUNCTIONS, object::FUNCTIONS];

const FUNCTIONS: &[Function] = &[
    Function::new("bcrypt", &[S], |ctx, a| Ok(bcrypt(ctx, a.bytes(0))?.into())),
    Function::new("htpasswd", &[S, S], htpasswd),
    Function::new("derivePassword", &[Type::Uint32, S, S, S, S], password::derive),
    Function::new("encryptAES", &[S, S], |ctx, a| aes::encrypt(ctx, a.bytes(0), a.bytes(1))),
    Function::new("decryptAES", &[S, S], |_, a| aes::decrypt(a.bytes(0), a.bytes(1))),
    Function::new("genPrivateKey", &[S], |ctx, a| keys::generate_pem(ctx, &a.text(0))),
];

/// Rounds as a power of two, the original's default.
const BCRYPT_COST: u32 = 10;

/// A bcrypt hash with a salt of the host; what cannot be hashed is answered as a sentence.
fn bcrypt(ctx: &Context<'_>, password: &[u8]) -> Result<String, CallError> {
    const LONGEST: usize = 72;
    if password.len() > LONGEST {
        return Ok("failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".to_owned());
    }
    let mut salt = [0; 16];
    ctx.host().random(&mut salt)?;
    Ok(match ::bcrypt::hash_with_salt(password, BCRYPT_COST, salt) {
        Ok(parts) => parts.format_for_version(Version::TwoA),
        Err(e) => format!("failed to encrypt string with bcrypt: {e}"),
    })
}

fn htpasswd(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let user = args.bytes(0);
    if user.contains(&b':') {
        return Ok(Value::string([b"invalid username: ", user].concat()));
    }
    Ok(Value::string([user, b":", bcrypt(ctx, args.bytes(1))?.as_bytes()].concat()))
}
