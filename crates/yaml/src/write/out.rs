//! The text under construction and the five ways to write a scalar into it.

use super::analysis::{break_width, is_blank, is_printable, width};

/// The output with the state that libyaml's emitter keeps: where the line is and whether a break or a blank is due.
#[derive(Debug)]
pub(crate) struct Out {
    pub(crate) buf: String,
    /// Characters in the current line.
    pub(crate) column: usize,
    /// Current indentation, -1 at the root.
    pub(crate) indent: isize,
    /// Spaces a level.
    pub(crate) best_indent: usize,
    /// Column past which text folds.
    pub(crate) width: usize,
    /// The last thing written was a blank or an indicator that stands for one.
    pub(crate) whitespace: bool,
    /// Only indentation (and indicators that count as such) stands in this line.
    pub(crate) indention: bool,
    /// The indentation after which an empty line is due because a foot comment ended there (newer library only).
    pub(crate) foot_indent: isize,
    /// The newer library's rules.
    pub(crate) v3: bool,
}

impl Out {
    pub(crate) fn new(buf: String, v3: bool, best_indent: usize, width: usize) -> Self {
        Self { buf, column: 0, indent: -1, best_indent, width, whitespace: true, indention: true, foot_indent: -1, v3 }
    }

    pub(crate) fn indent_columns(&self) -> usize {
        usize::try_from(self.indent).unwrap_or(0)
    }

    pub(crate) fn put(&mut self, c: char) {
        self.buf.push(c);
        self.column += 1;
    }

    pub(crate) fn put_break(&mut self) {
        self.buf.push('\n');
        self.column = 0;
        self.indention = true;
    }

    pub(crate) fn write_indent(&mut self) {
        let indent = self.indent_columns();
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        if self.v3 && usize::try_from(self.foot_indent).is_ok_and(|foot| foot == indent) {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        if self.v3 {
            self.foot_indent = -1;
        } else {
            self.indention = true;
        }
    }

    pub(crate) fn indicator(&mut self, text: &str, need_whitespace: bool, is_whitespace: bool, is_indention: bool) {
        if need_whitespace && !self.whitespace {
            self.put(' ');
        }
        self.buf.push_str(text);
        self.column += text.len();
        self.whitespace = is_whitespace;
        self.indention = self.indention && is_indention;
    }

    /// Writes text that holds no line break and needs no folding.
    fn push_run(&mut self, text: &str) {
        self.buf.push_str(text);
        self.column += if text.is_ascii() { text.len() } else { text.chars().count() };
    }

    fn push_char(&mut self, text: &str, i: &mut usize) {
        let w = width(text.as_bytes()[*i]);
        self.buf.push_str(&text[*i..*i + w]);
        self.column += 1;
        *i += w;
    }

    /// Writes the line break at `i`; breaks other than LF stay what they are.
    fn push_break(&mut self, text: &str, i: &mut usize) {
        let w = break_width(text.as_bytes(), *i);
        if text.as_bytes()[*i] == b'\n' {
            self.put_break();
        } else {
            self.buf.push_str(&text[*i..*i + w]);
            self.column = 0;
        }
        self.indention = true;
        *i += w;
    }

    pub(crate) fn plain(&mut self, text: &str, allow_breaks: bool) {
        if text.is_empty() && self.v3 {
            return;
        }
        if !self.whitespace {
            self.put(' ');
        }
        self.foldable(text, allow_breaks, false);
        self.whitespace = false;
        self.indention = false;
    }

    pub(crate) fn single_quoted(&mut self, text: &str, allow_breaks: bool) {
        self.indicator("'", true, false, false);
        self.foldable(text, allow_breaks, true);
        self.indicator("'", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    /// The body of a plain or single-quoted scalar.
    fn foldable(&mut self, text: &str, allow_breaks: bool, quoted: bool) {
        let b = text.as_bytes();
        // a fold needs a blank past the width; without one, and without a quote or a break, the text goes out as it is
        let simple = !quoted && (!allow_breaks || self.column + b.len() <= self.width);
        if simple && !b.iter().any(|c| matches!(c, b'\n' | b'\r' | 0xc2 | 0xe2)) {
            return self.push_run(text);
        }
        let (mut spaces, mut breaks) = (false, false);
        let mut i = 0;
        while i < b.len() {
            if b[i] == b' ' {
                let inner = !quoted || (i > 0 && i < b.len() - 1);
                if allow_breaks && !spaces && self.column > self.width && inner && b.get(i + 1) != Some(&b' ') {
                    self.write_indent();
                    i += 1;
                } else {
                    self.push_char(text, &mut i);
                }
                spaces = true;
            } else if break_width(b, i) > 0 {
                if !breaks && b[i] == b'\n' {
                    self.put_break();
                }
                self.push_break(text, &mut i);
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                if quoted && b[i] == b'\'' {
                    self.put('\'');
                }
                self.push_char(text, &mut i);
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
    }

    pub(crate) fn double_quoted(&mut self, text: &str, allow_breaks: bool) {
        self.indicator("\"", true, false, false);
        let b = text.as_bytes();
        let mut spaces = false;
        // the original looks for a byte order mark at the start of the text whichever character it is at
        let escape_all = text.starts_with('\u{feff}');
        let mut i = 0;
        while i < b.len() {
            if escape_all || !is_printable(b, i) || break_width(b, i) > 0 || matches!(b[i], b'"' | b'\\') {
                let c = text[i..].chars().next().unwrap_or('\u{fffd}');
                i += c.len_utf8();
                self.escape(c);
                spaces = false;
            } else if b[i] == b' ' {
                if allow_breaks && !spaces && self.column > self.width && i > 0 && i < b.len() - 1 {
                    self.write_indent();
                    if b[i + 1] == b' ' {
                        self.put('\\');
                    }
                    i += 1;
                } else {
                    self.push_char(text, &mut i);
                }
                spaces = true;
            } else {
                self.push_char(text, &mut i);
                spaces = false;
            }
        }
        self.indicator("\"", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '\0' => "\\0",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{b}' => "\\v",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            '\u{1b}' => "\\e",
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{85}' => "\\N",
            '\u{a0}' => "\\_",
            '\u{2028}' => "\\L",
            '\u{2029}' => "\\P",
            c => {
                let v = u32::from(c);
                let text = match v {
                    0..=0xff => format!("\\x{v:02X}"),
                    0x100..=0xffff => format!("\\u{v:04X}"),
                    _ => format!("\\U{v:08X}"),
                };
                return self.push_run(&text);
            }
        };
        self.push_run(short);
    }

    /// The header of a block scalar after `|` or `>`: indentation where the text starts with a blank or a break, then
    /// chomping.
    fn block_hints(&mut self, text: &str) {
        let b = text.as_bytes();
        if b.first() == Some(&b' ') || (!b.is_empty() && break_width(b, 0) > 0) {
            let hint = self.best_indent.to_string();
            self.indicator(&hint, false, false, false);
        }
        let last_two = text.char_indices().rev().map(|(i, _)| break_width(b, i) > 0).take(2).collect::<Vec<_>>();
        match last_two[..] {
            [] | [false, ..] => self.indicator("-", false, false, false),
            [true] | [true, true] => self.indicator("+", false, false, false),
            _ => {}
        }
    }

    /// A literal block. `after_header` writes what belongs behind the header (a comment) and ends the line.
    pub(crate) fn literal(&mut self, text: &str, after_header: impl FnOnce(&mut Self)) {
        self.indicator("|", true, false, false);
        self.block_hints(text);
        after_header(self);
        self.whitespace = true;
        self.indention = true;
        let b = text.as_bytes();
        let mut breaks = true;
        let mut i = 0;
        while i < b.len() {
            if break_width(b, i) > 0 {
                self.push_break(text, &mut i);
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                // up to the next possible break in one piece
                let run = b[i + 1..].iter().position(|c| matches!(c, b'\n' | b'\r' | 0xc2 | 0xe2)).map_or(b.len(), |n| i + 1 + n);
                let run = if text.is_char_boundary(run) && width(b[i]) <= run - i { run } else { i + width(b[i]) };
                self.push_run(&text[i..run]);
                i = run;
                self.indention = false;
                breaks = false;
            }
        }
    }

    /// A folded block; see [`Self::literal`].
    pub(crate) fn folded(&mut self, text: &str, after_header: impl FnOnce(&mut Self)) {
        self.indicator(">", true, false, false);
        self.block_hints(text);
        after_header(self);
        self.whitespace = true;
        self.indention = true;
        let b = text.as_bytes();
        let (mut breaks, mut leading_spaces) = (true, true);
        let mut i = 0;
        while i < b.len() {
            if break_width(b, i) > 0 {
                if !breaks && !leading_spaces && b[i] == b'\n' {
                    // the original looks at the breaks at the very start of the text here, not at those from `i` on
                    let mut k = 0;
                    while k < b.len() && break_width(b, k) > 0 {
                        k += width(b[k]);
                    }
                    if k < b.len() && !is_blank(b, k) {
                        self.put_break();
                    }
                }
                self.push_break(text, &mut i);
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                    leading_spaces = is_blank(b, i);
                }
                if !breaks && b[i] == b' ' && b.get(i + 1) != Some(&b' ') && self.column > self.width {
                    self.write_indent();
                    i += 1;
                } else {
                    self.push_char(text, &mut i);
                }
                self.indention = false;
                breaks = false;
            }
        }
    }
}
