//! Provenance files: who packaged a chart, and that nothing was changed since (HE-REPO-04).
//!
//! A `.prov` file is an OpenPGP clear-signed text of the chart's `Chart.yaml`, a line `...` and the digests of files.
//! This module reads the text and compares digests; who may sign comes in through [`Verifier`], so that the keys and the
//! OpenPGP library stay with the caller.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::metadata::{DecodeError, read_files_table};

/// Checks clear-signed messages against a keyring.
pub trait Verifier {
    /// Verifies `armored`, the whole `.prov` file, whose signed text is `message` (line ends `\r\n`, dashes unescaped).
    /// Answers who signed it.
    fn verify(&self, armored: &str, message: &str) -> Result<String, String>;
}

/// A chart whose provenance holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Who signed, as the verifier named it.
    pub signed_by: String,
    /// `sha256:` and the digest of the archive.
    pub digest: String,
    /// The archive's file name.
    pub file_name: String,
}

/// Why a chart's provenance does not hold. The texts are Helm's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvenanceError {
    /// There is no clear-signed text.
    #[error("signature block not found")]
    NoSignature,
    /// The signature is not one of the keyring, or does not fit the text.
    #[error("{0}")]
    Signature(String),
    /// The signed text has no second part.
    #[error("message block must have at least two parts")]
    OnePart,
    /// The digests cannot be read.
    #[error("cannot read the digests of the provenance file: {0}")]
    Digests(#[from] DecodeError),
    /// The file is not in the list.
    #[error("provenance does not contain a SHA for a file named {0:?}")]
    NotListed(String),
    /// The file is not what was signed.
    #[error("sha256 sum does not match for {file}: {wanted:?} != {found:?}")]
    Mismatch {
        /// The archive's file name.
        file: String,
        /// The signed digest.
        wanted: String,
        /// The digest of the archive.
        found: String,
    },
}

/// Verifies a packaged chart: first the signature, then that `file_name` is listed with the archive's digest.
pub fn verify(archive: &[u8], provenance: &str, file_name: &str, verifier: &dyn Verifier) -> Result<Verification, ProvenanceError> {
    let message = signed_text(provenance).ok_or(ProvenanceError::NoSignature)?;
    let signed_by = verifier.verify(provenance, &message.replace('\n', "\r\n")).map_err(ProvenanceError::Signature)?;
    let listed = digests(&message)?;
    let mut found = String::from("sha256:");
    for byte in Sha256::digest(archive) {
        found.push_str(&format!("{byte:02x}"));
    }
    match listed.get(file_name) {
        None => Err(ProvenanceError::NotListed(file_name.to_owned())),
        Some(wanted) if *wanted != found => Err(ProvenanceError::Mismatch { file: file_name.to_owned(), wanted: wanted.clone(), found }),
        Some(_) => Ok(Verification { signed_by, digest: found, file_name: file_name.to_owned() }),
    }
}

/// The text of a clear-signed message, with `\n` line ends, without the escapes of lines that begin with a dash.
pub fn signed_text(armored: &str) -> Option<String> {
    let mut lines = armored.lines().map(str::trim_end);
    lines.find(|line| *line == "-----BEGIN PGP SIGNED MESSAGE-----")?;
    // Headers (`Hash: SHA512`) end at an empty line.
    lines.by_ref().find(|line| line.is_empty())?;
    let mut text = Vec::new();
    for line in lines {
        if line == "-----BEGIN PGP SIGNATURE-----" {
            return Some(text.join("\n"));
        }
        text.push(line.strip_prefix("- ").unwrap_or(line));
    }
    None
}

/// The `files` of the signed text's second part.
fn digests(message: &str) -> Result<BTreeMap<String, String>, ProvenanceError> {
    let (_, sums) = message.split_once("\n...\n").ok_or(ProvenanceError::OnePart)?;
    Ok(read_files_table(sums.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::{ProvenanceError, Verifier, signed_text, verify};

    struct Trust(Result<String, String>);

    impl Verifier for Trust {
        fn verify(&self, _: &str, message: &str) -> Result<String, String> {
            assert!(message.contains("\r\n...\r\n"));
            self.0.clone()
        }
    }

    const PROVENANCE: &str = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nname: app\nversion: 1.0.0\n- - dashed\n\n...\nfiles:\n  app-1.0.0.tgz: sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n-----BEGIN PGP SIGNATURE-----\n\nxyz\n-----END PGP SIGNATURE-----\n";

    /// HE-REPO-04: signature first, then name and digest.
    #[test]
    fn signature_then_digest() {
        let good = Trust(Ok("someone".to_owned()));
        assert_eq!(verify(b"abc", PROVENANCE, "app-1.0.0.tgz", &good).map(|v| v.signed_by), Ok("someone".to_owned()));
        assert!(matches!(verify(b"abd", PROVENANCE, "app-1.0.0.tgz", &good), Err(ProvenanceError::Mismatch { .. })));
        assert!(matches!(verify(b"abc", PROVENANCE, "other.tgz", &good), Err(ProvenanceError::NotListed(_))));
        let bad = Trust(Err("no key".to_owned()));
        assert_eq!(verify(b"abc", PROVENANCE, "app-1.0.0.tgz", &bad), Err(ProvenanceError::Signature("no key".to_owned())));
        assert_eq!(verify(b"abc", "nothing", "app-1.0.0.tgz", &good), Err(ProvenanceError::NoSignature));
        assert!(signed_text(PROVENANCE).is_some_and(|t| t.contains("\n- dashed\n")));
    }
}
