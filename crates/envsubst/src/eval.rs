//! Putting values in.

use crate::glob::{NoMatch, Steps, decode_rune, matches};
use crate::parse::{Function, Part, parse};
use crate::{Error, Variables};

/// What an unset variable without a default is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// An error that lists all of them.
    Strict,
    /// Empty.
    Lenient,
}

/// The largest result; far above what an API server stores, so that nested replacing cannot fill the memory.
const MAX_BYTES: usize = 256 << 20;

/// Steps that all patterns of a text may take together.
const MAX_STEPS: u64 = 100_000_000;

/// Replaces every `${…}` of `text`. The result may be no UTF-8: substrings cut bytes, and values of Secrets can be
/// anything.
pub fn substitute(text: &str, variables: &Variables, mode: Mode) -> Result<Vec<u8>, Error> {
    let parts = parse(text)?;
    let mut run = Run { variables, mode, missing: Vec::new(), steps: Steps(MAX_STEPS) };
    let mut out = Vec::with_capacity(text.len());
    for part in &parts {
        run.part(part, &mut out)?;
    }
    if run.missing.is_empty() { Ok(out) } else { Err(Error::NotSet(run.missing)) }
}

struct Run<'v> {
    variables: &'v Variables,
    mode: Mode,
    missing: Vec<String>,
    steps: Steps,
}

impl Run<'_> {
    fn part(&mut self, part: &Part<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        match part {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Function(function) => self.function(function, out)?,
        }
        if out.len() > MAX_BYTES { Err(Error::TooLarge(MAX_BYTES)) } else { Ok(()) }
    }

    fn function(&mut self, function: &Function<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        let mut arguments = Vec::with_capacity(function.arguments.len());
        for argument in &function.arguments {
            let mut text = Vec::new();
            self.part(argument, &mut text)?;
            arguments.push(text);
        }
        let value = self.variables.get(function.variable);
        let has_default = matches!(function.operator, "=" | ":=" | ":-" | ":?" | ":+");
        if value.is_none() && !has_default && self.mode == Mode::Strict {
            // go on, to name all that is missing at once
            if !self.missing.iter().any(|name| name == function.variable) {
                self.missing.push(function.variable.to_owned());
            }
            return Ok(());
        }
        let value = value.unwrap_or_default();
        let argument = |i: usize| arguments.get(i).map(Vec::as_slice);
        match (function.operator, argument(0)) {
            ("#", None) => out.extend_from_slice(value.len().to_string().as_bytes()),
            (",", _) => change_first(value, lower, out),
            ("^", _) => change_first(value, upper, out),
            (",,", _) => change_all(value, lower, out),
            ("^^", _) => change_all(value, upper, out),
            (":", Some(position)) => out.extend_from_slice(substring(function.variable, value, position, argument(1))?),
            ("#", Some(pattern)) => out.extend_from_slice(&value[self.prefix(function, value, pattern, false)?..]),
            ("##", Some(pattern)) => out.extend_from_slice(&value[self.prefix(function, value, pattern, true)?..]),
            (operator @ ("%" | "%%"), Some(pattern)) => {
                let value = reverse(value);
                let cut = self.prefix(function, &value, &reverse(pattern), operator == "%%")?;
                out.extend_from_slice(&reverse(&value[cut..]));
            }
            ("/", Some(old)) => replace(value, old, argument(1).unwrap_or_default(), 1, out)?,
            ("//", Some(old)) => replace(value, old, argument(1).unwrap_or_default(), usize::MAX, out)?,
            ("/#", Some(old)) => match argument(1) {
                Some(new) if value.starts_with(old) => replace(value, old, new, 1, out)?,
                _ => out.extend_from_slice(value),
            },
            ("/%", Some(old)) => match (argument(1), value.strip_suffix(old)) {
                (Some(new), Some(rest)) => {
                    out.extend_from_slice(rest);
                    out.extend_from_slice(new);
                }
                _ => out.extend_from_slice(value),
            },
            // `${v}`, all the default operators, and mixtures like `,^`
            _ if value.is_empty() => arguments.iter().for_each(|a| out.extend_from_slice(a)),
            _ => out.extend_from_slice(value),
        }
        Ok(())
    }

    /// How many bytes at the start match a pattern: of all matching prefixes the shortest or the longest, but not none.
    fn prefix(&mut self, function: &Function<'_>, value: &[u8], pattern: &[u8], longest: bool) -> Result<usize, Error> {
        let mut found = 0;
        for length in (1..=value.len()).rev() {
            match matches(pattern, &value[..length], &mut self.steps) {
                Ok(true) => {
                    found = length;
                    if longest {
                        break;
                    }
                }
                Ok(false) => {}
                Err(NoMatch::BadPattern) => return Ok(0),
                Err(NoMatch::TooExpensive) => return Err(Error::PatternTooExpensive(function.variable.to_owned())),
            }
        }
        Ok(found)
    }
}

/// `${v:position:length}` in bytes. What is no number leaves the value as it is.
fn substring<'v>(variable: &str, value: &'v [u8], position: &[u8], length: Option<&[u8]>) -> Result<&'v [u8], Error> {
    let number = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|t| t.parse::<i64>().ok());
    let Some(position) = number(position) else { return Ok(value) };
    let total = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let start = if position < 0 { (total + position).max(0) } else { position };
    // in range: between 0 and the length
    let from = usize::try_from(start.min(total)).unwrap_or(value.len());
    let Some(length) = length else { return Ok(&value[from..]) };
    let Some(length) = number(length) else { return Ok(value) };
    match start.checked_add(length) {
        Some(end) if end >= total => Ok(&value[from..]),
        Some(end) if end >= start => Ok(&value[from..usize::try_from(end).unwrap_or(value.len())]),
        None if length > 0 => Ok(&value[from..]),
        _ => Err(Error::NegativeLength { variable: variable.to_owned(), length }),
    }
}

/// Replaces up to `times` occurrences. Nothing stands before every character and at the end.
fn replace(value: &[u8], old: &[u8], new: &[u8], times: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut at = 0;
    let mut done = 0;
    while done < times {
        if old.is_empty() {
            if done > 0 {
                if at >= value.len() {
                    break;
                }
                let next = at + decode_rune(&value[at..]).1;
                out.extend_from_slice(&value[at..next]);
                at = next;
            }
        } else {
            let Some(found) = find(&value[at..], old) else { break };
            out.extend_from_slice(&value[at..at + found]);
            at += found + old.len();
        }
        out.extend_from_slice(new);
        done += 1;
        if out.len() > MAX_BYTES {
            return Err(Error::TooLarge(MAX_BYTES));
        }
    }
    out.extend_from_slice(&value[at..]);
    Ok(())
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|w| w == what)
}

/// The characters in reverse order; bytes that are none become U+FFFD.
fn reverse(text: &[u8]) -> Vec<u8> {
    let mut runes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (c, n) = decode_rune(&text[at..]);
        runes.push(c);
        at += n;
    }
    runes.into_iter().rev().collect::<String>().into_bytes()
}

fn change_first(value: &[u8], change: fn(char) -> char, out: &mut Vec<u8>) {
    if value.is_empty() {
        return;
    }
    let (c, n) = decode_rune(value);
    push(change(c), out);
    out.extend_from_slice(&value[n..]);
}

fn change_all(value: &[u8], change: fn(char) -> char, out: &mut Vec<u8>) {
    let mut at = 0;
    while at < value.len() {
        let (c, n) = decode_rune(&value[at..]);
        push(change(c), out);
        at += n;
    }
}

fn push(c: char, out: &mut Vec<u8>) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// One character for one, as Go maps them: a character that would become several stays.
fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}
