//! The types of expressions.

use std::fmt;
use std::sync::Arc;

use crate::value::Value;

/// The type that the checker finds for a part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    /// Known only when there are values.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List(Arc<Type>),
    Map(Arc<(Type, Type)>),
    Optional(Arc<Type>),
    /// The type of a type.
    Meta(Arc<Type>),
    /// Still open; the checker numbers them.
    Var(usize),
}

impl Type {
    pub(crate) fn list(of: Self) -> Self {
        Self::List(Arc::new(of))
    }

    pub(crate) fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new((key, value)))
    }

    pub(crate) fn optional(of: Self) -> Self {
        Self::Optional(Arc::new(of))
    }

    /// What a dynamic struct is: the type of the variables.
    pub(crate) fn object() -> Self {
        Self::map(Self::String, Self::Dyn)
    }

    pub(crate) fn of_literal(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Int(_) => Self::Int,
            Value::Uint(_) => Self::Uint,
            Value::Double(_) => Self::Double,
            Value::String(_) => Self::String,
            Value::Bytes(_) => Self::Bytes,
            _ => Self::Dyn,
        }
    }

    fn write(&self, out: &mut String) {
        // A type can be much larger than the expression that has it.
        const SHOWN: usize = 500;
        if out.len() > SHOWN {
            return;
        }
        let mut wrap = |name: &str, of: &[&Self]| {
            out.push_str(name);
            out.push('(');
            for (n, part) in of.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                part.write(out);
            }
            out.push(')');
        };
        match self {
            Self::List(of) => return wrap("list", &[of]),
            Self::Map(of) => return wrap("map", &[&of.0, &of.1]),
            Self::Optional(of) => return wrap("optional_type", &[of]),
            Self::Meta(of) => return wrap("type", &[of]),
            _ => {}
        }
        out.push_str(match self {
            Self::Null => "null_type",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
            _ => "dyn",
        });
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}

/// The types that have a name in expressions: the name as a value shows it, and the type.
pub(crate) fn named(name: &str) -> Option<(&'static str, Type)> {
    Some(match name {
        "bool" => ("bool", Type::Bool),
        "bytes" => ("bytes", Type::Bytes),
        "double" => ("double", Type::Double),
        "int" => ("int", Type::Int),
        "list" => ("list", Type::list(Type::Dyn)),
        "map" => ("map", Type::map(Type::Dyn, Type::Dyn)),
        "null_type" => ("null_type", Type::Null),
        "string" => ("string", Type::String),
        "type" => ("type", Type::Meta(Arc::new(Type::Dyn))),
        "uint" => ("uint", Type::Uint),
        "optional_type" => ("optional_type", Type::optional(Type::Dyn)),
        "google.protobuf.Timestamp" => ("google.protobuf.Timestamp", Type::Timestamp),
        "google.protobuf.Duration" => ("google.protobuf.Duration", Type::Duration),
        _ => return None,
    })
}
