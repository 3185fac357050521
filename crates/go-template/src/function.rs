//! Functions and methods that templates call, with the Go types of their parameters.
//!
//! The executor checks the number and the types of arguments before the call (HE-TPL-13, HE-TYP-02), so a function
//! body sees only what it declared.

use std::borrow::Cow;

use crate::context::Context;
use crate::error::CallError;
use crate::exec::Slot;
use crate::value::{List, Map, Str, Type, Value};

/// The body of a function.
pub type Call = fn(&Context<'_>, &Args<'_>) -> Result<Value, CallError>;

/// One function: its name in templates, its parameters, its body.
#[derive(Debug)]
pub struct Function {
    name: &'static str,
    params: &'static [Type],
    variadic: bool,
    body: Body,
}

/// How the executor runs a function.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    /// Evaluates and checks all arguments, then calls.
    Plain(Call),
    /// The same for built-ins that tell a nil interface from no value.
    Reflect(fn(&[Slot]) -> Result<Slot, CallError>),
    /// `call`.
    Call,
    /// `and`: arguments are evaluated until one is false.
    And,
    /// `or`: arguments are evaluated until one is true.
    Or,
}

impl Function {
    /// A function with exactly these parameters.
    pub const fn new(name: &'static str, params: &'static [Type], call: Call) -> Self {
        Self { name, params, variadic: false, body: Body::Plain(call) }
    }

    /// A function whose last parameter may come any number of times (Go's `...T`; give the element type `T`).
    pub const fn variadic(name: &'static str, params: &'static [Type], call: Call) -> Self {
        Self { name, params, variadic: true, body: Body::Plain(call) }
    }

    /// A built-in of the language.
    pub(crate) const fn builtin(name: &'static str, params: &'static [Type], variadic: bool, body: Body) -> Self {
        Self { name, params, variadic, body }
    }

    /// The name in templates.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The parameters that must be there.
    pub(crate) fn fixed(&self) -> &'static [Type] {
        if self.variadic { self.params.split_last().map_or(&[], |(_, fixed)| fixed) } else { self.params }
    }

    /// The type of the parameters after the fixed ones.
    pub(crate) fn rest(&self) -> Option<&'static Type> {
        if self.variadic { self.params.last() } else { None }
    }

    /// The type of the argument at `index`.
    pub(crate) fn parameter(&self, index: usize) -> &'static Type {
        self.fixed().get(index).or(self.rest()).unwrap_or(&Type::Any)
    }

    pub(crate) fn body(&self) -> Body {
        self.body
    }
}

/// The checked arguments of one call. The typed accessors answer what the declared parameter type promises; asked for
/// another type or for an argument that is not there, they answer the zero value of the type.
#[derive(Debug, Clone, Copy)]
pub struct Args<'a>(&'a [Value]);

impl<'a> Args<'a> {
    /// Wraps arguments that were checked against a declaration.
    pub fn new(values: &'a [Value]) -> Self {
        Self(values)
    }

    /// The number of arguments.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All arguments.
    pub fn all(&self) -> &'a [Value] {
        self.0
    }

    /// The arguments from index `from` on: those of a variadic parameter.
    pub fn rest(&self, from: usize) -> &'a [Value] {
        self.0.get(from..).unwrap_or(&[])
    }

    /// The argument `index` as it is.
    pub fn value(&self, index: usize) -> &'a Value {
        static_nil(self.0.get(index))
    }

    /// A `string` argument as bytes.
    pub fn bytes(&self, index: usize) -> &'a [u8] {
        self.value(index).as_str().map_or(&[], Str::as_bytes)
    }

    /// A `string` argument as text; bytes that are not UTF-8 show as U+FFFD.
    pub fn text(&self, index: usize) -> Cow<'a, str> {
        self.value(index).as_str().map_or(Cow::Borrowed(""), Str::to_text)
    }

    /// A `string` argument, to keep or to give back without a copy.
    pub fn string(&self, index: usize) -> Str {
        self.value(index).as_str().cloned().unwrap_or_default()
    }

    /// An argument of a signed integer type.
    pub fn int(&self, index: usize) -> i64 {
        self.value(index).as_int().unwrap_or_default()
    }

    /// An argument of a float type.
    pub fn float(&self, index: usize) -> f64 {
        self.value(index).as_float().unwrap_or_default()
    }

    /// A `bool` argument.
    pub fn bool(&self, index: usize) -> bool {
        self.value(index).as_bool().unwrap_or_default()
    }

    /// A slice argument (`[]interface {}`, `[]string` …).
    pub fn list(&self, index: usize) -> List {
        match self.value(index) {
            Value::List(list) => list.clone(),
            _ => List::nil(Type::LIST),
        }
    }

    /// A map argument; it shares its entries with the caller's map.
    pub fn map(&self, index: usize) -> Map {
        match self.value(index) {
            Value::Map(map) => map.clone(),
            _ => Map::nil(Type::MAP),
        }
    }
}

fn static_nil(value: Option<&Value>) -> &Value {
    const NIL: &Value = &Value::Nil;
    value.unwrap_or(NIL)
}
