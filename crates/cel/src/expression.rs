//! An expression, from its text to its results.

use serde_json::Value as Json;

use crate::ast::Expr;
use crate::error::{CompileError, Diagnostic, EvalError, carried};
use crate::parser::{self, Parsed};
use crate::types::Type;
use crate::value::Value;
use crate::{checker, constants, eval};

/// The type that a result must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// `true` or `false`.
    Bool,
    /// Text.
    String,
}

impl Output {
    fn matches(self, found: &Type) -> bool {
        match self {
            Self::Bool => *found == Type::Bool,
            Self::String => *found == Type::String,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::String => "string",
        }
    }
}

/// An expression that can be evaluated, as often as one likes and from several threads.
#[derive(Debug)]
pub struct Expression {
    text: String,
    root: Expr,
}

impl Expression {
    /// Parses an expression without checking it: which variables and functions there are shows when it is evaluated. The
    /// expressions of health checks are of this kind, since their variables are whatever fields an object has (KC-HC-06).
    ///
    /// # Errors
    /// [`CompileError::Invalid`] if it is not CEL, [`CompileError::Constant`] if a constant part has no value.
    pub fn parse(text: &str) -> Result<Self, CompileError> {
        let Parsed { root, .. } = parser::parse(text).map_err(|diagnostic| invalid(text, diagnostic))?;
        Self::of(text, root)
    }

    /// Compiles an expression: checks its types, with variables that are objects of any form. With `output` the result must
    /// be known to be of this type; what is only known when there is data is not enough (RT-60).
    ///
    /// # Errors
    /// As [`Self::parse`], and [`CompileError::Invalid`] for what is not declared or of the wrong type,
    /// [`CompileError::Output`] for another result.
    pub fn compile(text: &str, variables: &[&str], output: Option<Output>) -> Result<Self, CompileError> {
        let mut parsed = parser::parse(text).map_err(|diagnostic| invalid(text, diagnostic))?;
        let found = checker::check(&mut parsed, variables).map_err(|(at, message)| invalid(text, Diagnostic::new(text, at, message)))?;
        if let Some(output) = output.filter(|output| !output.matches(&found)) {
            return Err(CompileError::Output { expression: carried(text), expected: output.name(), found: found.to_string() });
        }
        Self::of(text, parsed.root)
    }

    fn of(text: &str, mut root: Expr) -> Result<Self, CompileError> {
        constants::replace(&mut root).map_err(|cause| CompileError::Constant { expression: carried(text), cause: carried(&cause) })?;
        Ok(Self { text: text.to_owned(), root })
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Evaluates the expression. `variables` gives the data of a variable, if there is such a variable.
    ///
    /// # Errors
    /// [`EvalError::Failed`] if the data does not have what the expression asks for, or it takes too much work.
    pub fn evaluate<'a, 'd: 'a>(&'a self, variables: &dyn Fn(&str) -> Option<&'d Json>) -> Result<Value<'a>, EvalError> {
        let variables = |name: &str| variables(name).map(|data: &'a Json| Value::from(data));
        eval::evaluate(&self.root, &variables)
            .map_err(|cause| EvalError::Failed { expression: carried(&self.text), cause: cause.carried() })
    }

    /// Evaluates the expression to `true` or `false`.
    ///
    /// # Errors
    /// As [`Self::evaluate`], and [`EvalError::Type`] for any other result.
    pub fn evaluate_bool<'d>(&self, variables: &dyn Fn(&str) -> Option<&'d Json>) -> Result<bool, EvalError> {
        match self.evaluate(variables)? {
            Value::Bool(result) => Ok(result),
            _ => Err(self.not_a("boolean")),
        }
    }

    /// Evaluates the expression to a text.
    ///
    /// # Errors
    /// As [`Self::evaluate`], and [`EvalError::Type`] for any other result.
    pub fn evaluate_string<'d>(&self, variables: &dyn Fn(&str) -> Option<&'d Json>) -> Result<String, EvalError> {
        match self.evaluate(variables)? {
            Value::String(text) => Ok(text.to_string()),
            _ => Err(self.not_a("string")),
        }
    }

    /// Evaluates the expression to a list of texts.
    ///
    /// # Errors
    /// As [`Self::evaluate`], and [`EvalError::Type`] for any other result.
    pub fn evaluate_strings<'d>(&self, variables: &dyn Fn(&str) -> Option<&'d Json>) -> Result<Vec<String>, EvalError> {
        let Value::List(list) = self.evaluate(variables)? else { return Err(self.not_a("list of strings")) };
        let texts = list.iter().map(|element| match element {
            Value::String(text) => Ok(text.to_string()),
            _ => Err(self.not_a("list of strings")),
        });
        texts.collect()
    }

    fn not_a(&self, expected: &'static str) -> EvalError {
        EvalError::Type { expression: carried(&self.text), expected }
    }
}

fn invalid(text: &str, diagnostic: Diagnostic) -> CompileError {
    CompileError::Invalid { expression: carried(text), diagnostic }
}
