//! Go types, as far as templates can meet them.

use std::fmt;

use super::Str;
use crate::function::Function;

/// A reflect kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are Go's own")]
pub enum Kind {
    Invalid,
    Bool,
    Int,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float32,
    Float64,
    Complex128,
    String,
    Slice,
    Map,
    Struct,
    Pointer,
    Interface,
    Func,
}

impl Kind {
    /// The name that `kindOf` prints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint => "uint",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Complex128 => "complex128",
            Self::String => "string",
            Self::Slice => "slice",
            Self::Map => "map",
            Self::Struct => "struct",
            Self::Pointer => "ptr",
            Self::Interface => "interface",
            Self::Func => "func",
        }
    }
}

/// A Go type. Container types refer to static element types, so that a type is copied freely and functions can
/// declare their parameters in constants.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// `interface {}`: takes everything, nil too.
    Any,
    /// `reflect.Value`: what some built-ins take, so that they see whether a value is there at all.
    Reflect,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `int8`.
    Int8,
    /// `int16`.
    Int16,
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// `uint`.
    Uint,
    /// `uint8`.
    Uint8,
    /// `uint16`.
    Uint16,
    /// `uint32`.
    Uint32,
    /// `uint64`.
    Uint64,
    /// `float32`.
    Float32,
    /// `float64`.
    Float64,
    /// `complex128`.
    Complex128,
    /// `string`.
    String,
    /// `error`.
    Error,
    /// `[]T`.
    Slice(&'static Type),
    /// `map[string]T`.
    Map(&'static Type),
    /// A struct or pointer type without a name of its own among [`Type::Named`]; kind and printed name.
    Opaque(Kind, &'static str),
    /// A named type with methods.
    Named(&'static Named),
}

/// A named type: `common.Values`, `time.Time`, `*semver.Version`.
#[derive(Debug)]
pub struct Named {
    /// The name as `%T` prints it, with package and, for a pointer, the star.
    pub name: &'static str,
    /// The type below: a map or slice for named containers, [`Type::Opaque`] for structs and pointers.
    pub underlying: Type,
    /// The methods; parameter types leave the receiver out, which arrives as the first argument.
    pub methods: &'static [&'static Function],
}

impl Type {
    /// `[]interface {}`.
    pub const LIST: &'static Type = &Type::Slice(&Type::Any);
    /// `[]string`.
    pub const STRINGS: &'static Type = &Type::Slice(&Type::String);
    /// `[]int`.
    pub const INTS: &'static Type = &Type::Slice(&Type::Int);
    /// `[]uint8`.
    pub const BYTES: &'static Type = &Type::Slice(&Type::Uint8);
    /// `map[string]interface {}`.
    pub const MAP: &'static Type = &Type::Map(&Type::Any);
    /// `map[string]string`.
    pub const STRING_MAP: &'static Type = &Type::Map(&Type::String);

    /// The type of a number of this kind.
    pub(crate) fn of_number(kind: Kind) -> Type {
        match kind {
            Kind::Int8 => Type::Int8,
            Kind::Int16 => Type::Int16,
            Kind::Int32 => Type::Int32,
            Kind::Int64 => Type::Int64,
            Kind::Uint => Type::Uint,
            Kind::Uint8 => Type::Uint8,
            Kind::Uint16 => Type::Uint16,
            Kind::Uint32 => Type::Uint32,
            Kind::Uint64 => Type::Uint64,
            _ => Type::Int,
        }
    }

    /// The reflect kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Any | Self::Error => Kind::Interface,
            Self::Reflect => Kind::Struct,
            Self::Bool => Kind::Bool,
            Self::Int => Kind::Int,
            Self::Int8 => Kind::Int8,
            Self::Int16 => Kind::Int16,
            Self::Int32 => Kind::Int32,
            Self::Int64 => Kind::Int64,
            Self::Uint => Kind::Uint,
            Self::Uint8 => Kind::Uint8,
            Self::Uint16 => Kind::Uint16,
            Self::Uint32 => Kind::Uint32,
            Self::Uint64 => Kind::Uint64,
            Self::Float32 => Kind::Float32,
            Self::Float64 => Kind::Float64,
            Self::Complex128 => Kind::Complex128,
            Self::String => Kind::String,
            Self::Slice(_) => Kind::Slice,
            Self::Map(_) => Kind::Map,
            Self::Opaque(kind, _) => *kind,
            Self::Named(named) => named.underlying.kind(),
        }
    }

    /// The type below a named type; any other type itself.
    #[inline]
    pub fn underlying(&self) -> Type {
        match self {
            Self::Named(named) => named.underlying,
            other => *other,
        }
    }

    /// The element type of a slice or map; [`Type::Any`] for everything else.
    #[inline]
    pub fn element(&self) -> Type {
        match self.underlying() {
            Self::Slice(elem) | Self::Map(elem) => *elem,
            _ => Self::Any,
        }
    }

    /// Whether nil is a value of this type.
    pub fn can_be_nil(&self) -> bool {
        matches!(self.kind(), Kind::Interface | Kind::Map | Kind::Slice | Kind::Pointer | Kind::Func) || matches!(self, Self::Reflect)
    }

    /// Go's assignability: equal types, an interface, or equal underlying types of which one has no name.
    pub fn assignable_to(&self, target: &Type) -> bool {
        if matches!(target, Self::Any) || self == target {
            return true;
        }
        let one_unnamed = !matches!(self, Self::Named(_)) || !matches!(target, Self::Named(_));
        let composite = matches!(target.underlying(), Self::Slice(_) | Self::Map(_));
        one_unnamed && composite && self.underlying() == target.underlying()
    }

    /// A method of a named type.
    #[inline]
    pub fn method(&self, name: &Str) -> Option<&'static Function> {
        match self {
            Self::Named(named) => named.methods.iter().find(|m| m.name().as_bytes() == name.as_bytes()).copied(),
            _ => None,
        }
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Slice(a), Self::Slice(b)) | (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Opaque(k, a), Self::Opaque(l, b)) => k == l && a == b,
            (Self::Named(a), Self::Named(b)) => a.name == b.name,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

impl Eq for Type {}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("interface {}"),
            Self::Reflect => f.write_str("reflect.Value"),
            Self::Error => f.write_str("error"),
            Self::Slice(elem) => write!(f, "[]{elem}"),
            Self::Map(elem) => write!(f, "map[string]{elem}"),
            Self::Opaque(_, name) => f.write_str(name),
            Self::Named(named) => f.write_str(named.name),
            number => f.write_str(number.kind().name()),
        }
    }
}
