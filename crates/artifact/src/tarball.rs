//! tar.gz archives: written so that equal trees give equal bytes, read as if an enemy had written them.

mod pack;
mod unpack;

pub use pack::{Writer, archive_dir};
pub use unpack::{Limits, UnpackError, UnpackOptions, Unpacked, unpack, unpack_file};

/// The size of a tar block.
const BLOCK: usize = 512;
