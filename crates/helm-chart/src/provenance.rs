//! Provenance files: who packaged a chart, and that nothing was changed since (HE-REPO-04).
//!
//! A `.prov` file is an OpenPGP clear-signed text of the chart's `Chart.yaml`, a line `...` and the digests of files.
//! This module reads the text and compares digests; who may sign comes in through [`Verifier`], so that the keys and the
//! OpenPGP library stay with the caller.

use std::collections::BTreeMap;

use ferroflux_go_template::strconv::quote;
use sha2::{Digest, Sha256};

use crate::metadata::{DecodeError, read_files_table};

/// A clear-signed text whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText {
    /// Who signed, in words.
    pub signed_by: String,
    /// What was signed, with `\n` line ends and without the escapes of lines that begin with a dash.
    pub text: String,
}

/// Checks clear-signed messages against a keyring. What it answers is the only text that is read: a provenance file may
/// hold more than what was signed.
pub trait Verifier {
    /// Verifies the whole `.prov` file.
    fn verify(&self, provenance: &str) -> Result<SignedText, String>;
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
    #[error("provenance does not contain a SHA for a file named {}", quote(.0))]
    NotListed(String),
    /// The file is not what was signed.
    #[error("sha256 sum does not match for {file}: {} != {}", quote(.wanted), quote(.found))]
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
    if !provenance.lines().any(|line| line.trim_end() == "-----BEGIN PGP SIGNED MESSAGE-----") {
        return Err(ProvenanceError::NoSignature);
    }
    let SignedText { signed_by, text } = verifier.verify(provenance).map_err(ProvenanceError::Signature)?;
    let listed = digests(&text)?;
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

/// The `files` of the signed text's second part.
fn digests(message: &str) -> Result<BTreeMap<String, String>, ProvenanceError> {
    let sums = message.split("\n...\n").nth(1).ok_or(ProvenanceError::OnePart)?;
    Ok(read_files_table(sums.as_bytes())?)
}
