//! What is checked beyond types: elements of lists and maps are of one type, and texts for `format` fit their arguments.

use super::Check;
use crate::ast::{Callee, Expr, Node};
use crate::format;
use crate::types::Type;

/// Checks an expression whose parts have these types.
pub(super) fn check(root: &Expr, types: &[Type]) -> Check<()> {
    visit(root, types, false)
}

/// Within a call of `format`, elements may have different types.
fn visit(expr: &Expr, types: &[Type], within_format: bool) -> Check<()> {
    let of = |expr: &Expr| types.get(expr.id).cloned().unwrap_or(Type::Dyn);
    let mut within = within_format;
    match &expr.node {
        Node::Call { callee: Callee::Known(function), args, .. } if function.name == "format" => {
            within = true;
            if let [Expr { node: Node::Literal(crate::Value::String(template)), .. }, Expr { node: Node::List(arguments), .. }] =
                args.as_slice()
            {
                let arguments: Vec<&Expr> = arguments.iter().map(|e| &e.value).collect();
                format::check(template, &arguments, types).map_err(|message| (expr.at, message))?;
            }
        }
        Node::List(elements) if !within => {
            let types = elements.iter().map(|e| (&e.value, contained(of(&e.value), e.optional)));
            homogeneous(types)?;
        }
        Node::Map(entries) if !within => {
            homogeneous(entries.iter().map(|e| (&e.key, of(&e.key))))?;
            homogeneous(entries.iter().map(|e| (&e.value, contained(of(&e.value), e.optional))))?;
        }
        _ => {}
    }
    let mut result = Ok(());
    expr.parts(&mut |part| {
        if result.is_ok() {
            result = visit(part, types, within);
        }
    });
    result
}

fn contained(found: Type, optional: bool) -> Type {
    match found {
        Type::Optional(of) if optional => of.as_ref().clone(),
        other => other,
    }
}

fn homogeneous<'e>(mut parts: impl Iterator<Item = (&'e Expr, Type)>) -> Check<()> {
    let Some((_, first)) = parts.next() else { return Ok(()) };
    match parts.find(|(_, found)| *found != first) {
        Some((part, found)) => Err((part.at, format!("expected type '{first}' but found '{found}'"))),
        None => Ok(()),
    }
}
