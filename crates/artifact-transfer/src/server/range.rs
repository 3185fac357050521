//! `Range: bytes=…`.

/// At most so many ranges are answered one by one; a request for more gets the whole file.
const MAX_RANGES: usize = 32;

/// Bytes `start..start + len` of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) len: u64,
}

/// What a Range header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// No header, one we do not understand, or one that asks for more than the file has.
    Whole,
    /// These spans, in the order asked for.
    Spans(Vec<Span>),
    /// None of the ranges lies in the file.
    Unsatisfiable,
}

/// Reads a header value for a file of `size` bytes.
pub(super) fn parse(header: &str, size: u64) -> Wanted {
    let Some(list) = header.trim().strip_prefix("bytes=") else { return Wanted::Whole };
    let mut spans = Vec::new();
    for spec in list.split(',').map(str::trim).filter(|s| !s.is_empty()) {
        let Some(range) = range(spec, size) else { return Wanted::Unsatisfiable };
        spans.extend(range);
        if spans.len() > MAX_RANGES {
            return Wanted::Whole;
        }
    }
    if spans.is_empty() {
        return Wanted::Unsatisfiable;
    }
    // Overlapping ranges could multiply a download.
    if spans.iter().map(|s| s.len).sum::<u64>() > size { Wanted::Whole } else { Wanted::Spans(spans) }
}

/// One range: `None` if it is malformed, `Some(None)` if it lies beyond the end.
fn range(spec: &str, size: u64) -> Option<Option<Span>> {
    let (first, last) = spec.split_once('-')?;
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    if first.is_empty() {
        let len = number(last)?.min(size);
        return Some((len > 0).then_some(Span { start: size - len, len }));
    }
    let start = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < start {
        return None;
    }
    Some((start < size).then(|| Span { start, len: last.min(size - 1) - start + 1 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// SRC-ART-08: the forms of a range.
    #[test]
    fn ranges_are_read() {
        let one = |start, len| Wanted::Spans(vec![Span { start, len }]);
        assert_eq!(parse("bytes=0-4", 10), one(0, 5));
        assert_eq!(parse("bytes=5-", 10), one(5, 5));
        assert_eq!(parse("bytes=-3", 10), one(7, 3));
        assert_eq!(parse("bytes=5-99", 10), one(5, 5));
        assert_eq!(parse("bytes=0-0,9-9", 10), Wanted::Spans(vec![Span { start: 0, len: 1 }, Span { start: 9, len: 1 }]));
        assert_eq!(parse("bytes=10-", 10), Wanted::Unsatisfiable);
        assert_eq!(parse("bytes=4-2", 10), Wanted::Unsatisfiable);
        assert_eq!(parse("bytes=x", 10), Wanted::Unsatisfiable);
        assert_eq!(parse("pages=1-2", 10), Wanted::Whole);
        assert_eq!(parse("bytes=0-9,0-9", 10), Wanted::Whole);
    }

    proptest! {
        /// SRC-ART-08: no header leads outside of the file.
        #[test]
        fn spans_stay_inside(header in "bytes=[0-9,-]{0,20}", size in 0u64..1000) {
            if let Wanted::Spans(spans) = parse(&header, size) {
                prop_assert!(spans.iter().all(|s| s.len > 0 && s.start + s.len <= size));
            }
        }
    }
}
