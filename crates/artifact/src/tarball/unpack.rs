//! The reader (SRC-ART-05, SRC-ART-20): one pass, one block in memory, a typed refusal for everything that is not a
//! plain tree of files and directories.

use std::collections::HashSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::bufread::GzDecoder;
use tar::EntryType;

use super::BLOCK;

/// The largest extended header (long name, PAX records) that is read into memory.
const MAX_EXTENSION: u64 = 1 << 20;
/// Unpacked bytes up to which the ratio is not looked at.
const RATIO_GRACE: u64 = 16 << 20;
/// The longest path that Linux takes; it also bounds the depth.
const MAX_PATH: usize = 4096;
/// Zero blocks that may follow the end of the archive as padding.
const MAX_PADDING: u64 = 1 << 20;

/// How much an archive may unpack to. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sum of the sizes that the headers promise, in bytes.
    pub bytes: Option<u64>,
    /// Number of entries of every kind.
    pub entries: Option<u64>,
    /// Unpacked bytes for each packed byte, checked beyond the first 16 MiB.
    pub ratio: Option<u64>,
}

impl Limits {
    /// What a consumer takes: 100 MiB in at most 200,000 entries.
    pub const CONSUMER: Self = Self { bytes: Some(100 << 20), entries: Some(200_000), ratio: None };
    /// No limit on bytes, as inside of the source controller, which has packed the archive itself.
    pub const UNLIMITED: Self = Self { bytes: None, entries: None, ratio: None };
}

/// How to treat an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpackOptions {
    /// Size limits.
    pub limits: Limits,
    /// Pass over symbolic links instead of refusing them. They are never created.
    pub skip_symlinks: bool,
}

impl UnpackOptions {
    /// Refuses links, applies the consumer's limits.
    pub const STRICT: Self = Self { limits: Limits::CONSUMER, skip_symlinks: false };
}

/// What an archive held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Bytes of all files.
    pub bytes: u64,
    /// Number of entries.
    pub entries: u64,
}

/// Why an archive was refused. What had been written before stays: unpack into a directory that you drop on failure.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The stream is not gzip or is damaged before its end.
    #[error("archive is not valid gzip: {0}")]
    Gzip(io::Error),
    /// The gzip checksum or length does not fit, or the trailer is missing.
    #[error("archive fails the gzip checksum: {0}")]
    Checksum(io::Error),
    /// Bytes follow the end of the archive or of the gzip stream.
    #[error("archive has bytes after its end")]
    TrailingBytes,
    /// The stream ends inside of an entry.
    #[error("archive ends inside of {0:?}")]
    Truncated(String),
    /// The stream ends without the blocks that mark the end of a tar.
    #[error("archive ends without an end-of-archive marker")]
    MissingEnd,
    /// A header that is not tar.
    #[error("archive has an invalid header after {after:?}: {reason}")]
    Header {
        /// The entry before it.
        after: String,
        /// What is wrong.
        reason: String,
    },
    /// A name that is empty, absolute, has a backslash or leaves the root.
    #[error("archive has the invalid name {0:?}: names must be relative, without \"..\" and backslashes")]
    Name(String),
    /// A hard link.
    #[error("archive has the hard link {0:?}: only files and directories are allowed")]
    HardLink(String),
    /// A link, device, pipe or another kind that is neither file nor directory.
    #[error("archive has {name:?} of the unsupported type {kind:?}: only files and directories are allowed")]
    Kind {
        /// The entry.
        name: String,
        /// The type flag.
        kind: char,
    },
    /// An entry whose place is taken by one of another kind.
    #[error("archive has {0:?} both as a file and as a directory")]
    Conflict(String),
    /// The promised sizes exceed the limit.
    #[error("archive entry {name:?} exceeds the limit of {limit} unpacked bytes")]
    TooBig {
        /// The entry that crossed it.
        name: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// Too many entries.
    #[error("archive has more than {0} entries")]
    TooMany(u64),
    /// More unpacked bytes for each packed byte than allowed.
    #[error("archive unpacks to more than {0} times its size")]
    Ratio(u64),
    /// The disk refused.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The target.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// Unpacks the file `archive` into `target`; see [`unpack`].
pub fn unpack_file(archive: &Path, target: &Path, options: UnpackOptions) -> Result<Unpacked, UnpackError> {
    let file = File::open(archive).map_err(UnpackError::Gzip)?;
    unpack(file, target, options)
}

/// Unpacks a tar.gz into the existing directory `target`, into which nobody else writes. Directories get mode
/// `| 0700`, times of modification are never in the future, missing parents get 0750, a repeated file replaces the
/// earlier one. Nothing is ever written outside of `target`, and no link is ever created.
pub fn unpack(archive: impl Read, target: &Path, options: UnpackOptions) -> Result<Unpacked, UnpackError> {
    let mut tar = Stream::new(archive, options.limits.ratio);
    let mut done = Unpacked::default();
    let mut made = HashSet::new();
    let mut last = String::new();
    let now = SystemTime::now();
    while let Some(entry) = next_entry(&mut tar, &mut last)? {
        let name = last.clone();
        done.entries += 1;
        if let Some(limit) = options.limits.entries.filter(|l| done.entries > *l) {
            return Err(UnpackError::TooMany(limit));
        }
        done.bytes = done.bytes.saturating_add(entry.size);
        if let Some(limit) = options.limits.bytes.filter(|l| done.bytes > *l) {
            return Err(UnpackError::TooBig { name, limit });
        }
        let relative = checked_path(&entry.path).ok_or_else(|| UnpackError::Name(name.clone()))?;
        let path = target.join(&relative);
        match entry.kind {
            EntryType::Directory => make_dir(target, &relative, entry.mode | 0o700, &mut made)?,
            EntryType::Symlink if options.skip_symlinks => {}
            EntryType::Link => return Err(UnpackError::HardLink(name)),
            EntryType::Symlink | EntryType::Char | EntryType::Block | EntryType::Fifo | EntryType::GNUSparse => {
                return Err(UnpackError::Kind { name, kind: char::from(entry.kind.as_byte()) });
            }
            // By POSIX, an unknown kind is a file.
            _ => {
                if relative.as_os_str().is_empty() {
                    return Err(UnpackError::Conflict(name));
                }
                if let Some(parent) = relative.parent() {
                    make_dir(target, parent, 0o750, &mut made)?;
                }
                write_file(&mut tar, &path, &entry, now, &name)?;
                tar.skip(padding(entry.size), &name)?;
                continue;
            }
        }
        // Only files have content; what such an entry claims is passed over.
        tar.skip(entry.size, &name)?;
        tar.skip(padding(entry.size), &name)?;
    }
    tar.finish()?;
    Ok(done)
}

/// Counts the packed bytes, for the ratio.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.bytes += n as u64;
        Ok(n)
    }
}

/// The decompressed stream.
struct Stream<R: Read> {
    gz: GzDecoder<BufReader<Counted<R>>>,
    unpacked: u64,
    ratio: Option<u64>,
}

impl<R: Read> Stream<R> {
    fn new(archive: R, ratio: Option<u64>) -> Self {
        let input = BufReader::with_capacity(64 * 1024, Counted { inner: archive, bytes: 0 });
        Self { gz: GzDecoder::new(input), unpacked: 0, ratio }
    }

    /// Reads until `buf` is full or the stream ends; answers how much was read.
    fn fill(&mut self, buf: &mut [u8]) -> Result<usize, UnpackError> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.gz.read(&mut buf[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // How flate2 reports a trailer that does not fit.
                Err(e) if e.kind() == io::ErrorKind::InvalidInput && self.unpacked > 0 => return Err(UnpackError::Checksum(e)),
                Err(e) => return Err(UnpackError::Gzip(e)),
            }
        }
        self.unpacked += filled as u64;
        let packed = self.gz.get_ref().get_ref().bytes;
        match self.ratio {
            Some(ratio) if self.unpacked > RATIO_GRACE && self.unpacked / packed.max(1) >= ratio => Err(UnpackError::Ratio(ratio)),
            _ => Ok(filled),
        }
    }

    /// Passes over `len` bytes of the entry `name`.
    fn skip(&mut self, mut len: u64, name: &str) -> Result<(), UnpackError> {
        let mut buf = [0; 4096];
        while len > 0 {
            let want = chunk(&buf, len);
            if self.fill(&mut buf[..want])? < want {
                return Err(UnpackError::Truncated(name.to_owned()));
            }
            len -= want as u64;
        }
        Ok(())
    }

    /// Reads the rest after the end of the archive: zeros only, then a gzip trailer that fits, then nothing.
    fn finish(mut self) -> Result<(), UnpackError> {
        let mut buf = [0; 4096];
        let mut padding = 0;
        loop {
            let n = self.fill(&mut buf)?;
            padding += n as u64;
            if padding > MAX_PADDING || buf[..n].iter().any(|b| *b != 0) {
                return Err(UnpackError::TrailingBytes);
            }
            if n < buf.len() {
                break;
            }
        }
        match self.gz.into_inner().read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(UnpackError::TrailingBytes),
            Err(e) => Err(UnpackError::Gzip(e)),
        }
    }
}

fn chunk(buf: &[u8], left: u64) -> usize {
    buf.len().min(usize::try_from(left).unwrap_or(usize::MAX))
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

/// One entry with its extended headers applied.
struct Entry {
    path: Vec<u8>,
    kind: EntryType,
    mode: u32,
    size: u64,
    mtime: u64,
}

/// The next entry that is not an extension of another; `None` at the end of the archive. `last` holds the name of the
/// entry before and takes the name of this one.
fn next_entry<R: Read>(tar: &mut Stream<R>, last: &mut String) -> Result<Option<Entry>, UnpackError> {
    let mut long_name: Option<Vec<u8>> = None;
    let mut pax = Pax::default();
    let mut extended = false;
    loop {
        let mut block = [0; BLOCK];
        match tar.fill(&mut block)? {
            0 if extended => return Err(UnpackError::Truncated(last.clone())),
            0 => return Err(UnpackError::MissingEnd),
            BLOCK => {}
            _ => return Err(UnpackError::Truncated(last.clone())),
        }
        let invalid = |reason: &str| UnpackError::Header { after: last.clone(), reason: reason.to_owned() };
        if block == [0; BLOCK] {
            return if extended { Err(invalid("an extended header without an entry")) } else { end(tar) };
        }
        let header = tar::Header::from_byte_slice(&block);
        if !checksum_fits(&block, header) {
            return Err(invalid("its checksum is wrong"));
        }
        let kind = header.entry_type();
        let size = header.entry_size().map_err(|_| invalid("its size is not a number"))?;
        if kind.is_pax_local_extensions() || kind.is_pax_global_extensions() || kind.is_gnu_longname() || kind.is_gnu_longlink() {
            if size > MAX_EXTENSION {
                return Err(invalid("an extended header of more than 1 MiB"));
            }
            let mut data = vec![0; size as usize];
            if tar.fill(&mut data)? < data.len() {
                return Err(UnpackError::Truncated(last.clone()));
            }
            tar.skip(padding(size), last)?;
            if kind.is_pax_local_extensions() {
                pax = Pax::parse(&data).ok_or_else(|| invalid("malformed PAX records"))?;
            } else if kind.is_gnu_longname() {
                data.truncate(data.iter().position(|b| *b == 0).unwrap_or(data.len()));
                long_name = Some(data);
            }
            extended |= !kind.is_pax_global_extensions();
            continue;
        }
        let path = pax.path.or(long_name).unwrap_or_else(|| header.path_bytes().into_owned());
        let numbers = || -> io::Result<(u32, u64)> { Ok((header.mode()?, header.mtime()?)) };
        let (mode, mtime) = numbers().map_err(|_| invalid("its mode or time is not a number"))?;
        *last = String::from_utf8_lossy(&path).into_owned();
        // A name that ends in a slash was the old way to write a directory.
        let kind = if kind == EntryType::Regular && path.ends_with(b"/") { EntryType::Directory } else { kind };
        return Ok(Some(Entry { path, kind, mode: mode & 0o777, size: pax.size.unwrap_or(size), mtime: pax.mtime.unwrap_or(mtime) }));
    }
}

/// After one block of zeros: the end, if another follows or the stream ends.
fn end<R: Read>(tar: &mut Stream<R>) -> Result<Option<Entry>, UnpackError> {
    let mut block = [0; BLOCK];
    tar.fill(&mut block)?;
    if block == [0; BLOCK] { Ok(None) } else { Err(UnpackError::TrailingBytes) }
}

fn checksum_fits(block: &[u8; BLOCK], header: &tar::Header) -> bool {
    let sum =
        |widen: fn(u8) -> i64| -> i64 { block.iter().enumerate().map(|(i, b)| if (148..156).contains(&i) { 32 } else { widen(*b) }).sum() };
    // Some old writers summed signed bytes.
    header.cksum().is_ok_and(|want| i64::from(want) == sum(i64::from) || i64::from(want) == sum(|b| i64::from(b.cast_signed())))
}

/// The PAX records that matter.
#[derive(Default)]
struct Pax {
    path: Option<Vec<u8>>,
    size: Option<u64>,
    mtime: Option<u64>,
}

impl Pax {
    fn parse(mut data: &[u8]) -> Option<Self> {
        let mut pax = Self::default();
        while !data.is_empty() && data[0] != 0 {
            let space = data.iter().position(|b| *b == b' ')?;
            let len: usize = std::str::from_utf8(&data[..space]).ok()?.parse().ok()?;
            let record = data.get(space + 1..len)?.strip_suffix(b"\n")?;
            data = &data[len..];
            let equals = record.iter().position(|b| *b == b'=')?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            let seconds = || std::str::from_utf8(value).ok()?.split('.').next()?.parse().ok();
            match key {
                b"path" if value.contains(&0) => return None,
                b"path" => pax.path = Some(value.to_vec()),
                b"size" => pax.size = Some(std::str::from_utf8(value).ok()?.parse().ok()?),
                b"mtime" => pax.mtime = Some(seconds().unwrap_or(0)),
                _ => {}
            }
        }
        Some(pax)
    }
}

/// The relative path of an entry, or `None` if its name must not be used.
fn checked_path(name: &[u8]) -> Option<PathBuf> {
    if name.is_empty() || name.len() > MAX_PATH || name[0] == b'/' || name.contains(&b'\\') || name.contains(&0) {
        return None;
    }
    let mut path = PathBuf::new();
    for segment in name.split(|b| *b == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => return None,
            segment => path.push(std::ffi::OsStr::from_bytes(segment)),
        }
    }
    Some(path)
}

/// Creates the directory and its parents below `target`; `made` remembers what is known to be a directory.
fn make_dir(target: &Path, relative: &Path, mode: u32, made: &mut HashSet<PathBuf>) -> Result<(), UnpackError> {
    if relative.as_os_str().is_empty() || made.contains(relative) {
        return Ok(());
    }
    if let Some(parent) = relative.parent() {
        make_dir(target, parent, mode, made)?;
    }
    let path = target.join(relative);
    match DirBuilder::new().mode(mode).create(&path) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            if !std::fs::symlink_metadata(&path).is_ok_and(|m| m.is_dir()) {
                return Err(UnpackError::Conflict(relative.display().to_string()));
            }
        }
        Err(source) => return Err(UnpackError::Write { path, source }),
    }
    made.insert(relative.to_path_buf());
    Ok(())
}

fn write_file<R: Read>(tar: &mut Stream<R>, path: &Path, entry: &Entry, now: SystemTime, name: &str) -> Result<(), UnpackError> {
    let failed = |source: io::Error| UnpackError::Write { path: path.to_path_buf(), source };
    if std::fs::symlink_metadata(path).is_ok_and(|m| !m.is_file()) {
        return Err(UnpackError::Conflict(name.to_owned()));
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(entry.mode).open(path).map_err(failed)?;
    let mut left = entry.size;
    let mut buf = [0; 16 * 1024];
    while left > 0 {
        let want = chunk(&buf, left);
        let got = tar.fill(&mut buf[..want])?;
        file.write_all(&buf[..got]).map_err(failed)?;
        if got < want {
            return Err(UnpackError::Truncated(name.to_owned()));
        }
        left -= got as u64;
    }
    let mtime = SystemTime::UNIX_EPOCH + Duration::from_secs(entry.mtime.min(now_seconds(now)));
    file.set_modified(mtime).map_err(failed)
}

fn now_seconds(now: SystemTime) -> u64 {
    now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
