//! The command line as Go programs have it: how values of flags are written, and how a wrong one is reported.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Command};
use ferroflux_api::Duration;

/// Lets options without a value take one as Go programs do: `--include-crds=false`. Of an option that is given twice the
/// last value counts.
pub fn flags_take_values(command: Command) -> Command {
    command.args_override_self(true).mut_args(|arg| match arg.get_action() {
        ArgAction::SetTrue => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_value("false")
            .default_missing_value("true")
            .hide_default_value(true)
            .hide_possible_values(true)
            .value_name("BOOL")
            .value_parser(boolean),
        // A value may look like a flag.
        ArgAction::Set | ArgAction::Append if !arg.is_positional() => arg.allow_hyphen_values(true),
        _ => arg,
    })
}

/// A truth value.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

/// A whole number; `0x`, `0o`, `0b` and a leading zero say its base.
pub(super) fn integer(text: &str) -> Result<i64, String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.strip_prefix('+').unwrap_or(text)), |digits| ("-", digits));
    let lower = digits.to_ascii_lowercase();
    let bases = [("0x", 16), ("0o", 8), ("0b", 2), ("0", 8)];
    let found = bases.iter().find_map(|(prefix, base)| Some((lower.strip_prefix(prefix).filter(|rest| !rest.is_empty())?, *base)));
    let (digits, base) = found.unwrap_or((&lower, 10));
    let signed_twice = digits.starts_with(['+', '-']);
    i64::from_str_radix(&format!("{sign}{digits}"), base).ok().filter(|_| !signed_twice).ok_or_else(|| {
        let too_large = !digits.is_empty() && digits.chars().all(|c| c.is_digit(base));
        format!("strconv.ParseInt: parsing {text:?}: {}", if too_large { "value out of range" } else { "invalid syntax" })
    })
}

/// A number with a fraction.
pub(super) fn float(text: &str) -> Result<f32, String> {
    text.parse().map_err(|_| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
}

/// A length of time, which may be negative.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let without_unit = unsigned.parse::<f64>().is_ok() && unsigned.ends_with(|c: char| c.is_ascii_digit() || c == '.');
    let why = if without_unit { "missing unit in" } else { "invalid" };
    unsigned.parse().ok().filter(|_| !unsigned.starts_with(['-', '+'])).ok_or_else(|| format!("time: {why} duration {text:?}"))
}

/// Values of a flag that takes several behind commas; one with commas stands in quotes, as in a CSV file.
#[derive(Debug, Clone)]
pub(super) struct List(pub(super) Vec<String>);

/// Reads a [`List`].
pub(super) fn list(text: &str) -> Result<List, String> {
    let mut fields = Vec::new();
    let mut rest = text;
    let wrong = |rest: &str, what: &str| Err(format!("parse error on line 1, column {}: {what}", text.len() - rest.len() + 1));
    while !text.is_empty() {
        let mut field = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let Some((part, after)) = quoted.split_once('"') else {
                    return wrong("", "extraneous or missing \" in quoted-field");
                };
                field.push_str(part);
                if let Some(more) = after.strip_prefix('"') {
                    field.push('"');
                    quoted = more;
                    continue;
                }
                if !after.is_empty() && !after.starts_with(',') {
                    return wrong(&quoted[part.len()..], "extraneous or missing \" in quoted-field");
                }
                rest = after;
                break;
            }
        } else {
            let (plain, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            if let Some(at) = plain.find('"') {
                return wrong(&rest[at..], "bare \" in non-quoted-field");
            }
            field.push_str(plain);
            rest = after;
        }
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    Ok(List(fields))
}

/// A path; an empty one stands for none, see [`given`].
pub(super) fn path(text: &str) -> Result<PathBuf, Infallible> {
    Ok(text.into())
}

/// The path of a flag, if there is one.
pub(super) fn given(path: &Option<PathBuf>) -> Option<PathBuf> {
    path.clone().filter(|path| !path.as_os_str().is_empty())
}

/// What is wrong with the command line, in Helm's words; nothing if it has none for it.
pub fn explain(command: &Command, error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.as_str()),
        ContextValue::Strings(texts) => texts.first().map(String::as_str),
        _ => None,
    };
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    // Behind the name stands what its value is called.
    let flag = argument.split(['[', '=', ' ']).next().unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let tip = text(ContextKind::SuggestedArg).map(|other| format!("; a similar flag is {other}")).unwrap_or_default();
            match (flag.strip_prefix("--"), argument.strip_prefix('-').and_then(|rest| rest.chars().next())) {
                (Some(_), _) => Some(format!("unknown flag: {flag}{tip}")),
                (None, Some(letter)) => Some(format!("unknown shorthand flag: '{letter}' in {argument}")),
                (None, None) => None,
            }
        }
        ErrorKind::InvalidValue if text(ContextKind::InvalidValue).is_none_or(str::is_empty) && flag.starts_with('-') => {
            // The last word of the command line is what has no argument behind it.
            let last = std::env::args().next_back().unwrap_or_default();
            Some(match last.strip_prefix('-').and_then(|letters| letters.chars().next_back()).filter(|_| !last.starts_with("--")) {
                Some(letter) => format!("flag needs an argument: {letter:?} in {last}"),
                None => format!("flag needs an argument: {flag}"),
            })
        }
        ErrorKind::ValueValidation => {
            let cause = std::error::Error::source(error)?;
            let short = command.get_arguments().find(|arg| arg.get_long() == flag.strip_prefix("--")).and_then(clap::Arg::get_short);
            let short = short.map(|letter| format!("-{letter}, ")).unwrap_or_default();
            Some(format!("invalid argument {:?} for \"{short}{flag}\" flag: {cause}", text(ContextKind::InvalidValue).unwrap_or_default()))
        }
        ErrorKind::MissingRequiredArgument => {
            let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
            Some(format!("{name:?} requires at least 1 argument\n\nUsage:  {name} [NAME] [CHART] [flags]"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, integer, list};

    /// Commas separate, quotes hold together, as in the original's flags.
    #[test]
    fn lists() {
        let read = |text: &str| list(text).map(|list| list.0.join("|"));
        for (text, want) in [("", ""), ("a", "a"), ("a,b", "a|b"), ("a,", "a|"), ("\"a,b\",c", "a,b|c"), ("\"a\"\"b\"", "a\"b"), (",", "|")]
        {
            assert_eq!(read(text).as_deref(), Ok(want), "{text}");
        }
        for (text, column) in [("\"a", 3), ("a\"b", 2), ("\"a\"b", 3)] {
            assert!(read(text).is_err_and(|e| e.contains(&format!("column {column}: "))), "{text}");
        }
    }

    /// Bases of numbers, units of durations and signs.
    #[test]
    fn numbers() {
        assert_eq!([integer("0x10"), integer("-0b11"), integer("017"), integer("+5")], [Ok(16), Ok(-3), Ok(15), Ok(5)]);
        assert!(["", "x", "--1", "0x", "1.5"].into_iter().all(|text| integer(text).is_err_and(|e| e.ends_with("invalid syntax"))));
        assert!(integer("99999999999999999999").is_err_and(|e| e.ends_with("value out of range")));
        assert!(["5m", "-1h2m", "+1.5s", "0"].into_iter().all(|text| duration(text).is_ok()));
        assert!(["", "x", "5", "--5m"].into_iter().all(|text| duration(text).is_err()));
    }
}
