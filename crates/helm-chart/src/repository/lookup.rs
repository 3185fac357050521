//! Picking the version that a chart reference means (HE-REPO-01, SRC-CHART-03).

use std::io::{BufRead, Seek};

use ferroflux_go_template::strconv::quote;
use ferroflux_semver_go::{ConstraintError, Constraints, Version};
use jiff::Timestamp;

use crate::notice::{Level, Log, Notice, Unlogged};

use super::{IndexEntry, IndexError, IndexItem, IndexLimits, read_index};

/// Why an index has no entry for a reference. The texts are Helm's.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The wanted version is no constraint.
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
    /// The index does not list the chart.
    #[error("no chart name found")]
    NoChart,
    /// The index lists the chart, without versions.
    #[error("no chart version found")]
    NoVersions,
    /// No version is what was wanted.
    #[error("no chart version found for {name}-{version}")]
    NoMatch {
        /// The chart.
        name: String,
        /// The wanted version or range.
        version: String,
    },
    /// The index itself.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// Sees the items of an index go by and keeps the one that is wanted: of the versions that are equal to the wanted text
/// the newest, else the highest version in range, of equal ones the newest.
#[derive(Debug)]
pub struct Lookup {
    name: String,
    version: String,
    range: Constraints,
    listed: bool,
    entries: bool,
    exact: Option<Box<IndexEntry>>,
    best: Option<(Version, Box<IndexEntry>)>,
}

impl Lookup {
    /// Looks for `version` (a version or a range; empty for the highest stable one) of the chart `name`.
    pub fn new(name: &str, version: &str) -> Result<Self, ConstraintError> {
        let range = Constraints::parse(if version.is_empty() { "*" } else { version })?;
        let (name, version) = (name.to_owned(), version.to_owned());
        Ok(Self { name, version, range, listed: false, entries: false, exact: None, best: None })
    }

    /// Takes the next item into account.
    pub fn offer(&mut self, item: IndexItem<'_>) {
        match item {
            IndexItem::Chart(name) => self.listed |= name == self.name,
            IndexItem::Entry(entry) if entry.chart == self.name => self.consider(entry),
            IndexItem::Entry(_) | IndexItem::Skipped { .. } => {}
        }
    }

    fn consider(&mut self, entry: Box<IndexEntry>) {
        self.entries = true;
        let created = |e: &IndexEntry| e.created.unwrap_or(Timestamp::MIN);
        if !self.version.is_empty() && entry.metadata.version == self.version {
            if self.exact.as_ref().is_none_or(|known| created(&entry) > created(known)) {
                self.exact = Some(entry);
            }
            return;
        }
        let Ok(version) = Version::parse(&entry.metadata.version) else { return };
        if !self.range.check(&version) {
            return;
        }
        let better = |(known, known_entry): &(Version, Box<IndexEntry>)| {
            version.precedence(known).then_with(|| created(&entry).cmp(&created(known_entry))).is_gt()
        };
        if self.best.as_ref().is_none_or(better) {
            self.best = Some((version, entry));
        }
    }

    /// The entry, after the last item.
    pub fn finish(self) -> Result<IndexEntry, LookupError> {
        match (self.exact, self.best) {
            (Some(entry), _) | (None, Some((_, entry))) => Ok(*entry),
            _ if !self.listed => Err(LookupError::NoChart),
            _ if !self.entries => Err(LookupError::NoVersions),
            _ => Err(LookupError::NoMatch { name: self.name, version: self.version }),
        }
    }
}

/// Reads an index for one entry.
pub fn find(source: impl BufRead + Seek, limits: IndexLimits, name: &str, version: &str) -> Result<IndexEntry, LookupError> {
    find_logged(source, limits, name, version, "", &Unlogged)
}

/// As [`find`], and says to `log` what Helm does: which entries of the index at `origin` are left out, and that a version
/// was taken as a range because the index does not have it.
pub fn find_logged(
    source: impl BufRead + Seek,
    limits: IndexLimits,
    name: &str,
    version: &str,
    origin: &str,
    log: &dyn Log,
) -> Result<IndexEntry, LookupError> {
    let mut lookup = Lookup::new(name, version)?;
    read_index(source, limits, &mut |item| {
        if let IndexItem::Skipped { chart, version, reason } = &item {
            let version = if version.is_empty() { String::new() } else { format!(" {}", quote(version)) };
            let chart = quote(chart);
            let text = format!("skipping loading invalid entry for chart {chart}{version} from {origin}: {reason}");
            log.log(Notice::new(Level::Warn, text));
        }
        lookup.offer(item);
    })?;
    let exact = version.is_empty() || lookup.exact.is_some();
    let found = lookup.finish()?;
    let notice = |level, text: &str, wanted| {
        Notice::new(level, text).with("chart", name).with(wanted, version).with("selected", &found.metadata.version)
    };
    if exact {
        return Ok(found);
    }
    log.log(if is_range(version) {
        notice(Level::Debug, "selected version matching constraint", "constraint")
    } else {
        notice(Level::Warn, "unable to find exact version requested; falling back to closest available version", "requested")
    });
    Ok(found)
}

/// Whether a version is meant as a range, going by its signs.
fn is_range(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    version.contains(['^', '~', '<', '>', '=', '!', '*']) || version.contains("||") || version.contains(" - ") || core.contains(['x', 'X'])
}
