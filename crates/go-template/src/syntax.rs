//! The syntax of templates: lexer, parser, syntax tree and its canonical text.

pub(crate) mod lexer;
mod numbers;
pub(crate) mod parser;
pub(crate) mod show;
pub(crate) mod table;
pub(crate) mod tree;

pub(crate) use parser::{Parser, Unnamed, parse};
