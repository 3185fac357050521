//! Health by expressions that users write (KC-HC-06).

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use ferroflux_cel::{CompileError, EvalError, Expression};
use serde_json::Value;

use super::Status;
use crate::{ObjectRef, field};

/// The expressions on objects of a group and kind, as they are written. Each is over the fields of an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CustomExpressions<'a> {
    /// API version of the objects, of which only the group counts.
    pub api_version: &'a str,
    /// Their kind; empty for all kinds of the group that have no expressions of their own.
    pub kind: &'a str,
    /// True when an object is as it should be.
    pub current: &'a str,
    /// True while it is on its way; may be empty.
    pub in_progress: &'a str,
    /// True when it has failed; may be empty.
    pub failed: &'a str,
}

/// Expressions that cannot be used. The number is their place in the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CustomHealthError {
    /// There are expressions for this group and kind already.
    #[error("duplicate custom health check for GroupKind {group_kind} at healthchecks[{at}]")]
    Duplicate {
        /// Place of the second.
        at: usize,
        /// `Kind.group`
        group_kind: String,
    },
    /// The expression that there must be is empty.
    #[error("failed to create custom status evaluator for healthchecks[{at}]: expression Current not specified")]
    Missing {
        /// Place in the list.
        at: usize,
    },
    /// One is not valid.
    #[error("failed to create custom status evaluator for healthchecks[{at}]: failed to parse the expression {which}: {error}")]
    Invalid {
        /// Place in the list.
        at: usize,
        /// `Current`, `Failed` or `InProgress`.
        which: &'static str,
        /// What is wrong.
        error: CompileError,
    },
}

/// Expressions by the objects that they are about.
#[derive(Debug, Default)]
pub struct CustomHealth {
    by_group: HashMap<String, HashMap<String, Arc<CustomRule>>>,
}

impl CustomHealth {
    /// Parses expressions. Which fields objects have, and whether the results are `true` or `false`, shows when they are
    /// evaluated.
    ///
    /// # Errors
    /// If one is not valid or missing, or two are about the same objects.
    pub fn parse<'a>(list: impl IntoIterator<Item = CustomExpressions<'a>>) -> Result<Self, CustomHealthError> {
        let mut by_group: HashMap<String, HashMap<String, Arc<CustomRule>>> = HashMap::new();
        for (at, expressions) in list.into_iter().enumerate() {
            let group = expressions.api_version.split_once('/').map_or("", |(group, _)| group);
            let kinds = by_group.entry(group.to_owned()).or_default();
            if kinds.contains_key(expressions.kind) {
                let group_kind = if group.is_empty() { expressions.kind.to_owned() } else { format!("{}.{group}", expressions.kind) };
                return Err(CustomHealthError::Duplicate { at, group_kind });
            }
            if expressions.current.is_empty() {
                return Err(CustomHealthError::Missing { at });
            }
            let parse = |which, text: &str| match text {
                "" => Ok(None),
                text => Expression::parse(text).map(Some).map_err(|error| CustomHealthError::Invalid { at, which, error }),
            };
            let rule = CustomRule {
                current: parse("Current", expressions.current)?,
                failed: parse("Failed", expressions.failed)?,
                in_progress: parse("InProgress", expressions.in_progress)?,
            };
            kinds.insert(expressions.kind.to_owned(), Arc::new(rule));
        }
        Ok(Self { by_group })
    }

    /// The rule for an object: that of its kind, or else that of its group.
    #[must_use]
    pub fn rule(&self, object: &ObjectRef) -> Option<&Arc<CustomRule>> {
        let kinds = self.by_group.get(&object.group)?;
        kinds.get(&object.kind).or_else(|| kinds.get(""))
    }
}

/// How the health of some objects is told. Two rules with the same expressions are equal.
#[derive(Debug)]
pub struct CustomRule {
    current: Option<Expression>,
    failed: Option<Expression>,
    in_progress: Option<Expression>,
}

impl CustomRule {
    /// Judges an object: in progress while its controller has not seen its generation, else by the first expression that
    /// is true, else in progress.
    ///
    /// # Errors
    /// If an expression misses a field, or its result is not `true` or `false`.
    pub fn assess(&self, object: &Value) -> Result<Status, EvalError> {
        let number = |path: &[&str]| field(object, path).and_then(Value::as_i64);
        // Kinds that have something else there are judged by the expressions alone.
        if let (Some(observed), Some(generation)) = (number(&["status", "observedGeneration"]), number(&["metadata", "generation"]))
            && observed != generation
        {
            return Ok(Status::InProgress);
        }
        let order = [(&self.in_progress, Status::InProgress), (&self.failed, Status::Failed), (&self.current, Status::Current)];
        for (expression, status) in order {
            if let Some(expression) = expression
                && expression.evaluate_bool(&|name| object.get(name))?
            {
                return Ok(status);
            }
        }
        Ok(Status::InProgress)
    }

    fn texts(&self) -> [Option<&str>; 3] {
        [&self.current, &self.failed, &self.in_progress].map(|expression| expression.as_ref().map(Expression::text))
    }
}

impl PartialEq for CustomRule {
    fn eq(&self, other: &Self) -> bool {
        self.texts() == other.texts()
    }
}

impl Eq for CustomRule {}

impl Hash for CustomRule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.texts().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one<'a>(api_version: &'a str, kind: &'a str, current: &'a str) -> CustomExpressions<'a> {
        CustomExpressions { api_version, kind, current, ..CustomExpressions::default() }
    }

    /// KC-HC-06: the rule of a kind goes before that of its group, whatever the version; equal rules of two objects are one.
    #[test]
    fn rules_by_group_and_kind() {
        let custom =
            CustomHealth::parse([one("a.io/v1", "", "true"), one("a.io/v1", "Kind", "spec.ok"), one("v1", "Pod", "true")]).unwrap();
        let rule = |version: &str, kind: &str| custom.rule(&ObjectRef::new(version, kind, "ns", "name"));
        let status = |rule: Option<&Arc<CustomRule>>| rule.map(|r| r.assess(&json!({"spec": {"ok": false}})));
        assert_eq!(status(rule("a.io/v2", "Kind")), Some(Ok(Status::InProgress)));
        assert_eq!(status(rule("a.io/v2", "Other")), Some(Ok(Status::Current)));
        assert_eq!((rule("b.io/v1", "Kind"), rule("v1", "Secret")), (None, None));
        assert_eq!(rule("a.io/v1", "Other"), rule("v1", "Pod"));
        assert_ne!(rule("a.io/v1", "Kind"), rule("v1", "Pod"));
    }

    /// KC-HC-06: a generation that was not observed yet counts before any expression, if both are integers.
    #[test]
    fn the_observed_generation() {
        let custom = CustomHealth::parse([CustomExpressions { failed: "true", ..one("v1", "Pod", "true") }]).unwrap();
        let status = |observed| {
            let object = json!({"metadata": {"generation": 2}, "status": {"observedGeneration": observed}});
            custom.rule(&ObjectRef::new("v1", "Pod", "ns", "name")).map(|rule| rule.assess(&object))
        };
        assert_eq!(status(json!(1)), Some(Ok(Status::InProgress)));
        assert_eq!(status(json!(2)), Some(Ok(Status::Failed)));
        assert_eq!(status(json!("1")), Some(Ok(Status::Failed)));
    }
}
