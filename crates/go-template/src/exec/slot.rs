//! A value with what `reflect` knows of it beyond its type.

use crate::value::Value;

/// A value in the executor. `iface` says that it is seen through an `interface {}`, as elements of `[]interface {}`
/// and `map[string]interface {}` are: it decides error texts, and tells a nil interface from no value at all.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) value: Value,
    pub(crate) iface: bool,
}

impl Slot {
    /// No value: what a missing thing becomes after a pipeline.
    pub(crate) fn invalid() -> Self {
        Self { value: Value::Nil, iface: false }
    }

    /// A value of its own type; nil is no value.
    pub(crate) fn concrete(value: Value) -> Self {
        Self { value, iface: false }
    }

    /// A value inside an interface, maybe nil.
    pub(crate) fn interface(value: Value) -> Self {
        Self { value, iface: true }
    }

    /// Whether there is a value, be it a nil interface.
    pub(crate) fn is_valid(&self) -> bool {
        self.iface || !self.value.is_nil()
    }

    /// The static type as errors name it.
    pub(crate) fn static_type(&self) -> String {
        if self.iface { "interface {}".to_owned() } else { self.value.type_name() }
    }
}
