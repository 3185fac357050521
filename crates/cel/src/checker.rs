//! Finds the types of an expression and of its parts, or why they do not fit.

mod literals;
mod unify;

use crate::ast::{Access, Callee, Expr, Fold, FoldKind, Node};
use crate::functions::{CONDITIONAL, Decl, INDEX, OPTIONAL_INDEX, Overload};
use crate::messages;
use crate::parser::Parsed;
use crate::stack::with_room;
use crate::types::{self, Type};
use crate::value::Value;
use unify::Substitution;

/// What is wrong, and at which byte offset.
type Mistake = (usize, String);
type Check<T> = Result<T, Mistake>;

/// Checks an expression with variables that are dynamic structs, and gives its type. Dotted names that are declared
/// become one name in the tree.
pub(crate) fn check(parsed: &mut Parsed, variables: &[&str]) -> Check<Type> {
    let mut checker =
        Checker { variables, scopes: Vec::new(), substitution: Substitution::default(), types: vec![Type::Dyn; parsed.parts] };
    let found = checker.check(&mut parsed.root);
    if checker.substitution.is_exhausted() {
        return Err((0, "the types of the expression are too large to be checked".to_owned()));
    }
    let found = found?;
    let types: Vec<Type> = checker.types.iter().map(|t| checker.substitution.resolve(t, true)).collect();
    let root = checker.substitution.resolve(&found, true);
    literals::check(&parsed.root, &types)?;
    if checker.substitution.is_exhausted() {
        return Err((0, "the types of the expression are too large to be checked".to_owned()));
    }
    Ok(root)
}

struct Checker<'v> {
    variables: &'v [&'v str],
    /// Variables of macros, the innermost last.
    scopes: Vec<(String, Type)>,
    substitution: Substitution,
    /// By number of the part.
    types: Vec<Type>,
}

impl Checker<'_> {
    fn check(&mut self, expr: &mut Expr) -> Check<Type> {
        with_room(|| self.part(expr))
    }

    fn part(&mut self, expr: &mut Expr) -> Check<Type> {
        let at = expr.at;
        if let Some(name) = expr.qualified_name()
            && let Some((found, node)) = self.declared(name)
        {
            expr.node = node;
            return Ok(self.note(expr.id, found));
        }
        let found = match &mut expr.node {
            Node::Literal(value) => Type::of_literal(value),
            Node::Ident(name) => return Err(undeclared(at, name)),
            Node::Select { operand, access, .. } => {
                let operand = self.check(operand)?;
                let selected = self.selected(at, &operand, *access == Access::Optional)?;
                if *access == Access::Presence { Type::Bool } else { selected }
            }
            Node::Index { operand, index, optional } => {
                let args = [self.check(operand)?, self.check(index)?];
                let (name, overloads) = if *optional { ("_[?_]", &OPTIONAL_INDEX[..]) } else { ("_[_]", &INDEX[..]) };
                self.overload(at, name, overloads, false, &args)?
            }
            Node::Call { callee, args, member } => {
                let args = args.iter_mut().map(|arg| self.check(arg)).collect::<Check<Vec<_>>>()?;
                match callee {
                    Callee::Known(function) | Callee::Pattern(function, _) => {
                        self.overload(at, function.name, function.overloads, *member, &args)?
                    }
                    Callee::Unknown(name) => return Err(undeclared(at, name)),
                }
            }
            Node::And(terms) | Node::Or(terms) => {
                for term in terms {
                    let found = self.check(term)?;
                    self.must_be_bool(term.at, &found)?;
                }
                Type::Bool
            }
            Node::Conditional(parts) => {
                let args = parts.iter_mut().map(|part| self.check(part)).collect::<Check<Vec<_>>>()?;
                self.overload(at, "_?_:_", &CONDITIONAL, false, &args)?
            }
            Node::List(elements) => {
                let mut of = None;
                for element in elements {
                    let found = self.check(&mut element.value)?;
                    let found = if element.optional { self.unwrapped(element.value.at, found)? } else { found };
                    of = Some(self.joined(of, found));
                }
                Type::list(of.unwrap_or_else(|| self.substitution.fresh()))
            }
            Node::Map(entries) => {
                let mut of = None;
                for entry in entries {
                    let key = self.check(&mut entry.key)?;
                    let value = self.check(&mut entry.value)?;
                    let value = if entry.optional { self.unwrapped(entry.value.at, value)? } else { value };
                    of = Some(match of {
                        None => (key, value),
                        Some((keys, values)) => (self.joined(Some(keys), key), self.joined(Some(values), value)),
                    });
                }
                let (key, value) = of.unwrap_or_else(|| (self.substitution.fresh(), self.substitution.fresh()));
                Type::map(key, value)
            }
            Node::Message { name, fields } => self.message(at, name, fields)?,
            Node::Fold(fold) => self.fold(fold)?,
            Node::OptMap { target, variable, body, flat } => {
                let target = self.check(target)?;
                let of = self.substitution.fresh();
                if !self.substitution.assign(&target, &Type::optional(of.clone())) {
                    let target = self.substitution.resolve(&target, true);
                    return Err((at, format!("found no matching overload for 'hasValue' applied to '{target}.()'")));
                }
                let body = self.within(variable, of, body)?;
                let present = if *flat { body } else { Type::optional(body) };
                let absent = Type::optional(self.substitution.fresh());
                self.overload(at, "_?_:_", &CONDITIONAL, false, &[Type::Bool, present, absent])?
            }
        };
        Ok(self.note(expr.id, found))
    }

    fn note(&mut self, id: usize, found: Type) -> Type {
        if let Some(slot) = self.types.get_mut(id) {
            *slot = found.clone();
        }
        found
    }

    /// The type of a declared name, and what stands for it in the tree.
    fn declared(&self, name: String) -> Option<(Type, Node)> {
        if let Some((_, found)) = self.scopes.iter().rev().find(|(variable, _)| *variable == name) {
            return Some((found.clone(), Node::Ident(name)));
        }
        if self.variables.contains(&name.as_str()) {
            return Some((Type::object(), Node::Ident(name)));
        }
        types::named(&name).map(|(shown, of)| (Type::Meta(of.into()), Node::Literal(Value::Type(shown))))
    }

    /// Checks a part in which a variable is declared.
    fn within(&mut self, variable: &str, of: Type, body: &mut Expr) -> Check<Type> {
        self.scopes.push((variable.to_owned(), of));
        let found = self.check(body);
        self.scopes.pop();
        found
    }

    fn must_be_bool(&mut self, at: usize, found: &Type) -> Check<()> {
        if self.substitution.assign(found, &Type::Bool) {
            return Ok(());
        }
        Err((at, format!("expected type 'bool' but found '{}'", self.substitution.resolve(found, true))))
    }

    /// The type of a field.
    fn selected(&mut self, at: usize, operand: &Type, optional: bool) -> Check<Type> {
        let operand = self.substitution.resolve(operand, false);
        let (target, wrapped) = match &operand {
            Type::Optional(of) => (of.as_ref(), true),
            other => (other, false),
        };
        let found = match target {
            Type::Map(of) => of.1.clone(),
            Type::Dyn => Type::Dyn,
            Type::Var(_) => {
                self.substitution.assign(&Type::Dyn, target);
                Type::Dyn
            }
            other => return Err((at, format!("type '{other}' does not support field selection"))),
        };
        Ok(if wrapped || optional { Type::optional(found) } else { found })
    }

    /// The type of what a function, operator or index gives.
    fn overload(&mut self, at: usize, name: &str, overloads: &[Overload], member: bool, args: &[Type]) -> Check<Type> {
        let mut result: Option<Type> = None;
        for overload in overloads.iter().filter(|o| o.member == member && o.args.len() == args.len()) {
            let (a, b) = (self.substitution.fresh(), self.substitution.fresh());
            let wanted: Vec<Type> = overload.args.iter().map(|decl| instance(decl, &a, &b)).collect();
            if !self.substitution.assign_all(args, &wanted) {
                continue;
            }
            let found = self.substitution.resolve(&instance(&overload.result, &a, &b), false);
            result = Some(match result {
                None => found,
                Some(Type::Dyn) => Type::Dyn,
                Some(earlier) if self.substitution.same(&earlier, &found) => earlier,
                Some(_) => Type::Dyn,
            });
        }
        if let Some(result) = result {
            return Ok(result);
        }
        let mut shown: Vec<String> = args.iter().map(|arg| self.substitution.resolve(arg, true).to_string()).collect();
        let target = if member && !shown.is_empty() { format!("{}.", shown.remove(0)) } else { String::new() };
        Err((at, format!("found no matching overload for '{name}' applied to '{target}({})'", shown.join(", "))))
    }

    /// What an optional element of a list or map holds.
    fn unwrapped(&mut self, at: usize, found: Type) -> Check<Type> {
        match self.substitution.resolve(&found, false) {
            Type::Optional(of) => Ok(of.as_ref().clone()),
            Type::Dyn => Ok(Type::Dyn),
            other => Err((at, format!("expected type 'optional_type({other})' but found '{other}'"))),
        }
    }

    /// The type of elements that have both types.
    fn joined(&mut self, earlier: Option<Type>, found: Type) -> Type {
        match earlier {
            None => found,
            Some(earlier) if self.substitution.assign(&earlier, &found) => self.substitution.more_general(&earlier, &found),
            Some(_) => Type::Dyn,
        }
    }

    fn message(&mut self, at: usize, name: &str, fields: &mut [(String, Expr)]) -> Check<Type> {
        let Some(message) = messages::find(name) else { return Err(undeclared(at, name)) };
        for (field, value) in fields {
            let found = self.check(value)?;
            let Some((_, wanted)) = message.fields.iter().find(|(name, _)| name == field) else {
                return Err((value.at, format!("undefined field '{field}'")));
            };
            let wanted = instance(wanted, &Type::Dyn, &Type::Dyn);
            if !self.substitution.assign(&wanted, &found) {
                let found = self.substitution.resolve(&found, true);
                return Err((value.at, format!("expected type of field '{field}' is '{wanted}' but provided type is '{found}'")));
            }
        }
        Ok(instance(&message.result, &Type::Dyn, &Type::Dyn))
    }

    fn fold(&mut self, fold: &mut Fold) -> Check<Type> {
        let range = self.check(&mut fold.range)?;
        let range = self.substitution.resolve(&range, false);
        let of = match &range {
            Type::List(of) => of.as_ref().clone(),
            Type::Map(of) => of.0.clone(),
            Type::Dyn => Type::Dyn,
            Type::Var(_) => {
                self.substitution.assign(&Type::Dyn, &range);
                Type::Dyn
            }
            other => {
                let message = format!("expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)");
                return Err((fold.range.at, message));
            }
        };
        if let Some(predicate) = &mut fold.predicate {
            let found = self.within(&fold.variable, of.clone(), predicate)?;
            self.must_be_bool(predicate.at, &found)?;
        }
        let kept = match &mut fold.transform {
            Some(transform) => self.within(&fold.variable, of, transform)?,
            None => of,
        };
        Ok(if fold.kind == FoldKind::Collect { Type::list(self.substitution.resolve(&kept, false)) } else { Type::Bool })
    }
}

fn undeclared(at: usize, name: &str) -> Mistake {
    (at, format!("undeclared reference to '{name}' (in container '')"))
}

/// A declared type, with types in place of its parameters.
fn instance(decl: &Decl, a: &Type, b: &Type) -> Type {
    match decl {
        Decl::Dyn => Type::Dyn,
        Decl::Bool => Type::Bool,
        Decl::Int => Type::Int,
        Decl::Uint => Type::Uint,
        Decl::Double => Type::Double,
        Decl::String => Type::String,
        Decl::Bytes => Type::Bytes,
        Decl::Timestamp => Type::Timestamp,
        Decl::Duration => Type::Duration,
        Decl::A => a.clone(),
        Decl::B => b.clone(),
        Decl::List(of) => Type::list(instance(of, a, b)),
        Decl::Map(key, value) => Type::map(instance(key, a, b), instance(value, a, b)),
        Decl::Optional(of) => Type::optional(instance(of, a, b)),
        Decl::TypeOf(of) => Type::Meta(instance(of, a, b).into()),
    }
}
