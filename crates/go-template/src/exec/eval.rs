//! Pipelines, commands, operands and field chains.

use super::{At, Command, Eval, Expr, ExprKind, Pipe, Slot, State, nested};
use crate::error::CallError;
use crate::strconv;
use crate::syntax::table::Rows;
use crate::syntax::tree::{NameId, Number};
use crate::value::{Kind, List, Map, Str, Type, Value};

impl<'r> State<'r> {
    pub(super) fn pipeline(&mut self, dot: &Slot, pipe: &'r Pipe) -> Eval<Slot> {
        self.at = At::Pipe(pipe);
        // What comes out of an interface is seen as itself from here on; a nil interface is no value.
        let parts = self.parts();
        let mut last = None;
        for command in parts.commands.list(pipe.commands) {
            let mut value = self.command(dot, command, last.take())?;
            value.iface = false;
            last = Some(value);
        }
        let value = last.unwrap_or_else(Slot::invalid);
        for variable in parts.paths.list(pipe.declared) {
            if pipe.assign {
                self.assign(*variable, value.clone())?;
            } else {
                self.variables.push((*variable, value.clone()));
            }
        }
        Ok(value)
    }

    pub(super) fn assign(&mut self, variable: NameId, value: Slot) -> Eval<()> {
        match self.variables.iter_mut().rev().find(|(id, _)| *id == variable) {
            Some((_, slot)) => {
                *slot = value;
                Ok(())
            }
            None => Err(self.undefined(variable)),
        }
    }

    #[cold]
    fn undefined(&self, variable: NameId) -> CallError {
        self.error(format!("undefined variable: {}", self.parts().names[variable]))
    }

    fn variable(&self, variable: NameId) -> Eval<&Slot> {
        match self.variables.iter().rev().find(|(id, _)| *id == variable) {
            Some((_, slot)) => Ok(slot),
            None => Err(self.undefined(variable)),
        }
    }

    fn command(&mut self, dot: &Slot, command: &'r Command, last: Option<Slot>) -> Eval<Slot> {
        let parts = self.parts();
        let first = &command.first;
        let args = parts.exprs.list(command.args);
        match &first.kind {
            ExprKind::Field(path) => {
                self.at = At::Expr(first);
                self.chain(dot, dot.clone(), At::Expr(first), *path, args, last)
            }
            ExprKind::Chain(inner, path) => {
                let receiver = self.chain_start(dot, first, &parts.exprs[*inner])?;
                self.chain(dot, receiver, At::Expr(first), *path, args, last)
            }
            ExprKind::Function(function) => {
                self.at = At::Expr(first);
                self.call(dot, parts.functions[*function], None, At::Command(command), args, last)
            }
            ExprKind::Pipe(pipe) => {
                self.not_a_function(command, &last)?;
                nested(|| self.pipeline(dot, &parts.pipes[*pipe]))
            }
            ExprKind::Variable(variable, path) => {
                self.at = At::Expr(first);
                let value = self.variable(*variable)?.clone();
                if path.is_empty() {
                    self.not_a_function(command, &last)?;
                    return Ok(value);
                }
                self.chain(dot, value, At::Expr(first), *path, args, last)
            }
            kind => {
                self.at = At::Expr(first);
                self.not_a_function(command, &last)?;
                Ok(match kind {
                    ExprKind::Bool(b) => Slot::concrete(Value::Bool(*b)),
                    ExprKind::Number(number) => self.constant(first, &parts.numbers[*number])?,
                    ExprKind::String(text, _) => Slot::concrete(Value::String(parts.strings[*text].clone())),
                    ExprKind::Nil => return Err(self.error("nil is not a command")),
                    _ => dot.clone(),
                })
            }
        }
    }

    fn not_a_function(&self, command: &'r Command, last: &Option<Slot>) -> Eval<()> {
        if command.args.is_empty() && last.is_none() {
            return Ok(());
        }
        let mut shown = Vec::new();
        let first = &command.first;
        crate::syntax::show::Show::show(first, &self.template.source, &mut shown);
        Err(self.error(format!("can't give argument to non-function {}", String::from_utf8_lossy(&shown))))
    }

    /// The value that a chain `(pipe).a.b` starts from.
    fn chain_start(&mut self, dot: &Slot, chain: &'r Expr, inner: &'r Expr) -> Eval<Slot> {
        self.at = At::Expr(chain);
        if matches!(inner.kind, ExprKind::Nil) {
            let mut shown = Vec::new();
            crate::syntax::show::Show::show(chain, &self.template.source, &mut shown);
            return Err(self.error(format!("indirection through explicit nil in {}", String::from_utf8_lossy(&shown))));
        }
        self.operand(dot, inner)
    }

    /// The value of an operand that is not a literal.
    pub(super) fn operand(&mut self, dot: &Slot, expr: &'r Expr) -> Eval<Slot> {
        self.at = At::Expr(expr);
        let parts = self.parts();
        match &expr.kind {
            ExprKind::Field(path) => self.chain(dot, dot.clone(), At::Expr(expr), *path, &[], None),
            ExprKind::Variable(variable, path) => {
                let value = self.variable(*variable)?.clone();
                if path.is_empty() {
                    return Ok(value);
                }
                self.chain(dot, value, At::Expr(expr), *path, &[], None)
            }
            ExprKind::Pipe(pipe) => nested(|| self.pipeline(dot, &parts.pipes[*pipe])),
            ExprKind::Function(function) => self.call(dot, parts.functions[*function], None, At::Expr(expr), &[], None),
            ExprKind::Chain(inner, path) => {
                let receiver = self.chain_start(dot, expr, &parts.exprs[*inner])?;
                self.chain(dot, receiver, At::Expr(expr), *path, &[], None)
            }
            ExprKind::Bool(b) => Ok(Slot::concrete(Value::Bool(*b))),
            ExprKind::Number(number) => self.constant(expr, &parts.numbers[*number]),
            ExprKind::String(text, _) => Ok(Slot::concrete(Value::String(parts.strings[*text].clone()))),
            ExprKind::Dot => Ok(dot.clone()),
            ExprKind::Nil => Ok(Slot::invalid()),
        }
    }

    /// A number whose type only its syntax tells (HE-TPL-03).
    pub(super) fn constant(&mut self, expr: &'r Expr, number: &Number) -> Eval<Slot> {
        self.at = At::Expr(expr);
        if let Some((re, im)) = number.complex {
            return Ok(Slot::concrete(Value::Complex(re, im)));
        }
        let text = number.text.as_bytes();
        let hex = matches!(text, [b'0', b'x' | b'X', _, ..]) && !number.text.contains(['p', 'P']);
        let rune = text.first() == Some(&b'\'');
        match (number.float, number.int) {
            (Some(f), _) if !hex && !rune && number.text.contains(['.', 'e', 'E', 'p', 'P']) => Ok(Slot::concrete(Value::Float(f))),
            (_, Some(i)) => Ok(Slot::concrete(Value::Int(i))),
            _ if number.uint.is_some() => Err(self.error(format!("{} overflows int", number.text))),
            _ => Ok(Slot::invalid()),
        }
    }

    /// `.a.b.c args`: only the last name may be a method with arguments.
    fn chain(
        &mut self,
        dot: &Slot,
        mut receiver: Slot,
        node: At<'r>,
        path: Rows<NameId>,
        args: &'r [Expr],
        last: Option<Slot>,
    ) -> Eval<Slot> {
        let parts = self.parts();
        let Some((end, path)) = parts.paths.list(path).split_last() else { return Ok(receiver) };
        for name in path {
            receiver = self.field(dot, &parts.names[*name], node, &[], None, receiver)?;
        }
        self.field(dot, &parts.names[*end], node, args, last, receiver)
    }

    fn field(&mut self, dot: &Slot, name: &'r Str, node: At<'r>, args: &'r [Expr], last: Option<Slot>, receiver: Slot) -> Eval<Slot> {
        let has_args = !args.is_empty() || last.is_some();
        match &receiver.value {
            Value::Nil if !receiver.iface => {
                if self.run.strict {
                    return Err(self.error(format!("nil data; no entry for key {}", strconv::quote(name))));
                }
                Ok(receiver)
            }
            Value::Nil => Err(self.error(format!("nil pointer evaluating interface {{}}.{name}"))),
            Value::Map(map) => {
                if let Some(method) = map.go_type().method(name) {
                    return self.call(dot, method, Some(receiver.value.clone()), node, args, last);
                }
                if has_args {
                    return Err(self.error(format!("{name} is not a method but has arguments")));
                }
                let element = map.go_type().element();
                match map.get(name) {
                    Some(value) => Ok(Slot { value, iface: matches!(element, Type::Any) }),
                    None if self.run.strict => Err(self.error(format!("map has no entry for key {}", strconv::quote(name)))),
                    None => Ok(zero(&element)),
                }
            }
            Value::List(list) => match list.go_type().method(name) {
                Some(method) => self.call(dot, method, Some(receiver.value.clone()), node, args, last),
                None => Err(self.no_field(name, &receiver)),
            },
            Value::Object(object) => {
                if let Some(method) = object.go_type().method(name) {
                    return self.call(dot, method, Some(receiver.value.clone()), node, args, last);
                }
                match object.field(&name.to_text()) {
                    Some(_) if has_args => Err(self.error(format!("{name} has arguments but cannot be invoked as function"))),
                    Some(Value::Nil) => Ok(Slot::interface(Value::Nil)),
                    Some(value) => Ok(Slot::concrete(value)),
                    None => Err(self.no_field(name, &receiver)),
                }
            }
            _ => Err(self.no_field(name, &receiver)),
        }
    }

    #[cold]
    fn no_field(&self, name: &Str, receiver: &Slot) -> CallError {
        self.error(format!("can't evaluate field {name} in type {}", receiver.static_type()))
    }
}

/// The zero value of a type, as a missing map key gives it.
pub(crate) fn zero(go_type: &Type) -> Slot {
    let value = match go_type {
        Type::Any | Type::Error => return Slot::interface(Value::Nil),
        Type::Reflect => return Slot::invalid(),
        Type::Bool => Value::Bool(false),
        Type::Int => Value::Int(0),
        Type::Int64 => Value::Int64(0),
        Type::Float32 | Type::Float64 => Value::Float(0.0),
        Type::Complex128 => Value::Complex(0.0, 0.0),
        Type::String => Value::String(Str::default()),
        Type::Slice(Type::Uint8) => Value::Bytes(Str::default()),
        Type::Slice(Type::String) => Value::List(List::nil(Type::STRINGS)),
        Type::Slice(_) => Value::List(List::nil(Type::LIST)),
        Type::Map(Type::String) => Value::Map(Map::nil(Type::STRING_MAP)),
        Type::Map(_) => Value::Map(Map::nil(Type::MAP)),
        Type::Named(named) => return zero(&named.underlying),
        Type::Opaque(..) => return Slot::invalid(),
        other => match other.kind() {
            kind @ (Kind::Uint | Kind::Uint8 | Kind::Uint16 | Kind::Uint32 | Kind::Uint64) => Value::Uint(kind, 0),
            kind => Value::Sint(kind, 0),
        },
    };
    Slot::concrete(value)
}
