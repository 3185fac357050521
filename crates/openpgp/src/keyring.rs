//! A set of public keys, and whether one of them made a signature.

use std::io::Cursor;
use std::time::SystemTime;

use pgp::composed::{CleartextSignedMessage, Deserializable, DetachedSignature, SignedPublicKey};
use pgp::packet::{Signature, SignatureType};

use crate::certificate::{Certificate, Unfit, created_at, hex, lifetime};

/// The largest keyring, in bytes.
const MAX_KEYRING: usize = 64 << 20;
/// The largest signature or clear-text message, in bytes.
const MAX_SIGNED: usize = 16 << 20;
/// More signatures on one text than anyone makes.
const MAX_SIGNATURES: usize = 32;
const BLOCK_BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const BLOCK_END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// A keyring that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is no public key in it.
    #[error("no OpenPGP public key found; expected an armored or binary export of `gpg --export`")]
    Empty,
    /// GnuPG's own database, which no other program reads.
    #[error("this is GnuPG's keybox format; export the keys with `gpg --export >pubring.gpg`")]
    Keybox,
    /// Too large.
    #[error("the keyring is larger than {MAX_KEYRING} bytes")]
    TooLarge,
    /// The bytes are no OpenPGP keys.
    #[error("the keyring cannot be read: {0}")]
    Malformed(String),
}

/// Why a signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature where one is expected, or it is broken.
    #[error("the OpenPGP signature cannot be read: {0}")]
    Malformed(String),
    /// No key of the keyring is named by the signature.
    #[error("openpgp: signature made by unknown entity")]
    UnknownKey,
    /// The signature does not fit the text.
    #[error("openpgp: invalid signature: the text is not what key {key_id} signed")]
    Mismatch {
        /// The key that the signature names.
        key_id: String,
    },
    /// The signature says that it is valid for a time, and that time is over.
    #[error("openpgp: signature expired")]
    SignatureExpired,
    /// The key's time is over.
    #[error("openpgp: key {key_id} has expired")]
    KeyExpired {
        /// The key that the signature names.
        key_id: String,
    },
    /// The owner took the key back.
    #[error("openpgp: key {key_id} was revoked")]
    KeyRevoked {
        /// The key that the signature names.
        key_id: String,
    },
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The primary key's fingerprint, in capital hexadecimal digits.
    pub fingerprint: String,
    /// The last 16 digits of the fingerprint of the key that signed, which may be a subkey.
    pub key_id: String,
    /// The names of the key that its owner confirmed (`Name <mail@example.com>`).
    pub names: Vec<String>,
}

/// A set of public keys.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    certificates: Vec<Certificate>,
}

impl Keyring {
    /// Reads an export of public keys: binary packets, or any number of armored blocks with or without text between them.
    /// Keys without a valid signature of their own are left out, as they may sign nothing.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyringError> {
        if bytes.len() > MAX_KEYRING {
            return Err(KeyringError::TooLarge);
        }
        if bytes.get(8..12) == Some(b"KBXf") {
            return Err(KeyringError::Keybox);
        }
        let mut keyring = Self::default();
        let armored = std::str::from_utf8(bytes).ok().filter(|text| text.contains(BLOCK_BEGIN));
        if let Some(mut text) = armored {
            while let Some(start) = text.find(BLOCK_BEGIN) {
                let length = text[start..].find(BLOCK_END).ok_or_else(|| KeyringError::Malformed(format!("{BLOCK_END} is missing")))?;
                let end = start + length + BLOCK_END.len();
                let (keys, _) = SignedPublicKey::from_string_many(&text[start..end]).map_err(malformed)?;
                keyring.add(keys)?;
                text = &text[end..];
            }
        } else {
            keyring.add(SignedPublicKey::from_bytes_many(Cursor::new(bytes)).map_err(malformed)?)?;
        }
        if keyring.certificates.is_empty() { Err(KeyringError::Empty) } else { Ok(keyring) }
    }

    fn add(&mut self, keys: impl Iterator<Item = pgp::errors::Result<SignedPublicKey>>) -> Result<(), KeyringError> {
        for key in keys {
            self.certificates.extend(Certificate::new(&key.map_err(malformed)?));
        }
        Ok(())
    }

    /// All keys of both keyrings.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        self.certificates.extend(other.certificates);
        self
    }

    /// The fingerprints of the primary keys, in capital hexadecimal digits.
    pub fn fingerprints(&self) -> impl Iterator<Item = String> + '_ {
        self.certificates.iter().map(|c| hex(c.fingerprint().as_bytes()))
    }

    /// Whether one of the keys made the detached `signature` (armored or binary) on `message`, and may do so at `now`.
    pub fn verify_detached(&self, message: &[u8], signature: &[u8], now: SystemTime) -> Result<Signer, SignatureError> {
        if signature.len() > MAX_SIGNED {
            return Err(SignatureError::Malformed(format!("larger than {MAX_SIGNED} bytes")));
        }
        let unreadable = |e: pgp::errors::Error| SignatureError::Malformed(e.to_string());
        let (found, _) = DetachedSignature::from_reader_many_buf(Cursor::new(signature)).map_err(unreadable)?;
        let mut signatures = Vec::new();
        for signature in found {
            signatures.push(signature.map_err(unreadable)?.signature);
            if signatures.len() > MAX_SIGNATURES {
                return Err(SignatureError::Malformed(format!("more than {MAX_SIGNATURES} signatures")));
            }
        }
        self.verify(message, &signatures, now)
    }

    /// Whether one of the keys made the clear-text message `armored`, and may do so at `now`. Answers who, and the text
    /// that was signed: without armor and escapes, with `\n` line ends and without blanks at the ends of lines.
    pub fn verify_cleartext(&self, armored: &str, now: SystemTime) -> Result<(Signer, String), SignatureError> {
        if armored.len() > MAX_SIGNED {
            return Err(SignatureError::Malformed(format!("larger than {MAX_SIGNED} bytes")));
        }
        let (message, _) = CleartextSignedMessage::from_string(armored).map_err(|e| SignatureError::Malformed(e.to_string()))?;
        if message.signatures().len() > MAX_SIGNATURES {
            return Err(SignatureError::Malformed(format!("more than {MAX_SIGNATURES} signatures")));
        }
        let text = message.signed_text();
        let signer = self.verify(text.as_bytes(), message.signatures(), now)?;
        Ok((signer, text.replace("\r\n", "\n")))
    }

    /// The first signature that names a key of the keyring decides.
    fn verify(&self, message: &[u8], signatures: &[Signature], now: SystemTime) -> Result<Signer, SignatureError> {
        let mut error = SignatureError::UnknownKey;
        for signature in signatures.iter().filter(|s| matches!(s.typ(), Some(SignatureType::Binary | SignatureType::Text))) {
            for certificate in &self.certificates {
                for key in certificate.issuers(signature) {
                    let key_id = key.key_id();
                    if !key.verifies(signature, message) {
                        error = SignatureError::Mismatch { key_id };
                        continue;
                    }
                    match certificate.check(&key, now) {
                        Err(Unfit::NotForSigning) => continue,
                        Err(Unfit::Revoked) => return Err(SignatureError::KeyRevoked { key_id }),
                        Err(Unfit::Expired) => return Err(SignatureError::KeyExpired { key_id }),
                        Ok(()) => {}
                    }
                    if lifetime(signature.signature_expiration_time(), created_at(signature)).is_some_and(|end| end <= now) {
                        return Err(SignatureError::SignatureExpired);
                    }
                    let fingerprint = hex(certificate.fingerprint().as_bytes());
                    return Ok(Signer { fingerprint, key_id, names: certificate.names.clone() });
                }
            }
        }
        Err(error)
    }
}

fn malformed(error: pgp::errors::Error) -> KeyringError {
    KeyringError::Malformed(error.to_string())
}
