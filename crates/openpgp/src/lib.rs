//! OpenPGP signatures: keyrings as GnuPG exports them, detached signatures (Git commits and tags) and clear-text
//! signatures (provenance files of charts).
//!
//! The packets and the cryptography are those of the `pgp` crate; this crate decides whether a key may sign: which
//! signatures of a key on itself hold, what was revoked, what has expired, which subkeys are for signing. The decisions
//! are those of the Go library that Flux and Helm use.
//!
//! What it does not do: sign, encrypt or decrypt, judge trust between people, look keys up. It reads no clock and no
//! files: the time of the check and all bytes come in as arguments.
//!
//! Entry points: [`Keyring::parse`], [`Keyring::verify_detached`], [`Keyring::verify_cleartext`].

mod certificate;
mod keyring;

pub use keyring::{Keyring, KeyringError, SignatureError, Signer};
