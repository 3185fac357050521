//! From text to parts: literal text and `${…}` functions.
//!
//! The grammar is that of the original with its corners: which characters an argument may hold, what ends it and which
//! error a malformed function gives depend on the function (KC-SUB-07).

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Text(Cow<'a, str>),
    Function(Function<'a>),
}

/// `${name…}`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function<'a> {
    pub(crate) variable: &'a str,
    /// The operator as written, empty for `${name}`.
    pub(crate) operator: &'a str,
    pub(crate) arguments: Vec<Part<'a>>,
}

/// A text that is not well formed, with the place of the `${` that is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (the substitution at line {line}, column {column})")]
pub struct ParseError {
    /// What is wrong.
    pub problem: Problem,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// What is wrong with a substitution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A function with a missing or surplus part.
    #[error("bad substitution")]
    BadSubstitution,
    /// No `}` after the name.
    #[error("missing closing brace")]
    MissingClosingBrace,
    /// No name after `${`.
    #[error("unable to parse variable name")]
    VariableName,
    /// An argument that is empty or has no end.
    #[error("unable to parse substitution within function")]
    Argument,
    /// Substitutions nested deeper than the limit.
    #[error("substitutions are nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// The deepest nesting of `${…}` inside arguments.
const MAX_DEPTH: usize = 100;

/// Parses a text. A NUL ends it, as in the original.
pub(crate) fn parse(text: &str) -> Result<Vec<Part<'_>>, ParseError> {
    let end = text.find('\0').unwrap_or(text.len());
    let mut parser = Parser { text: &text[..end], at: 0, opened: 0 };
    parser.parts().map_err(|problem| {
        let before = &text[..parser.opened];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        ParseError { problem, line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// Where the innermost open `${` starts, for the error.
    opened: usize,
}

impl<'a> Parser<'a> {
    fn parts(&mut self) -> Result<Vec<Part<'a>>, Problem> {
        let mut parts = Vec::new();
        while self.at < self.text.len() {
            if self.take("${") {
                parts.push(Part::Function(self.function(0)?));
            } else {
                parts.push(Part::Text(self.literal()));
            }
        }
        Ok(parts)
    }

    /// Text up to the next `${`; `$$` stands for `$`.
    fn literal(&mut self) -> Cow<'a, str> {
        let mut out = Cow::Borrowed("");
        while let Some(found) = self.rest().find('$') {
            let at = self.at + found;
            append(&mut out, &self.text[self.at..at]);
            self.at = at;
            match self.text.as_bytes().get(at + 1) {
                Some(b'{') => return out,
                Some(b'$') => self.at += 2,
                _ => self.at += 1,
            }
            append(&mut out, "$");
        }
        append(&mut out, self.rest());
        self.at = self.text.len();
        out
    }

    /// What follows `${`.
    fn function(&mut self, depth: usize) -> Result<Function<'a>, Problem> {
        self.opened = self.at - 2;
        if depth > MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        if self.peek() == Some(b'#') {
            return self.length();
        }
        let variable = self.name();
        if variable.is_empty() {
            return Err(Problem::VariableName);
        }
        let mut function = Function { variable, operator: "", arguments: Vec::new() };
        match self.peek() {
            Some(b':') => match self.text.as_bytes().get(self.at + 1) {
                Some(b'=' | b'-' | b'?' | b'+') => self.default(&mut function, 2, depth)?,
                // the original loses its place over a character of several bytes
                Some(c) if c.is_ascii() => self.substring(&mut function, depth)?,
                _ => return Err(Problem::BadSubstitution),
            },
            Some(b'=') => self.default(&mut function, 1, depth)?,
            Some(b',' | b'^') => {
                function.operator = self.operator(2, |c| matches!(c, b',' | b'^'));
                self.close()?;
            }
            Some(b'/') => self.replace(&mut function, depth)?,
            Some(c @ (b'#' | b'%')) => {
                function.operator = self.operator(2, |next| next == c);
                function.arguments.push(self.argument(|c| c != b'}', false, depth)?);
                self.close()?;
            }
            Some(b'}') => self.at += 1,
            _ => return Err(Problem::MissingClosingBrace),
        }
        Ok(function)
    }

    /// `${#name}`
    fn length(&mut self) -> Result<Function<'a>, Problem> {
        let operator = self.operator(1, |_| true);
        let variable = self.name();
        if variable.is_empty() {
            return Err(Problem::BadSubstitution);
        }
        self.close()?;
        Ok(Function { variable, operator, arguments: Vec::new() })
    }

    /// `${name:-argument…}` and its relatives; the argument may be empty and may mix text and substitutions.
    fn default(&mut self, function: &mut Function<'a>, operator: usize, depth: usize) -> Result<(), Problem> {
        function.operator = self.operator(operator, |_| true);
        while self.peek() != Some(b'}') {
            function.arguments.push(self.argument(|c| c != b'}', false, depth)?);
        }
        self.close()
    }

    /// `${name:position}`, `${name:position:length}`
    fn substring(&mut self, function: &mut Function<'a>, depth: usize) -> Result<(), Problem> {
        function.operator = self.operator(1, |_| true);
        function.arguments.push(self.argument(|c| c != b':' && c != b'}', false, depth)?);
        if self.take("}") {
            return Ok(());
        }
        if self.operator(usize::MAX, |c| c == b':').is_empty() {
            return Err(Problem::BadSubstitution);
        }
        function.arguments.push(self.argument(|c| c != b'}', false, depth)?);
        self.close()
    }

    /// `${name/old/new}` and its relatives; `old` goes on to the next slash, over braces and lines.
    fn replace(&mut self, function: &mut Function<'a>, depth: usize) -> Result<(), Problem> {
        let long = matches!(self.text.as_bytes().get(self.at + 1), Some(b'/' | b'#' | b'%'));
        function.operator = self.operator(if long { 2 } else { 1 }, |_| true);
        function.arguments.push(self.argument(|c| c != b'/', true, depth)?);
        if self.operator(usize::MAX, |c| c == b'/').is_empty() {
            return Err(Problem::BadSubstitution);
        }
        if self.peek() != Some(b'}') {
            function.arguments.push(self.argument(|c| c != b'}', true, depth)?);
        }
        self.close()
    }

    /// One argument: a substitution, or text of at least one character that `accept` takes, up to a substitution.
    /// With `escapes`, `$$`, `\/` and `\\` stand for their second character.
    fn argument(&mut self, accept: impl Fn(u8) -> bool, escapes: bool, depth: usize) -> Result<Part<'a>, Problem> {
        if self.take("${") {
            let opened = self.opened;
            let function = self.function(depth + 1)?;
            self.opened = opened;
            return Ok(Part::Function(function));
        }
        let start = self.at;
        let mut out = Cow::Borrowed("");
        let mut from = self.at;
        let b = self.text.as_bytes();
        while let Some(c) = b.get(self.at) {
            let next = b.get(self.at + 1);
            if *c == b'$' && next == Some(&b'{') {
                break;
            }
            if escapes && matches!((c, next), (b'$', Some(b'$')) | (b'\\', Some(b'/' | b'\\'))) {
                append(&mut out, &self.text[from..self.at]);
                from = self.at + 1;
                self.at += 2;
            } else if accept(*c) {
                self.at += 1;
            } else {
                break;
            }
        }
        if self.at == start {
            return Err(Problem::Argument);
        }
        append(&mut out, &self.text[from..self.at]);
        Ok(Part::Text(out))
    }

    /// A variable name: letters, digits and `_`.
    fn name(&mut self) -> &'a str {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find(|c| !is_name_character(c)).unwrap_or(rest.len());
        self.at += length;
        &self.text[start..self.at]
    }

    /// At most `max` characters that `accept` takes.
    fn operator(&mut self, max: usize, accept: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        self.at += self.rest().bytes().take(max).take_while(|c| accept(*c)).count();
        &self.text[start..self.at]
    }

    fn close(&mut self) -> Result<(), Problem> {
        if self.take("}") { Ok(()) } else { Err(Problem::BadSubstitution) }
    }

    fn take(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        if found {
            self.at += what.len();
        }
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

/// Appends without copying as long as there is nothing before.
fn append<'a>(out: &mut Cow<'a, str>, text: &'a str) {
    if out.is_empty() {
        *out = Cow::Borrowed(text);
    } else if !text.is_empty() {
        out.to_mut().push_str(text);
    }
}

fn is_name_character(c: char) -> bool {
    /// Letters and decimal digits of all scripts; the standard library's classes are wider.
    static LETTER_OR_DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{Nd}]$").ok());
    if c.is_ascii() {
        return c == '_' || c.is_ascii_alphanumeric();
    }
    LETTER_OR_DIGIT.as_ref().is_some_and(|r| r.is_match(c.encode_utf8(&mut [0; 4])))
}
