//! The syntax tree. Function names are resolved, constants are values, and text is a range of the source, so that
//! executing a template looks nothing up but data. Trees are immutable and shared between threads.

use std::ops::Range;
use std::sync::Arc;

use crate::function::Function;
use crate::value::Str;

/// The text that a tree was parsed from.
#[derive(Debug)]
pub(crate) struct Source {
    /// The name of the file, for positions in errors.
    pub(crate) name: Str,
    /// The whole text.
    pub(crate) text: Str,
}

/// A parsed template: the body of a file or of a `define`.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) name: Str,
    pub(crate) source: Arc<Source>,
    pub(crate) root: Vec<Node>,
    /// The body holds nothing but white space and comments: such a template replaces no other (HE-TPL-15).
    pub(crate) is_empty: bool,
}

impl Template {
    /// A template of a body.
    pub(crate) fn new(name: Str, source: Arc<Source>, root: Vec<Node>) -> Self {
        let is_empty = root.iter().all(|node| match node {
            Node::Text(_, range) => {
                let text = source.text.as_bytes().get(range.clone()).unwrap_or(&[]);
                String::from_utf8_lossy(text).trim().is_empty()
            }
            _ => false,
        });
        Self { name, source, root, is_empty }
    }
}

/// Byte offset in the source.
pub(crate) type Pos = u32;

/// A part of a body.
#[derive(Debug)]
pub(crate) enum Node {
    Text(Pos, Range<usize>),
    Action(Pos, Pipe),
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
    pub(crate) list: Vec<Node>,
    pub(crate) otherwise: Option<Vec<Node>>,
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
    pub(crate) declared: Vec<Variable>,
    /// The variables are assigned, not declared.
    pub(crate) assign: bool,
    pub(crate) commands: Vec<Command>,
}

/// A variable by its name; `id` is unique for a name within one parsed file, 0 is `$`.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) id: u32,
    pub(crate) name: Str,
}

/// A function, method or operand with its arguments. There is at least one word.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) first: Expr,
    pub(crate) args: Vec<Expr>,
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
    /// The literal as it was written, and its value.
    String {
        quoted: Str,
        text: Str,
    },
    /// `.a.b`
    Field(Vec<Str>),
    /// `$x` or `$x.a.b`
    Variable(Variable, Vec<Str>),
    /// `(pipe).a.b` or `function.a.b`
    Chain(Box<Expr>, Vec<Str>),
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
