//! Numbers and quoted text as Go's `strconv` reads and writes them.

use std::fmt::Write as _;

/// The first character of `bytes` and its length; an invalid byte is U+FFFD of length 1, as in Go.
#[inline]
pub(crate) fn decode_rune(bytes: &[u8]) -> (char, usize) {
    match bytes.first() {
        None => ('\u{FFFD}', 0),
        Some(b) if *b < 0x80 => (char::from(*b), 1),
        Some(_) => decode_long_rune(bytes),
    }
}

fn decode_long_rune(bytes: &[u8]) -> (char, usize) {
    let head = bytes.get(..4).unwrap_or(bytes);
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) => head.get(..e.valid_up_to()).and_then(|v| std::str::from_utf8(v).ok()).unwrap_or(""),
    };
    valid.chars().next().map_or(('\u{FFFD}', 1), |c| (c, c.len_utf8()))
}

/// The number of characters, an invalid byte counting as one.
pub(crate) fn rune_count(bytes: &[u8]) -> usize {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.chars().count();
    }
    let (mut rest, mut count) = (bytes, 0);
    while !rest.is_empty() {
        rest = rest.get(decode_rune(rest).1..).unwrap_or(&[]);
        count += 1;
    }
    count
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub fn is_print(c: char) -> bool {
    match c {
        ' '..='~' => true,
        '\0'..='\u{9f}' => false,
        // Rust's own table, asked in the middle of a string, where it does not single out combining marks.
        _ => {
            let mut buffer = ['a', c].into_iter().collect::<String>();
            buffer.truncate(1 + c.len_utf8());
            buffer.escape_debug().nth(1) == Some(c)
        }
    }
}

/// Go's `strconv.Quote` (`%q`) of a text, which may hold bytes that are no UTF-8.
pub fn quote(text: impl AsRef<[u8]>) -> String {
    quote_with(text.as_ref(), '"', false)
}

/// Go's `strconv.QuoteToASCII` (`%+q`).
pub(crate) fn quote_to_ascii(bytes: &[u8]) -> String {
    quote_with(bytes, '"', true)
}

/// Go's `strconv.QuoteRune`, and with `ascii` its `QuoteRuneToASCII` (`%q` of an integer).
pub(crate) fn quote_rune(c: char, ascii: bool) -> String {
    let mut out = String::from("'");
    escape_rune(&mut out, c, '\'', ascii);
    out.push('\'');
    out
}

fn quote_with(bytes: &[u8], quote: char, ascii: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push(quote);
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let (c, len) = decode_rune(rest);
        if c == '\u{FFFD}' && len == 1 {
            let _ = write!(out, "\\x{first:02x}");
        } else {
            escape_rune(&mut out, c, quote, ascii);
        }
        rest = rest.get(len.max(1)..).unwrap_or(&[]);
    }
    out.push(quote);
    out
}

fn escape_rune(out: &mut String, c: char, quote: char, ascii: bool) {
    if c == quote || c == '\\' {
        out.push('\\');
        out.push(c);
        return;
    }
    if (c.is_ascii() || !ascii) && is_print(c) {
        out.push(c);
        return;
    }
    match c {
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        c if u32::from(c) < 0x20 || c == '\x7f' => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        c if u32::from(c) < 0x10000 => {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
        c => {
            let _ = write!(out, "\\U{:08x}", u32::from(c));
        }
    }
}

/// Go's `strconv.CanBackquote`: whether a text fits unchanged into a raw string literal.
pub(crate) fn can_backquote(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|t| t.chars().all(|c| c != '\u{feff}' && c != '`' && c != '\x7f' && (c >= ' ' || c == '\t')))
}

/// One character of a quoted text: a character, or a byte from `\x` or an octal escape.
pub(crate) enum Unquoted {
    Char(char),
    Byte(u8),
}

/// Go's `strconv.UnquoteChar`: the first, possibly escaped, character inside `quote` and the number of bytes it takes.
pub(crate) fn unquote_char(bytes: &[u8], quote: u8) -> Option<(Unquoted, usize)> {
    let first = *bytes.first()?;
    if first == quote && (quote == b'\'' || quote == b'"') {
        return None;
    }
    if first != b'\\' {
        let (c, len) = decode_rune(bytes);
        return Some((Unquoted::Char(c), len));
    }
    let kind = *bytes.get(1)?;
    let simple = |c: char| Some((Unquoted::Char(c), 2));
    let hex = |digits: usize| {
        let text = std::str::from_utf8(bytes.get(2..2 + digits)?).ok()?;
        if text.bytes().all(|b| b.is_ascii_hexdigit()) { u32::from_str_radix(text, 16).ok() } else { None }
    };
    match kind {
        b'a' => simple('\x07'),
        b'b' => simple('\x08'),
        b'f' => simple('\x0c'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'v' => simple('\x0b'),
        b'\\' => simple('\\'),
        b'\'' | b'"' if kind == quote => simple(char::from(kind)),
        b'x' => Some((Unquoted::Byte(u8::try_from(hex(2)?).ok()?), 4)),
        b'u' => Some((Unquoted::Char(char::from_u32(hex(4)?)?), 6)),
        b'U' => Some((Unquoted::Char(char::from_u32(hex(8)?)?), 10)),
        b'0'..=b'7' => {
            let text = std::str::from_utf8(bytes.get(1..4)?).ok()?;
            if !text.bytes().all(|b| (b'0'..=b'7').contains(&b)) {
                return None;
            }
            Some((Unquoted::Byte(u8::try_from(u32::from_str_radix(text, 8).ok()?).ok()?), 4))
        }
        _ => None,
    }
}

/// Go's `strconv.Unquote` for `"…"` and `` `…` `` literals; `None` is its "invalid syntax".
pub(crate) fn unquote(literal: &[u8]) -> Option<Vec<u8>> {
    let (quote, inner) = match literal {
        [b'`', inner @ .., b'`'] => return (!inner.contains(&b'`')).then(|| inner.iter().copied().filter(|b| *b != b'\r').collect()),
        [b'"', inner @ .., b'"'] => (b'"', inner),
        _ => return None,
    };
    if inner.contains(&b'\n') {
        return None;
    }
    if !inner.contains(&b'\\') && !inner.contains(&quote) && std::str::from_utf8(inner).is_ok() {
        return Some(inner.to_vec());
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        let (c, len) = unquote_char(rest, quote)?;
        match c {
            Unquoted::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Unquoted::Byte(b) => out.push(b),
        }
        rest = rest.get(len..)?;
    }
    Some(out)
}

/// Whether underscores stand only between digits or after a base prefix.
fn underscores_ok(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (hex, body, mut last) = match body.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (true, body.get(2..).unwrap_or(""), '0'),
        Some("0b" | "0o") => (false, body.get(2..).unwrap_or(""), '0'),
        _ => (false, body, '^'),
    };
    for c in body.chars() {
        if c.is_ascii_digit() || hex && c.is_ascii_hexdigit() {
            last = '0';
        } else if c == '_' {
            if last != '0' {
                return false;
            }
            last = '_';
        } else {
            if last == '_' {
                return false;
            }
            last = '!';
        }
    }
    last != '_'
}

/// Go's `strconv.ParseUint(text, 0, 64)`.
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, lower.get(2..)?),
        [b'0', b'o', ..] => (8, lower.get(2..)?),
        [b'0', b'b', ..] => (2, lower.get(2..)?),
        [b'0', _, ..] => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    if digits.contains('_') && !underscores_ok(text) || digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(&digits.replace('_', ""), radix).ok()
}

/// Go's `strconv.ParseInt(text, 0, 64)`.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, body) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let magnitude = parse_uint(body)?;
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Go's `strconv.ParseFloat(text, 64)`; a number out of range is `None`.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let (sign, body) = match text.as_bytes().first()? {
        b'-' => (-1.0, text.get(1..)?),
        b'+' => (1.0, text.get(1..)?),
        _ => (1.0, text),
    };
    let lower = body.to_ascii_lowercase();
    match lower.as_str() {
        "inf" | "infinity" => return Some(sign * f64::INFINITY),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    if lower.contains('_') && !underscores_ok(text) {
        return None;
    }
    let clean = lower.replace('_', "");
    if let Some(hex) = clean.strip_prefix("0x") {
        return parse_hex_float(hex).map(|f| sign * f);
    }
    let valid =
        clean.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-')) && clean.bytes().any(|b| b.is_ascii_digit());
    let number: f64 = if valid { clean.parse().ok()? } else { return None };
    number.is_finite().then_some(sign * number)
}

fn parse_hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0f64;
    for c in whole.chars() {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let mut scale = 1.0 / 16.0;
    for c in fraction.chars() {
        value += f64::from(c.to_digit(16)?) * scale;
        scale /= 16.0;
    }
    let value = value * 2f64.powi(exponent);
    value.is_finite().then_some(value)
}

/// Go's `strconv.FormatFloat(value, format, precision, 64)` for the formats `e E f g G b x X`; `None` is the shortest
/// precision that reads back to the same number.
pub(crate) fn format_float(value: f64, format: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let magnitude = value.abs();
    match format {
        'b' => return format!("{sign}{}", binary_exponent(magnitude)),
        'x' | 'X' => {
            let text = hex_float(magnitude, precision);
            return format!("{sign}{}", if format == 'X' { text.to_uppercase() } else { text });
        }
        _ => {}
    }
    let digits = match (format, precision) {
        (_, None) => Digits::parse(&format!("{magnitude:e}")),
        ('e' | 'E', Some(p)) => Digits::parse(&format!("{magnitude:.p$e}")),
        ('g' | 'G', Some(p)) => Digits::parse(&format!("{magnitude:.*e}", p.max(1) - 1)),
        (_, Some(p)) => return format!("{sign}{magnitude:.p$}"),
    };
    match format {
        'e' | 'E' => {
            let fraction = precision.unwrap_or_else(|| digits.text.len().saturating_sub(1));
            format!("{sign}{}", digits.exponential(fraction, format))
        }
        'g' | 'G' => {
            let trimmed = digits.trimmed();
            let shortest = precision.is_none();
            let mut limit = precision.map_or(6, |p| p.max(1));
            if limit > trimmed.text.len() && i64::try_from(trimmed.text.len()).unwrap_or(0) > trimmed.exponent {
                limit = trimmed.text.len();
            }
            if shortest {
                limit = 6;
            }
            let exponent = trimmed.exponent;
            if exponent < -4 || exponent >= i64::try_from(limit).unwrap_or(i64::MAX) {
                let marker = if format == 'g' { 'e' } else { 'E' };
                format!("{sign}{}", trimmed.exponential(trimmed.text.len().saturating_sub(1), marker))
            } else {
                format!("{sign}{}", trimmed.plain())
            }
        }
        _ => format!("{sign}{}", digits.trimmed().plain()),
    }
}

/// Decimal digits without point and the exponent of the first one.
struct Digits {
    text: String,
    exponent: i64,
}

impl Digits {
    /// Reads Rust's `{:e}` form.
    fn parse(scientific: &str) -> Self {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        Self { text: mantissa.replace('.', ""), exponent: exponent.parse().unwrap_or(0) }
    }

    /// Without trailing zeros (`%g` never shows them).
    fn trimmed(&self) -> Self {
        let text = self.text.trim_end_matches('0');
        if text.is_empty() { Self { text: "0".to_owned(), exponent: 0 } } else { Self { text: text.to_owned(), exponent: self.exponent } }
    }

    fn exponential(&self, fraction: usize, marker: char) -> String {
        let (first, rest) = self.text.split_at(1.min(self.text.len()));
        let point = if fraction > 0 { "." } else { "" };
        let sign = if self.exponent < 0 { '-' } else { '+' };
        format!("{first}{point}{rest:0<fraction$}{marker}{sign}{:02}", self.exponent.abs())
    }

    fn plain(&self) -> String {
        let len = i64::try_from(self.text.len()).unwrap_or(i64::MAX);
        if self.exponent < 0 {
            let zeros = usize::try_from(-self.exponent - 1).unwrap_or(0);
            format!("0.{}{}", "0".repeat(zeros), self.text)
        } else if self.exponent + 1 >= len {
            format!("{}{}", self.text, "0".repeat(usize::try_from(self.exponent + 1 - len).unwrap_or(0)))
        } else {
            let (whole, fraction) = self.text.split_at(usize::try_from(self.exponent + 1).unwrap_or(0));
            format!("{whole}.{fraction}")
        }
    }
}

/// Mantissa and binary exponent of a finite non-negative number: value = mantissa × 2^exponent.
fn split_binary(value: f64) -> (u64, i64) {
    let bits = value.to_bits();
    let exponent = i64::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let fraction = bits & ((1 << 52) - 1);
    if exponent == 0 { (fraction, -1074) } else { (fraction | (1 << 52), exponent - 1075) }
}

fn binary_exponent(value: f64) -> String {
    let (mantissa, exponent) = split_binary(value);
    format!("{mantissa}p{}{}", if exponent < 0 { "" } else { "+" }, exponent)
}

fn hex_float(value: f64, precision: Option<usize>) -> String {
    let (mut mantissa, mut exponent) = split_binary(value);
    if mantissa == 0 {
        let zeros = precision.map_or(String::new(), |p| if p > 0 { format!(".{}", "0".repeat(p)) } else { String::new() });
        return format!("0x0{zeros}p+00");
    }
    // One bit before the point, 60 behind it.
    let shift = mantissa.leading_zeros().saturating_sub(3);
    mantissa <<= shift;
    exponent += 60 - i64::from(shift);
    if let Some(p) = precision.filter(|p| *p < 15) {
        let drop = 60 - 4 * p;
        let half = 1u64 << (drop - 1);
        let rest = mantissa & ((1u64 << drop) - 1);
        mantissa >>= drop;
        if rest > half || rest == half && mantissa & 1 == 1 {
            mantissa += 1;
        }
        mantissa <<= drop;
        if mantissa >> 61 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let digits = format!("{:015x}", mantissa & ((1 << 60) - 1));
    let fraction = match precision {
        None => digits.trim_end_matches('0').to_owned(),
        Some(p) => format!("{digits:0<p$}").chars().take(p).collect(),
    };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("0x1{point}{fraction}p{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HE-TPL-09
    #[test]
    fn floats_print_as_go_prints_them() {
        for (value, want) in [
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (12_345_678.5, "1.23456785e+07"),
            (1.0, "1"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (-0.0, "-0"),
            (100_000.0, "100000"),
            (0.0, "0"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(format_float(value, 'g', None), want);
        }
        assert_eq!(format_float(1234.5678, 'g', Some(3)), "1.23e+03");
        assert_eq!(format_float(100_000.0, 'g', Some(6)), "100000");
        assert_eq!(format_float(1_000_000.0, 'g', Some(6)), "1e+06");
        assert_eq!(format_float(3.0, 'e', Some(6)), "3.000000e+00");
        assert_eq!(format_float(1.5, 'x', None), "0x1.8p+00");
        assert_eq!(format_float(1.0, 'b', None), "4503599627370496p-52");
    }

    /// HE-TPL-03
    #[test]
    fn literals_are_read_as_go_reads_them() {
        assert_eq!(unquote(br#""a\tb\x41\u00e9\101""#).as_deref(), Some("a\tbA\u{e9}A".as_bytes()));
        assert_eq!(unquote(br#""a\'b""#), None);
        assert_eq!(unquote(b"`a\\n\r`").as_deref(), Some(&b"a\\n"[..]));
        for (text, want) in [("0x1F", 31), ("0o17", 15), ("017", 15), ("1_000", 1000), ("-5", -5), ("0b101", 5)] {
            assert_eq!(parse_int(text), Some(want), "{text}");
        }
        assert_eq!(parse_int("1__0"), None);
        assert_eq!(parse_int("08"), None);
        assert_eq!(parse_float("1e3"), Some(1000.0));
        assert_eq!(parse_float("0x1p4"), Some(16.0));
    }

    /// HE-TPL-12
    #[test]
    fn quotes_escape_what_go_escapes() {
        assert_eq!(quote("a\"b\\\n\u{7f}\u{ad}é\u{301}😀"), "\"a\\\"b\\\\\\n\\x7f\\u00adé\u{301}😀\"");
        assert_eq!(quote(b"\xff\x00"), "\"\\xff\\x00\"");
        assert_eq!(quote_to_ascii("é😀".as_bytes()), "\"\\u00e9\\U0001f600\"");
    }
}
