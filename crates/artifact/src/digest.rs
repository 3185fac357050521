//! Digests `<algorithm>:<lower-case hex>` over bytes (SRC-GEN-03, SRC-ART-04).

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use sha2::Digest as _;

/// The hash algorithms that an artifact may be addressed with (`--artifact-digest-algo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Algorithm {
    /// SHA-1: accepted for old artifacts, not collision resistant.
    Sha1,
    /// SHA-256, the default.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// BLAKE3 with 32 bytes of output.
    Blake3,
}

impl Algorithm {
    /// The name that stands before the colon.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Blake3 => "blake3",
        }
    }

    /// The length of the hex text.
    fn hex_len(self) -> usize {
        match self {
            Self::Sha1 => 40,
            Self::Sha256 | Self::Blake3 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }

    /// Starts a computation.
    pub fn digester(self) -> Digester {
        Digester(match self {
            Self::Sha1 => State::Sha1(sha1::Sha1::new()),
            Self::Sha256 => State::Sha256(sha2::Sha256::new()),
            Self::Sha384 => State::Sha384(sha2::Sha384::new()),
            Self::Sha512 => State::Sha512(sha2::Sha512::new()),
            Self::Blake3 => State::Blake3(Box::new(blake3::Hasher::new())),
        })
    }

    /// The digest of bytes at hand.
    pub fn digest(self, bytes: &[u8]) -> Digest {
        let mut digester = self.digester();
        digester.update(bytes);
        digester.finish()
    }

    /// The digest of everything that `reader` yields, and the number of bytes.
    pub fn digest_reader(self, reader: &mut dyn Read) -> io::Result<(Digest, u64)> {
        let mut sink = DigestWriter::new(self, io::sink());
        let mut buf = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buf) {
                Ok(0) => break,
                Ok(n) => sink.write_all(&buf[..n])?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        let (_, digest, size) = sink.finish();
        Ok((digest, size))
    }
}

impl FromStr for Algorithm {
    type Err = DigestError;

    fn from_str(name: &str) -> Result<Self, DigestError> {
        match name {
            "sha1" => Ok(Self::Sha1),
            "sha256" => Ok(Self::Sha256),
            "sha384" => Ok(Self::Sha384),
            "sha512" => Ok(Self::Sha512),
            "blake3" => Ok(Self::Blake3),
            _ => Err(DigestError::Algorithm(name.to_owned())),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

enum State {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Blake3(Box<blake3::Hasher>),
}

/// A digest in the making.
pub struct Digester(State);

impl Digester {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha1(h) => h.update(bytes),
            State::Sha256(h) => h.update(bytes),
            State::Sha384(h) => h.update(bytes),
            State::Sha512(h) => h.update(bytes),
            State::Blake3(h) => {
                h.update(bytes);
            }
        }
    }

    /// Ends the computation.
    pub fn finish(self) -> Digest {
        let (algorithm, hex) = match self.0 {
            State::Sha1(h) => (Algorithm::Sha1, hex(&h.finalize())),
            State::Sha256(h) => (Algorithm::Sha256, hex(&h.finalize())),
            State::Sha384(h) => (Algorithm::Sha384, hex(&h.finalize())),
            State::Sha512(h) => (Algorithm::Sha512, hex(&h.finalize())),
            State::Blake3(h) => (Algorithm::Blake3, hex(h.finalize().as_bytes())),
        };
        Digest { algorithm, hex }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)] as char, DIGITS[usize::from(b & 15)] as char]).collect()
}

/// A writer that digests and counts what passes through, so that stored bytes are never read a second time.
pub struct DigestWriter<W> {
    inner: W,
    digester: Digester,
    size: u64,
}

impl<W: Write> DigestWriter<W> {
    /// Wraps `inner`.
    pub fn new(algorithm: Algorithm, inner: W) -> Self {
        Self { inner, digester: algorithm.digester(), size: 0 }
    }

    /// The inner writer, the digest and the number of bytes written.
    pub fn finish(self) -> (W, Digest, u64) {
        (self.inner, self.digester.finish(), self.size)
    }
}

impl<W: Write> Write for DigestWriter<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(buf)?;
        self.digester.update(&buf[..n]);
        self.size += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A checked digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

impl Digest {
    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The lower-case hex text after the colon.
    pub fn encoded(&self) -> &str {
        &self.hex
    }

    /// Reads a digest of which the algorithm may be missing; then it is SHA-256 (KC-FETCH-02).
    pub fn parse_with_default(text: &str) -> Result<Self, DigestError> {
        if text.contains(':') { text.parse() } else { format!("sha256:{text}").parse() }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hex)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let bad = || DigestError::Format(text.to_owned());
        let (name, encoded) = text.split_once(':').ok_or_else(bad)?;
        if name.is_empty() || encoded.is_empty() || !encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"=_-".contains(&b)) {
            return Err(bad());
        }
        let algorithm: Algorithm = name.parse()?;
        if encoded.len() != algorithm.hex_len() {
            return Err(DigestError::Length { digest: text.to_owned(), want: algorithm.hex_len(), got: encoded.len() });
        }
        if !encoded.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(bad());
        }
        Ok(Self { algorithm, hex: encoded.to_owned() })
    }
}

/// Why a text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not `<algorithm>:<hex>`.
    #[error("invalid digest {0:?}: expected <algorithm>:<lower-case hex>")]
    Format(String),
    /// The right form, but not of the algorithm's length.
    #[error("invalid digest {digest:?}: expected {want} hex digits, found {got}")]
    Length {
        /// The text.
        digest: String,
        /// Hex digits that the algorithm yields.
        want: usize,
        /// Hex digits found.
        got: usize,
    },
    /// An algorithm that is not one of ours.
    #[error("unsupported digest algorithm {0:?}: expected sha1, sha256, sha384, sha512 or blake3")]
    Algorithm(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KC-FETCH-02: a bare hex text is SHA-256.
    #[test]
    fn bare_hex_is_sha256() {
        let hex = "a".repeat(64);
        assert_eq!(Digest::parse_with_default(&hex).map(|d| d.to_string()), Ok(format!("sha256:{hex}")));
        assert!(Digest::parse_with_default("").is_err());
    }

    /// SRC-ART-04: the digest is computed while writing.
    #[test]
    fn a_writer_digests_what_passes() {
        let mut w = DigestWriter::new(Algorithm::Sha256, Vec::new());
        w.write_all(b"hel").and_then(|()| w.write_all(b"lo")).ok();
        let (bytes, digest, size) = w.finish();
        assert_eq!((bytes.as_slice(), size), (b"hello".as_slice(), 5));
        assert_eq!(digest, Algorithm::Sha256.digest(b"hello"));
    }
}
