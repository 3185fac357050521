//! Packaged charts: a gzip-compressed tar stream, read in one pass with Helm's limits (HE-AR-01, HE-AR-02).
//!
//! Archives are hostile. Names are checked before anything is kept, sizes are checked before bytes are read, and the
//! bytes that the decompressor may produce (headers included) are capped, so that neither a bomb nor a header that lies
//! about its size costs more than the limits.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ferroflux_go_template::strconv::quote;
use ferroflux_go_template::value::Str;
use flate2::bufread::MultiGzDecoder;

use crate::file::{Budget, ChartFile, LoadLimits};
use crate::paths::clean;

/// Why an archive was refused. The texts are Helm's.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The bytes do not start like a gzip stream.
    #[error("gzip: invalid header")]
    NotGzip,
    /// The stream ends in the middle of something.
    #[error("unexpected EOF")]
    Truncated,
    /// There are no bytes at all.
    #[error("EOF")]
    Empty,
    /// The stream cannot be read as gzip or tar.
    #[error("{0}")]
    Read(io::Error),
    /// A name that starts at the file system's root.
    #[error("chart illegally contains absolute paths")]
    Absolute,
    /// A name without a directory of its own below the chart's top directory.
    #[error("chart illegally contains content outside the base directory: {}", quote(.0))]
    OutsideBase(String),
    /// A name that climbs out of the chart.
    #[error("chart illegally references parent directory")]
    Parent,
    /// A name with a drive letter.
    #[error("chart contains illegally named files")]
    DrivePath,
    /// `Chart.yaml` where the chart's top directory should be.
    #[error("chart yaml not in base directory")]
    ChartYamlOutside,
    /// All files together are too large. The field is the limit in bytes.
    #[error("decompressed chart is larger than the maximum size {0}")]
    TooLarge(u64),
    /// One file is too large.
    #[error("decompressed chart file {} is larger than the maximum file size {limit}", quote(.name))]
    FileTooLarge {
        /// The name in the archive.
        name: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// More entries than a chart may have. The field is the limit.
    #[error("chart archive has more than {0} entries")]
    TooManyEntries(usize),
    /// An archive without files.
    #[error("no files in chart archive")]
    NoFiles,
}

/// The error that ends the stream when the decompressor has produced more than a chart may hold.
#[derive(Debug, thiserror::Error)]
#[error("decompressed archive exceeds its limit")]
struct StreamLimit;

/// A reader that fails, instead of ending, after a number of bytes.
struct Capped<R> {
    inner: R,
    passed: u64,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other(StreamLimit));
        }
        let cap = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let n = self.inner.read(&mut buf[..cap])?;
        self.left -= n as u64;
        self.passed += n as u64;
        Ok(n)
    }
}

/// Only forwards, by reading: what lies between two entries of an archive is a few bytes, for which the reader of archives
/// would clear a buffer of its own each time.
impl<R: Read> Seek for Capped<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Current(length) = to else { return Err(io::ErrorKind::Unsupported.into()) };
        let mut left = usize::try_from(length).map_err(|_| io::ErrorKind::Unsupported)?;
        let mut buffer = [0; 512];
        while left > 0 {
            let piece = left.min(buffer.len());
            self.read_exact(&mut buffer[..piece])?;
            left -= piece;
        }
        Ok(self.passed)
    }
}

/// Where a packaged chart is.
#[derive(Debug, Clone)]
pub(crate) enum Archive {
    /// In memory, as one file of another chart.
    Bytes(Str),
    /// In an open file.
    File(Arc<File>),
}

/// What is read of a file at a time.
const READ_BYTES: usize = 32 << 10;

impl Archive {
    /// The bytes from the start.
    pub(crate) fn read(&self) -> io::Result<Box<dyn BufRead + '_>> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(bytes.as_bytes()),
            Self::File(file) => {
                let mut file = &**file;
                file.rewind()?;
                Box::new(BufReader::with_capacity(READ_BYTES, file))
            }
        })
    }
}

/// Unpacks an archive into the files below its top directory, in archive order.
pub fn read_archive(bytes: &[u8], limits: LoadLimits) -> Result<Vec<ChartFile>, ArchiveError> {
    read_within(bytes, &mut Budget::new(limits), |_| true, |_| {})
}

/// Whether the bytes begin like a gzip stream.
pub fn looks_like_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 0x08])
}

/// As [`read_archive`], within a budget. The content of files that `wanted` does not name is checked, but not kept; `seen`
/// gets each file as soon as it is there.
pub(crate) fn read_within(
    mut packed: impl BufRead,
    budget: &mut Budget,
    wanted: impl Fn(&str) -> bool,
    mut seen: impl FnMut(&ChartFile),
) -> Result<Vec<ChartFile>, ArchiveError> {
    let head = packed.fill_buf().map_err(ArchiveError::Read)?;
    match head.len() {
        0 => return Err(ArchiveError::Empty),
        1..10 => return Err(ArchiveError::Truncated),
        _ if !looks_like_gzip(head) => return Err(ArchiveError::NotGzip),
        _ => {}
    }
    // A tar stream holds a header and padding for each file: at most 1.5 KiB, with long names a little more.
    let overhead = 4096 * budget.entries_left as u64 + (1 << 20);
    let stream = Capped { inner: MultiGzDecoder::new(packed), passed: 0, left: budget.bytes_left.saturating_add(overhead) };
    let mut archive = tar::Archive::new(stream);
    let mut files = Vec::new();
    let mut buffer = Vec::new();
    let limit = budget.limits.total_bytes;
    let failed = |e: io::Error| read_error(e, limit);
    for entry in archive.entries_with_seek().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        budget.entries_left = budget.entries_left.checked_sub(1).ok_or(ArchiveError::TooManyEntries(budget.limits.entries))?;
        let raw_name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() || raw_name.ends_with('/') || kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
            continue;
        }
        let name = name_in_chart(&raw_name)?;
        // Links carry no content of their own and are kept as empty files; nothing is ever followed.
        let size = if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() { entry.size() } else { 0 };
        if size > budget.bytes_left {
            return Err(ArchiveError::TooLarge(limit));
        }
        if size > budget.limits.file_bytes {
            return Err(ArchiveError::FileTooLarge { name: raw_name, limit: budget.limits.file_bytes });
        }
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let data = if wanted(&name) {
            Str::filled(length, |data| entry.read_exact(data)).map_err(failed)?
        } else {
            skip(&mut entry, length, &mut buffer).map_err(failed)?;
            Str::default()
        };
        budget.bytes_left -= size;
        if budget.bytes_left == 0 {
            return Err(ArchiveError::TooLarge(limit));
        }
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(entry.header().mtime().unwrap_or(0).min(u64::from(u32::MAX) << 4));
        let file = ChartFile::of(name, data, modified);
        seen(&file);
        files.push(file);
    }
    if files.is_empty() { Err(ArchiveError::NoFiles) } else { Ok(files) }
}

/// Reads `length` bytes and forgets them.
fn skip(entry: &mut impl Read, length: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
    const PIECE: usize = 64 << 10;
    buffer.resize(PIECE, 0);
    let mut left = length;
    while left > 0 {
        let piece = buffer.get_mut(..left.min(PIECE)).unwrap_or_default();
        entry.read_exact(piece)?;
        left -= piece.len();
    }
    Ok(())
}

/// The path below the archive's top directory, checked: nothing absolute, nothing that climbs, nothing with a drive.
fn name_in_chart(raw: &str) -> Result<String, ArchiveError> {
    let delimiter = if raw.contains('\\') { '\\' } else { '/' };
    let (top, rest) = raw.split_once(delimiter).unwrap_or((raw, ""));
    let rest = rest.replace(delimiter, "/");
    if rest.starts_with('/') {
        return Err(ArchiveError::Absolute);
    }
    let name = clean(&rest);
    if name == "." {
        return Err(ArchiveError::OutsideBase(raw.to_owned()));
    }
    if name.starts_with("..") {
        return Err(ArchiveError::Parent);
    }
    let mut start = name.bytes();
    if start.next().is_some_and(|b| b.is_ascii_alphabetic()) && start.next() == Some(b':') && start.next() == Some(b'/') {
        return Err(ArchiveError::DrivePath);
    }
    if top == "Chart.yaml" {
        return Err(ArchiveError::ChartYamlOutside);
    }
    Ok(name)
}

fn read_error(error: io::Error, limit: u64) -> ArchiveError {
    if error.kind() == io::ErrorKind::UnexpectedEof || error.to_string().contains("failed to read entire block") {
        return ArchiveError::Truncated;
    }
    let mut source: Option<&(dyn std::error::Error + 'static)> = error.get_ref().map(|e| e as _);
    while let Some(inner) = source {
        if inner.is::<StreamLimit>() {
            return ArchiveError::TooLarge(limit);
        }
        source = match inner.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|e| e as _),
            None => inner.source(),
        };
    }
    ArchiveError::Read(error)
}
