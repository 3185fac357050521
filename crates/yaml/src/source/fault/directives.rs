//! Directives, anchors, aliases and tags.

use super::Fault;
use super::scanner::{Scanner, Token};

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-')
}

impl<'a> Scanner<'a> {
    /// A line that starts with a percent sign.
    pub(super) fn directive(&mut self) -> Result<Token<'a>, Fault> {
        self.skip();
        let name = self.skip_while(is_word);
        if name.is_empty() {
            return Err(self.fault("could not find expected directive name"));
        }
        if !self.ends_word(0) {
            return Err(self.fault("found unexpected non-alphabetical character"));
        }
        let token = match name {
            "YAML" => {
                self.skip_blanks();
                let major = self.version_number()?;
                if self.byte(0) != Some(b'.') {
                    return Err(self.fault("did not find expected digit or '.' character"));
                }
                self.skip();
                Token::Version(major, self.version_number()?)
            }
            "TAG" => {
                self.skip_blanks();
                let handle = self.tag_handle(true)?;
                if !self.is_blank() {
                    return Err(self.fault("did not find expected whitespace"));
                }
                self.skip_blanks();
                self.tag_uri(false)?;
                if !self.ends_word(0) {
                    return Err(self.fault("did not find expected whitespace or line break"));
                }
                Token::TagDirective(handle)
            }
            _ => return Err(self.fault("found unknown directive name")),
        };
        self.skip_blanks();
        self.skip_comment();
        if !self.ends_line(0) {
            return Err(self.fault("did not find expected comment or line break"));
        }
        if self.is_break(0) {
            self.skip_break();
        }
        Ok(token)
    }

    fn version_number(&mut self) -> Result<u32, Fault> {
        let mut number = 0;
        let mut length = 0;
        while let Some(digit @ b'0'..=b'9') = self.byte(0) {
            length += 1;
            if length > 2 {
                return Err(self.fault("found extremely long version number"));
            }
            number = number * 10 + u32::from(digit - b'0');
            self.skip();
        }
        if length == 0 { Err(self.fault("did not find expected version number")) } else { Ok(number) }
    }

    /// `*name` or `&name`.
    pub(super) fn anchor(&mut self, alias: bool) -> Result<Token<'a>, Fault> {
        self.skip();
        let name = self.skip_while(is_word);
        if name.is_empty() || !(self.ends_word(0) || self.byte(0).is_some_and(|c| b"?:,]}%@`".contains(&c))) {
            return Err(self.fault("did not find expected alphabetic or numeric character"));
        }
        Ok(if alias { Token::Alias(name) } else { Token::Anchor(name) })
    }

    /// `!<uri>`, `!suffix`, `!!suffix` or `!handle!suffix`.
    pub(super) fn tag(&mut self) -> Result<Token<'a>, Fault> {
        let handle = if self.byte(1) == Some(b'<') {
            self.skip();
            self.skip();
            self.tag_uri(false)?;
            if self.byte(0) != Some(b'>') {
                return Err(self.fault("did not find the expected '>'"));
            }
            self.skip();
            ""
        } else {
            let handle = self.tag_handle(false)?;
            let whole = handle.len() > 1 && handle.ends_with('!');
            self.tag_uri(!whole)?;
            if whole { handle } else { "!" }
        };
        if self.ends_word(0) { Ok(Token::Tag(handle)) } else { Err(self.fault("did not find expected whitespace or line break")) }
    }

    fn tag_handle(&mut self, directive: bool) -> Result<&'a str, Fault> {
        const NO_MARK: &str = "did not find expected '!'";
        if self.byte(0) != Some(b'!') {
            return Err(self.fault(NO_MARK));
        }
        let from = self.rest();
        self.skip();
        let name = self.skip_while(is_word);
        let mut length = 1 + name.len();
        if self.byte(0) == Some(b'!') {
            self.skip();
            length += 1;
        } else if directive && !name.is_empty() {
            return Err(self.fault(NO_MARK));
        }
        Ok(&from[..length])
    }

    /// The address of a tag; nothing of it needs to be left if `started`.
    fn tag_uri(&mut self, started: bool) -> Result<(), Fault> {
        let mut any = started;
        loop {
            match self.byte(0) {
                Some(b'%') => self.uri_escape()?,
                Some(c) if is_word(c) || b";/?:@&=+$,.!~*'()[]".contains(&c) => self.skip(),
                _ if any => return Ok(()),
                _ => return Err(self.fault("did not find expected tag URI")),
            }
            any = true;
        }
    }

    /// A character of one to four octets, each written `%XX`.
    fn uri_escape(&mut self) -> Result<(), Fault> {
        let mut left: Option<usize> = None;
        while left != Some(0) {
            let digit = |c: Option<u8>| c.and_then(|c| char::from(c).to_digit(16));
            let (b'%', Some(high), Some(low)) = (self.byte(0).unwrap_or_default(), digit(self.byte(1)), digit(self.byte(2))) else {
                return Err(self.fault("did not find URI escaped octet"));
            };
            let octet = high << 4 | low;
            left = match (left, octet) {
                (None, 0x00..=0x7f) => Some(0),
                (None, 0xc0..=0xdf) => Some(1),
                (None, 0xe0..=0xef) => Some(2),
                (None, 0xf0..=0xf7) => Some(3),
                (None, _) => return Err(self.fault("found an incorrect leading UTF-8 octet")),
                (Some(left), 0x80..=0xbf) => Some(left - 1),
                (Some(_), _) => return Err(self.fault("found an incorrect trailing UTF-8 octet")),
            };
            for _ in 0..3 {
                self.skip();
            }
        }
        Ok(())
    }

    fn skip_blanks(&mut self) {
        while self.is_blank() {
            self.skip();
        }
    }
}
