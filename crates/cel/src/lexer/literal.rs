//! Text and bytes in quotes.

use super::{Kind, Lexer, Mistake};

/// How a literal is written.
struct Form {
    bytes: bool,
    raw: bool,
    quote: &'static str,
}

impl Lexer<'_> {
    /// A literal in quotes, if one begins here.
    pub(super) fn quoted(&mut self) -> Result<Option<Kind>, Mistake> {
        let start = self.at;
        let Some((form, prefix)) = self.form() else { return Ok(None) };
        self.at += prefix + form.quote.len();
        let mut out = Vec::new();
        loop {
            if self.rest().starts_with(form.quote) {
                self.at += form.quote.len();
                break;
            }
            let Some(c) = self.rest().chars().next() else { return Err(self.unclosed(start)) };
            match c {
                '\n' | '\r' if form.quote.len() == 1 => return Err(self.unclosed(start)),
                // Ends of lines are one character, however the text was written.
                '\r' => {
                    self.at += 1 + usize::from(self.byte(1) == b'\n');
                    out.push(b'\n');
                }
                '\\' if !form.raw => self.escape(form.bytes, &mut out)?,
                c => {
                    self.at += c.len_utf8();
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
        }
        if form.bytes {
            return Ok(Some(Kind::Bytes(out)));
        }
        String::from_utf8(out).map(|text| Some(Kind::String(text))).map_err(|_| (start, "invalid unicode code point".to_owned()))
    }

    fn form(&self) -> Option<(Form, usize)> {
        let bytes = matches!(self.byte(0), b'b' | b'B');
        let raw = matches!(self.byte(usize::from(bytes)), b'r' | b'R');
        let prefix = usize::from(bytes) + usize::from(raw);
        let rest = self.text.get(self.at + prefix..)?;
        // Three quotes that are never closed would be an empty text and something that cannot follow it.
        let quote = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quote| rest.starts_with(*quote))?;
        Some((Form { bytes, raw, quote }, prefix))
    }

    fn unclosed(&self, start: usize) -> Mistake {
        let shown: String = self.text[start..].chars().take(20).collect();
        (start, format!("Syntax error: token recognition error at: '{shown}': the literal is not closed"))
    }

    /// An escape sequence, from its backslash on.
    fn escape(&mut self, bytes: bool, out: &mut Vec<u8>) -> Result<(), Mistake> {
        let start = self.at;
        let wrong = || (start, "unable to unescape string: no such escape sequence".to_owned());
        let letter = self.byte(1);
        let simple = match letter {
            b'a' => Some(0x07),
            b'b' => Some(0x08),
            b'f' => Some(0x0c),
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'v' => Some(0x0b),
            b'\\' | b'\'' | b'"' | b'`' | b'?' => Some(letter),
            _ => None,
        };
        if let Some(byte) = simple {
            self.at += 2;
            out.push(byte);
            return Ok(());
        }
        let (skip, digits, radix) = match letter {
            b'x' | b'X' => (2, 2, 16),
            b'u' if !bytes => (2, 4, 16),
            b'U' if !bytes => (2, 8, 16),
            b'0'..=b'3' => (1, 3, 8),
            _ => return Err(wrong()),
        };
        let code = self.text.get(start + skip..start + skip + digits).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = code.and_then(|d| u32::from_str_radix(d, radix).ok()).ok_or_else(wrong)?;
        self.at += skip + digits;
        if bytes {
            out.push(u8::try_from(code).map_err(|_| wrong())?);
            return Ok(());
        }
        let c = char::from_u32(code).ok_or_else(|| (start, "invalid unicode code point".to_owned()))?;
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }
}
