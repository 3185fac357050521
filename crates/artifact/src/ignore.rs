//! What is left out of an artifact: `.sourceignore` files, `spec.ignore` and the built-in exclusions
//! (SRC-ART-11 … SRC-ART-15).
//!
//! The syntax is that of `.gitignore`, the evaluation is not: each path is tested alone, so a pattern can bring back
//! a file of an excluded directory, `**` counts only as a whole segment, and `[!a]` is no negation.

mod glob;
mod pattern;

use std::io::Read;
use std::path::Path;

use pattern::Pattern;

/// The name of the file with patterns.
pub const FILE_NAME: &str = ".sourceignore";

/// A `.sourceignore` beyond this size is refused: it is no list of patterns, and the tree is not ours.
pub const MAX_FILE_SIZE: u64 = 1 << 20;

/// Always excluded from Git and OCI sources.
const VCS: &str = ".git/\n.gitignore\n.gitmodules\n.gitattributes\n";

/// Excluded as long as a source has no pattern of its own: pictures, archives, and what belongs to CI systems.
const DEFAULTS: &str = "\
*.jpg\n*.jpeg\n*.gif\n*.png\n*.wmv\n*.flv\n*.tar.gz\n*.zip\n\
.github/\n.circleci/\n.travis.yml\n.gitlab-ci.yml\nappveyor.yml\n.drone.yml\ncloudbuild.yaml\n\
codeship-services.yml\ncodeship-steps.yml\n\
**/.goreleaser.yml\n**/.sops.yaml\n**/.flux.yaml\n";

/// An ordered list of patterns; the last one that matches a path decides.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    patterns: Vec<Pattern>,
}

impl Rules {
    /// No rule: nothing is ignored.
    pub fn none() -> Self {
        Self::default()
    }

    /// Only what `text` says, for paths relative to the root.
    pub fn from_text(text: &[u8]) -> Self {
        let mut rules = Self::none();
        rules.add(text, &[]);
        rules
    }

    /// The exclusions of version control and the further defaults, then `self`. This is how a tool packs a local directory.
    pub fn over_all_defaults(self) -> Self {
        let mut all = Self::from_text(VCS.as_bytes());
        all.add(DEFAULTS.as_bytes(), &[]);
        all.patterns.extend(self.patterns);
        all
    }

    /// The rules of a Git or OCI source: the exclusions of version control, then `self` (patterns of the files and of
    /// the spec); the further defaults only if `self` is empty (SRC-ART-12).
    pub fn for_source(self) -> Self {
        if self.is_empty() {
            return self.over_all_defaults();
        }
        let mut all = Self::from_text(VCS.as_bytes());
        all.patterns.extend(self.patterns);
        all
    }

    /// Appends the patterns of `text`, which hold below the directory `domain` (its path segments from the root).
    /// Comments, blank lines and a carriage return at a line's end are dropped.
    pub fn add(&mut self, text: &[u8], domain: &[&[u8]]) {
        for line in text.split(|b| *b == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let blank = std::str::from_utf8(line).map_or_else(|_| line.trim_ascii().is_empty(), |l| l.trim().is_empty());
            if !blank && !line.starts_with(b"#") {
                self.patterns.push(Pattern::parse(line, domain));
            }
        }
    }

    /// Appends the patterns of every `.sourceignore` below `dir`, shallow before deep; links are not followed and
    /// `.git` is not entered (SRC-ART-13).
    pub fn add_files_below(&mut self, dir: &Path) -> std::io::Result<()> {
        let mut pending = vec![(dir.to_path_buf(), Vec::<Vec<u8>>::new())];
        while let Some((dir, domain)) = pending.pop() {
            let mut below = Vec::new();
            for entry in std::fs::read_dir(&dir)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                let name = entry.file_name().into_encoded_bytes();
                if kind.is_dir() && name != b".git" {
                    below.push((entry.path(), name));
                } else if kind.is_file() && name == FILE_NAME.as_bytes() {
                    let mut text = Vec::new();
                    std::fs::File::open(entry.path())?.take(MAX_FILE_SIZE + 1).read_to_end(&mut text)?;
                    if text.len() as u64 > MAX_FILE_SIZE {
                        return Err(std::io::Error::other(format!("{} is larger than {MAX_FILE_SIZE} bytes", entry.path().display())));
                    }
                    let domain: Vec<&[u8]> = domain.iter().map(Vec::as_slice).collect();
                    self.add(&text, &domain);
                }
            }
            // A stack: the last pushed comes first, so that directories are read in the order of their names.
            below.sort_by(|a, b| b.1.cmp(&a.1));
            pending.extend(below.into_iter().map(|(path, name)| {
                let mut domain = domain.clone();
                domain.push(name);
                (path, domain)
            }));
        }
        Ok(())
    }

    /// Whether there is no pattern at all.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether the path with these segments (relative to the root, which itself is never ignored) is left out.
    pub fn ignores(&self, path: &[&[u8]], is_dir: bool) -> bool {
        self.patterns.iter().rev().find(|p| p.matches(path, is_dir)).is_some_and(|p| !p.includes())
    }
}
