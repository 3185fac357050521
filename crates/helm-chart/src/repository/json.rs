//! An index in JSON, read value by value.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::Value;

use super::read::{Charts, give};
use super::{IndexError, IndexItem, IndexLimits};
use crate::metadata::Field;

/// Whether the first character is a brace.
pub(super) fn starts_like_json(source: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let buffer = source.fill_buf()?;
        if buffer.is_empty() {
            return Ok(false);
        }
        if let Some(byte) = buffer.iter().find(|b| !b.is_ascii_whitespace()) {
            return Ok(*byte == b'{');
        }
        let read = buffer.len();
        source.consume(read);
    }
}

/// Whether the text is JSON from beginning to end.
pub(super) fn is_json(source: &mut impl BufRead, limits: IndexLimits) -> Result<bool, IndexError> {
    let meter = Meter { left: Cell::new(limits.bytes), entry_left: Cell::new(u64::MAX), limits };
    let reader = BufReader::with_capacity(CHUNK, Metered { inner: source, meter: &meter });
    match serde_json::from_reader::<_, IgnoredAny>(reader) {
        Ok(_) => Ok(true),
        Err(e) if e.is_io() => Err(meter.error(e.into())),
        Err(_) => Ok(false),
    }
}

/// Reads a text that is JSON.
pub(super) fn read(source: impl BufRead, limits: IndexLimits, visit: &mut dyn FnMut(IndexItem<'_>)) -> Result<(), IndexError> {
    let meter = Meter { left: Cell::new(limits.bytes), entry_left: Cell::new(limits.entry_bytes as u64), limits };
    let reader = BufReader::with_capacity(CHUNK, Metered { inner: source, meter: &meter });
    let failed = RefCell::new(None);
    let charts = Charts::new(limits);
    let index = Walk { level: Level::Index, meter: &meter, failed: &failed, charts: &charts, visit };
    let result = index.deserialize(&mut serde_json::Deserializer::from_reader(reader));
    match (failed.into_inner(), result) {
        (Some(error), _) => Err(error),
        (None, Err(e)) if e.is_io() => Err(meter.error(e.into())),
        (None, Err(e)) => Err(IndexError::Json(e.to_string())),
        (None, Ok(false)) => Err(IndexError::NoApiVersion),
        (None, Ok(true)) => Ok(()),
    }
}

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 16;

/// Counts the bytes of the whole text and of one entry.
struct Meter {
    left: Cell<u64>,
    entry_left: Cell<u64>,
    limits: IndexLimits,
}

impl Meter {
    /// A new entry begins somewhere in what was read last.
    fn next_entry(&self) {
        self.entry_left.set((self.limits.entry_bytes + CHUNK) as u64);
    }

    /// The error behind a failed read: a limit, or what the source said.
    fn error(&self, error: io::Error) -> IndexError {
        if self.left.get() == 0 {
            return IndexError::TooLarge(self.limits.bytes);
        }
        if self.entry_left.get() == 0 {
            return IndexError::EntryTooLarge { line: 0, limit: self.limits.entry_bytes };
        }
        IndexError::Read(error)
    }
}

struct Metered<'m, R> {
    inner: R,
    meter: &'m Meter,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for left in [&self.meter.left, &self.meter.entry_left] {
            left.set(left.get().saturating_sub(read as u64));
            if left.get() == 0 && read > 0 {
                return Err(io::Error::other("limit reached"));
            }
        }
        Ok(read)
    }
}

/// Where in the index a value stands.
#[derive(Clone, Copy)]
enum Level<'v> {
    /// The whole index.
    Index,
    /// The charts by their names.
    Entries,
    /// The versions of a chart.
    Versions(&'v str),
}

/// Goes over a value of the index and hands out what is in it; answers whether it has an `apiVersion`.
struct Walk<'v> {
    level: Level<'v>,
    meter: &'v Meter,
    failed: &'v RefCell<Option<IndexError>>,
    charts: &'v Charts,
    visit: &'v mut dyn FnMut(IndexItem<'_>),
}

impl Walk<'_> {
    /// The walk over what stands one level below.
    fn below<'w>(&'w mut self, level: Level<'w>) -> Walk<'w> {
        Walk { level, meter: self.meter, failed: self.failed, charts: self.charts, visit: &mut *self.visit }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Level::Index => f.write_str("an index: an object with apiVersion and entries"),
            Level::Entries => f.write_str("an object of chart names"),
            Level::Versions(chart) => write!(f, "a list of versions of chart {chart:?}"),
        }
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<bool, E> {
        match self.level {
            Level::Index => Err(E::invalid_type(Unexpected::Unit, &self)),
            Level::Entries | Level::Versions(_) => Ok(false),
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<bool, A::Error> {
        if let Level::Versions(_) = self.level {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        }
        let (mut versioned, mut count) = (false, 0);
        while let Some(key) = map.next_key::<String>()? {
            self.meter.next_entry();
            match self.level {
                Level::Index if key.eq_ignore_ascii_case("entries") => _ = map.next_value_seed(self.below(Level::Entries))?,
                Level::Index if key.eq_ignore_ascii_case("apiVersion") => {
                    versioned = map.next_value::<Option<String>>()?.is_some_and(|v| !v.is_empty());
                }
                Level::Index => _ = map.next_value::<IgnoredAny>()?,
                Level::Entries | Level::Versions(_) => {
                    count += 1;
                    self.charts.count(count).map_err(|e| keep(self.failed, e))?;
                    (self.visit)(IndexItem::Chart(&key));
                    map.next_value_seed(self.below(Level::Versions(&key)))?;
                }
            }
        }
        Ok(versioned)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        let Level::Versions(chart) = self.level else { return Err(A::Error::invalid_type(Unexpected::Seq, &self)) };
        while let Some(version) = list.next_element::<Value>()? {
            self.meter.next_entry();
            give(chart, Field::from_json(version), false, 0, self.visit).map_err(|e| keep(self.failed, e))?;
        }
        Ok(false)
    }
}

/// Keeps an error that serde's cannot hold.
fn keep<E: serde::de::Error>(failed: &RefCell<Option<IndexError>>, error: IndexError) -> E {
    let text = E::custom(&error);
    failed.replace(Some(error));
    text
}
