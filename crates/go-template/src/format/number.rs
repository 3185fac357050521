//! Integers, floats and complex numbers under a verb.

use super::Printer;
use crate::strconv;
use crate::value::Value;

impl Printer<'_> {
    /// An integer by magnitude and sign. `value` is what a bad verb reports.
    pub(super) fn integer(&mut self, magnitude: u64, negative: bool, signed: bool, verb: char, value: &Value) {
        match verb {
            'v' if self.flags.sharp_v && !signed => self.hex_literal(magnitude),
            'v' | 'd' => self.digits(magnitude.to_string(), negative, "", magnitude == 0),
            'b' => self.digits(format!("{magnitude:b}"), negative, if self.flags.sharp { "0b" } else { "" }, magnitude == 0),
            'o' => {
                let prefix = if self.flags.sharp { "0" } else { "" };
                self.digits(format!("{magnitude:o}"), negative, prefix, magnitude == 0);
            }
            'O' => self.digits(format!("{magnitude:o}"), negative, "0o", magnitude == 0),
            'x' => self.digits(format!("{magnitude:x}"), negative, if self.flags.sharp { "0x" } else { "" }, magnitude == 0),
            'X' => self.digits(format!("{magnitude:X}"), negative, if self.flags.sharp { "0X" } else { "" }, magnitude == 0),
            'c' => {
                let c = rune(magnitude, negative);
                self.pad(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            'q' => {
                let text = strconv::quote_rune(rune(magnitude, negative), self.flags.plus);
                self.pad(text.as_bytes());
            }
            'U' => self.unicode(if negative { magnitude.wrapping_neg() } else { magnitude }),
            _ => self.bad_verb(verb, Some(value)),
        }
    }

    /// `0x…`, as `%#v` shows unsigned numbers.
    pub(super) fn hex_literal(&mut self, magnitude: u64) {
        self.digits(format!("{magnitude:x}"), false, "0x", magnitude == 0);
    }

    fn digits(&mut self, digits: String, negative: bool, prefix: &str, is_zero: bool) {
        let flags = self.flags;
        let signed = negative || flags.plus || flags.space;
        let mut least = 0;
        if let Some(precision) = flags.precision {
            if precision == 0 && is_zero {
                let zero = std::mem::replace(&mut self.flags.zero, false);
                self.padding(flags.width.unwrap_or(0));
                self.flags.zero = zero;
                return;
            }
            least = precision;
        } else if let (true, false, Some(width)) = (flags.zero, flags.minus, flags.width) {
            least = width.saturating_sub(usize::from(signed));
        }
        let digits = format!("{digits:0>least$}");
        let sign = match (negative, flags.plus, flags.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        // `%#o` adds its zero only where there is none yet.
        let prefix = if prefix == "0" && digits.starts_with('0') { "" } else { prefix };
        self.pad_spaces(format!("{sign}{prefix}{digits}").as_bytes());
    }

    fn unicode(&mut self, code: u64) {
        let least = self.flags.precision.unwrap_or(4).max(4);
        let mut text = format!("U+{code:0>least$X}");
        if self.flags.sharp
            && let Some(c) = u32::try_from(code).ok().and_then(char::from_u32).filter(|c| strconv::is_print(*c))
        {
            text.push_str(&format!(" '{c}'"));
        }
        self.pad_spaces(text.as_bytes());
    }

    pub(super) fn float(&mut self, number: f64, verb: char, value: &Value) {
        match verb {
            'v' => self.float_as(number, 'g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => self.float_as(number, verb, None),
            'f' | 'e' | 'E' => self.float_as(number, verb, Some(6)),
            'F' => self.float_as(number, 'f', Some(6)),
            _ => self.bad_verb(verb, Some(value)),
        }
    }

    fn float_as(&mut self, number: f64, format: char, precision: Option<usize>) {
        let precision = self.flags.precision.or(precision);
        let text = strconv::format_float(number, format, precision);
        let (sign, mut digits) = match text.as_bytes().first() {
            Some(b'-') => ('-', text.get(1..).unwrap_or("").to_owned()),
            Some(b'+') => ('+', text.get(1..).unwrap_or("").to_owned()),
            _ => ('+', text),
        };
        let sign = if self.flags.space && sign == '+' && !self.flags.plus { ' ' } else { sign };
        if !number.is_finite() {
            let bare = number.is_nan() && !self.flags.space && !self.flags.plus;
            let shown = if bare { digits } else { format!("{sign}{digits}") };
            return self.pad_spaces(shown.as_bytes());
        }
        if self.flags.sharp && format != 'b' {
            digits = with_point(&digits, format, precision);
        }
        if !self.flags.plus && sign == '+' {
            return self.pad(digits.as_bytes());
        }
        match self.flags.width {
            Some(width) if self.flags.zero && !self.flags.minus && width > digits.len() + 1 => {
                let least = width - 1;
                self.text(&format!("{sign}{digits:0>least$}"));
            }
            _ => self.pad(format!("{sign}{digits}").as_bytes()),
        }
    }

    pub(super) fn complex(&mut self, re: f64, im: f64, verb: char, value: &Value) {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return self.bad_verb(verb, Some(value));
        }
        self.text("(");
        self.float(re, verb, value);
        let plus = std::mem::replace(&mut self.flags.plus, true);
        self.float(im, verb, value);
        self.flags.plus = plus;
        self.text("i)");
    }
}

fn rune(magnitude: u64, negative: bool) -> char {
    if negative { '\u{FFFD}' } else { u32::try_from(magnitude).ok().and_then(char::from_u32).unwrap_or('\u{FFFD}') }
}

/// The `#` flag of floats: always a decimal point, and under `%g` no removed zeros.
fn with_point(digits: &str, format: char, precision: Option<usize>) -> String {
    let marker: &[char] = if matches!(format, 'x' | 'X') { &['p', 'P'] } else { &['e', 'E'] };
    let (head, tail) = digits.find(marker).map_or((digits, ""), |at| digits.split_at(at));
    let mut out = head.to_owned();
    let mut wanted = match format {
        'g' | 'G' | 'x' => precision.unwrap_or(6),
        _ => 0,
    };
    let significant = if head == "0" {
        1
    } else if let Some(hex) = head.strip_prefix("0x") {
        // Go counts the x as a digit.
        1 + hex.chars().filter(char::is_ascii_hexdigit).count()
    } else {
        head.trim_start_matches(['0', '.']).chars().filter(char::is_ascii_digit).count()
    };
    wanted = wanted.saturating_sub(significant);
    if !out.contains('.') {
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', wanted));
    out + tail
}
