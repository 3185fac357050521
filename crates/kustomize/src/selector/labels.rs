//! Label selectors in the syntax of Kubernetes: `a=b,c!=d,e in (f,g),h,!i` (KB-SEL-01).

use crate::error::{Error, ErrorKind, Result};

/// A parsed label or annotation selector: every requirement must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

impl LabelSelector {
    /// Parses a selector; the empty text selects everything.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        Parser { tokens: scan(text), next: 0 }
            .selector()
            .map_err(|why| Error::new(ErrorKind::Selector, why).in_field(format!("selector {text:?}")))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether the labels that `get` looks up meet every requirement.
    pub(crate) fn matches<'a>(&self, get: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|r| {
            let value = get(&r.key);
            match r.operator {
                Operator::In => value.is_some_and(|v| r.values.iter().any(|x| x == v)),
                Operator::NotIn => value.is_none_or(|v| !r.values.iter().any(|x| x == v)),
                Operator::Exists => value.is_some(),
                Operator::DoesNotExist => value.is_none(),
                Operator::GreaterThan | Operator::LessThan => {
                    let bound = r.values.first().and_then(|v| v.parse::<i64>().ok());
                    match (value.and_then(|v| v.parse::<i64>().ok()), bound) {
                        (Some(value), Some(bound)) if r.operator == Operator::GreaterThan => value > bound,
                        (Some(value), Some(bound)) => value < bound,
                        _ => false,
                    }
                }
            }
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Symbol(&'static str),
    Wrong(String),
    End,
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Wrong(text) => text,
            Self::Symbol(text) => text,
            Self::End => "",
        }
    }
}

fn scan(text: &str) -> Vec<Token> {
    const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];
    let is_special = |c: char| matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<');
    let is_space = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let length = if rest.starts_with(is_special) {
            match SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
                Some(symbol) => {
                    tokens.push(Token::Symbol(symbol));
                    symbol.len()
                }
                None => {
                    tokens.push(Token::Wrong(rest.to_owned()));
                    rest.len()
                }
            }
        } else {
            let end = rest.find(|c| is_special(c) || is_space(c)).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            end
        };
        rest = rest[length..].trim_start_matches(is_space);
    }
    tokens.push(Token::End);
    tokens
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).unwrap_or(&Token::End)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn selector(&mut self) -> Result<LabelSelector, String> {
        let mut requirements = Vec::new();
        loop {
            match self.peek() {
                Token::Word(_) | Token::Symbol("!") => {
                    requirements.push(self.requirement().map_err(|why| format!("unable to parse requirement: {why}"))?);
                    match self.take() {
                        Token::End => return Ok(LabelSelector { requirements }),
                        Token::Symbol(",") => match self.peek() {
                            Token::Word(_) | Token::Symbol("!") => {}
                            other => return Err(format!("found '{}', expected: identifier after ','", other.text())),
                        },
                        other => return Err(format!("found '{}', expected: ',' or 'end of string'", other.text())),
                    }
                }
                Token::End => return Ok(LabelSelector { requirements }),
                other => return Err(format!("found '{}', expected: !, identifier, or 'end of string'", other.text())),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut first = self.take();
        let negated = first == Token::Symbol("!");
        if negated {
            first = self.take();
        }
        let Token::Word(key) = first else { return Err(format!("found '{}', expected: identifier", first.text())) };
        check_key(&key)?;
        if matches!(self.peek(), Token::End | Token::Symbol(",")) {
            let operator = if negated { Operator::DoesNotExist } else { Operator::Exists };
            return Ok(Requirement { key, operator, values: Vec::new() });
        }
        if negated {
            // `!a=b` counts as `!a` and then finds the rest in its way
            return Ok(Requirement { key, operator: Operator::DoesNotExist, values: Vec::new() });
        }
        let (operator, several) = match self.take() {
            Token::Word(word) if word == "in" => (Operator::In, true),
            Token::Word(word) if word == "notin" => (Operator::NotIn, true),
            Token::Symbol("=" | "==") => (Operator::In, false),
            Token::Symbol("!=") => (Operator::NotIn, false),
            Token::Symbol(">") => (Operator::GreaterThan, false),
            Token::Symbol("<") => (Operator::LessThan, false),
            other => return Err(format!("found '{}', expected: '=', '!=', '==', 'in', notin'", other.text())),
        };
        let values = if several { self.list()? } else { vec![self.value()?] };
        if matches!(operator, Operator::GreaterThan | Operator::LessThan) && values.iter().any(|v| v.parse::<i64>().is_err()) {
            return Err("for 'Gt', 'Lt' operators, the value must be an integer".to_owned());
        }
        for value in &values {
            check_value(&key, value)?;
        }
        Ok(Requirement { key, operator, values })
    }

    fn value(&mut self) -> Result<String, String> {
        match self.peek() {
            Token::End | Token::Symbol(",") => Ok(String::new()),
            Token::Word(_) => Ok(self.take().text().to_owned()),
            other => Err(format!("found '{}', expected: identifier", other.text())),
        }
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        let open = self.take();
        if open != Token::Symbol("(") {
            return Err(format!("found '{}' expected: '('", open.text()));
        }
        let mut values = Vec::new();
        loop {
            match self.take() {
                Token::Word(word) => {
                    values.push(word);
                    match self.take() {
                        Token::Symbol(")") => return Ok(values),
                        Token::Symbol(",") => {
                            if *self.peek() == Token::Symbol(")") {
                                self.take();
                                values.push(String::new());
                                return Ok(values);
                            }
                        }
                        other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
                    }
                }
                Token::Symbol(",") => values.push(String::new()),
                Token::Symbol(")") => {
                    values.push(String::new());
                    return Ok(values);
                }
                other => return Err(format!("found '{}', expected: ',', ')' or identifier", other.text())),
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63 && edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

fn check_key(key: &str) -> Result<(), String> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_domain = |p: &str| {
        p.len() <= 253
            && p.split('.').all(|label| {
                let b = label.as_bytes();
                let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
                edge(b.first()) && edge(b.last()) && b.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
            })
    };
    if is_name(name) && prefix.is_none_or(is_domain) { Ok(()) } else { Err(format!("invalid label key {key:?}")) }
}

fn check_value(key: &str, value: &str) -> Result<(), String> {
    if value.is_empty() || is_name(value) { Ok(()) } else { Err(format!("invalid label value: {value:?}: at key: {key:?}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(selector: &str, labels: &[(&str, &str)]) -> bool {
        LabelSelector::parse(selector).unwrap().matches(|key| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| *v))
    }

    /// KB-SEL-01
    #[test]
    fn the_operators() {
        let labels = [("a", "b"), ("n", "7"), ("x.io/y", "")];
        for yes in [
            "",
            "a=b",
            "a==b",
            "a!=c",
            "a in (b,c)",
            "a notin (c)",
            "a",
            "!z",
            "z!=b",
            "z notin (b)",
            "n>6",
            "n<8",
            "x.io/y=",
            "a=b,n=7",
            "x.io/y in ()",
        ] {
            assert!(selects(yes, &labels), "{yes}");
        }
        for no in ["a=c", "a!=b", "a in (c)", "z", "!a", "n>7", "a=b,z", "z in (b)"] {
            assert!(!selects(no, &labels), "{no}");
        }
    }

    /// KB-SEL-01
    #[test]
    fn wrong_selectors_are_errors() {
        for (wrong, part) in [
            ("a==b==c", "expected: ',' or 'end of string'"),
            ("a=,=", "expected: identifier after ','"),
            ("a===b", "unable to parse requirement: found '=', expected: identifier"),
            ("a in b", "expected: '('"),
            ("=a", "expected: !, identifier"),
            ("a?b=c", "invalid label key"),
            ("n>x", "must be an integer"),
        ] {
            let e = LabelSelector::parse(wrong).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Selector);
            assert!(e.to_string().contains(part), "{wrong}: {e}");
        }
    }
}
