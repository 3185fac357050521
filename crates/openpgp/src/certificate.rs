//! One public key with its names and subkeys, reduced to what its own signatures allow.

use std::time::{Duration, SystemTime};

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{PublicKey, Signature, SignatureType};
use pgp::types::{Fingerprint, KeyDetails, Tag};

/// Whether a key may sign, from the signatures that its owner made on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// Whether the owner says that the key is for signing.
    signs: bool,
    /// Since when it is revoked.
    revoked: Option<SystemTime>,
    /// When the key, or the owner's signature on it, ends.
    expires: Option<SystemTime>,
}

/// Why a key that made a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    NotForSigning,
    Revoked,
    Expired,
}

impl Standing {
    /// What one of the owner's signatures on the key says.
    fn from_signature(signature: &Signature, created: SystemTime) -> Self {
        let key_ends = lifetime(signature.key_expiration_time(), created);
        let signature_ends = lifetime(signature.signature_expiration_time(), created_at(signature));
        let expires = [key_ends, signature_ends].into_iter().flatten().min();
        Self { signs: signature.key_flags().sign(), revoked: None, expires }
    }

    fn check(&self, now: SystemTime) -> Result<(), Unfit> {
        if self.revoked.is_some_and(|since| since <= now) {
            return Err(Unfit::Revoked);
        }
        if self.expires.is_some_and(|end| end <= now) {
            return Err(Unfit::Expired);
        }
        Ok(())
    }
}

/// A public key whose signatures on itself were checked once.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) primary: PublicKey,
    standing: Standing,
    subkeys: Vec<(SignedPublicSubKey, Standing)>,
    /// The names that the owner confirmed.
    pub(crate) names: Vec<String>,
}

/// A key of a certificate: the primary one or a subkey.
pub(crate) enum SigningKey<'a> {
    Primary(&'a PublicKey),
    Subkey(&'a SignedPublicSubKey),
}

impl SigningKey<'_> {
    pub(crate) fn verifies(&self, signature: &Signature, message: &[u8]) -> bool {
        match self {
            Self::Primary(key) => signature.verify(*key, message).is_ok(),
            Self::Subkey(key) => signature.verify(&key.key, message).is_ok(),
        }
    }

    pub(crate) fn key_id(&self) -> String {
        match self {
            Self::Primary(key) => hex(key.legacy_key_id().as_ref()),
            Self::Subkey(key) => hex(key.key.legacy_key_id().as_ref()),
        }
    }
}

impl Certificate {
    /// Reads what the key says about itself. `None` if it says nothing that holds: such a key signs nothing.
    pub(crate) fn new(key: &SignedPublicKey) -> Option<Self> {
        let primary = key.primary_key.clone();
        let created = SystemTime::from(primary.created_at());
        // The newest signature that speaks about the key as a whole: on the key itself, or on one of its names.
        let mut latest: Option<&Signature> = None;
        let mut consider = |signature| {
            if latest.is_none_or(|known| created_at(known) <= created_at(signature)) {
                latest = Some(signature);
            }
        };
        key.details.direct_signatures.iter().filter(|s| s.verify_key(&primary).is_ok()).for_each(&mut consider);
        let mut names = Vec::new();
        for user in &key.details.users {
            let own = || user.signatures.iter().filter(|s| s.verify_certification(&primary, Tag::UserId, &user.id).is_ok());
            let newest = |revocation: bool| {
                own().filter(|s| (s.typ() == Some(SignatureType::CertRevocation)) == revocation).max_by_key(|s| created_at(s))
            };
            let Some(binding) = newest(false) else { continue };
            if newest(true).is_some_and(|revocation| created_at(revocation) >= created_at(binding)) {
                continue;
            }
            consider(binding);
            names.push(String::from_utf8_lossy(user.id.id()).into_owned());
        }
        let mut standing = Standing::from_signature(latest?, created);
        let revocations = key.details.revocation_signatures.iter().filter(|s| s.verify_key(&primary).is_ok());
        standing.revoked = revocations.map(revoked_since).min();
        let subkeys = key.public_subkeys.iter().filter_map(|sub| Some((sub.clone(), subkey_standing(&primary, sub)?))).collect();
        Some(Self { primary, standing, subkeys, names })
    }

    /// The keys that the signature may be from, by the issuer that it names.
    pub(crate) fn issuers(&self, signature: &Signature) -> Vec<SigningKey<'_>> {
        let mut keys = Vec::new();
        if names_issuer(signature, &self.primary) {
            keys.push(SigningKey::Primary(&self.primary));
        }
        keys.extend(self.subkeys.iter().filter(|(s, _)| names_issuer(signature, &s.key)).map(|(s, _)| SigningKey::Subkey(s)));
        keys
    }

    /// Whether the key may sign at a point in time: it is for signing, and neither it nor its primary key has ended.
    pub(crate) fn check(&self, key: &SigningKey<'_>, now: SystemTime) -> Result<(), Unfit> {
        let standing = match key {
            SigningKey::Primary(_) => &self.standing,
            SigningKey::Subkey(sub) => {
                let found = self.subkeys.iter().find(|(s, _)| s.key.fingerprint() == sub.key.fingerprint());
                found.map(|(_, standing)| standing).ok_or(Unfit::NotForSigning)?
            }
        };
        if !standing.signs {
            return Err(Unfit::NotForSigning);
        }
        self.standing.check(now)?;
        standing.check(now)
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.primary.fingerprint()
    }
}

/// What the primary key's signatures say about a subkey. A subkey for signing must have agreed to belong to the key.
fn subkey_standing(primary: &PublicKey, subkey: &SignedPublicSubKey) -> Option<Standing> {
    let valid = || subkey.signatures.iter().filter(|s| s.verify_subkey_binding(primary, &subkey.key).is_ok());
    let binding = valid().filter(|s| s.typ() == Some(SignatureType::SubkeyBinding)).max_by_key(|s| created_at(s))?;
    let mut standing = Standing::from_signature(binding, SystemTime::from(subkey.key.created_at()));
    standing.signs &= binding.embedded_signature().is_some_and(|s| s.verify_primary_key_binding(&subkey.key, primary).is_ok());
    standing.revoked = valid().filter(|s| s.typ() == Some(SignatureType::SubkeyRevocation)).map(revoked_since).min();
    Some(standing)
}

/// A compromised key has signed nothing, whenever that was; one that was merely replaced did so until then.
fn revoked_since(revocation: &Signature) -> SystemTime {
    use pgp::packet::RevocationCode::{KeyRetired, KeySuperseded};
    match revocation.revocation_reason_code() {
        Some(KeyRetired | KeySuperseded) => created_at(revocation),
        _ => SystemTime::UNIX_EPOCH,
    }
}

fn names_issuer(signature: &Signature, key: &impl KeyDetails) -> bool {
    let (id, fingerprint) = (key.legacy_key_id(), key.fingerprint());
    signature.issuer_key_id().into_iter().any(|i| *i == id) || signature.issuer_fingerprint().into_iter().any(|f| *f == fingerprint)
}

/// When a signature was made; one that does not say so is as old as can be.
pub(crate) fn created_at(signature: &Signature) -> SystemTime {
    signature.created().map_or(SystemTime::UNIX_EPOCH, SystemTime::from)
}

/// The end of a lifetime; zero seconds means that there is none.
pub(crate) fn lifetime(length: Option<pgp::types::Duration>, from: SystemTime) -> Option<SystemTime> {
    let seconds = length.map_or(0, pgp::types::Duration::as_secs);
    if seconds == 0 { None } else { from.checked_add(Duration::from_secs(u64::from(seconds))) }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}
