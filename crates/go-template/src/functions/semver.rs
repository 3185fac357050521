//! Versions and constraints, and the version object with its fields and methods.

use std::any::Any;
use std::rc::Rc;

use ferroflux_semver_go::{Constraints, Version};

use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Kind, Named, Object, Type, Value};

const S: Type = Type::String;

/// The functions of this module.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("semver", &[S], |_, a| Ok(object(parse(&a.text(0))?, true))),
    Function::new("semverCompare", &[S, S], |_, a| {
        let range = Constraints::parse(&a.text(0)).map_err(|e| CallError::new(e.to_string()))?;
        Ok(range.check(&parse(&a.text(1))?).into())
    }),
];

fn parse(text: &str) -> Result<Version, CallError> {
    Version::parse(text).map_err(|e| CallError::new(e.to_string()))
}

/// `*semver.Version`: what `semver` answers.
static POINTER: Named = Named {
    name: "*semver.Version",
    underlying: Type::Opaque(Kind::Pointer, "*semver.Version"),
    methods: &[
        &MAJOR,
        &MINOR,
        &PATCH,
        &PRERELEASE,
        &METADATA,
        &STRING,
        &INC_MAJOR,
        &INC_MINOR,
        &INC_PATCH,
        &SET_PRERELEASE,
        &SET_METADATA,
        &MARSHAL_TEXT,
        &MARSHAL_JSON,
        &ORIGINAL,
        &COMPARE,
        &EQUAL,
        &LESS_THAN,
        &LESS_THAN_EQUAL,
        &GREATER_THAN,
        &GREATER_THAN_EQUAL,
    ],
};

/// `semver.Version`: what its own methods answer. Only the methods that Go defines on the plain struct.
static STRUCT: Named = Named {
    name: "semver.Version",
    underlying: Type::Opaque(Kind::Struct, "semver.Version"),
    methods: &[
        &MAJOR,
        &MINOR,
        &PATCH,
        &PRERELEASE,
        &METADATA,
        &STRING,
        &INC_MAJOR,
        &INC_MINOR,
        &INC_PATCH,
        &SET_PRERELEASE,
        &SET_METADATA,
        &MARSHAL_TEXT,
        &MARSHAL_JSON,
    ],
};

static MAJOR: Function = Function::new("Major", &[], |_, a| Ok(number(receiver(a)?.major())));
static MINOR: Function = Function::new("Minor", &[], |_, a| Ok(number(receiver(a)?.minor())));
static PATCH: Function = Function::new("Patch", &[], |_, a| Ok(number(receiver(a)?.patch())));
static PRERELEASE: Function = Function::new("Prerelease", &[], |_, a| Ok(receiver(a)?.prerelease().into()));
static METADATA: Function = Function::new("Metadata", &[], |_, a| Ok(receiver(a)?.metadata().into()));
static STRING: Function = Function::new("String", &[], |_, a| Ok(receiver(a)?.to_string().into()));
static ORIGINAL: Function = Function::new("Original", &[], |_, a| Ok(receiver(a)?.original().into()));
static INC_MAJOR: Function = Function::new("IncMajor", &[], |_, a| next(receiver(a)?.next_major(), "major"));
static INC_MINOR: Function = Function::new("IncMinor", &[], |_, a| next(receiver(a)?.next_minor(), "minor"));
static INC_PATCH: Function = Function::new("IncPatch", &[], |_, a| next(receiver(a)?.next_patch(), "patch"));
static SET_PRERELEASE: Function = Function::new("SetPrerelease", &[S], |_, a| {
    let set = receiver(a)?.with_prerelease(&a.text(1));
    set.map(|v| object(v, false)).map_err(|e| CallError::new(e.to_string()))
});
static SET_METADATA: Function = Function::new("SetMetadata", &[S], |_, a| {
    let set = receiver(a)?.with_metadata(&a.text(1));
    set.map(|v| object(v, false)).map_err(|e| CallError::new(e.to_string()))
});
static MARSHAL_TEXT: Function = Function::new("MarshalText", &[], |_, a| Ok(Value::Bytes(receiver(a)?.to_string().into())));
static MARSHAL_JSON: Function = Function::new("MarshalJSON", &[], |_, a| Ok(Value::Bytes(format!("\"{}\"", receiver(a)?).into())));
static COMPARE: Function = Function::new("Compare", OTHER, |_, a| Ok(Value::Int(i64::from(compare(a)? as i8))));
static EQUAL: Function = Function::new("Equal", OTHER, |_, a| Ok(compare(a)?.is_eq().into()));
static LESS_THAN: Function = Function::new("LessThan", OTHER, |_, a| Ok(compare(a)?.is_lt().into()));
static LESS_THAN_EQUAL: Function = Function::new("LessThanEqual", OTHER, |_, a| Ok(compare(a)?.is_le().into()));
static GREATER_THAN: Function = Function::new("GreaterThan", OTHER, |_, a| Ok(compare(a)?.is_gt().into()));
static GREATER_THAN_EQUAL: Function = Function::new("GreaterThanEqual", OTHER, |_, a| Ok(compare(a)?.is_ge().into()));

/// The parameter of a comparison.
const OTHER: &[Type] = &[Type::Named(&PARAMETER)];

/// The type of that parameter: types are told apart by name, and the methods of this one are never asked for.
static PARAMETER: Named = Named { name: "*semver.Version", underlying: Type::Opaque(Kind::Pointer, "*semver.Version"), methods: &[] };

#[derive(Debug)]
struct VersionObject {
    version: Version,
    pointer: bool,
}

fn object(version: Version, pointer: bool) -> Value {
    Value::Object(Rc::new(VersionObject { version, pointer }))
}

fn number(n: u64) -> Value {
    Value::Uint(Kind::Uint64, n)
}

fn argument<'a>(args: &Args<'a>, index: usize) -> Result<&'a Version, CallError> {
    match args.value(index) {
        Value::Object(o) => o.as_any().downcast_ref::<VersionObject>().map(|o| &o.version),
        _ => None,
    }
    .ok_or_else(|| super::NIL_DEREFERENCE.into())
}

fn receiver<'a>(args: &Args<'a>) -> Result<&'a Version, CallError> {
    argument(args, 0)
}

fn compare(args: &Args<'_>) -> Result<std::cmp::Ordering, CallError> {
    Ok(receiver(args)?.precedence(argument(args, 1)?))
}

fn next(version: Option<Version>, part: &str) -> Result<Value, CallError> {
    version.map(|v| object(v, false)).ok_or_else(|| format!("{part} version increment would overflow uint64").into())
}

impl Object for VersionObject {
    fn go_type(&self) -> Type {
        Type::Named(if self.pointer { &POINTER } else { &STRUCT })
    }

    fn stringer(&self) -> Option<String> {
        Some(self.version.to_string())
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|o| o.pointer == self.pointer && o.version.original() == self.version.original())
    }

    fn printed_fields(&self) -> Vec<(&'static str, Value)> {
        let number = |n| Value::Uint(Kind::Uint64, n);
        let version = &self.version;
        vec![
            ("major", number(version.major())),
            ("minor", number(version.minor())),
            ("patch", number(version.patch())),
            ("pre", version.prerelease().into()),
            ("metadata", version.metadata().into()),
            ("original", version.original().into()),
        ]
    }

    fn json(&self) -> Option<Value> {
        Some(self.version.to_string().into())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
