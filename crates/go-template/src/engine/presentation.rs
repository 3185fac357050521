//! Helm's presentation of errors (HE-TPL-16): parse errors in one line; `fail` and `required` alone, without the chain;
//! other errors as a trace of several lines, or in Go's one line where a part of the chain does not have Go's form.

use std::fmt::Write as _;

use crate::error::{CallError, Origin};

/// What `fail` and `required` put around their message, so that it is found inside the chain.
const MARK_START: &str = "HELM_ERR_START";
const MARK_END: &str = "HELM_ERR_END";

/// A template that cannot be parsed or rendered.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text}")]
pub struct HelmError {
    /// The text that Helm shows.
    pub text: String,
    /// What kind of failure it is.
    pub class: ErrorClass,
}

/// Kinds of engine failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// A template does not parse.
    Parse,
    /// A template failed while it ran.
    Exec,
    /// `fail` or `required` ended the render.
    Fail,
    /// A limit of the render was reached.
    Limit,
}

/// The message of `fail` or `required`, marked.
pub(super) fn marked(message: &str) -> String {
    format!("{MARK_START}{message}{MARK_END}")
}

/// Go's parse error as Helm shows it: place and innermost message.
pub(super) fn parse_error(file: &str, error: &str) -> HelmError {
    let parts: Vec<&str> = error.split(": ").collect();
    let text = match parts.as_slice() {
        [_, place, .., last] => format!("parse error at ({place}): {last}"),
        [_, last] => format!("parse error at ({last}): {last}"),
        _ => format!("parse error in ({file}): {error}"),
    };
    HelmError { text, class: ErrorClass::Parse }
}

/// An error of the execution of `file` as Helm shows it.
pub(super) fn exec_error(file: &str, error: &CallError) -> HelmError {
    if error.is_limit() {
        return HelmError { text: format!("rendering {file} was stopped: {error}"), class: ErrorClass::Limit };
    }
    let full = error.to_string();
    let plain = |text: String| HelmError { text, class: ErrorClass::Exec };
    if !error.chain().any(|e| e.origin == Origin::Exec) {
        return plain(full);
    }
    let mut parts = full.splitn(3, ": ");
    let (Some(_), Some(place), Some(message)) = (parts.next(), parts.next(), parts.next()) else {
        return plain(format!("execution error in ({file}): {full}"));
    };
    if let Some(message) = between_marks(message) {
        return HelmError { text: format!("execution error at ({place}): {message}"), class: ErrorClass::Fail };
    }
    plain(trace(error, &full).unwrap_or(full))
}

fn between_marks(text: &str) -> Option<&str> {
    let start = text.find(MARK_START)? + MARK_START.len();
    let end = text.rfind(MARK_END)?;
    text.get(start..end)
}

/// One step of the trace; empty parts are not shown.
#[derive(PartialEq, Eq)]
struct Step<'e> {
    place: &'e str,
    node: Option<(&'e str, &'e str)>,
    message: &'e str,
}

/// The chain as several lines, if all of it has Go's form.
fn trace(error: &CallError, full: &str) -> Option<String> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut offset = 0;
    for link in error.chain() {
        // The text of a link is the rest of the whole text.
        let step = step(full.get(offset..)?)?;
        if steps.last() != Some(&step) {
            steps.push(step);
        }
        offset += link.text.len();
    }
    let mut out = String::new();
    for step in &steps {
        if !step.place.is_empty() {
            let _ = write!(out, "{}\n  ", step.place);
        }
        if let Some((template, node)) = step.node {
            let _ = write!(out, "executing \"{template}\" at <{node}>:\n    ");
        }
        if !step.message.is_empty() {
            let _ = writeln!(out, "{}", step.message);
        }
    }
    Some(out.trim().to_owned())
}

fn step(text: &str) -> Option<Step<'_>> {
    let rest = text.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(Step { place: "", node: None, message: text });
    }
    executing(rest).or_else(|| {
        let at = rest.rfind(": ")?;
        Some(Step { place: rest.get(..at)?, node: None, message: own_message(rest.get(at + 2..)?) })
    })
}

/// `<place>: executing "<template>" at <<node>>: <message>`
fn executing(rest: &str) -> Option<Step<'_>> {
    let (place, after) = rest.split_once(": executing ")?;
    let (template, after) = after.strip_prefix('"')?.split_once('"')?;
    let (node, message) = after.strip_prefix(" at <")?.split_once(">: ")?;
    Some(Step { place, node: Some((template, node)), message: own_message(message) })
}

/// A message without the error that follows in the chain.
fn own_message(message: &str) -> &str {
    message.find(" template:").and_then(|at| message.get(..at)).unwrap_or(message)
}
