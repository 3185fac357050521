//! The syntax tree. Function names are resolved, constants are values, and text is a range of the source, so that
//! executing a template looks nothing up but data. Trees are immutable and shared between threads.
//!
//! The parts of all trees of a file stand in a few tables and name each other by their places there: a big chart has
//! tens of thousands of parts, and as many boxes would cost more than what is in them.

use std::ops::Range;
use std::sync::Arc;

use super::table::{Id, Rows, Table};
use crate::function::Function;
use crate::value::Str;

/// What the trees of one file share.
#[derive(Debug)]
pub(crate) struct Source {
    /// The whole text.
    pub(crate) text: Str,
    /// The parts of the trees.
    pub(crate) parts: Parts,
}

impl Source {
    /// A part of the text.
    pub(crate) fn text(&self, range: &Range<u32>) -> &[u8] {
        self.text.as_bytes().get(range.start as usize..range.end as usize).unwrap_or(&[])
    }
}

/// The parts of all trees of a file, by kind.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) nodes: Table<Node>,
    pub(crate) branches: Table<Branch>,
    pub(crate) invocations: Table<Invocation>,
    pub(crate) pipes: Table<Pipe>,
    pub(crate) commands: Table<Command>,
    pub(crate) exprs: Table<Expr>,
    /// Names of fields and variables, each once; [`DOLLAR`] is the first.
    pub(crate) names: Table<Str>,
    /// Lists of names.
    pub(crate) paths: Table<NameId>,
    /// The values of string literals.
    pub(crate) strings: Table<Str>,
    pub(crate) numbers: Table<Number>,
    pub(crate) functions: Table<&'static Function>,
    /// What the templates of the file write as it is around literals that stand alone in an action, in one piece each.
    pub(crate) constants: Table<u8>,
}

impl Parts {
    /// Takes everything out, into tables that are no larger than what they hold.
    pub(crate) fn take(&mut self) -> Self {
        Self {
            nodes: self.nodes.take(),
            branches: self.branches.take(),
            invocations: self.invocations.take(),
            pipes: self.pipes.take(),
            commands: self.commands.take(),
            exprs: self.exprs.take(),
            names: self.names.take(),
            paths: self.paths.take(),
            strings: self.strings.take(),
            numbers: self.numbers.take(),
            functions: self.functions.take(),
            constants: self.constants.take(),
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.take();
    }
}

/// A parsed template: the body of a file or of a `define`.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) name: Str,
    /// The name of the file, for positions in errors.
    pub(crate) file: Str,
    pub(crate) source: Arc<Source>,
    pub(crate) root: Rows<Node>,
    /// The body holds nothing but white space and comments: such a template replaces no other (HE-TPL-15).
    pub(crate) is_empty: bool,
}

/// The name of a field, or of a variable with its dollar sign.
pub(crate) type NameId = Id<Str>;

/// The variable `$`, which every template has.
pub(crate) const DOLLAR: NameId = Id::FIRST;

/// Byte offset in the source.
pub(crate) type Pos = u32;

/// A part of a body.
#[derive(Debug)]
pub(crate) enum Node {
    /// A part of the source.
    Text(Range<u32>),
    /// A part of the constants.
    Constant(Rows<u8>),
    Action(Pos, Id<Pipe>),
    If(Pos, Id<Branch>),
    With(Pos, Id<Branch>),
    Range(Pos, Id<Branch>),
    Template(Pos, Id<Invocation>),
    Break(Pos),
    Continue(Pos),
}

/// `if`, `with` or `range`.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) pipe: Id<Pipe>,
    pub(crate) list: Rows<Node>,
    pub(crate) otherwise: Option<Rows<Node>>,
}

/// `{{template "name" pipe}}`.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) name: Str,
    pub(crate) pipe: Option<Id<Pipe>>,
}

/// `$x := command | command`.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) pos: Pos,
    /// The variables are assigned, not declared.
    pub(crate) assign: bool,
    pub(crate) declared: Rows<NameId>,
    /// At least one.
    pub(crate) commands: Rows<Command>,
}

/// A function, method or operand with its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) first: Expr,
    pub(crate) args: Rows<Expr>,
}

/// An operand with its position.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) pos: Pos,
    pub(crate) kind: ExprKind,
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    Bool(bool),
    Nil,
    Dot,
    Number(Id<Number>),
    /// The value of a literal, and the number of bytes that it takes in the source.
    String(Id<Str>, u32),
    /// `.a.b`
    Field(Rows<NameId>),
    /// `$x` or `$x.a.b`
    Variable(NameId, Rows<NameId>),
    /// `(pipe).a.b` or `function.a.b`
    Chain(Id<Expr>, Rows<NameId>),
    Function(Id<&'static Function>),
    Pipe(Id<Pipe>),
}

/// A numeric literal: every type that it can be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Number {
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
}
