use std::io::{Cursor, Read, Write};

use ferroflux_artifact::ignore::Rules;
use ferroflux_artifact::tarball::{Limits, UnpackError, UnpackOptions, Writer, archive_dir, unpack};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(tar).unwrap();
    gz.finish().unwrap()
}

fn header(name: &str, kind: tar::EntryType, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn unpack_all(archive: impl Read, limits: Limits) -> (Result<u64, UnpackError>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let result = unpack(archive, dir.path(), UnpackOptions { limits, skip_symlinks: true });
    (result.map(|u| u.entries), dir)
}

/// SRC-ART-20: a claim of 2^31 bytes in an extended header is refused before it is read.
#[test]
fn huge_extensions_are_not_read() {
    for kind in [tar::EntryType::XHeader, tar::EntryType::GNULongName, tar::EntryType::XGlobalHeader] {
        let (result, _) = unpack_all(gzip(&header("x", kind, 1 << 31)).as_slice(), Limits::UNLIMITED);
        assert!(matches!(result, Err(UnpackError::Header { .. })), "{result:?}");
    }
}

/// SRC-ART-20: a gibibyte of zeros ends at the limit, on bytes or on the ratio.
#[test]
fn bombs_end_at_the_limit() {
    let size = 1u64 << 30;
    let tar = header("zeros", tar::EntryType::Regular, size);
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(&tar).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..64 {
        gz.write_all(&zeros).unwrap();
    }
    let bomb = gz.finish().unwrap();
    let (result, _) = unpack_all(bomb.as_slice(), Limits::CONSUMER);
    assert!(matches!(result, Err(UnpackError::TooBig { .. })), "{result:?}");
    let (result, dir) = unpack_all(bomb.as_slice(), Limits { ratio: Some(100), ..Limits::UNLIMITED });
    assert!(matches!(result, Err(UnpackError::Ratio(100))), "{result:?}");
    assert!(dir.path().join("zeros").metadata().unwrap().len() < 32 << 20);
}

/// SRC-ART-20: a million empty files end at the limit.
#[test]
fn too_many_entries_are_refused() {
    let mut tar = Vec::new();
    for n in 0..1001 {
        tar.extend_from_slice(&header(&format!("f{n}"), tar::EntryType::Regular, 0));
    }
    let (result, _) = unpack_all(gzip(&tar).as_slice(), Limits { entries: Some(1000), ..Limits::UNLIMITED });
    assert!(matches!(result, Err(UnpackError::TooMany(1000))), "{result:?}");
}

/// SRC-ART-05, SRC-ART-20: a link that is skipped does not become a way out.
#[test]
fn nothing_is_written_through_a_link() {
    let outside = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), dir.path().join("l")).unwrap();
    let mut tar = header("l/x", tar::EntryType::Regular, 0);
    tar.extend_from_slice(&[0; 1024]);
    let result = unpack(gzip(&tar).as_slice(), dir.path(), UnpackOptions::STRICT);
    assert!(matches!(result, Err(UnpackError::Conflict(_))), "{result:?}");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

/// SRC-ART-03: a content that changes its size while it is archived is an error, not a broken archive.
#[test]
fn sizes_must_hold() {
    for content in [b"abc".as_slice(), b"abcdefgh"] {
        let mut writer = Writer::new(std::io::sink());
        assert!(writer.file(b"f", false, 5, &mut &content[..]).is_err());
    }
}

proptest! {
    /// SRC-ART-20: no bytes make the reader panic, loop or write outside.
    #[test]
    fn any_bytes_are_refused_or_unpacked(bytes in proptest::collection::vec(any::<u8>(), 0..600), flips in proptest::collection::vec((0usize..2048, any::<u8>()), 0..8)) {
        let (result, _dir) = unpack_all(bytes.as_slice(), Limits::CONSUMER);
        prop_assert!(result.is_err());
        let mut tar = header("a/b", tar::EntryType::Regular, 3);
        tar.extend_from_slice(b"abc");
        tar.resize(2048, 0);
        for (at, value) in &flips {
            tar[*at] = *value;
        }
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("target");
        std::fs::create_dir(&target).unwrap();
        let _ = unpack(Cursor::new(gzip(&tar)), &target, UnpackOptions { limits: Limits::CONSUMER, skip_symlinks: true });
        prop_assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    /// SRC-ART-03, SRC-ART-05: what is packed unpacks to the same tree, and equal trees give equal bytes.
    #[test]
    fn a_tree_survives(files in proptest::collection::btree_map("[a-zé]{1,30}(/[a-z]{1,40}){0,4}", proptest::collection::vec(any::<u8>(), 0..1500), 0..8)) {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut written = Vec::new();
        for (name, content) in &files {
            let at = one.path().join(name);
            if at.parent().is_some_and(|p| std::fs::create_dir_all(p).is_ok()) && !at.exists() && std::fs::write(&at, content).is_ok() {
                written.push((name, content));
            }
        }
        let pack = |dir: &std::path::Path| {
            let mut writer = Writer::new(Vec::new());
            archive_dir(dir, &Rules::none(), &mut writer).unwrap();
            writer.finish().unwrap()
        };
        let archive = pack(one.path());
        unpack(archive.as_slice(), two.path(), UnpackOptions::STRICT).unwrap();
        for (name, content) in written {
            prop_assert_eq!(&std::fs::read(two.path().join(name)).unwrap(), content);
        }
        prop_assert_eq!(pack(two.path()), archive);
    }
}
