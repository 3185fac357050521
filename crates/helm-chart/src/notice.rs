//! What Helm logs while it loads and renders a chart, at the moment when it does.
//!
//! Lines are those of Helm 4, `level=WARN msg="this chart is deprecated"`. Where Helm puts a value behind such a line, it
//! is left out: values are often secrets, and logs are read by more people than secrets are. Paths and names are enough to
//! find the place.

use std::fmt::{self, Debug};

use ferroflux_go_template::strconv::{is_print, quote};

/// How important a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Shown with `--debug` only.
    Debug,
    /// Most warnings of Helm about values have this level.
    Info,
    /// Something that the chart's author or its user should mend.
    Warn,
    /// What ends the command; the command's error says it again.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        })
    }
}

/// One line of the log. It is shown without the time and without a line break at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How important it is.
    pub level: Level,
    /// The text.
    pub message: String,
    /// What it is about: names and their values, in order.
    pub attributes: Vec<(&'static str, String)>,
}

impl Notice {
    /// A notice without attributes.
    pub fn new(level: Level, message: impl Into<String>) -> Self {
        Self { level, message: message.into(), attributes: Vec::new() }
    }

    /// The same notice with one more attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "level={} msg={}", self.level, Field(&self.message))?;
        self.attributes.iter().try_for_each(|(name, value)| write!(f, " {name}={}", Field(value)))
    }
}

/// The value of a field, in quotes if it is not one plain word.
struct Field<'t>(&'t str);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| !matches!(c, '"' | '=' | ' ' | char::REPLACEMENT_CHARACTER) && !c.is_whitespace() && is_print(c);
        match self.0.chars().all(plain) && !self.0.is_empty() {
            true => f.write_str(self.0),
            false => f.write_str(&quote(self.0)),
        }
    }
}

/// Where notices go.
pub trait Log: Debug {
    /// Takes a notice.
    fn log(&self, notice: Notice);

    /// Whether notices of a level are of use; those with long texts are not made if they are not.
    fn hears(&self, level: Level) -> bool {
        let _ = level;
        true
    }
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unlogged;

impl Log for Unlogged {
    fn log(&self, _: Notice) {}

    fn hears(&self, _: Level) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, Notice};

    /// Fields are quoted as the original's log quotes them.
    #[test]
    fn fields() {
        let line = |value: &str| Notice::new(Level::Info, "m").with("k", value).to_string();
        for (value, shown) in [
            ("a/b.c:[1],é", "a/b.c:[1],é"),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("a=b", "\"a=b\""),
            ("say \"x\"", r#""say \"x\"""#),
            (r"a\b", r"a\b"),
            (r"a \b", r#""a \\b""#),
            ("a\u{7f}\u{200b}\n", r#""a\x7f\u200b\n""#),
        ] {
            assert_eq!(line(value), format!("level=INFO msg=m k={shown}"));
        }
    }
}
