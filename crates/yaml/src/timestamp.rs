//! Timestamps: the four forms that go-yaml takes, with the leniency of Go's `time.Parse`.

/// A point in time as written, with the offset it was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
    /// Minutes east of UTC.
    offset: i32,
}

impl Timestamp {
    /// Reads `2006-1-2`, `2006-1-2 15:4:5`, `2006-1-2T15:4:5Z` or `2006-1-2t15:4:5+07:00`; seconds may have a fraction.
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() < 8 || b[4] != b'-' || !b[..4].iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut c = Cursor { b, i: 5 };
        let year = b[..4].iter().fold(0, |v, d| v * 10 + u32::from(d - b'0'));
        let month = c.one_or_two()?;
        c.expect(b'-')?;
        let day = c.one_or_two()?;
        if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
            return None;
        }
        let mut t = Self { year, month, day, hour: 0, minute: 0, second: 0, nanos: 0, offset: 0 };
        let zoned = match c.peek() {
            None => return Some(t),
            Some(b'T' | b't') => {
                c.i += 1;
                true
            }
            Some(b' ') => {
                while c.peek() == Some(b' ') {
                    c.i += 1;
                }
                false
            }
            Some(_) => return None,
        };
        t.hour = c.one_or_two()?;
        c.expect(b':')?;
        t.minute = c.one_or_two()?;
        c.expect(b':')?;
        t.second = c.one_or_two()?;
        if t.hour > 23 || t.minute > 59 || t.second > 59 {
            return None;
        }
        t.nanos = c.fraction()?;
        if zoned {
            t.offset = c.zone()?;
        }
        (c.i == b.len()).then_some(t)
    }

    /// The form that Go's JSON encoder prints (RFC 3339, nanoseconds without trailing zeros): `2024-01-01T00:00:00Z`.
    pub fn to_rfc3339(self) -> String {
        let Self { year, month, day, hour, minute, second, nanos, offset } = self;
        let mut out = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if nanos > 0 {
            out.push_str(format!(".{nanos:09}").trim_end_matches('0'));
        }
        if offset == 0 {
            out.push('Z');
        } else {
            let sign = if offset < 0 { '-' } else { '+' };
            let minutes = offset.unsigned_abs();
            out.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
        }
        out
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Cursor<'a> {
    b: &'a [u8],
    i: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.b.get(self.i).copied()
    }

    fn digit(&mut self) -> Option<u32> {
        let d = self.peek().filter(u8::is_ascii_digit)?;
        self.i += 1;
        Some(u32::from(d - b'0'))
    }

    fn one_or_two(&mut self) -> Option<u32> {
        let first = self.digit()?;
        Some(self.digit().map_or(first, |second| first * 10 + second))
    }

    fn two(&mut self) -> Option<u32> {
        Some(self.digit()? * 10 + self.digit()?)
    }

    fn expect(&mut self, c: u8) -> Option<()> {
        (self.peek() == Some(c)).then(|| self.i += 1)
    }

    /// Nanoseconds after a point or a comma; at most nine digits count, as in the original more are cut off.
    fn fraction(&mut self) -> Option<u32> {
        if !matches!(self.peek(), Some(b'.' | b',')) || !self.b.get(self.i + 1).is_some_and(u8::is_ascii_digit) {
            return Some(0);
        }
        self.i += 1;
        let (mut nanos, mut n) = (0, 0);
        while let Some(d) = self.digit() {
            if n < 9 {
                nanos = nanos * 10 + d;
                n += 1;
            }
        }
        Some(nanos * 10_u32.pow(9 - n))
    }

    fn zone(&mut self) -> Option<i32> {
        let sign = match self.peek()? {
            b'Z' => {
                self.i += 1;
                return Some(0);
            }
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.i += 1;
        let hours = self.two()?;
        self.expect(b':')?;
        let minutes = self.two()?;
        (hours <= 24 && minutes < 60).then_some(sign * i32::try_from(hours * 60 + minutes).ok()?)
    }
}
