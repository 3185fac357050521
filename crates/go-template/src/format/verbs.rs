//! The format string of `printf`.

use super::{Flags, Printer};
use crate::strconv;
use crate::value::Value;

/// Widths and precisions above this are refused, as in Go.
const LARGEST: i64 = 1_000_000;

/// Go's `fmt.Sprintf`. A width can make the result larger than its parts: see [`crate::context::Context::reserve`].
pub(crate) fn sprintf(format: &[u8], args: &[Value]) -> Vec<u8> {
    let mut out = Vec::with_capacity(format.len() + 16 * args.len());
    let mut state = Directive { format, at: 0, args, next: 0, reordered: false, good: true, after_index: false };
    while state.at < format.len() {
        let rest = format.get(state.at..).unwrap_or(&[]);
        let literal = rest.iter().position(|b| *b == b'%').unwrap_or(rest.len());
        out.extend_from_slice(rest.get(..literal).unwrap_or(&[]));
        state.at += literal + 1;
        if literal < rest.len() && !state.directive(&mut out) {
            break;
        }
    }
    if !state.reordered && state.next < args.len() {
        state.extra(&mut out);
    }
    out
}

struct Directive<'f> {
    format: &'f [u8],
    at: usize,
    args: &'f [Value],
    /// The next operand.
    next: usize,
    /// An index `[n]` was used anywhere.
    reordered: bool,
    /// The indexes of this directive are valid.
    good: bool,
    after_index: bool,
}

impl Directive<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    /// Handles what follows a `%`; `false` at the end of the format.
    fn directive(&mut self, out: &mut Vec<u8>) -> bool {
        let mut printer = Printer::new(out);
        self.good = true;
        self.after_index = false;
        while let Some(c) = self.peek() {
            match c {
                b'#' => printer.flags.sharp = true,
                b'0' => printer.flags.zero = true,
                b'+' => printer.flags.plus = true,
                b'-' => printer.flags.minus = true,
                b' ' => printer.flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        self.argument_number();
        self.width(&mut printer);
        self.precision(&mut printer);
        if !self.after_index {
            self.argument_number();
        }
        let rest = self.format.get(self.at..).unwrap_or(&[]);
        if rest.is_empty() {
            printer.text("%!(NOVERB)");
            return false;
        }
        let (verb, len) = strconv::decode_rune(rest);
        self.at += len;
        let mut buffer = [0; 4];
        let shown = verb.encode_utf8(&mut buffer);
        match verb {
            '%' => printer.text("%"),
            _ if !self.good => printer.text(&format!("%!{shown}(BADINDEX)")),
            _ if self.next >= self.args.len() => printer.text(&format!("%!{shown}(MISSING)")),
            _ => {
                if matches!(verb, 'v' | 'w') {
                    printer.flags.sharp_v = std::mem::replace(&mut printer.flags.sharp, false);
                    printer.flags.plus_v = std::mem::replace(&mut printer.flags.plus, false);
                }
                let value = self.args.get(self.next);
                match verb {
                    // Wraps an error elsewhere; here it is bad, and its report has the flags of `%v`.
                    'w' => printer.bad_verb('w', value.filter(|v| !v.is_nil())),
                    _ => printer.argument(value, verb),
                }
                self.next += 1;
            }
        }
        true
    }

    fn width(&mut self, printer: &mut Printer<'_>) {
        if self.peek() == Some(b'*') {
            self.at += 1;
            let width = self.integer_argument();
            if width.is_none() {
                printer.text("%!(BADWIDTH)");
            }
            if width.is_some_and(|w| w < 0) {
                printer.flags.minus = true;
                printer.flags.zero = false;
            }
            printer.flags.width = width.and_then(|w| usize::try_from(w.unsigned_abs()).ok());
            self.after_index = false;
        } else {
            printer.flags.width = self.number();
            if self.after_index && printer.flags.width.is_some() {
                self.good = false;
            }
        }
    }

    fn precision(&mut self, printer: &mut Printer<'_>) {
        if self.peek() != Some(b'.') || self.at + 1 >= self.format.len() {
            return;
        }
        self.at += 1;
        if self.after_index {
            self.good = false;
        }
        self.argument_number();
        if self.peek() == Some(b'*') {
            self.at += 1;
            printer.flags.precision = self.integer_argument().and_then(|p| usize::try_from(p).ok());
            if printer.flags.precision.is_none() {
                printer.text("%!(BADPREC)");
            }
            self.after_index = false;
        } else {
            printer.flags.precision = Some(self.number().unwrap_or(0));
        }
    }

    /// A decimal number in the format, if there is one.
    fn number(&mut self) -> Option<usize> {
        let start = self.at;
        let mut value = 0i64;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            if value > LARGEST {
                // Go gives up on the whole directive: the rest of the format is not read.
                self.at = self.format.len();
                return None;
            }
            value = value * 10 + i64::from(digit - b'0');
            self.at += 1;
        }
        (self.at > start).then(|| usize::try_from(value).unwrap_or(0))
    }

    /// A `*`: the next operand as an integer within limits.
    fn integer_argument(&mut self) -> Option<i64> {
        let value = self.args.get(self.next)?;
        self.next += 1;
        let number = value.as_int().or_else(|| value.as_uint().and_then(|u| i64::try_from(u).ok()))?;
        (-LARGEST..=LARGEST).contains(&number).then_some(number)
    }

    /// An operand index `[n]`, if the format has one here.
    fn argument_number(&mut self) {
        self.after_index = false;
        let rest = self.format.get(self.at..).unwrap_or(&[]);
        if rest.first() != Some(&b'[') {
            return;
        }
        self.reordered = true;
        let close = if rest.len() < 3 { None } else { rest.iter().position(|b| *b == b']') };
        let Some(close) = close else {
            self.good = false;
            self.at += 1;
            return;
        };
        self.at += close + 1;
        let inside = rest.get(1..close).and_then(|d| std::str::from_utf8(d).ok()).unwrap_or("");
        let index = if inside.bytes().all(|b| b.is_ascii_digit()) { inside.parse::<usize>().ok() } else { None };
        match index {
            Some(n) if n >= 1 && n <= self.args.len() => {
                self.next = n - 1;
                self.after_index = true;
            }
            Some(_) => {
                self.good = false;
                self.after_index = true;
            }
            None => self.good = false,
        }
    }

    /// `%!(EXTRA type=value, …)`.
    fn extra(&self, out: &mut Vec<u8>) {
        let mut printer = Printer::new(out);
        printer.flags = Flags::default();
        printer.text("%!(EXTRA ");
        for (index, value) in self.args.get(self.next..).unwrap_or(&[]).iter().enumerate() {
            if index > 0 {
                printer.text(", ");
            }
            if value.is_nil() {
                printer.text("<nil>");
            } else {
                printer.text(&value.type_name());
                printer.text("=");
                printer.argument(Some(value), 'v');
            }
        }
        printer.text(")");
    }
}
