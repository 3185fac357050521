//! Evaluates what is constant in an expression, as the original does when it makes a program: a conversion of a constant
//! that has no value is a mistake even where it would never be reached, and so is a pattern that is none.

use ferroflux_regex_go::Regex;

use crate::ast::{Callee, Expr, Node};
use crate::eval;
use crate::functions;
use crate::messages;
use crate::value::Value;

/// Replaces constant parts by their values. The error says why one has none.
pub(crate) fn replace(expr: &mut Expr) -> Result<(), String> {
    match &mut expr.node {
        Node::Literal(_) | Node::Ident(_) => {}
        Node::Select { operand, .. } => replace(operand)?,
        Node::Index { operand, index, .. } => {
            replace(operand)?;
            replace(index)?;
        }
        Node::Call { args, .. } | Node::And(args) | Node::Or(args) => args.iter_mut().try_for_each(replace)?,
        Node::Conditional(parts) => parts.iter_mut().try_for_each(replace)?,
        Node::List(elements) => elements.iter_mut().try_for_each(|e| replace(&mut e.value))?,
        Node::Map(entries) => entries.iter_mut().try_for_each(|e| {
            replace(&mut e.key)?;
            replace(&mut e.value)
        })?,
        Node::Message { name, .. } if messages::find(name).is_none() => return Err(format!("unknown type: {name}")),
        Node::Message { fields, .. } => fields.iter_mut().try_for_each(|(_, value)| replace(value))?,
        Node::Fold(fold) => {
            replace(&mut fold.range)?;
            fold.predicate.iter_mut().chain(&mut fold.transform).try_for_each(replace)?;
        }
        Node::OptMap { target, body, .. } => {
            replace(target)?;
            replace(body)?;
        }
    }
    if let Some(value) = constant(expr)? {
        expr.node = Node::Literal(value);
        return Ok(());
    }
    if let Node::Index { index, .. } = &expr.node
        && let Node::Literal(value) = &index.node
        && !eval::is_index(value)
    {
        return Err(format!("invalid qualifier type: {}", value.type_name()));
    }
    if let Node::Call { callee, args, .. } = &mut expr.node {
        match callee {
            Callee::Known(function) if function.name == "matches" => {
                if let [_, Expr { node: Node::Literal(Value::String(pattern)), .. }] = args.as_slice() {
                    let regex = Regex::new(&**pattern).map_err(|error| error.to_string())?;
                    *callee = Callee::Pattern(function, regex);
                }
            }
            // Nothing that is only known later could make this a function.
            Callee::Unknown(name) if args.is_empty() => return Err(format!("no such overload: {name}()")),
            _ => {}
        }
    }
    Ok(())
}

/// The value of a part whose own parts are replaced already, if it is constant.
fn constant(expr: &Expr) -> Result<Option<Value<'static>>, String> {
    let literal = |expr: &Expr| match &expr.node {
        Node::Literal(value) => Some(value.clone()),
        _ => None,
    };
    match &expr.node {
        Node::Call { callee: Callee::Known(function), args, .. } if functions::is_conversion(function.name) => {
            let [argument] = args.as_slice() else { return Ok(None) };
            let Some(argument) = literal(argument) else { return Ok(None) };
            eval::call_constant(function, &[argument]).map(Some).map_err(|cause| cause.to_string())
        }
        Node::List(elements) if elements.iter().all(|e| !e.optional) => {
            Ok(elements.iter().map(|e| literal(&e.value)).collect::<Option<Vec<_>>>().map(Value::from))
        }
        Node::Map(entries) if entries.iter().all(|e| !e.optional) => {
            let entries = entries.iter().map(|e| Some((literal(&e.key)?, literal(&e.value)?))).collect::<Option<Vec<_>>>();
            Ok(entries.and_then(eval::constant_map))
        }
        _ => Ok(None),
    }
}
