//! The syntax tree. Macros are nodes of their own; they are not written out, so that a tree is never larger than its text.

use std::sync::Arc;

use ferroflux_regex_go::Regex;

use crate::functions::Function;
use crate::value::Value;

/// A part of an expression.
#[derive(Debug)]
pub(crate) struct Expr {
    /// Number of the part; parts come before the whole.
    pub(crate) id: usize,
    /// Byte offset in the text, for messages.
    pub(crate) at: usize,
    pub(crate) node: Node,
}

#[derive(Debug)]
pub(crate) enum Node {
    Literal(Value<'static>),
    /// A variable or type, without a leading dot.
    Ident(String),
    /// `operand.field`, `operand.?field`, `has(operand.field)`
    Select {
        operand: Box<Expr>,
        field: Arc<str>,
        access: Access,
    },
    /// `operand[index]`, `operand[?index]`
    Index {
        operand: Box<Expr>,
        index: Box<Expr>,
        optional: bool,
    },
    /// A function or operator; the target of a member call is the first argument.
    Call {
        callee: Callee,
        args: Vec<Expr>,
        member: bool,
    },
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Conditional(Box<[Expr; 3]>),
    List(Vec<Element>),
    Map(Vec<Entry>),
    /// `name{field: value}`
    Message {
        name: String,
        fields: Vec<(String, Expr)>,
    },
    /// `range.all(x, ...)` and its like
    Fold(Box<Fold>),
    /// `target.optMap(x, ...)`, or with `flat` `optFlatMap`
    OptMap {
        target: Box<Expr>,
        variable: String,
        body: Box<Expr>,
        flat: bool,
    },
}

/// How a field is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It must be there.
    Value,
    /// It may be there.
    Optional,
    /// Whether it is there.
    Presence,
}

#[derive(Debug)]
pub(crate) enum Callee {
    Known(&'static Function),
    /// `matches` with a constant pattern.
    Pattern(&'static Function, Regex),
    Unknown(String),
}

/// An element of a list.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

/// An entry of a map.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Expr,
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

/// A macro over the elements of a list or the keys of a map.
#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) kind: FoldKind,
    pub(crate) range: Expr,
    pub(crate) variable: String,
    /// Which elements count; all where there is none.
    pub(crate) predicate: Option<Expr>,
    /// What `map` makes of an element.
    pub(crate) transform: Option<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FoldKind {
    All,
    Exists,
    ExistsOne,
    /// `map` and `filter`: a list.
    Collect,
}

impl Expr {
    /// The dotted name that a chain of selections spells, if it is nothing else.
    pub(crate) fn qualified_name(&self) -> Option<String> {
        match &self.node {
            Node::Ident(name) => Some(name.clone()),
            Node::Select { operand, field, access: Access::Value } => Some(format!("{}.{field}", operand.qualified_name()?)),
            _ => None,
        }
    }

    /// Calls `visit` on each direct part.
    pub(crate) fn parts<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        match &self.node {
            Node::Literal(_) | Node::Ident(_) => {}
            Node::Select { operand, .. } => visit(operand),
            Node::Index { operand, index, .. } => {
                visit(operand);
                visit(index);
            }
            Node::Call { args, .. } | Node::And(args) | Node::Or(args) => args.iter().for_each(visit),
            Node::Conditional(parts) => parts.iter().for_each(visit),
            Node::List(elements) => elements.iter().for_each(|e| visit(&e.value)),
            Node::Map(entries) => entries.iter().for_each(|e| {
                visit(&e.key);
                visit(&e.value);
            }),
            Node::Message { fields, .. } => fields.iter().for_each(|(_, value)| visit(value)),
            Node::Fold(fold) => {
                visit(&fold.range);
                fold.predicate.iter().chain(&fold.transform).for_each(visit);
            }
            Node::OptMap { target, body, .. } => {
                visit(target);
                visit(body);
            }
        }
    }
}
