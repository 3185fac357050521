//! Groups that start with `(?`: names, flags, no capture.

use super::{Flags, Parser, consumed};
use crate::error::{Error, ErrorKind};

impl<'p> Parser<'p> {
    /// Parses from `(?` up to where the contents of the group start, or behind `(?flags)`.
    pub(super) fn perl_group(&mut self, text: &'p str) -> Result<&'p str, Error> {
        let name = if text.len() > 4 && text[2..].starts_with("P<") {
            Some(4)
        } else if text.len() > 3 && text[2..].starts_with('<') {
            Some(3)
        } else {
            None
        };
        match name {
            Some(start) => self.named_group(text, start),
            None => self.flags_group(text),
        }
    }

    fn named_group(&mut self, text: &'p str, start: usize) -> Result<&'p str, Error> {
        let Some(end) = text.find('>') else {
            return Err(Error::new(ErrorKind::InvalidNamedCapture, text));
        };
        let name = &text[start..end];
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(Error::new(ErrorKind::InvalidNamedCapture, &text[..=end]));
        }
        self.names.push(Some(name.into()));
        self.open(Some(self.names.len() - 1));
        Ok(&text[end + 1..])
    }

    fn flags_group(&mut self, text: &'p str) -> Result<&'p str, Error> {
        let mut rest = &text[2..];
        let mut flags = self.flags;
        let (mut on, mut saw_flag) = (true, false);
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '-' if on => (on, saw_flag) = (false, false),
                ':' | ')' if on || saw_flag => {
                    if c == ':' {
                        self.open(None);
                    }
                    self.flags = flags;
                    return Ok(rest);
                }
                c => match flag(&mut flags, c) {
                    Some(flag) => (*flag, saw_flag) = (on, true),
                    None => break,
                },
            }
        }
        Err(Error::new(ErrorKind::InvalidPerlOp, consumed(text, rest)))
    }
}

fn flag(flags: &mut Flags, c: char) -> Option<&mut bool> {
    match c {
        'i' => Some(&mut flags.fold_case),
        'm' => Some(&mut flags.multi_line),
        's' => Some(&mut flags.dot_newline),
        'U' => Some(&mut flags.swap_greed),
        _ => None,
    }
}
