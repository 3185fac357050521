//! CEL expressions as Flux 2.9 evaluates them: cel-go v0.26.1 with the environment of fluxcd/pkg/runtime (RT-60).
//!
//! That environment has the standard functions and macros, optional types, the string, set and base64 extensions,
//! comparison of numbers across types, literals of lists and maps with elements of one type, and UTC where no time zone
//! is given. An expression is either only parsed, and finds its variables when it is evaluated, or compiled: then its
//! variables are declared as dynamic structs, its types are checked, and its result can be demanded to be of a type.
//!
//! Expressions and data are written by whoever may write an object. Nesting, the work of the type checker and the work of
//! an evaluation are bounded, by counting and not by a clock, so that an expression has the same result on every machine.
//!
//! It does not do: protobuf messages other than those that stand for values, declarations of functions, the extensions
//! that Flux does not enable (math, lists, regex, bindings, two-variable macros), unknown values. Texts of errors name the
//! expression and the place; they are not the original's letter by letter.
//!
//! Entry points: [`Expression::parse`], [`Expression::compile`].

mod ast;
mod budget;
mod checker;
mod compare;
mod constants;
mod error;
mod eval;
mod expression;
mod format;
mod functions;
mod lexer;
mod messages;
mod moment;
mod number;
mod parser;
mod stack;
mod types;
mod value;

pub use error::{Cause, CompileError, Diagnostic, EvalError};
pub use expression::{Expression, Output};
pub use moment::Moment;
pub use value::{List, Map, Text, Value, with_double_numbers};
