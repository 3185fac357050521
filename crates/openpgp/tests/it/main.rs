//! Keyrings and signatures that GnuPG made, good ones and every kind of bad one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use ferroflux_openpgp::{Keyring, KeyringError, SignatureError};
use proptest::prelude::*;

fn data(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn keyring(name: &str) -> Keyring {
    Keyring::parse(&data(name)).unwrap()
}

/// Seconds since 1970. The keys were made at 1795260000, the short one ends a year later.
fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

const SOON_AFTER: u64 = 1_795_270_000;
const TWO_YEARS_LATER: u64 = SOON_AFTER + 2 * 365 * 86_400;

fn verify(keys: &str, signature: &str, now: u64) -> Result<String, SignatureError> {
    keyring(keys).verify_detached(&data("message.txt"), &data(signature), at(now)).map(|signer| signer.names.join(", "))
}

/// SRC-GIT-14: detached signatures by primary keys and by a signing subkey, armored and binary, of bytes and of text.
#[test]
fn detached() {
    assert_eq!(verify("keyring.asc", "chart.asc", SOON_AFTER).unwrap(), "Chart Test <chart@example.com>");
    assert_eq!(verify("keyring.asc", "textmode.asc", SOON_AFTER).unwrap(), "Chart Test <chart@example.com>");
    assert_eq!(verify("keyring.gpg", "rsa.sig", SOON_AFTER).unwrap(), "Rsa Test <rsa@example.com>");
    let signer = keyring("keyring.asc").verify_detached(&data("message.txt"), &data("sub.asc"), at(SOON_AFTER)).unwrap();
    assert_eq!(signer.fingerprint, "605FB3DC2C7DD2CEA27C46B1C1018DD81E72D237");
    assert_eq!(signer.key_id, "CD891215266781DA", "the subkey signed");
}

/// Keys that are not in the keyring, texts that were changed, keys and signatures whose time is over, revoked keys.
#[test]
fn refused() {
    assert_eq!(verify("keyring.asc", "other.asc", SOON_AFTER), Err(SignatureError::UnknownKey));
    assert!(verify("other-keyring.asc", "other.asc", SOON_AFTER).is_ok());
    let changed = keyring("keyring.asc").verify_detached(b"tree 4567\n", &data("chart.asc"), at(SOON_AFTER));
    assert_eq!(changed, Err(SignatureError::Mismatch { key_id: "C02D58C6954994A1".to_owned() }));
    assert!(verify("keyring.asc", "short.asc", SOON_AFTER).is_ok());
    assert!(matches!(verify("keyring.asc", "short.asc", TWO_YEARS_LATER), Err(SignatureError::KeyExpired { .. })));
    assert!(verify("keyring.asc", "brief.asc", SOON_AFTER).is_ok());
    assert_eq!(verify("keyring.asc", "brief.asc", SOON_AFTER + 40 * 86_400), Err(SignatureError::SignatureExpired));
    assert!(matches!(verify("keyring.asc", "revoked.asc", SOON_AFTER), Err(SignatureError::KeyRevoked { .. })));
    assert!(matches!(verify("keyring.asc", "message.txt", SOON_AFTER), Err(SignatureError::Malformed(_) | SignatureError::UnknownKey)));
}

/// HE-REPO-04: a clear-text signature gives back the text that was signed, without escapes and blanks at line ends.
#[test]
fn cleartext() {
    let armored = String::from_utf8(data("clear.asc")).unwrap();
    let keys = keyring("keyring.asc");
    let (signer, text) = keys.verify_cleartext(&armored, at(SOON_AFTER)).unwrap();
    assert_eq!(signer.names, ["Chart Test <chart@example.com>"]);
    assert_eq!(text, "tree 0123\n\n- a commit\nnot escaped");
    let altered = armored.replace("0123", "0124");
    assert!(matches!(keys.verify_cleartext(&altered, at(SOON_AFTER)), Err(SignatureError::Mismatch { .. })));
    let more = format!("{armored}\nunsigned text");
    assert!(matches!(keys.verify_cleartext(&more, at(SOON_AFTER)), Err(SignatureError::Malformed(_))));
    let before = format!("unsigned text\n{armored}");
    assert!(matches!(keys.verify_cleartext(&before, at(SOON_AFTER)), Err(SignatureError::Malformed(_))));
    for cut in (0..armored.len()).step_by(7) {
        assert!(keys.verify_cleartext(&armored[..cut], at(SOON_AFTER)).is_err(), "{cut}");
    }
}

/// Keyrings: several armored blocks with text between them, binary ones, and what is none.
#[test]
fn keyrings() {
    let mut two = data("keyring.asc");
    two.extend(b"\nsome note\n");
    two.extend(data("other-keyring.asc"));
    assert_eq!(Keyring::parse(&two).unwrap().fingerprints().count(), 5);
    assert_eq!(keyring("keyring.gpg").merged(keyring("other-keyring.asc")).fingerprints().count(), 3);
    assert!(matches!(Keyring::parse(b""), Err(KeyringError::Empty)));
    assert!(matches!(Keyring::parse(b"\0\0\0\x20\x01\x01\0\x02KBXf\0\0\0\0"), Err(KeyringError::Keybox)));
    assert!(Keyring::parse(b"no keys here").is_err());
    let armored = data("keyring.asc");
    assert!(matches!(Keyring::parse(&armored[..armored.len() - 20]), Err(KeyringError::Malformed(_))));
}

proptest! {
    /// No bytes panic, and no changed byte makes another text or another key pass.
    #[test]
    fn any_bytes_end(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), raw in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Keyring::parse(&raw);
        let keys = keyring("keyring.gpg");
        let _ = keys.verify_detached(b"x", &raw, at(SOON_AFTER));
        let flip = |name: &str| {
            let mut bytes = data(name);
            for (at, byte) in &flips {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            bytes
        };
        // A keyring with changed bytes may lose keys, but never accepts a text that was not signed.
        if let Ok(changed) = Keyring::parse(&flip("keyring.gpg")) {
            prop_assert!(changed.verify_detached(b"another text", &data("rsa.sig"), at(SOON_AFTER)).is_err());
        }
        prop_assert!(keys.verify_detached(b"another text", &flip("rsa.sig"), at(SOON_AFTER)).is_err());
        if let Ok(message) = String::from_utf8(flip("clear.asc"))
            && let Ok((_, text)) = keys.verify_cleartext(&message, at(SOON_AFTER))
        {
            prop_assert_eq!(text, "tree 0123\n\n- a commit\nnot escaped");
        }
    }
}
