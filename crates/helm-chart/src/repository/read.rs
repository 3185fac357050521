//! One pass over an index.

use std::collections::HashSet;
use std::io::{BufRead, Seek, SeekFrom};

use ferroflux_yaml::{ErrorKind, Limits};

use super::pieces::{Cutter, Kind};
use super::{IndexEntry, IndexError, IndexItem, IndexLimits, json, quick};
use crate::metadata::{DecodeError, Field, IndexRecord, read_field, read_index_head};

/// Levels of nesting of an entry.
const MAX_DEPTH: usize = 64;
/// Values in an entry.
const MAX_NODES: usize = 200_000;
/// How many lines that look like the beginning of something may be within a quoted text.
const MAX_EXTENSIONS: usize = 8;

/// Reads an index and hands out its items in the order of the file. JSON is read as JSON, everything else as strict YAML:
/// keys that stand twice and keys that no index has are errors. Entries that Helm would leave out arrive as
/// [`IndexItem::Skipped`]. An error may come after items were handed out: the index is then not to be used at all.
///
/// Memory follows the largest entry, not the index. In YAML, anchors work within one entry only.
pub fn read_index(mut source: impl BufRead + Seek, limits: IndexLimits, visit: &mut dyn FnMut(IndexItem<'_>)) -> Result<(), IndexError> {
    let start = source.stream_position()?;
    if json::starts_like_json(&mut source)? {
        source.seek(SeekFrom::Start(start))?;
        let valid = json::is_json(&mut source, limits)?;
        source.seek(SeekFrom::Start(start))?;
        if valid {
            return json::read(source, limits, visit);
        }
    }
    source.seek(SeekFrom::Start(start))?;
    read_yaml(source, limits, visit)
}

fn read_yaml(source: impl BufRead, limits: IndexLimits, visit: &mut dyn FnMut(IndexItem<'_>)) -> Result<(), IndexError> {
    let mut cutter = Cutter::new(source, limits);
    let mut charts = Charts::new(limits);
    let mut piece = Vec::new();
    let mut current = String::new();
    while let Some((kind, line)) = cutter.next(&mut piece)? {
        let mut extensions = 0;
        let field = loop {
            match parse(&piece, line) {
                Ok(field) => break field,
                // The piece may have been cut in the middle of a quoted text.
                Err(error) => {
                    extensions += 1;
                    if extensions > MAX_EXTENSIONS || !cutter.extend(&mut piece, line, kind)? {
                        return Err(error);
                    }
                }
            }
        };
        match (kind, field) {
            (Kind::Chart, Field::Map(map)) => {
                for (name, versions) in map {
                    charts.add(&name, line)?;
                    visit(IndexItem::Chart(&name));
                    give_versions(&name, versions, line, visit)?;
                    current = name;
                }
            }
            (Kind::Versions, field) if !current.is_empty() => give_versions(&current, field, line, visit)?,
            (_, other) => return Err(decode(line)(DecodeError::entries(&other))),
        }
    }
    if cutter.is_empty() {
        return Err(IndexError::Empty);
    }
    let head = parse(&cutter.head, 1)?;
    let (api_version, entries) = read_index_head(head, true).map_err(decode(1))?;
    // Entries that are not in block style are in the head, which is bounded.
    for (name, versions) in entries {
        charts.add(&name, 1)?;
        visit(IndexItem::Chart(&name));
        give_versions(&name, versions, 1, visit)?;
    }
    if api_version.is_empty() { Err(IndexError::NoApiVersion) } else { Ok(()) }
}

/// The names that were seen.
pub(super) struct Charts {
    names: HashSet<Box<str>>,
    limit: usize,
}

impl Charts {
    pub(super) fn new(limits: IndexLimits) -> Self {
        Self { names: HashSet::new(), limit: limits.charts }
    }

    fn add(&mut self, name: &str, line: u64) -> Result<(), IndexError> {
        if !self.names.insert(name.into()) {
            return Err(IndexError::Yaml { line, text: format!("key {name:?} already set in map") });
        }
        self.count(self.names.len())
    }

    pub(super) fn count(&self, charts: usize) -> Result<(), IndexError> {
        if charts > self.limit { Err(IndexError::TooManyCharts(self.limit)) } else { Ok(()) }
    }
}

fn parse(piece: &[u8], line: u64) -> Result<Field, IndexError> {
    if let Some(field) = quick::read(piece) {
        return Ok(field);
    }
    let limits = Limits { bytes: usize::MAX, depth: MAX_DEPTH, nodes: MAX_NODES };
    read_field(piece, limits, true).map_err(|error| {
        let text = match error.kind() {
            ErrorKind::DuplicateKey { key, .. } => format!("key {key:?} already set in map"),
            _ => error.message(),
        };
        IndexError::Yaml { line: line + (error.line() as u64).saturating_sub(1), text }
    })
}

fn give_versions(chart: &str, versions: Field, line: u64, visit: &mut dyn FnMut(IndexItem<'_>)) -> Result<(), IndexError> {
    match versions {
        Field::Null => Ok(()),
        Field::List(items) => items.into_iter().try_for_each(|item| give(chart, item, true, line, visit)),
        other => Err(decode(line)(DecodeError::versions(&other))),
    }
}

/// Hands out one version, as an entry or as skipped.
pub(super) fn give(chart: &str, version: Field, strict: bool, line: u64, visit: &mut dyn FnMut(IndexItem<'_>)) -> Result<(), IndexError> {
    let Some(record) = IndexRecord::read(version, strict).map_err(decode(line))? else {
        visit(IndexItem::Skipped { chart, version: String::new(), reason: "empty entry".to_owned() });
        return Ok(());
    };
    let IndexRecord { mut metadata, urls, created, removed, digest } = record;
    match metadata.validate() {
        // Some repositories leave out the aliases.
        Err(error) if !error.0.starts_with("more than one dependency with name or alias") => {
            visit(IndexItem::Skipped { chart, version: metadata.version, reason: error.to_string() });
        }
        _ => visit(IndexItem::Entry(Box::new(IndexEntry { chart: chart.to_owned(), metadata, urls, created, removed, digest }))),
    }
    Ok(())
}

pub(super) fn decode(line: u64) -> impl FnOnce(DecodeError) -> IndexError {
    move |source| IndexError::Decode { line, source }
}
