//! Splits the text of an expression into tokens.

mod literal;

use crate::error::Diagnostic;

/// A token and the byte offset that it begins at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Ident(String),
    /// Digits, without a sign; whether they are hexadecimal.
    Int(String, bool),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
    True,
    False,
    Null,
    /// Operators and punctuation, with `in`.
    Sign(&'static str),
    End,
}

/// Longer signs stand before the shorter that they begin with.
const SIGNS: [&str; 24] =
    ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":", "+", "*", "/", "%"];

/// All tokens of a text; the last is [`Kind::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Diagnostic> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks();
        let at = lexer.at;
        let kind = lexer.next_kind().map_err(|(at, message)| Diagnostic::new(text, at, message))?;
        let last = kind == Kind::End;
        tokens.push(Token { kind, at });
        if last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

/// What is wrong, and where.
type Mistake = (usize, String);

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.byte(0) {
                b'\t' | b' ' | b'\r' | b'\n' | 0x0c => self.at += 1,
                b'/' if self.byte(1) == b'/' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => return,
            }
        }
    }

    fn next_kind(&mut self) -> Result<Kind, Mistake> {
        if self.at == self.text.len() {
            return Ok(Kind::End);
        }
        if let Some(literal) = self.quoted()? {
            return Ok(literal);
        }
        match self.byte(0) {
            b'0'..=b'9' => return self.number(),
            b'.' if self.byte(1).is_ascii_digit() => return self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => return Ok(self.word()),
            _ => {}
        }
        if let Some(sign) = SIGNS.iter().find(|sign| self.rest().starts_with(**sign)) {
            self.at += sign.len();
            return Ok(Kind::Sign(sign));
        }
        let shown = self.rest().chars().next().unwrap_or_default();
        Err((self.at, format!("Syntax error: token recognition error at: '{shown}'")))
    }

    /// Takes the bytes that satisfy `wanted`.
    fn take(&mut self, wanted: fn(&u8) -> bool) -> &str {
        let start = self.at;
        while self.text.as_bytes().get(self.at).is_some_and(wanted) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    fn word(&mut self) -> Kind {
        match self.take(|b| b.is_ascii_alphanumeric() || *b == b'_') {
            "true" => Kind::True,
            "false" => Kind::False,
            "null" => Kind::Null,
            "in" => Kind::Sign("in"),
            word => Kind::Ident(word.to_owned()),
        }
    }

    fn number(&mut self) -> Result<Kind, Mistake> {
        let start = self.at;
        if self.rest().starts_with("0x") && self.byte(2).is_ascii_hexdigit() {
            self.at += 2;
            let digits = self.take(u8::is_ascii_hexdigit).to_owned();
            return self.integer(start, digits, true);
        }
        self.take(u8::is_ascii_digit);
        let mut double = false;
        if self.byte(0) == b'.' && self.byte(1).is_ascii_digit() {
            double = true;
            self.at += 1;
            self.take(u8::is_ascii_digit);
        }
        if matches!(self.byte(0), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(1), b'+' | b'-'));
            if self.byte(1 + sign).is_ascii_digit() {
                double = true;
                self.at += 1 + sign;
                self.take(u8::is_ascii_digit);
            }
        }
        let digits = self.text[start..self.at].to_owned();
        if !double {
            return self.integer(start, digits, false);
        }
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Kind::Double(number)),
            _ => Err((start, "invalid double literal".to_owned())),
        }
    }

    fn integer(&mut self, start: usize, digits: String, hexadecimal: bool) -> Result<Kind, Mistake> {
        if !matches!(self.byte(0), b'u' | b'U') {
            return Ok(Kind::Int(digits, hexadecimal));
        }
        self.at += 1;
        let number = u64::from_str_radix(&digits, if hexadecimal { 16 } else { 10 });
        number.map(Kind::Uint).map_err(|_| (start, "invalid uint literal".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text).unwrap().into_iter().map(|t| t.kind).collect()
    }

    #[test]
    fn numbers() {
        assert_eq!(kinds("1.5e3"), [Kind::Double(1500.0), Kind::End]);
        assert_eq!(kinds(".5"), [Kind::Double(0.5), Kind::End]);
        assert_eq!(kinds("0x1fu"), [Kind::Uint(31), Kind::End]);
        // The dot is no part of a number without digits behind it.
        assert_eq!(kinds("1.e3"), [Kind::Int("1".into(), false), Kind::Sign("."), Kind::Ident("e3".into()), Kind::End]);
        assert!(tokens("1e999").is_err());
    }

    #[test]
    fn quoted() {
        assert_eq!(kinds(r"'\x41\101\u00e9'"), [Kind::String("AAé".into()), Kind::End]);
        assert_eq!(kinds(r"b'\xff\377é'"), [Kind::Bytes(vec![255, 255, 0xc3, 0xa9]), Kind::End]);
        assert_eq!(kinds(r#"r"\n""#), [Kind::String("\\n".into()), Kind::End]);
        assert_eq!(kinds("'''it's\r\nhere'''"), [Kind::String("it's\nhere".into()), Kind::End]);
        for bad in ["'a", "'a\nb'", r"'\q'", r"'\uD800'", r"b'\u00e9'", "'''a", r"'\"] {
            assert!(tokens(bad).is_err(), "{bad}");
        }
    }
}
