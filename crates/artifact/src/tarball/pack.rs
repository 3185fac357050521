//! The writer (SRC-ART-03).

use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use super::BLOCK;
use crate::ignore::Rules;

/// The largest size that the octal field of a header holds.
const MAX_OCTAL_SIZE: u64 = 0o77_777_777_777;

/// Writes a tar.gz into `W` as entries come, keeping one block in memory: USTAR headers (a PAX record only where a
/// name or a size does not fit), owner 0, no names, time 0, mode 0750 for directories, 0700 or 0600 for files, a gzip
/// header without name and time. Entries must come in lexical order for equal trees to give equal bytes.
pub struct Writer<W: Write> {
    out: GzEncoder<W>,
}

impl<W: Write> Writer<W> {
    /// Begins an archive.
    pub fn new(out: W) -> Self {
        Self { out: GzBuilder::new().operating_system(0xff).write(out, Compression::default()) }
    }

    /// Adds a directory; the root is `.`, others are relative paths without a slash at the end.
    pub fn directory(&mut self, path: &[u8]) -> io::Result<()> {
        self.header(path, tar::EntryType::Directory, 0o750, 0)
    }

    /// Adds a file of exactly `size` bytes, read from `content`; a shorter or longer content is an error.
    pub fn file(&mut self, path: &[u8], executable: bool, size: u64, content: &mut dyn Read) -> io::Result<()> {
        self.header(path, tar::EntryType::Regular, if executable { 0o700 } else { 0o600 }, size)?;
        let copied = io::copy(&mut content.take(size), &mut self.out)?;
        let longer = content.read(&mut [0])? > 0;
        if copied != size || longer {
            return Err(io::Error::other(format!("{} changed its size while it was archived", String::from_utf8_lossy(path))));
        }
        self.pad(size)
    }

    /// Ends the archive and gives back what it was written into.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        self.out.finish()
    }

    fn header(&mut self, path: &[u8], kind: tar::EntryType, mode: u32, size: u64) -> io::Result<()> {
        if path.is_empty() || path.contains(&0) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a path in an archive must not be empty or hold a NUL"));
        }
        let mut records = Vec::new();
        let split = split_ustar(path);
        if split.is_none() {
            pax_record(&mut records, b"path", path);
        }
        if size > MAX_OCTAL_SIZE {
            pax_record(&mut records, b"size", size.to_string().as_bytes());
        }
        if !records.is_empty() {
            self.pax_header(path, &records)?;
        }
        let mut header = tar::Header::new_ustar();
        {
            let fields = header.as_ustar_mut().ok_or_else(|| io::Error::other("not a USTAR header"))?;
            match split {
                Some((prefix, name)) => {
                    fill(&mut fields.prefix, prefix);
                    fill(&mut fields.name, name);
                }
                None => fill(&mut fields.name, &ascii(path)),
            }
        }
        self.write_header(header, kind, mode, size)
    }

    /// The extended header that precedes an entry whose name or size does not fit into USTAR.
    fn pax_header(&mut self, path: &[u8], records: &[u8]) -> io::Result<()> {
        let slash = path.iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1);
        let mut name = ascii(&[&path[..slash], b"PaxHeaders.0/", &path[slash..]].concat());
        name.truncate(100);
        while name.last() == Some(&b'/') {
            name.pop();
        }
        let mut header = tar::Header::new_ustar();
        if let Some(fields) = header.as_ustar_mut() {
            fill(&mut fields.name, &name);
        }
        self.write_header(header, tar::EntryType::XHeader, 0, records.len() as u64)?;
        self.out.write_all(records)?;
        self.pad(records.len() as u64)
    }

    fn write_header(&mut self, mut header: tar::Header, kind: tar::EntryType, mode: u32, size: u64) -> io::Result<()> {
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(if size > MAX_OCTAL_SIZE { 0 } else { size });
        if kind != tar::EntryType::XHeader {
            header.set_device_major(0)?;
            header.set_device_minor(0)?;
        }
        header.set_cksum();
        // The sum stands as six digits, NUL, space.
        let sum = header.cksum()?;
        header.as_old_mut().cksum = *b"000000\0 ";
        header.as_old_mut().cksum[..6].copy_from_slice(format!("{sum:06o}").as_bytes());
        self.out.write_all(header.as_bytes())
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let over = (size % BLOCK as u64) as usize;
        if over == 0 { Ok(()) } else { self.out.write_all(&[0; BLOCK][over..]) }
    }
}

fn fill(field: &mut [u8], text: &[u8]) {
    let len = text.len().min(field.len());
    field[..len].copy_from_slice(&text[..len]);
}

/// The text without its characters beyond ASCII, for fields that hold no others.
fn ascii(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(u8::is_ascii).collect()
}

/// `<length> <key>=<value>\n`, where the length counts itself.
fn pax_record(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let body = key.len() + value.len() + 3;
    let mut len = body + body.to_string().len();
    if len.to_string().len() > body.to_string().len() {
        len += 1;
    }
    records.extend_from_slice(len.to_string().as_bytes());
    records.push(b' ');
    records.extend_from_slice(key);
    records.push(b'=');
    records.extend_from_slice(value);
    records.push(b'\n');
}

/// The prefix and name fields of a USTAR header, if the path fits: ASCII, the name at most 100 bytes, the prefix 155.
fn split_ustar(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if !path.is_ascii() {
        return None;
    }
    if path.len() <= 100 {
        return Some((b"", path));
    }
    let slash = path[..path.len().min(156)].iter().rposition(|b| *b == b'/')?;
    let (prefix, name) = (&path[..slash], &path[slash + 1..]);
    (!prefix.is_empty() && !name.is_empty() && name.len() <= 100).then_some((prefix, name))
}

/// Packs what lies below `root`, without what `rules` leave out: a walk in lexical order, regular files and
/// directories only (links, sockets and devices are dropped), never following a link.
pub fn archive_dir<W: Write>(root: &Path, rules: &Rules, archive: &mut Writer<W>) -> io::Result<()> {
    archive.directory(b".")?;
    walk(root, &mut Vec::new(), rules, archive)
}

fn walk<W: Write>(dir: &Path, above: &mut Vec<Vec<u8>>, rules: &Rules, archive: &mut Writer<W>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let meta = entry.metadata()?;
        if !meta.is_dir() && !meta.is_file() {
            continue;
        }
        above.push(entry.file_name().as_bytes().to_vec());
        let segments: Vec<&[u8]> = above.iter().map(Vec::as_slice).collect();
        if !rules.ignores(&segments, meta.is_dir()) {
            let path = segments.join(&b'/');
            if meta.is_dir() {
                archive.directory(&path)?;
            } else {
                let executable = meta.permissions().mode() & 0o111 != 0;
                archive.file(&path, executable, meta.len(), &mut std::fs::File::open(entry.path())?)?;
            }
        }
        if meta.is_dir() {
            walk(&entry.path(), above, rules, archive)?;
        }
        above.pop();
    }
    Ok(())
}
