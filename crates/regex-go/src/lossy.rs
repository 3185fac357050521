//! Texts that are not UTF-8: Go sees each invalid byte as one U+FFFD, and so does the engine here.

use std::borrow::Cow;
use std::ops::Range;

/// A text as the engine sees it, and the way back from its offsets to those of the original bytes.
pub(crate) struct Haystack<'t> {
    text: Cow<'t, str>,
    /// Offsets in `text` just behind a replacement, in order; each one is two bytes more than in the original.
    replaced: Vec<usize>,
}

impl<'t> Haystack<'t> {
    pub(crate) fn new(bytes: &'t [u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Self { text: Cow::Borrowed(text), replaced: Vec::new() };
        }
        let (mut text, mut replaced) = (String::with_capacity(bytes.len() + 16), Vec::new());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for _ in chunk.invalid() {
                text.push(char::REPLACEMENT_CHARACTER);
                replaced.push(text.len());
            }
        }
        Self { text: Cow::Owned(text), replaced }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The offset in the original bytes.
    pub(crate) fn original(&self, at: usize) -> usize {
        at - 2 * self.replaced.partition_point(|end| *end <= at)
    }

    pub(crate) fn original_range(&self, range: Range<usize>) -> Range<usize> {
        self.original(range.start)..self.original(range.end)
    }
}
