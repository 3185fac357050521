//! What the kernel knows of this process.

use std::io::{Error, Result};

/// A part of the address space.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    /// The file, `[heap]`, `[stack]`, or `anonymous`.
    pub(super) name: String,
    pub(super) is_file: bool,
    /// Bytes in memory.
    pub(super) resident: u64,
}

/// A thread with the CPU time that it has used, in hundredths of a second.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) user: u64,
    pub(super) kernel: u64,
}

/// Every mapping of this process.
pub(super) fn mappings() -> Result<Vec<Mapping>> {
    Ok(parse_smaps(&std::fs::read_to_string("/proc/self/smaps")?))
}

/// Every thread of this process.
pub(super) fn threads() -> Result<Vec<Thread>> {
    let mut threads = Vec::new();
    for entry in std::fs::read_dir("/proc/self/task")? {
        // A thread may end between the two looks.
        let Ok(stat) = std::fs::read_to_string(entry?.path().join("stat")) else { continue };
        threads.push(parse_stat(&stat).ok_or_else(|| Error::other("an unknown form of /proc/self/task/*/stat"))?);
    }
    Ok(threads)
}

fn parse_smaps(text: &str) -> Vec<Mapping> {
    let mut mappings: Vec<Mapping> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let first = words.next().unwrap_or_default();
        match first.strip_suffix(':') {
            Some("Rss") => {
                let kib: u64 = words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
                if let Some(mapping) = mappings.last_mut() {
                    mapping.resident += kib * 1024;
                }
            }
            Some(_) => {}
            // A head: range, rights, offset, device, inode, and a name that may hold blanks.
            None => {
                let name = words.skip(4).collect::<Vec<_>>().join(" ");
                let is_file = name.starts_with('/');
                let name = if name.is_empty() { "anonymous".to_owned() } else { name };
                mappings.push(Mapping { name, is_file, resident: 0 });
            }
        }
    }
    mappings
}

/// The name stands in parentheses and may hold some itself; fields count from the last one (field 3 is the state).
fn parse_stat(text: &str) -> Option<Thread> {
    let (head, tail) = text.rsplit_once(") ")?;
    let (id, name) = head.split_once(" (")?;
    let mut fields = tail.split(' ').skip(11);
    let mut next = || fields.next()?.parse().ok();
    Some(Thread { id: id.parse().ok()?, name: name.to_owned(), user: next()?, kernel: next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RT-39: the kernel's texts, with names that hold blanks and parentheses.
    #[test]
    fn texts_are_read() {
        let smaps =
            "55-56 r-xp 00000000 fe:00 12 /usr/bin/a b\nSize: 8 kB\nRss:  4 kB\nVmFlags: rd ex\n7f-80 rw-p 00000000 00:00 0\nRss: 12 kB\n";
        let expected = [
            Mapping { name: "/usr/bin/a b".into(), is_file: true, resident: 4096 },
            Mapping { name: "anonymous".into(), is_file: false, resident: 12 << 10 },
        ];
        assert_eq!(parse_smaps(smaps), expected);
        let stat = "17 (odd) name) S 1 17 17 0 -1 4194304 1 0 0 0 250 31 0 0 20 0 1";
        assert_eq!(parse_stat(stat), Some(Thread { id: 17, name: "odd) name".into(), user: 250, kernel: 31 }));
        assert_eq!(parse_stat("17 (cut"), None);
    }
}
