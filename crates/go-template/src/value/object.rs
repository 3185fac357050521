//! Values that are none of Go's basic kinds.

use std::any::Any;
use std::fmt;

use super::{Type, Value};

/// A struct, a pointer to one, a named number or string, a time, a version, an error.
///
/// The engine asks for the type (its methods come with [`Type::Named`]), for fields by name, and for the printed form.
pub trait Object: fmt::Debug {
    /// The Go type, for instance `Type::Named(&VERSION)`. Its underlying type decides the kind.
    fn go_type(&self) -> Type;

    /// The exported fields of a struct in declaration order, with their values; a pointer answers for what it points to.
    fn fields(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// The field `name`; override it where building all fields is costly.
    fn field(&self, name: &str) -> Option<Value> {
        self.fields().into_iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// What `String()` or `Error()` answers, for types that have it: the printed form under `%v` and `%s`.
    fn stringer(&self) -> Option<String> {
        None
    }

    /// What `String()` of the pointer type answers, for struct types that have it only there: an action that prints a
    /// field calls it, `printf` does not.
    fn pointer_stringer(&self) -> Option<String> {
        None
    }

    /// The fields as printing shows them: unexported ones too.
    fn printed_fields(&self) -> Vec<(&'static str, Value)> {
        self.fields()
    }

    /// The plain value below a named number, string or bool (`time.Month` answers an [`Value::Int`]).
    fn underlying(&self) -> Option<&Value> {
        None
    }

    /// Whether `reflect.DeepEqual` and `==` hold between two objects.
    fn equals(&self, other: &dyn Object) -> bool {
        let _ = other;
        false
    }

    /// What `encoding/json` writes, as a plain value: a time answers its RFC 3339 text, a version its text. The default
    /// `None` lets the JSON writer take the fields.
    fn json(&self) -> Option<Value> {
        None
    }

    /// The fields that `encoding/json` writes, in its order, if [`Self::json`] gives no plain value.
    fn json_fields(&self) -> Vec<(&'static str, Value)> {
        self.fields()
    }

    /// What `%#v` prints, for types that have a `GoString()`.
    fn go_string(&self) -> Option<String> {
        None
    }

    /// For functions that need the concrete type: `value.as_any().downcast_ref::<Time>()`.
    fn as_any(&self) -> &dyn Any;
}
