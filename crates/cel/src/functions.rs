//! The functions and operators: what they are called, which types they take and give, and what they do.

mod collections;
mod conversions;
mod encoders;
mod operators;
mod strings;
mod times;

use crate::budget::Budget;
use crate::error::Cause;
use crate::value::Value;

pub(crate) use strings::matches_pattern;
pub(crate) use times::print_duration;

/// A function or operator.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name; those of operators cannot be written in an expression.
    pub(crate) name: &'static str,
    pub(crate) overloads: &'static [Overload],
    pub(crate) run: Run,
}

/// What a function does. Which overload is meant follows from the values alone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Run {
    /// With the values of its arguments, the target first; [`Cause::Overload`] if it does not take such values.
    Values(for<'a> fn(&Budget, &[Value<'a>]) -> Result<Value<'a>, Cause>),
    /// `a.or(b)`: evaluates `b` only if `a` has no value.
    Or,
    /// `a.orValue(b)`, in the same way.
    OrValue,
}

/// Types that a function takes and gives.
#[derive(Debug)]
pub(crate) struct Overload {
    /// Whether it is called on a target, which is the first of the arguments.
    pub(crate) member: bool,
    pub(crate) args: &'static [Decl],
    pub(crate) result: Decl,
}

/// A declared type, with up to two parameters.
#[derive(Debug)]
pub(crate) enum Decl {
    Dyn,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    A,
    B,
    List(&'static Decl),
    Map(&'static Decl, &'static Decl),
    Optional(&'static Decl),
    TypeOf(&'static Decl),
}

const LIST_OF_A: Decl = Decl::List(&Decl::A);
const MAP_OF_A_B: Decl = Decl::Map(&Decl::A, &Decl::B);
const OPTIONAL_A: Decl = Decl::Optional(&Decl::A);

const fn global(args: &'static [Decl], result: Decl) -> Overload {
    Overload { member: false, args, result }
}

const fn member(args: &'static [Decl], result: Decl) -> Overload {
    Overload { member: true, args, result }
}

/// `condition ? a : b`
pub(crate) static CONDITIONAL: [Overload; 1] = [global(&[Decl::Bool, Decl::A, Decl::A], Decl::A)];

/// `a[b]`
pub(crate) static INDEX: [Overload; 4] = [
    global(&[LIST_OF_A, Decl::Int], Decl::A),
    global(&[MAP_OF_A_B, Decl::A], Decl::B),
    global(&[Decl::Optional(&LIST_OF_A), Decl::Int], OPTIONAL_A),
    global(&[Decl::Optional(&MAP_OF_A_B), Decl::A], Decl::Optional(&Decl::B)),
];

/// `a[?b]`
pub(crate) static OPTIONAL_INDEX: [Overload; 4] = [
    global(&[LIST_OF_A, Decl::Int], OPTIONAL_A),
    global(&[Decl::Optional(&LIST_OF_A), Decl::Int], OPTIONAL_A),
    global(&[MAP_OF_A_B, Decl::A], Decl::Optional(&Decl::B)),
    global(&[Decl::Optional(&MAP_OF_A_B), Decl::A], Decl::Optional(&Decl::B)),
];

/// A function by its name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    let all =
        [operators::FUNCTIONS, conversions::FUNCTIONS, strings::FUNCTIONS, times::FUNCTIONS, collections::FUNCTIONS, encoders::FUNCTIONS];
    all.into_iter().flatten().find(|function| function.name == name)
}

/// Whether a call with constant arguments is evaluated when the expression is compiled, as the original does it.
pub(crate) fn is_conversion(name: &str) -> bool {
    conversions::FUNCTIONS.iter().any(|function| function.name == name)
}
