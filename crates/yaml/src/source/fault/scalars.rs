//! Texts of all styles: plain, quoted, literal and folded.

use super::Fault;
use super::scanner::Scanner;

impl Scanner<'_> {
    pub(super) fn plain(&mut self) -> Result<(), Fault> {
        let mut next_line = false;
        while !self.document_marker() && self.byte(0) != Some(b'#') {
            while !self.ends_word(0) && !self.ends_plain() {
                next_line = false;
                self.skip();
            }
            if !self.is_blank() && !self.is_break(0) {
                break;
            }
            while self.is_blank() || self.is_break(0) {
                if self.is_break(0) {
                    self.skip_break();
                    next_line = true;
                } else if next_line && self.mark.column < self.indent && self.byte(0) == Some(b'\t') {
                    return Err(self.fault("found a tab character that violates indentation"));
                } else {
                    self.skip();
                }
            }
            if !self.in_flow() && self.mark.column < self.indent {
                break;
            }
        }
        if next_line {
            self.key_allowed = true;
        }
        Ok(())
    }

    /// Whether an indicator that ends a plain text stands here.
    fn ends_plain(&self) -> bool {
        match self.byte(0) {
            Some(b':') => self.ends_word(1),
            Some(b',' | b'?' | b'[' | b']' | b'{' | b'}') => self.in_flow(),
            _ => false,
        }
    }

    pub(super) fn quoted(&mut self, quote: u8) -> Result<(), Fault> {
        self.skip();
        loop {
            if self.document_marker() {
                return Err(self.fault("found unexpected document indicator"));
            }
            if self.byte(0).is_none() {
                return Err(self.fault("found unexpected end of stream"));
            }
            while !self.ends_word(0) {
                match self.byte(0) {
                    Some(c) if c == quote && quote == b'\'' && self.byte(1) == Some(quote) => {
                        self.skip();
                        self.skip();
                    }
                    Some(c) if c == quote => {
                        self.skip();
                        return Ok(());
                    }
                    Some(b'\\') if quote == b'"' && self.is_break(1) => {
                        self.skip();
                        self.skip_break();
                        break;
                    }
                    Some(b'\\') if quote == b'"' => self.escape()?,
                    _ => self.skip(),
                }
            }
            while self.is_blank() || self.is_break(0) {
                if self.is_break(0) { self.skip_break() } else { self.skip() }
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let digits = match self.byte(1) {
            Some(c) if b"0abt\tnvfre \"'\\N_LP".contains(&c) => 0,
            Some(b'x') => 2,
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => return Err(self.fault("found unknown escape character")),
        };
        self.skip();
        self.skip();
        let mut code: u32 = 0;
        for i in 0..digits {
            match self.byte(i).and_then(|c| char::from(c).to_digit(16)) {
                Some(digit) => code = code << 4 | digit,
                None => return Err(self.fault("did not find expected hexdecimal number")),
            }
        }
        if char::from_u32(code).is_none() {
            return Err(self.fault("found invalid Unicode character escape code"));
        }
        for _ in 0..digits {
            self.skip();
        }
        Ok(())
    }

    pub(super) fn block_scalar(&mut self) -> Result<(), Fault> {
        self.skip();
        let mut increment = 0;
        let sign = |c| matches!(c, b'+' | b'-');
        let signed = self.byte(0).is_some_and(sign);
        if signed {
            self.skip();
        }
        if let Some(digit @ b'0'..=b'9') = self.byte(0) {
            if digit == b'0' {
                return Err(self.fault("found an indentation indicator equal to 0"));
            }
            increment = usize::from(digit - b'0');
            self.skip();
            if !signed && self.byte(0).is_some_and(sign) {
                self.skip();
            }
        }
        while self.is_blank() {
            self.skip();
        }
        self.skip_comment();
        if !self.ends_line(0) {
            return Err(self.fault("did not find expected comment or line break"));
        }
        if self.is_break(0) {
            self.skip_break();
        }
        let mut indent = if increment > 0 { self.indent.saturating_sub(1) + increment } else { 0 };
        self.blank_lines(&mut indent)?;
        while self.mark.column == indent && self.byte(0).is_some() {
            while !self.ends_line(0) {
                self.skip();
            }
            if self.is_break(0) {
                self.skip_break();
            }
            self.blank_lines(&mut indent)?;
        }
        Ok(())
    }

    /// Passes the indentation, and lines of nothing else. An `indent` of 0 is not known yet and found on the way.
    fn blank_lines(&mut self, indent: &mut usize) -> Result<(), Fault> {
        let mut widest = 0;
        loop {
            let inside = |column| *indent == 0 || column < *indent;
            while inside(self.mark.column) && self.byte(0) == Some(b' ') {
                self.skip();
            }
            widest = widest.max(self.mark.column);
            if inside(self.mark.column) && self.byte(0) == Some(b'\t') {
                return Err(self.fault("found a tab character where an indentation space is expected"));
            }
            if !self.is_break(0) {
                break;
            }
            self.skip_break();
        }
        if *indent == 0 {
            *indent = widest.max(self.indent).max(1);
        }
        Ok(())
    }
}
