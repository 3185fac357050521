//! The form that pprof reads: a gzipped protocol buffer (`profile.proto` of github.com/google/pprof).

use std::collections::HashMap;
use std::io::{Result, Write};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;

/// What a column of values counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct ValueType {
    type_: &'static str,
    unit: &'static str,
}

impl ValueType {
    pub(super) fn new(type_: &'static str, unit: &'static str) -> Self {
        Self { type_, unit }
    }
}

/// A profile in the making. Texts stand once in a table and are meant by their number, as are the frames.
pub(super) struct Profile {
    out: Message,
    texts: HashMap<String, u64>,
    frames: HashMap<String, u64>,
}

impl Profile {
    pub(super) fn new(columns: &[ValueType], began: SystemTime) -> Self {
        let mut profile = Self { out: Message::default(), texts: HashMap::new(), frames: HashMap::new() };
        // The first text is the empty one.
        profile.text("");
        for column in columns {
            let column = profile.value_type(*column);
            profile.out.message(1, &column);
        }
        let nanos = began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        profile.out.number(9, u64::try_from(nanos).unwrap_or_default());
        profile
    }

    /// Notes how long it took, and what one sample stands for.
    pub(super) fn lasted(&mut self, length: Duration, period_type: ValueType, period: Duration) {
        let nanos = |d: Duration| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX);
        let period_type = self.value_type(period_type);
        self.out.number(10, nanos(length));
        self.out.message(11, &period_type);
        self.out.number(12, nanos(period));
    }

    /// A word to the reader.
    pub(super) fn comment(&mut self, text: &str) {
        let text = self.text(text);
        self.out.number(13, text);
    }

    /// Adds values for a stack of names, the innermost first.
    pub(super) fn sample(&mut self, stack: &[&str], values: &[u64]) {
        let mut sample = Message::default();
        for name in stack {
            let frame = self.frame(name);
            sample.number(1, frame);
        }
        values.iter().for_each(|value| sample.number(2, *value));
        self.out.message(2, &sample);
    }

    /// A function and its only location, which share their number.
    fn frame(&mut self, name: &str) -> u64 {
        if let Some(id) = self.frames.get(name) {
            return *id;
        }
        let id = self.frames.len() as u64 + 1;
        self.frames.insert(name.to_owned(), id);
        let (mut line, mut location, mut function) = (Message::default(), Message::default(), Message::default());
        line.number(1, id);
        location.number(1, id);
        location.message(4, &line);
        self.out.message(4, &location);
        function.number(1, id);
        function.number(2, self.text(name));
        self.out.message(5, &function);
        id
    }

    fn value_type(&mut self, column: ValueType) -> Message {
        let mut message = Message::default();
        message.number(1, self.text(column.type_));
        message.number(2, self.text(column.unit));
        message
    }

    fn text(&mut self, text: &str) -> u64 {
        let next = self.texts.len() as u64;
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        self.texts.insert(text.to_owned(), next);
        self.out.bytes(6, text.as_bytes());
        next
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&self.out.0)?;
        gzip.finish()
    }
}

/// Fields of a protocol buffer, in any order, as the format allows.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(&mut self, field: u64, value: u64) {
        self.varint(field << 3);
        self.varint(value);
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn message(&mut self, field: u64, value: &Message) {
        self.bytes(field, &value.0);
    }
}
