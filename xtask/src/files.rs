//! The files of the project: those that Git tracks or would track.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A file that is text.
pub(crate) struct TextFile {
    /// Path below the workspace's folder.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

impl TextFile {
    pub(crate) fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// Every text file of the project, sorted by path. Ignored and binary files are left out.
pub(crate) fn text_files(root: &Path) -> Result<Vec<TextFile>> {
    let out = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("run git ls-files")?;
    ensure!(out.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&out.stderr));
    let list = String::from_utf8(out.stdout).context("a file name is not UTF-8")?;
    let mut files: Vec<TextFile> = list
        .split('\0')
        .filter(|path| !path.is_empty())
        // A file may be deleted but still tracked, and a fixture may be binary.
        .filter_map(|path| Some(TextFile { path: path.to_owned(), text: std::fs::read_to_string(root.join(path)).ok()? }))
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
