//! The macros: `has`, those over lists and maps, and those over optional values.

use super::{Mistake, Parse, Parser};
use crate::ast::{Access, Expr, Fold, FoldKind, Node};

/// Whether a member call is a macro. With another number of arguments it is an ordinary call.
pub(super) fn is_member(name: &str, args: usize) -> bool {
    match name {
        "all" | "exists" | "exists_one" | "filter" | "optMap" | "optFlatMap" => args == 2,
        "map" => args == 2 || args == 3,
        _ => false,
    }
}

impl Parser {
    /// `has(operand.field)`
    pub(super) fn has(&mut self, argument: Expr) -> Parse<Expr> {
        match argument.node {
            Node::Select { operand, field, access: Access::Value | Access::Presence } => {
                self.part(argument.at, Node::Select { operand, field, access: Access::Presence })
            }
            _ => Err((argument.at, "invalid argument to has() macro".to_owned())),
        }
    }

    /// A macro for which [`is_member`] holds.
    pub(super) fn member_macro(&mut self, at: usize, target: Expr, name: &str, args: Vec<Expr>) -> Parse<Expr> {
        let mut args = args.into_iter();
        let mut argument = || args.next().ok_or_else(|| (at, format!("{name}() misses an argument")));
        let variable = variable(name, &argument()?)?;
        let first = argument()?;
        let kind = match name {
            "optMap" | "optFlatMap" => {
                let flat = name == "optFlatMap";
                return self.part(at, Node::OptMap { target: Box::new(target), variable, body: Box::new(first), flat });
            }
            "all" => FoldKind::All,
            "exists" => FoldKind::Exists,
            "exists_one" => FoldKind::ExistsOne,
            _ => FoldKind::Collect,
        };
        let (predicate, transform) = match (name, args.next()) {
            ("map", None) => (None, Some(first)),
            (_, second) => (Some(first), second),
        };
        self.part(at, Node::Fold(Box::new(Fold { kind, range: target, variable, predicate, transform })))
    }
}

/// The variable that a macro declares.
fn variable(name: &str, argument: &Expr) -> Result<String, Mistake> {
    let optional = name.starts_with("opt");
    let mistake = match &argument.node {
        // The original's own variable.
        Node::Ident(variable) if variable == "__result__" && !optional => "iteration variable overwrites accumulator variable".to_owned(),
        Node::Ident(variable) => return Ok(variable.clone()),
        _ if optional => format!("{name}() variable name must be a simple identifier"),
        _ => "argument must be a simple name".to_owned(),
    };
    Err((argument.at, mistake))
}
