//! Evaluates a syntax tree.

mod select;

use std::sync::Arc;

use crate::ast::{Access, Callee, Expr, Fold, FoldKind, Node};
use crate::budget::Budget;
use crate::error::Cause;
use crate::functions::{self, Run};
use crate::messages;
use crate::stack::with_room;
use crate::types;
use crate::value::{Map, Value, same_key};

pub(crate) use select::is_index;

/// The data: the value of a variable, if it has one.
pub(crate) type Variables<'v, 'a> = &'v dyn Fn(&str) -> Option<Value<'a>>;

/// Evaluates an expression.
pub(crate) fn evaluate<'a>(expr: &'a Expr, variables: Variables<'_, 'a>) -> Result<Value<'a>, Cause> {
    Evaluator { variables, budget: Budget::default() }.eval(expr, None)
}

/// Evaluates a call of constants.
pub(crate) fn call_constant(function: &functions::Function, args: &[Value<'static>]) -> Result<Value<'static>, Cause> {
    run(&Budget::default(), function, args)
}

/// A variable of a macro, in the scope of those around it.
struct Scope<'s, 'a> {
    name: &'s str,
    value: Value<'a>,
    outer: Option<&'s Scope<'s, 'a>>,
}

type Scopes<'s, 'a> = Option<&'s Scope<'s, 'a>>;

struct Evaluator<'v, 'a> {
    variables: Variables<'v, 'a>,
    budget: Budget,
}

impl<'a> Evaluator<'_, 'a> {
    fn eval(&self, expr: &'a Expr, scopes: Scopes<'_, 'a>) -> Result<Value<'a>, Cause> {
        self.budget.spend(1)?;
        with_room(|| self.part(expr, scopes))
    }

    fn part(&self, expr: &'a Expr, scopes: Scopes<'_, 'a>) -> Result<Value<'a>, Cause> {
        match &expr.node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Ident(name) => self.variable(name, scopes),
            Node::Select { operand, field, access } => self.select(operand, field, *access, scopes),
            Node::Index { operand, index, optional } => self.index(operand, index, *optional, scopes),
            Node::Call { callee, args, .. } => self.call(callee, args, scopes),
            Node::And(terms) => self.all(terms.iter().map(|term| self.eval(term, scopes)), true),
            Node::Or(terms) => self.all(terms.iter().map(|term| self.eval(term, scopes)), false),
            Node::Conditional(parts) => {
                let [condition, yes, no] = parts.as_ref();
                match self.eval(condition, scopes)? {
                    Value::Bool(true) => self.eval(yes, scopes).map(chosen),
                    Value::Bool(false) => self.eval(no, scopes).map(chosen),
                    _ => Err(Cause::Overload),
                }
            }
            Node::List(elements) => {
                let mut out = Vec::with_capacity(elements.len());
                for element in elements {
                    let value = self.eval(&element.value, scopes)?;
                    out.extend(if element.optional { present(value)? } else { Some(value) });
                }
                Ok(Value::from(out))
            }
            Node::Map(entries) => {
                let mut out = Vec::with_capacity(entries.len());
                for entry in entries {
                    let key = self.eval(&entry.key, scopes)?;
                    let value = self.eval(&entry.value, scopes)?;
                    let value = if entry.optional { present(value)? } else { Some(value) };
                    out.extend(value.map(|value| (key, value)));
                }
                map(&self.budget, out)
            }
            Node::Message { name, fields } => {
                let values = fields.iter().map(|(field, value)| Ok((field.as_str(), self.eval(value, scopes)?)));
                messages::build(name, values.collect::<Result<Vec<_>, Cause>>()?)
            }
            Node::Fold(fold) => self.fold(fold, scopes),
            Node::OptMap { target, variable, body, flat } => match self.eval(target, scopes)? {
                Value::Optional(None) => Ok(Value::Optional(None)),
                Value::Optional(Some(value)) => {
                    let scope = Scope { name: variable, value: value.as_ref().clone(), outer: scopes };
                    let result = self.eval(body, Some(&scope))?;
                    Ok(chosen(if *flat { result } else { Value::Optional(Some(Arc::new(result))) }))
                }
                other => Err(Cause::Call(format!("hasValue({})", other.type_name()))),
            },
        }
    }

    fn variable(&self, name: &str, scopes: Scopes<'_, 'a>) -> Result<Value<'a>, Cause> {
        let mut scope = scopes;
        while let Some(inner) = scope {
            if inner.name == name {
                return Ok(inner.value.clone());
            }
            scope = inner.outer;
        }
        let value = (self.variables)(name).or_else(|| types::named(name).map(|(shown, _)| Value::Type(shown)));
        value.ok_or_else(|| Cause::Attribute(name.to_owned()))
    }

    fn call(&self, callee: &'a Callee, args: &'a [Expr], scopes: Scopes<'_, 'a>) -> Result<Value<'a>, Cause> {
        if let (Callee::Known(function), [target, other]) = (callee, args)
            && !matches!(function.run, Run::Values(_))
        {
            // What is no optional value is taken as it is, as in the original.
            return match (self.eval(target, scopes)?, function.run) {
                (Value::Optional(None), _) => self.eval(other, scopes),
                (Value::Optional(Some(value)), Run::OrValue) => Ok(value.as_ref().clone()),
                (value, _) => Ok(value),
            };
        }
        let values = args.iter().map(|arg| self.eval(arg, scopes)).collect::<Result<Vec<_>, Cause>>()?;
        match callee {
            Callee::Known(function) => run(&self.budget, function, &values),
            Callee::Pattern(_, regex) => functions::matches_pattern(&self.budget, regex, &values),
            Callee::Unknown(name) => Err(Cause::Call(name.clone())),
        }
    }

    /// `&&` over results, or with `neutral` false `||`: an error only counts if no other result decides.
    fn all(&self, results: impl Iterator<Item = Result<Value<'a>, Cause>>, neutral: bool) -> Result<Value<'a>, Cause> {
        let mut failure = None;
        for result in results {
            match result {
                Ok(Value::Bool(b)) if b != neutral => return Ok(Value::Bool(b)),
                Ok(Value::Bool(_)) => {}
                Err(Cause::Exhausted) => return Err(Cause::Exhausted),
                Ok(_) => failure = failure.or(Some(Cause::Overload)),
                Err(cause) => failure = failure.or(Some(cause)),
            }
        }
        failure.map_or(Ok(Value::Bool(neutral)), Err)
    }

    fn fold(&self, fold: &'a Fold, scopes: Scopes<'_, 'a>) -> Result<Value<'a>, Cause> {
        let range = self.eval(&fold.range, scopes)?;
        let elements: Box<dyn Iterator<Item = Value<'a>> + '_> = match &range {
            Value::List(list) => Box::new(list.iter()),
            Value::Map(map) => Box::new(map.keys()),
            other => return Err(Cause::new(format!("got '{}', expected iterable type", other.type_name()))),
        };
        let within =
            |part: &'a Expr, value: &Value<'a>| self.eval(part, Some(&Scope { name: &fold.variable, value: value.clone(), outer: scopes }));
        let holds = |value: &Value<'a>| fold.predicate.as_ref().map_or(Ok(Value::Bool(true)), |part| within(part, value));
        let is_true = |value: &Value<'a>| match holds(value)? {
            Value::Bool(b) => Ok(b),
            _ => Err(Cause::Overload),
        };
        match fold.kind {
            FoldKind::All => self.all(elements.map(|value| holds(&value)), true),
            FoldKind::Exists => self.all(elements.map(|value| holds(&value)), false),
            FoldKind::ExistsOne => {
                let mut count = 0;
                for value in elements {
                    count += usize::from(is_true(&value)?);
                }
                Ok(Value::Bool(count == 1))
            }
            FoldKind::Collect => {
                let mut out = Vec::new();
                for value in elements {
                    self.budget.spend(1)?;
                    if is_true(&value)? {
                        out.push(match &fold.transform {
                            Some(transform) => within(transform, &value)?,
                            None => value,
                        });
                    }
                }
                Ok(Value::from(out))
            }
        }
    }

    fn select(&self, operand: &'a Expr, field: &'a Arc<str>, access: Access, scopes: Scopes<'_, 'a>) -> Result<Value<'a>, Cause> {
        let target = match self.eval(operand, scopes) {
            // A name with dots may be one name.
            Err(Cause::Attribute(prefix)) if operand.qualified_name().is_some() => {
                return self.variable(&format!("{prefix}.{field}"), scopes);
            }
            other => other?,
        };
        self.budget.spend(1)?;
        select::field(&self.budget, target, field, access)
    }

    fn index(&self, operand: &'a Expr, index: &'a Expr, optional: bool, scopes: Scopes<'_, 'a>) -> Result<Value<'a>, Cause> {
        let target = self.eval(operand, scopes)?;
        if matches!(target, Value::Optional(None)) {
            return Ok(target);
        }
        let index = self.eval(index, scopes)?;
        select::index(&self.budget, target, &index, optional)
    }
}

/// The map of these entries; of two with one key the later holds.
fn map<'a>(budget: &Budget, entries: Vec<(Value<'a>, Value<'a>)>) -> Result<Value<'a>, Cause> {
    let mut out: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        // The original takes some of these for keys that are never found again, and crashes on others.
        if matches!(key, Value::List(_) | Value::Map(_) | Value::Bytes(_) | Value::Optional(_)) {
            return Err(Cause::new(format!("unsupported key type: {}", key.type_name())));
        }
        budget.spend(1 + out.len() / 8)?;
        match out.iter_mut().find(|(known, _)| same_key(known, &key)) {
            Some((_, slot)) => *slot = value,
            None => out.push((key, value)),
        }
    }
    Ok(Value::Map(Map::of(out)))
}

/// The map of constant entries, if there is one.
pub(crate) fn constant_map(entries: Vec<(Value<'static>, Value<'static>)>) -> Option<Value<'static>> {
    map(&Budget::default(), entries).ok()
}

/// An optional value within another, as a choice gives it: in the original they become one, in which nothing is null.
fn chosen(value: Value<'_>) -> Value<'_> {
    match &value {
        Value::Optional(Some(outer)) => match outer.as_ref() {
            Value::Optional(inner) => Value::Optional(Some(inner.clone().unwrap_or_else(|| Arc::new(Value::Null)))),
            _ => value,
        },
        _ => value,
    }
}

/// What an optional element of a list or map holds.
fn present(value: Value<'_>) -> Result<Option<Value<'_>>, Cause> {
    match value {
        Value::Optional(value) => Ok(value.map(|v| v.as_ref().clone())),
        other => Err(Cause::new(format!("cannot initialize optional entry from a value of type {}", other.type_name()))),
    }
}

fn run<'a>(budget: &Budget, function: &functions::Function, args: &[Value<'a>]) -> Result<Value<'a>, Cause> {
    let result = match function.run {
        Run::Values(implementation) => implementation(budget, args),
        Run::Or | Run::OrValue => Err(Cause::Overload),
    };
    result.map_err(|cause| match cause {
        Cause::Overload => {
            let types: Vec<_> = args.iter().map(Value::type_name).collect();
            Cause::Call(format!("{}({})", function.name, types.join(", ")))
        }
        other => other,
    })
}
