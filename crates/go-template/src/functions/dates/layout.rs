//! Go's reference layouts (`2006-01-02 15:04:05`), cut into their elements.

/// An element of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    LongYear,
    Year,
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    /// `PM`, or `pm`.
    HalfDay {
        upper: bool,
    },
    ZoneName,
    /// `-07:00` and its kin.
    Offset(Offset),
    /// `.000` or `.999`, with a comma or a point.
    Fraction {
        digits: usize,
        trim: bool,
        separator: u8,
    },
}

/// The form of a numeric time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` for an offset of zero.
    pub(super) z: bool,
    pub(super) colon: bool,
    pub(super) minutes: bool,
    pub(super) seconds: bool,
}

impl Offset {
    /// The number of characters of a written offset.
    pub(super) fn len(self) -> usize {
        3 + (2 + usize::from(self.colon)) * (usize::from(self.minutes) + usize::from(self.seconds))
    }
}

/// The text before the first element, the element with its own text, and the rest.
pub(super) struct Chunk<'l> {
    pub(super) prefix: &'l [u8],
    /// `None` at the end of the layout.
    pub(super) element: Option<Element>,
    pub(super) text: &'l [u8],
    pub(super) rest: &'l [u8],
}

/// Finds the first element of a layout.
pub(super) fn next_chunk(layout: &[u8]) -> Chunk<'_> {
    for start in 0..layout.len() {
        if let Some((skip, len, element)) = element_at(layout, start) {
            let (from, to) = (start + skip, start + skip + len);
            return Chunk { prefix: &layout[..from], element: Some(element), text: &layout[from..to], rest: &layout[to..] };
        }
    }
    Chunk { prefix: layout, element: None, text: &[], rest: &[] }
}

/// The element at `start`: bytes in front of it that are plain text, its length, and what it is.
fn element_at(layout: &[u8], start: usize) -> Option<(usize, usize, Element)> {
    use Element::*;
    let text = &layout[start..];
    let found = |len, element| Some((0, len, element));
    let is = |word: &str| text.starts_with(word.as_bytes());
    // `Jan` and `Mon` inside of longer words, such as `Money`, are plain text.
    let word_ends = |len: usize| !text.get(len).is_some_and(u8::is_ascii_lowercase);
    match text[0] {
        b'J' if is("January") => found(7, LongMonth),
        b'J' if is("Jan") && word_ends(3) => found(3, Month),
        b'M' if is("Monday") => found(6, LongWeekday),
        b'M' if is("Mon") && word_ends(3) => found(3, Weekday),
        b'M' if is("MST") => found(3, ZoneName),
        b'0' => match text.get(1)? {
            b'1' => found(2, ZeroMonth),
            b'2' => found(2, ZeroDay),
            b'3' => found(2, ZeroHour12),
            b'4' => found(2, ZeroMinute),
            b'5' => found(2, ZeroSecond),
            b'6' => found(2, Year),
            _ if is("002") => found(3, ZeroYearDay),
            _ => None,
        },
        b'1' if is("15") => found(2, Hour),
        b'1' => found(1, NumMonth),
        b'2' if is("2006") => found(4, LongYear),
        b'2' => found(1, Day),
        b'_' if is("_2006") => Some((1, 4, LongYear)),
        b'_' if is("_2") => found(2, UnderDay),
        b'_' if is("__2") => found(3, UnderYearDay),
        b'3' => found(1, Hour12),
        b'4' => found(1, Minute),
        b'5' => found(1, Second),
        b'P' if is("PM") => found(2, HalfDay { upper: true }),
        b'p' if is("pm") => found(2, HalfDay { upper: false }),
        sign @ (b'-' | b'Z') => {
            let z = sign == b'Z';
            let forms = [
                ("070000", false, true, true),
                ("07:00:00", true, true, true),
                ("0700", false, true, false),
                ("07:00", true, true, false),
                ("07", false, false, false),
            ];
            let (form, colon, minutes, seconds) = forms.into_iter().find(|(form, ..)| text[1..].starts_with(form.as_bytes()))?;
            found(1 + form.len(), Offset(super::layout::Offset { z, colon, minutes, seconds }))
        }
        separator @ (b'.' | b',') => {
            let digit = *text.get(1).filter(|d| matches!(d, b'0' | b'9'))?;
            let digits = text[1..].iter().take_while(|d| **d == digit).count();
            let ends = !text.get(1 + digits).is_some_and(u8::is_ascii_digit);
            ends.then_some((0, 1 + digits, Fraction { digits, trim: digit == b'9', separator }))
        }
        _ => None,
    }
}

/// Quotes a text for the errors of Go's `time`: bytes beyond ASCII as hexadecimal.
pub(super) fn quote(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(*byte)]),
            b' '..0x80 => out.push(char::from(*byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}
