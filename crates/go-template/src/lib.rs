//! The Go template language (`text/template` of Go 1.26) with the functions that Helm 4.2 gives it.
//!
//! What this crate does: values with Go types ([`value`]), lexer, parser and executor with Go's semantics and error
//! texts, `printf`, the built-in functions, Sprig's and Helm's functions, and Helm's engine stage (template set,
//! `include`, `tpl`, `required`, `fail`, presentation of errors).
//! What it does not do: read charts, merge values, split manifests (that is `helm-chart`); open a socket or a file:
//! cluster reads, DNS, clock and randomness come in through [`host::Host`].
//!
//! Parsed templates are `Send + Sync` and shared between threads. [`value::Value`]s are not: a render builds its values, runs and
//! ends on one thread, and any number of threads may render at a time.
//!
//! # How to add a function
//! 1. Pick the module of the topic in `functions/` (or add one and list its table in `functions.rs`).
//! 2. Write the body: `fn upper(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError>`.
//!    Arguments have been counted and checked; read them with the accessor of the declared type (`args.text(0)`).
//!    A parameter declared [`value::Type::Any`] takes everything, [`value::Value::Nil`] too.
//! 3. Add a line to the module's table with Go's parameter types: `Function::new("upper", &[Type::String], upper)`;
//!    for `...T` use [`function::Function::variadic`] with `T` last.
//! 4. Answer the type that the Go original answers (`int64` is [`value::Value::Int64`], `[]string` is `Value::strings`).
//!    An error is `Err("text".into())`; so is a panic of the original. Call `ctx.reserve(n)` before building
//!    something whose size the template chooses.
//!
//! A type with methods implements [`value::Object`] and declares a [`value::Named`] with a table of methods; a method gets
//! its receiver as argument 0 and declares only the other parameters. A map or slice with methods is a
//! [`value::Map`] or [`value::List`] whose type is a `Type::Named`.

mod builtins;
pub mod context;
pub mod engine;
pub mod error;
mod exec;
mod format;
pub mod function;
mod functions;
pub mod host;
pub mod limits;
pub mod objects;
pub mod strconv;
mod syntax;
pub mod value;
