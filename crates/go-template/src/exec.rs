//! Executes parsed templates with the semantics of Go's `text/template`.

mod call;
mod eval;
mod slot;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use rustc_hash::FxHashMap;

pub(crate) use eval::zero;
pub(crate) use slot::Slot;

use crate::error::{CallError, Origin};
use crate::format;
use crate::host::Host;
use crate::limits::Meter;
use crate::strconv;
use crate::syntax::show::Show;
use crate::syntax::table::Rows;
use crate::syntax::tree::{Branch, Command, DOLLAR, Expr, ExprKind, Invocation, NameId, Node, Parts, Pipe, Pos, Template};
use crate::value::{Kind, Str, Type, Value};

/// `{{template}}` inside `{{template}}` … up to this depth, as in Go.
const MAX_TEMPLATE_DEPTH: usize = 100_000;

/// Templates that may run inside each other by `template`, `include` and `tpl` together. Go has only its stack here.
const MAX_INVOCATIONS: usize = 150_000;

/// Stack that must be left before a level of nesting is executed, and what is added when it is not.
const RED_ZONE: usize = 128 << 10;
const STACK_SEGMENT: usize = 4 << 20;

/// Runs `body` with enough stack for one more level of nesting.
#[inline]
pub(crate) fn nested<T>(body: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RED_ZONE, STACK_SEGMENT, body)
}

/// What one render shares between all its templates.
pub(crate) struct Run<'r> {
    pub(crate) host: &'r dyn Host,
    pub(crate) meter: &'r Meter,
    /// A missing key is an error.
    pub(crate) strict: bool,
    /// `required` and `fail` do not end the render.
    pub(crate) lint: bool,
    /// How often each template is being included right now.
    pub(crate) included: RefCell<FxHashMap<Str, u32>>,
    /// Templates that run inside each other right now.
    pub(crate) invocations: Cell<usize>,
}

/// The templates that are visible: those of the set, and in front of them those that texts given to `tpl` define.
pub(crate) struct Scope<'r> {
    pub(crate) outer: Option<&'r Scope<'r>>,
    pub(crate) templates: &'r FxHashMap<Str, Arc<Template>>,
    /// Parses texts for `tpl`.
    pub(crate) texts: &'r crate::engine::TextCache,
}

impl<'r> Scope<'r> {
    /// The template of a name. One whose body is empty gives way to any other of its name further out (HE-TPL-15).
    pub(crate) fn lookup(&self, name: &[u8]) -> Option<&'r Template> {
        let mut found: Option<&'r Template> = None;
        let mut scope = Some(self);
        while let Some(current) = scope {
            if let Some(template) = current.templates.get(name) {
                found = Some(template);
                if !template.is_empty {
                    break;
                }
            }
            scope = current.outer;
        }
        found
    }
}

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

type Eval<T> = Result<T, CallError>;

/// The node that errors name.
#[derive(Clone, Copy)]
enum At<'r> {
    Nothing,
    Node(&'r Node),
    Pipe(&'r Pipe),
    Command(&'r Command),
    Expr(&'r Expr),
}

/// The execution of one template.
pub(crate) struct State<'r> {
    run: &'r Run<'r>,
    scope: &'r Scope<'r>,
    template: &'r Template,
    at: At<'r>,
    /// Declared variables, innermost last.
    variables: Vec<(NameId, Slot)>,
    out: Vec<u8>,
    depth: usize,
}

/// Runs a template and gives what it writes.
pub(crate) fn execute<'r>(run: &'r Run<'r>, scope: &'r Scope<'r>, template: &'r Template, data: Value) -> Eval<Vec<u8>> {
    execute_into(Vec::new(), run, scope, template, data)
}

/// Runs the template of a file. It mostly writes about as much as stands in it: growing by and by would cost a big file
/// its size once more.
pub(crate) fn execute_file<'r>(run: &'r Run<'r>, scope: &'r Scope<'r>, template: &'r Template, data: Value) -> Eval<Vec<u8>> {
    let mut out = execute_into(Vec::with_capacity(template.source.text.len()), run, scope, template, data)?;
    out.shrink_to_fit();
    Ok(out)
}

fn execute_into<'r>(out: Vec<u8>, run: &'r Run<'r>, scope: &'r Scope<'r>, template: &'r Template, data: Value) -> Eval<Vec<u8>> {
    let dot = Slot::concrete(data);
    let mut state = State { run, scope, template, at: At::Nothing, variables: vec![(DOLLAR, dot.clone())], out, depth: 0 };
    state.invoke(&dot)?;
    run.meter.reserve(state.out.len())?;
    Ok(state.out)
}

impl<'r> State<'r> {
    /// Runs the template of this state.
    fn invoke(&mut self, dot: &Slot) -> Eval<()> {
        let invocations = self.run.invocations.get() + 1;
        if invocations > MAX_INVOCATIONS {
            return Err(CallError::limit(format!("more than {MAX_INVOCATIONS} templates run inside each other")));
        }
        self.run.invocations.set(invocations);
        let template = self.template;
        let result = nested(|| self.walk(dot, template.root));
        self.run.invocations.set(invocations - 1);
        result.map(|_| ())
    }

    /// An error at the current node.
    #[cold]
    fn error(&self, message: impl std::fmt::Display) -> CallError {
        CallError { text: format!("{}{message}", self.position()), source: None, origin: Origin::Exec }
    }

    /// `template: <file>:<line>:<column>: executing "<name>" at <<node>>: `
    fn position(&self) -> String {
        let source = &*self.template.source;
        let mut shown = Vec::new();
        let pos = match self.at {
            At::Nothing => return format!("template: {}: ", self.template.name),
            At::Node(node) => {
                node.show(source, &mut shown);
                node_pos(node)
            }
            At::Pipe(pipe) => {
                pipe.show(source, &mut shown);
                pipe.pos
            }
            At::Command(command) => {
                command.show(source, &mut shown);
                command.first.pos
            }
            At::Expr(expr) => {
                expr.show(source, &mut shown);
                expr.pos
            }
        };
        let text = source.text.as_bytes();
        let before = text.get(..pos as usize).unwrap_or(text);
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        format!(
            "template: {}:{line}:{column}: executing {} at <{}>: ",
            self.template.file,
            strconv::quote(&self.template.name),
            String::from_utf8_lossy(&shown)
        )
    }

    /// The parts of the trees of this template's file.
    fn parts(&self) -> &'r Parts {
        &self.template.source.parts
    }

    fn walk(&mut self, dot: &Slot, nodes: Rows<Node>) -> Eval<Flow> {
        let parts = self.parts();
        for node in parts.nodes.list(nodes) {
            self.run.meter.step(self.run.host)?;
            self.at = At::Node(node);
            let flow = match node {
                Node::Text(range) => {
                    self.out.extend_from_slice(self.template.source.text(range));
                    Flow::Next
                }
                Node::Constant(range) => {
                    self.out.extend_from_slice(parts.constants.list(*range));
                    Flow::Next
                }
                Node::Action(_, pipe) => {
                    let pipe = &parts.pipes[*pipe];
                    let value = self.pipeline(dot, pipe)?;
                    if pipe.declared.is_empty() {
                        self.at = At::Node(node);
                        self.print(&value)?;
                    }
                    Flow::Next
                }
                Node::If(_, branch) => nested(|| self.walk_if(dot, &parts.branches[*branch]))?,
                Node::With(_, branch) => nested(|| self.walk_with(dot, &parts.branches[*branch]))?,
                Node::Range(_, branch) => nested(|| self.walk_range(dot, &parts.branches[*branch]))?,
                Node::Template(_, invocation) => {
                    self.walk_template(dot, &parts.invocations[*invocation])?;
                    Flow::Next
                }
                Node::Break(_) => Flow::Break,
                Node::Continue(_) => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// Writes a value as `{{ value }}` does.
    fn print(&mut self, slot: &Slot) -> Eval<()> {
        let before = self.out.len();
        match &slot.value {
            Value::Nil if !slot.is_valid() => self.out.extend_from_slice(b"<no value>"),
            Value::Object(object) => match object.stringer().or_else(|| object.pointer_stringer()) {
                Some(text) => self.out.extend_from_slice(text.as_bytes()),
                None => format::print_pointed(&mut self.out, &slot.value),
            },
            value => format::print_value(&mut self.out, value),
        }
        self.run.meter.reserve(self.out.len() - before)
    }

    fn walk_if(&mut self, dot: &Slot, branch: &'r Branch) -> Eval<Flow> {
        let mark = self.variables.len();
        let value = self.pipeline(dot, &self.parts().pipes[branch.pipe])?;
        let flow = if value.value.truth() { self.walk(dot, branch.list) } else { self.walk(dot, branch.otherwise.unwrap_or(Rows::EMPTY)) };
        self.variables.truncate(mark);
        flow
    }

    fn walk_with(&mut self, dot: &Slot, branch: &'r Branch) -> Eval<Flow> {
        let mark = self.variables.len();
        let value = self.pipeline(dot, &self.parts().pipes[branch.pipe])?;
        let flow =
            if value.value.truth() { self.walk(&value, branch.list) } else { self.walk(dot, branch.otherwise.unwrap_or(Rows::EMPTY)) };
        self.variables.truncate(mark);
        flow
    }

    fn walk_range(&mut self, dot: &Slot, branch: &'r Branch) -> Eval<Flow> {
        let mark = self.variables.len();
        let range = self.pipeline(dot, &self.parts().pipes[branch.pipe])?;
        let ran = self.iterate(&range, branch)?;
        let flow = if ran { Ok(Flow::Next) } else { self.walk(dot, branch.otherwise.unwrap_or(Rows::EMPTY)) };
        self.variables.truncate(mark);
        flow
    }

    /// Runs the body for each element; `false` when there is none.
    fn iterate(&mut self, range: &Slot, branch: &'r Branch) -> Eval<bool> {
        let value = match &range.value {
            Value::Object(object) => object.underlying().unwrap_or(&range.value),
            other => other,
        };
        let element = value.type_of().map_or(Type::Any, |t| t.element());
        let slot = |v: Value| Slot { iface: matches!(element, Type::Any), value: v };
        let mut ran = false;
        match value {
            Value::Nil => {}
            Value::List(list) => {
                for (index, item) in (0i64..).zip(list.items()) {
                    ran = true;
                    if !self.iteration(branch, || Slot::concrete(Value::Int(index)), slot(item.clone()))? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, item) in map.entries() {
                    ran = true;
                    if !self.iteration(branch, || Slot::concrete(Value::String(key.clone())), slot(item))? {
                        break;
                    }
                }
            }
            Value::Bytes(bytes) => {
                for (index, byte) in (0i64..).zip(bytes.as_bytes()) {
                    ran = true;
                    let item = Slot::concrete(Value::Uint(Kind::Uint8, u64::from(*byte)));
                    if !self.iteration(branch, || Slot::concrete(Value::Int(index)), item)? {
                        break;
                    }
                }
            }
            Value::Int(_) | Value::Int64(_) | Value::Sint(..) | Value::Uint(..) => {
                if self.declared(branch).len() > 1 {
                    let shown = String::from_utf8_lossy(&format::sprint(value)).into_owned();
                    return Err(self.error(format!("can't use {shown} to iterate over more than one variable")));
                }
                let end = value.as_int().map_or_else(|| value.as_uint().unwrap_or(0), |i| u64::try_from(i).unwrap_or(0));
                for number in 0..end {
                    ran = true;
                    let item = match value {
                        Value::Int64(_) => Value::Int64(number.cast_signed()),
                        Value::Sint(kind, _) => Value::Sint(*kind, number.cast_signed()),
                        Value::Uint(kind, _) => Value::Uint(*kind, number),
                        _ => Value::Int(number.cast_signed()),
                    };
                    if !self.iteration(branch, Slot::invalid, Slot::concrete(item))? {
                        break;
                    }
                }
            }
            other => {
                let shown = String::from_utf8_lossy(&format::sprint(other)).into_owned();
                // the original looks through pointers first
                let shown = if other.kind() == Kind::Pointer { shown.trim_start_matches('&') } else { &shown };
                return Err(self.error(format!("range can't iterate over {shown}")));
            }
        }
        Ok(ran)
    }

    /// The variables of a range.
    fn declared(&self, branch: &Branch) -> &'r [NameId] {
        let parts = self.parts();
        parts.paths.list(parts.pipes[branch.pipe].declared)
    }

    /// One turn of a range; `false` after a break.
    fn iteration(&mut self, branch: &'r Branch, index: impl FnOnce() -> Slot, element: Slot) -> Eval<bool> {
        self.run.meter.step(self.run.host)?;
        let mark = self.variables.len();
        let assign = self.parts().pipes[branch.pipe].assign;
        match self.declared(branch) {
            [] => {}
            [only] if assign => self.assign(*only, element.clone())?,
            [first, second, ..] if assign => {
                self.assign(*first, index())?;
                self.assign(*second, element.clone())?;
            }
            declared => {
                if let Some(top) = self.variables.last_mut() {
                    top.1 = element.clone();
                }
                if declared.len() > 1
                    && let Some(below) = mark.checked_sub(2).and_then(|i| self.variables.get_mut(i))
                {
                    below.1 = index();
                }
            }
        }
        let flow = self.walk(&element, branch.list)?;
        self.variables.truncate(mark);
        Ok(flow != Flow::Break)
    }

    fn walk_template(&mut self, dot: &Slot, invocation: &'r Invocation) -> Eval<()> {
        let Some(template) = self.scope.lookup(invocation.name.as_bytes()) else {
            return Err(self.error(format!("template {} not defined", strconv::quote(&invocation.name))));
        };
        if self.depth == MAX_TEMPLATE_DEPTH {
            return Err(self.error(format!("exceeded maximum template depth ({MAX_TEMPLATE_DEPTH})")));
        }
        let dot = match invocation.pipe {
            Some(pipe) => self.pipeline(dot, &self.parts().pipes[pipe])?,
            None => Slot::invalid(),
        };
        let mut inner = State {
            run: self.run,
            scope: self.scope,
            template,
            at: At::Nothing,
            variables: vec![(DOLLAR, dot.clone())],
            out: std::mem::take(&mut self.out),
            depth: self.depth + 1,
        };
        inner.invoke(&dot)?;
        self.out = inner.out;
        Ok(())
    }
}

fn node_pos(node: &Node) -> Pos {
    match node {
        Node::Text(_) | Node::Constant(_) => 0,
        Node::Action(pos, _)
        | Node::If(pos, _)
        | Node::With(pos, _)
        | Node::Range(pos, _)
        | Node::Template(pos, _)
        | Node::Break(pos)
        | Node::Continue(pos) => *pos,
    }
}
