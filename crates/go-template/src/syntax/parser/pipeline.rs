//! Pipelines: declarations, commands and their operands.

use smallvec::SmallVec;

use super::{MAX_NESTING, Parsed, Parser, RED_ZONE, STACK_SEGMENT};
use crate::function::Function;
use crate::strconv;
use crate::syntax::lexer::Kind;
use crate::syntax::numbers;
use crate::syntax::table::{Id, Rows};
use crate::syntax::tree::{Command, Expr, ExprKind, NameId, Number, Pipe};

/// The variables that a pipeline declares: two at most.
type Declared = SmallVec<[NameId; 2]>;

/// What stands before the commands of a pipeline.
#[derive(Default)]
struct Opening {
    declared: Declared,
    /// The variables are assigned, not declared.
    assign: bool,
    /// A variable that was read to see whether it is declared here, and is not.
    first: Option<Expr>,
}

impl<'t> Parser<'t> {
    /// A pipeline from the item that is looked at up to its end, which is looked at then.
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Id<Pipe>> {
        let pos = self.item.pos;
        let opening = self.opening(context)?;
        self.commands(pos, opening, context, end)
    }

    /// The same, when the first term has been read.
    pub(super) fn pipeline_after(&mut self, first: Expr, context: &str, end: Kind) -> Parsed<Id<Pipe>> {
        self.commands(first.pos, Opening { first: Some(first), ..Opening::default() }, context, end)
    }

    fn opening(&mut self, context: &str) -> Parsed<Opening> {
        let mut opening = Opening::default();
        while self.item.kind == Kind::Variable {
            let (pos, name) = (self.item.pos, self.word());
            self.advance();
            // `$x foo` uses the variable, `$x := foo` declares it.
            match self.item.kind {
                Kind::Assign | Kind::Declare => {
                    opening.assign = self.item.kind == Kind::Assign;
                    self.declare(&mut opening.declared, name);
                    self.advance();
                    break;
                }
                Kind::Char if self.word() == b"," => {
                    self.declare(&mut opening.declared, name);
                    if context != "range" || opening.declared.len() == 2 {
                        return self.error(format!("too many declarations in {context}"));
                    }
                    self.advance();
                    if !matches!(self.item.kind, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                        return self.error("range can only initialize variables");
                    }
                }
                _ => {
                    opening.first = Some(Expr { pos, kind: self.variable(name)? });
                    break;
                }
            }
        }
        Ok(opening)
    }

    fn declare(&mut self, declared: &mut Declared, name: &'t [u8]) {
        let variable = self.name_id(name);
        self.tree.variables.push(variable);
        declared.push(variable);
    }

    fn commands(&mut self, pos: u32, opening: Opening, context: &str, end: Kind) -> Parsed<Id<Pipe>> {
        let mark = self.open.commands.len();
        let mut first = opening.first;
        loop {
            let operand = match first.take() {
                Some(term) => self.with_fields(term)?,
                None if self.item.kind.starts_operand() => self.operand()?,
                None if self.item.kind == end => break,
                None => return self.unexpected(context),
            };
            let command = self.command(operand)?;
            self.open.commands.push(command);
        }
        let commands = self.parts.commands.append(&mut self.open.commands, mark);
        if commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (stage, command) in (1..).zip(self.parts.commands.list(commands)).skip(1) {
            let constant = matches!(
                command.first.kind,
                ExprKind::Bool(_) | ExprKind::Dot | ExprKind::Nil | ExprKind::Number(_) | ExprKind::String(..)
            );
            if constant {
                return self.error(format!("non executable command in pipeline stage {stage}"));
            }
        }
        let declared = self.parts.paths.extend(&opening.declared);
        Ok(self.parts.pipes.push(Pipe { pos, assign: opening.assign, declared, commands }))
    }

    /// The arguments behind the first operand, and the pipe that may follow.
    fn command(&mut self, first: Expr) -> Parsed<Command> {
        let mark = self.open.args.len();
        loop {
            match self.item.kind {
                Kind::RightDelim | Kind::RightParen => break,
                Kind::Pipe => {
                    self.advance();
                    break;
                }
                kind if self.item.spaced && kind.starts_operand() => {
                    let operand = self.operand()?;
                    self.open.args.push(operand);
                }
                _ => return self.unexpected("operand"),
            }
        }
        Ok(Command { first, args: self.parts.exprs.append(&mut self.open.args, mark) })
    }

    /// A term with the fields behind it.
    fn operand(&mut self) -> Parsed<Expr> {
        let pos = self.item.pos;
        let kind = self.term()?;
        if let ExprKind::Pipe(pipe) = kind {
            // Go's node is the pipeline itself: its position is that of its first word.
            return self.with_fields(Expr { pos: self.parts.pipes[pipe].pos, kind });
        }
        self.with_fields(Expr { pos, kind })
    }

    fn with_fields(&mut self, term: Expr) -> Parsed<Expr> {
        if self.item.kind != Kind::Field || self.item.spaced {
            return Ok(term);
        }
        let pos = self.item.pos;
        let mut names = match term.kind {
            ExprKind::Field(own) | ExprKind::Variable(_, own) => own,
            _ => Rows::EMPTY,
        };
        let mut end = pos;
        while self.item.kind == Kind::Field && !self.item.spaced {
            end = self.item.end;
            let name = [self.field()];
            if names.is_empty() {
                names = self.parts.paths.extend(&name);
            } else {
                self.parts.paths.continue_last(&mut names, &name);
            }
            self.advance();
        }
        let kind = match term.kind {
            ExprKind::Field(_) => ExprKind::Field(names),
            ExprKind::Variable(variable, _) => ExprKind::Variable(variable, names),
            ExprKind::Chain(..) | ExprKind::Function(_) | ExprKind::Pipe(_) => {
                let start = self.parts.exprs.push(term);
                ExprKind::Chain(start, names)
            }
            ExprKind::Bool(_) | ExprKind::Nil | ExprKind::Dot | ExprKind::Number(_) | ExprKind::String(..) => {
                return self.constant_with_fields(&term, end);
            }
        };
        Ok(Expr { pos, kind })
    }

    /// A constant has no fields; these ended at `end`.
    fn constant_with_fields<T>(&self, term: &Expr, end: u32) -> Parsed<T> {
        let text: &[u8] = match &term.kind {
            ExprKind::Bool(true) => b"true",
            ExprKind::Bool(false) => b"false",
            ExprKind::Nil => b"nil",
            ExprKind::Number(number) => self.parts.numbers[*number].text.as_bytes(),
            ExprKind::String(_, len) => self.source(&(term.pos..term.pos + len)),
            _ => b".",
        };
        // White space behind the fields is an item of its own for Go, and it is the last one here.
        let at = if self.item.spaced { end } else { self.item.pos };
        self.error_at(at, format!("unexpected . after term {}", strconv::quote(text)))
    }

    /// The term that is looked at; the item behind it is looked at afterwards.
    fn term(&mut self) -> Parsed<ExprKind> {
        let kind = match self.item.kind {
            Kind::Field => {
                let name = self.field();
                ExprKind::Field(self.parts.paths.extend(&[name]))
            }
            Kind::Variable => self.variable(self.word())?,
            Kind::Identifier => ExprKind::Function(self.function(self.word())?),
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Bool => ExprKind::Bool(self.word() == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => ExprKind::Number(self.number()?),
            Kind::String | Kind::RawString => self.string(self.word())?,
            Kind::LeftParen => {
                if self.tree.paren_depth >= MAX_NESTING {
                    return self.error("max expression depth exceeded");
                }
                self.advance();
                self.tree.paren_depth += 1;
                let pipe = stacker::maybe_grow(RED_ZONE, STACK_SEGMENT, || self.pipeline("parenthesized pipeline", Kind::RightParen))?;
                self.tree.paren_depth -= 1;
                ExprKind::Pipe(pipe)
            }
            _ => return self.unexpected("operand"),
        };
        self.advance();
        Ok(kind)
    }

    /// The name of the field that is looked at, without its dot.
    fn field(&mut self) -> NameId {
        self.name_id(self.word().get(1..).unwrap_or(&[]))
    }

    fn variable(&mut self, name: &'t [u8]) -> Parsed<ExprKind> {
        let variable = self.name_id(name);
        if !self.tree.variables.contains(&variable) {
            return self.error(format!("undefined variable {}", strconv::quote(name)));
        }
        Ok(ExprKind::Variable(variable, Rows::EMPTY))
    }

    fn function(&mut self, name: &'t [u8]) -> Parsed<Id<&'static Function>> {
        if let Some(known) = self.known_functions.get(name) {
            return Ok(*known);
        }
        let Some(function) = (self.functions)(&String::from_utf8_lossy(name)) else {
            return self.error(format!("function {} not defined", strconv::quote(name)));
        };
        let id = self.parts.functions.push(function);
        self.known_functions.insert(name, id);
        Ok(id)
    }

    /// The number that is looked at.
    fn number(&mut self) -> Parsed<Id<Number>> {
        let literal = self.word();
        if let Some(known) = self.numbers.get(literal) {
            return Ok(*known);
        }
        let text = String::from_utf8_lossy(literal);
        let number = match self.item.kind {
            Kind::CharConstant => numbers::character(literal),
            Kind::Complex => numbers::complex(&text),
            _ => numbers::number(&text),
        };
        let id = match number {
            Ok(number) => self.parts.numbers.push(number),
            Err(message) => return self.error(message),
        };
        self.numbers.insert(literal, id);
        Ok(id)
    }

    /// A string, by its text in the source.
    pub(super) fn string(&mut self, text: &'t [u8]) -> Parsed<ExprKind> {
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        if let Some(known) = self.literals.get(text) {
            return Ok(ExprKind::String(*known, len));
        }
        let value = self.unquoted(text)?;
        let id = self.parts.strings.push((&*value).into());
        self.literals.insert(text, id);
        Ok(ExprKind::String(id, len))
    }
}
