//! Runs the corpora of what the originals do against our libraries.
//!
//! A corpus file holds one case a line (JSON, plain or gzip). A runner turns one case into a [`Verdict`]; this
//! module reads files, runs cases in one process, holds the result against a list of known failures and prints it.
//! The command `ferroflux conformance` and the tests of this crate are two thin callers of [`Suite::run`].

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

#[cfg(feature = "helm")]
pub mod charts;
#[cfg(feature = "helm")]
pub mod functions;
#[cfg(feature = "kustomize")]
pub mod kustomize;
#[cfg(feature = "helm")]
pub mod realworld;
#[cfg(feature = "tables")]
pub mod tables;

/// What became of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Our answer is the original's.
    Pass,
    /// It is not; the text says how, in a few lines.
    Fail(String),
    /// The case cannot be run here (needs a network, a container …); the text says why. It does not count.
    Skip(String),
}

impl Verdict {
    /// Compares two texts byte for byte and, where they differ, shows the first line that does.
    pub fn same_text(want: &str, got: &str) -> Self {
        if want == got {
            return Self::Pass;
        }
        let (mut line, mut w, mut g) = (1, want.split('\n'), got.split('\n'));
        loop {
            match (w.next(), g.next()) {
                (Some(a), Some(b)) if a == b => line += 1,
                (a, b) => {
                    return Self::Fail(format!("line {line}:\n  want: {:?}\n  got:  {:?}", a.unwrap_or("<end>"), b.unwrap_or("<end>")));
                }
            }
        }
    }

    /// Compares two JSON values: key order is free, array order counts, `1` and `1.0` are different texts but one number.
    pub fn same_json(want: &Value, got: &Value) -> Self {
        if want == got { Self::Pass } else { Self::Fail(format!("  want: {want}\n  got:  {got}")) }
    }
}

/// The result of a file or of several.
#[derive(Debug, Default, Clone)]
pub struct Report {
    /// Cases whose answer is the original's.
    pub passed: usize,
    /// Cases that were run.
    pub total: usize,
    /// Names of skipped cases with the reason.
    pub skipped: Vec<(String, String)>,
    /// Names of failed cases with a short difference.
    pub failed: Vec<(String, String)>,
    /// Passed and run cases by family: the operation, the suite or the first path element of the name.
    pub by_family: BTreeMap<String, (usize, usize)>,
}

impl Report {
    /// Adds one verdict.
    pub fn add(&mut self, family: &str, name: &str, verdict: Verdict) {
        match verdict {
            Verdict::Skip(why) => self.skipped.push((name.to_owned(), why)),
            other => {
                let family = self.by_family.entry(family.to_owned()).or_default();
                self.total += 1;
                family.1 += 1;
                match other {
                    Verdict::Fail(why) => self.failed.push((name.to_owned(), why)),
                    _ => {
                        self.passed += 1;
                        family.0 += 1;
                    }
                }
            }
        }
    }

    /// Adds what another report holds.
    pub fn merge(&mut self, other: Report) {
        self.passed += other.passed;
        self.total += other.total;
        self.skipped.extend(other.skipped);
        self.failed.extend(other.failed);
        for (family, (passed, total)) in other.by_family {
            let mine = self.by_family.entry(family).or_default();
            mine.0 += passed;
            mine.1 += total;
        }
    }

    /// Holds the failures against a list of known ones: `name<TAB>reason`, `#` comments. The list must be exact, so
    /// that it can only shrink: a case that fails and is not listed is an error, and so is a listed one that passes.
    pub fn check_known(&self, known: &str) -> Result<(), String> {
        let listed: BTreeMap<&str, &str> =
            known.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')).map(|l| l.split_once('\t').unwrap_or((l, ""))).collect();
        let mut out = String::new();
        for (name, why) in &self.failed {
            if !listed.contains_key(name.as_str()) {
                out.push_str(&format!("not in the list of known failures: {name}\n{why}\n"));
            }
        }
        for (name, reason) in &listed {
            if reason.trim().is_empty() {
                out.push_str(&format!("listed without a reason: {name}\n"));
            }
            if !self.failed.iter().any(|(n, _)| n == name) {
                out.push_str(&format!("listed but does not fail any more (remove it): {name}\n"));
            }
        }
        if out.is_empty() { Ok(()) } else { Err(out) }
    }
}

/// One family of corpus files.
pub trait Suite {
    /// Runs every case of the file at `path`.
    fn run(&self, path: &Path) -> Result<Report>;
}

/// The lines of a corpus file as JSON values; a name that ends in `.gz` is unpacked.
pub fn cases(path: &Path) -> Result<Vec<Value>> {
    let file = std::fs::File::open(path).with_context(|| format!("open corpus file {}", path.display()))?;
    let reader: Box<dyn Read> =
        if path.extension().is_some_and(|e| e == "gz") { Box::new(flate2::read::GzDecoder::new(file)) } else { Box::new(file) };
    BufReader::new(reader)
        .lines()
        .enumerate()
        .filter(|(_, l)| l.as_ref().map_or(true, |l| !l.trim().is_empty()))
        .map(|(n, l)| serde_json::from_str(&l?).with_context(|| format!("{}:{}: not a JSON object", path.display(), n + 1)))
        .collect()
}
