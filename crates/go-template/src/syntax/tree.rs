//! The syntax tree. Function names are resolved, constants are values, and text is a range of the source, so that
//! executing a template looks nothing up but data. Trees are immutable and shared between threads.

use std::ops::Range;
use std::sync::Arc;

use crate::function::Function;
use crate::value::Str;

/// What the trees of one file share.
#[derive(Debug)]
pub(crate) struct Source {
    /// The name of the file, for positions in errors.
    pub(crate) name: Str,
    /// The whole text.
    pub(crate) text: Str,
    /// What the templates of the file write as it is around literals that stand alone in an action, in one piece each.
    pub(crate) constants: Box<[u8]>,
    /// Names of variables by their ids.
    pub(crate) variables: Box<[Str]>,
}

impl Source {
    /// A part of the source.
    pub(crate) fn text(&self, range: &Range<u32>) -> &[u8] {
        self.text.as_bytes().get(range.start as usize..range.end as usize).unwrap_or(&[])
    }

    /// A part of the constants.
    pub(crate) fn constant(&self, range: &Range<u32>) -> &[u8] {
        self.constants.get(range.start as usize..range.end as usize).unwrap_or(&[])
    }

    /// The name of a variable, with its dollar sign.
    pub(crate) fn variable(&self, id: VariableId) -> &[u8] {
        self.variables.get(id as usize).map_or(&[], Str::as_bytes)
    }
}

/// A parsed template: the body of a file or of a `define`.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) name: Str,
    pub(crate) source: Arc<Source>,
    pub(crate) root: Box<[Node]>,
    /// The body holds nothing but white space and comments: such a template replaces no other (HE-TPL-15).
    pub(crate) is_empty: bool,
}

/// Stands for the name of a variable within one file; 0 is `$`.
pub(crate) type VariableId = u32;

/// Byte offset in the source.
pub(crate) type Pos = u32;

/// A part of a body.
#[derive(Debug)]
pub(crate) enum Node {
    /// A part of the source.
    Text(Range<u32>),
    /// A part of the source's constants.
    Constant(Range<u32>),
    Action(Pos, Box<Pipe>),
    If(Pos, Box<Branch>),
    With(Pos, Box<Branch>),
    Range(Pos, Box<Branch>),
    Template(Pos, Box<Invocation>),
    Break(Pos),
    Continue(Pos),
}

/// `if`, `with` or `range`.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) list: Box<[Node]>,
    pub(crate) otherwise: Option<Box<[Node]>>,
}

/// `{{template "name" pipe}}`.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) name: Str,
    pub(crate) pipe: Option<Pipe>,
}

/// `$x := command | command`.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) pos: Pos,
    /// The variables are assigned, not declared.
    pub(crate) assign: bool,
    pub(crate) declared: Box<[VariableId]>,
    pub(crate) first: Command,
    /// The commands after the first.
    pub(crate) rest: Box<[Command]>,
}

/// A function, method or operand with its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) first: Expr,
    pub(crate) args: Box<[Expr]>,
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
    Number(Box<Number>),
    /// The value of a literal, and the number of bytes that it takes in the source.
    String(Str, u32),
    /// `.a.b`
    Field(Box<[Str]>),
    /// `$x` or `$x.a.b`
    Variable(VariableId, Box<[Str]>),
    /// `(pipe).a.b` or `function.a.b`
    Chain(Box<Expr>, Box<[Str]>),
    Function(&'static Function),
    Pipe(Box<Pipe>),
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
