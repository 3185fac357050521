//! Calls of functions and methods: counting, evaluating and checking arguments (HE-TPL-13, HE-TYP-02).

use smallvec::SmallVec;

use super::eval::zero;
use super::{At, Eval, Expr, ExprKind, Slot, State};
use crate::context::Context;
use crate::error::{CallError, Origin};
use crate::function::{Args, Body, Function};
use crate::syntax::show::Show;
use crate::value::{Kind, Type, Value};

/// What a small list or map costs, about.
const CONTAINER_BYTES: usize = 96;

impl<'r> State<'r> {
    /// Calls `function`. `node` is what an error of the call names; `last` is the value that the pipeline hands over.
    pub(super) fn call(
        &mut self,
        dot: &Slot,
        function: &'static Function,
        receiver: Option<Value>,
        node: At<'r>,
        args: &'r [Expr],
        last: Option<Slot>,
    ) -> Eval<Slot> {
        let fixed = function.fixed();
        let rest = function.rest();
        let count = args.len() + usize::from(last.is_some());
        if rest.is_some() {
            if count < fixed.len() {
                let least = fixed.len();
                return Err(self.error(format!("wrong number of args for {}: want at least {least} got {}", function.name(), args.len())));
            }
        } else if count != fixed.len() {
            return Err(self.error(format!("wrong number of args for {}: want {} got {count}", function.name(), fixed.len())));
        }
        let result = match function.body() {
            Body::And => return self.short_circuit(dot, args, last, false),
            Body::Or => return self.short_circuit(dot, args, last, true),
            Body::Plain(call) => {
                let mut values: SmallVec<[Value; 6]> = receiver.into_iter().collect();
                for (index, arg) in args.iter().enumerate() {
                    values.push(self.argument(dot, function.parameter(index), arg)?.value);
                }
                if let Some(last) = last {
                    values.push(self.validate(last, function.parameter(count - 1))?.value);
                }
                let context = Context::of_render(self.run, self.scope);
                let result = call(&context, &Args::new(&values));
                result.and_then(|value| {
                    // What a template can pile up without end is counted, if only roughly.
                    self.run.meter.reserve(match &value {
                        Value::String(s) => s.len(),
                        Value::List(_) | Value::Map(_) | Value::Object(_) => CONTAINER_BYTES,
                        _ => 0,
                    })?;
                    Ok(Slot { iface: value.is_nil(), value })
                })
            }
            Body::Reflect(call) => call(&self.slots(dot, function, args, last)?),
            Body::Call => {
                let slots = self.slots(dot, function, args, last)?;
                Err(self.call_of(args, slots.first()))
            }
        };
        result.map_err(|error| {
            if error.is_limit() {
                return error;
            }
            self.at = node;
            CallError {
                text: format!("{}error calling {}: ", self.position(), function.name()),
                source: Some(Box::new(error)),
                origin: Origin::Exec,
            }
        })
    }

    /// The arguments of a built-in that sees more than values.
    fn slots(&mut self, dot: &Slot, function: &'static Function, args: &'r [Expr], last: Option<Slot>) -> Eval<SmallVec<[Slot; 4]>> {
        let mut slots = SmallVec::new();
        for (index, arg) in args.iter().enumerate() {
            slots.push(self.argument(dot, function.parameter(index), arg)?);
        }
        if let Some(last) = last {
            slots.push(self.validate(last, function.parameter(args.len()))?);
        }
        Ok(slots)
    }

    /// `and` and `or`: evaluates until one argument decides, and answers that one, or the last.
    fn short_circuit(&mut self, dot: &Slot, args: &'r [Expr], last: Option<Slot>, until: bool) -> Eval<Slot> {
        let mut value = Slot::invalid();
        for arg in args {
            value = self.argument(dot, &Type::Reflect, arg)?;
            if value.value.truth() == until {
                return Ok(value);
            }
        }
        match last {
            Some(last) => self.validate(last, &Type::Reflect),
            None => Ok(value),
        }
    }

    /// `call`: there are no function values in our data, so it always fails.
    fn call_of(&self, args: &'r [Expr], callee: Option<&Slot>) -> CallError {
        match callee {
            Some(slot) if !slot.value.is_nil() => {
                let name = args.first().map_or_else(
                    || match &slot.value {
                        Value::String(s) => s.to_string(),
                        other => format!("<{} Value>", other.type_name()),
                    },
                    |arg| self.shown(arg),
                );
                CallError::new(format!("non-function {name} of type {}", slot.value.type_name()))
            }
            _ => CallError::new("call of nil"),
        }
    }

    fn shown(&self, expr: &'r Expr) -> String {
        let mut out = Vec::new();
        expr.show(&self.template.source, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Evaluates one argument for a parameter of the type `expected`.
    fn argument(&mut self, dot: &Slot, expected: &'static Type, expr: &'r Expr) -> Eval<Slot> {
        self.at = At::Expr(expr);
        match &expr.kind {
            ExprKind::Dot => return self.validate(dot.clone(), expected),
            ExprKind::Nil => {
                return if expected.can_be_nil() {
                    Ok(zero(expected))
                } else {
                    Err(self.error(format!("cannot assign nil to {expected}")))
                };
            }
            ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(..) => {}
            _ => {
                let value = self.operand(dot, expr)?;
                return self.validate(value, expected);
            }
        }
        self.literal(expected, expr)
    }

    /// A literal takes the type of the parameter.
    fn literal(&mut self, expected: &'static Type, expr: &'r Expr) -> Eval<Slot> {
        let mismatch = |what: &str, state: &Self| Err(state.error(format!("expected {what}; found {}", state.shown(expr))));
        let number = match &expr.kind {
            ExprKind::Number(number) => Some(&self.parts().numbers[*number]),
            _ => None,
        };
        let value = match expected {
            Type::Any | Type::Reflect => {
                return match &expr.kind {
                    ExprKind::Number(number) => self.constant(expr, &self.parts().numbers[*number]),
                    ExprKind::Bool(b) => Ok(Slot::concrete(Value::Bool(*b))),
                    ExprKind::String(text, _) => Ok(Slot::concrete(Value::String(self.parts().strings[*text].clone()))),
                    _ => Ok(Slot::invalid()),
                };
            }
            Type::Bool => match &expr.kind {
                ExprKind::Bool(b) => Value::Bool(*b),
                _ => return mismatch("bool", self),
            },
            Type::String => match &expr.kind {
                ExprKind::String(text, _) => Value::String(self.parts().strings[*text].clone()),
                _ => return mismatch("string", self),
            },
            other => match other.kind() {
                Kind::Float32 | Kind::Float64 => match number.and_then(|n| n.float) {
                    Some(f) => Value::Float(f),
                    None => return mismatch("float", self),
                },
                kind @ (Kind::Int | Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64) => match (number.and_then(|n| n.int), kind) {
                    (Some(i), Kind::Int) => Value::Int(i),
                    (Some(i), Kind::Int64) => Value::Int64(i),
                    (Some(i), kind) => Value::Sint(kind, i),
                    (None, _) => return mismatch("integer", self),
                },
                kind @ (Kind::Uint | Kind::Uint8 | Kind::Uint16 | Kind::Uint32 | Kind::Uint64) => match number.and_then(|n| n.uint) {
                    Some(u) => Value::Uint(kind, u),
                    None => return mismatch("unsigned integer", self),
                },
                _ => return Err(self.error(format!("can't handle {} for arg of type {expected}", self.shown(expr)))),
            },
        };
        Ok(Slot::concrete(value))
    }

    /// Checks that a value fits a parameter, and gives it the parameter's type where Go converts it.
    fn validate(&self, slot: Slot, expected: &'static Type) -> Eval<Slot> {
        match (&slot.value, expected) {
            (Value::String(_), Type::String) | (Value::Int(_), Type::Int) | (Value::Bool(_), Type::Bool) => return Ok(slot),
            _ => {}
        }
        if !slot.is_valid() {
            return if expected.can_be_nil() { Ok(zero(expected)) } else { Err(self.error(format!("invalid value; expected {expected}"))) };
        }
        if matches!(expected, Type::Any | Type::Reflect) {
            return Ok(slot);
        }
        let Some(actual) = slot.value.type_of() else {
            return Err(self.error(format!("wrong type for value; expected {expected}; got interface {{}}")));
        };
        let implements_error = matches!((&slot.value, expected), (Value::Object(_), Type::Error));
        if actual == *expected || implements_error {
            return Ok(slot);
        }
        if actual.assignable_to(expected) {
            let value = match slot.value {
                Value::Map(map) => Value::Map(map.with_type(expected)),
                Value::List(list) => Value::List(list.with_type(expected)),
                other => other,
            };
            return Ok(Slot::concrete(value));
        }
        let pointee = actual.to_string();
        if actual.kind() == Kind::Pointer && pointee.strip_prefix('*').is_some_and(|p| p == expected.to_string()) {
            return Ok(slot);
        }
        Err(self.error(format!("wrong type for value; expected {expected}; got {actual}")))
    }
}
