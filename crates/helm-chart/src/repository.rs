//! The index of a chart repository: which charts there are, in which versions, and where (HE-REPO-01).
//!
//! An index can have a hundred megabytes, so it is never held as a whole: [`read_index`] goes over the bytes once and
//! hands out one entry after another, in the order of the file. [`Lookup`] picks the entry that a chart reference means.
//! Nothing is fetched here, and addresses are given as they stand in the index.

use std::io;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::metadata::{DecodeError, Metadata};

mod json;
mod lookup;
pub mod oci;
mod pieces;
mod quick;
mod read;

pub use lookup::{Lookup, LookupError, find, find_logged};
pub use read::read_index;

/// One version of a chart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndexEntry {
    /// The name under which the index lists it.
    pub chart: String,
    /// What the chart says about itself.
    pub metadata: Metadata,
    /// Where the archive is, absolute or relative to the repository; the first one is used.
    pub urls: Vec<String>,
    /// When it was added.
    pub created: Option<Timestamp>,
    /// Whether it was taken back.
    pub removed: bool,
    /// The archive's SHA-256 in hexadecimal digits, with or without `sha256:`; may be empty.
    pub digest: String,
}

/// An archive that is not the one in the index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "chart {chart} {version}: the archive's digest is sha256:{found}, but the index says {wanted:?}; the archive was replaced or damaged"
)]
pub struct DigestMismatch {
    /// The chart.
    pub chart: String,
    /// Its version.
    pub version: String,
    /// The digest in the index.
    pub wanted: String,
    /// The digest of the archive, in hexadecimal digits.
    pub found: String,
}

impl IndexEntry {
    /// Whether `archive` is what the index lists. An entry without a digest accepts every archive.
    pub fn check_digest(&self, archive: &[u8]) -> Result<(), DigestMismatch> {
        let wanted = self.digest.strip_prefix("sha256:").unwrap_or(&self.digest);
        if wanted.is_empty() {
            return Ok(());
        }
        let found: String = Sha256::digest(archive).iter().map(|b| format!("{b:02x}")).collect();
        if found.eq_ignore_ascii_case(wanted) {
            return Ok(());
        }
        Err(DigestMismatch { chart: self.chart.clone(), version: self.metadata.version.clone(), wanted: self.digest.clone(), found })
    }
}

/// What [`read_index`] finds, in the order of the file.
#[derive(Debug)]
pub enum IndexItem<'a> {
    /// The entries of a chart follow; there may be none.
    Chart(&'a str),
    /// A version of the chart.
    Entry(Box<IndexEntry>),
    /// A version that Helm leaves out, with a warning.
    Skipped {
        /// The chart.
        chart: &'a str,
        /// The version, if it has one.
        version: String,
        /// Why.
        reason: String,
    },
}

/// What an index may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexLimits {
    /// Bytes of the whole index.
    pub bytes: u64,
    /// Bytes of one version's entry, and of everything that is not an entry.
    pub entry_bytes: usize,
    /// Charts; their names are kept until the end, to find duplicates.
    pub charts: usize,
}

impl Default for IndexLimits {
    fn default() -> Self {
        Self { bytes: 50 << 20, entry_bytes: 1 << 20, charts: 1_000_000 }
    }
}

/// An index that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// No bytes.
    #[error("empty index.yaml file")]
    Empty,
    /// There is no `apiVersion`.
    #[error("no API version specified")]
    NoApiVersion,
    /// Too many bytes. The field is the limit.
    #[error("index exceeds the maximum index file size of {0} bytes")]
    TooLarge(u64),
    /// One entry, or what is not an entry, has too many bytes.
    #[error("line {line}: an entry of the index is larger than {limit} bytes")]
    EntryTooLarge {
        /// The line where it begins, from 1; 0 in JSON.
        line: u64,
        /// The limit.
        limit: usize,
    },
    /// Too many charts. The field is the limit.
    #[error("the index lists more than {0} charts")]
    TooManyCharts(usize),
    /// The text is not YAML.
    #[error("error converting YAML to JSON: yaml: line {line}: {text}")]
    Yaml {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        text: String,
    },
    /// The text is JSON that is no index.
    #[error("the index is not what it should be: {0}")]
    Json(String),
    /// A value of the wrong type, or a field that no index has.
    #[error("line {line}: {source}")]
    Decode {
        /// The line where the entry begins, from 1; 0 in JSON.
        line: u64,
        /// What is wrong.
        source: DecodeError,
    },
    /// The bytes could not be read.
    #[error("read the index: {0}")]
    Read(#[from] io::Error),
}
