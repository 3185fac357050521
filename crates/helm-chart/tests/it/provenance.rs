use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use ferroflux_helm_chart::provenance::{ProvenanceError, SignedText, Verification, Verifier, verify};
use ferroflux_openpgp::Keyring;

const ARCHIVE: &str = "tiny-1.0.0.tgz";

/// The keys that were made for this test, at a time when they had just been made.
struct Keys(Keyring);

impl Verifier for Keys {
    fn verify(&self, provenance: &str) -> Result<SignedText, String> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_270_000);
        let (signer, text) = self.0.verify_cleartext(provenance, now).map_err(|e| e.to_string())?;
        Ok(SignedText { signed_by: signer.names.join(", "), text })
    }
}

fn data(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/provenance").join(name)).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(data(name)).unwrap()
}

fn check(archive: &[u8], provenance: &str, file_name: &str) -> Result<Verification, ProvenanceError> {
    verify(archive, provenance, file_name, &Keys(Keyring::parse(&data("keyring.gpg")).unwrap()))
}

/// HE-REPO-04: what Helm signed with keys of two kinds, and GnuPG with a subkey, holds; binary and armored keyrings.
#[test]
fn signed_charts() {
    for (provenance, by) in [("ed25519.prov", "Chart Test"), ("rsa.prov", "Rsa Test"), ("subkey.prov", "Sub Test")] {
        for keyring in ["keyring.gpg", "keyring.asc"] {
            let keys = Keys(Keyring::parse(&data(keyring)).unwrap());
            let verification = verify(&data(ARCHIVE), &text(provenance), ARCHIVE, &keys).unwrap();
            assert!(verification.signed_by.starts_with(by), "{provenance}: {}", verification.signed_by);
            assert_eq!(verification.digest, "sha256:0782b8d662d120693ab7ad0a4c66feb8a69b19935a7a3805fdd987807cc0a2d0");
        }
    }
}

/// HE-REPO-04: another archive, another name, another text, a stranger's key, half a file; with Helm's messages.
#[test]
fn refused_charts() {
    let (archive, provenance) = (data(ARCHIVE), text("ed25519.prov"));
    let mut altered = archive.clone();
    altered.push(b'a');
    let want = format!("sha256 sum does not match for {ARCHIVE}: \"sha256:{}\" != \"sha256:{}\"", digest(&archive), digest(&altered));
    assert_eq!(check(&altered, &provenance, ARCHIVE).unwrap_err().to_string(), want);
    assert_eq!(
        check(&archive, &provenance, "other.tgz").unwrap_err().to_string(),
        "provenance does not contain a SHA for a file named \"other.tgz\""
    );
    assert_eq!(check(&archive, &text("stranger.prov"), ARCHIVE).unwrap_err().to_string(), "openpgp: signature made by unknown entity");
    let rewritten = provenance.replace("A chart", "B chart");
    assert!(check(&archive, &rewritten, ARCHIVE).unwrap_err().to_string().starts_with("openpgp: invalid signature"));
    assert_eq!(check(&archive, "name: tiny\n", ARCHIVE), Err(ProvenanceError::NoSignature));
    for cut in (0..provenance.len() - 40).step_by(5) {
        assert!(check(&archive, &provenance[..cut], ARCHIVE).is_err(), "{cut}");
    }
}

/// HE-REPO-04: text around the signed message, or a second message, is never read.
#[test]
fn smuggled_text() {
    let archive = b"another archive";
    let claim = format!("name: tiny\n\n...\nfiles:\n  {ARCHIVE}: sha256:{}\n", digest(archive));
    let provenance = text("ed25519.prov");
    let unsigned = format!("-----BEGIN PGP SIGNED MESSAGE-----\n\n{claim}");
    for smuggled in [
        format!("{claim}{provenance}"),
        format!("{provenance}\n{claim}"),
        format!("{unsigned}\n{provenance}"),
        format!("{unsigned}-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n{provenance}"),
        provenance.replacen("Hash: SHA512\n", &format!("Hash: SHA512\n{claim}"), 1),
        provenance.replacen("\n...\n", &format!("\n...\nfiles:\n  {ARCHIVE}: sha256:{}\n...\n", digest(archive)), 1),
    ] {
        assert!(check(archive, &smuggled, ARCHIVE).is_err(), "{smuggled}");
    }
}

fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
