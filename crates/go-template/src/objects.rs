//! The objects of Helm's rendering context that have methods or types of their own (HE-CTX-01): `.Values`, `.Files`,
//! `.Capabilities`.

use crate::value::{Map, Named, Type, Value};

mod capabilities;
mod files;
mod glob;
mod values;

pub use capabilities::{Capabilities, HelmVersion, KubeVersion, capabilities};

/// `common.Values`.
pub static VALUES: Named = Named { name: "common.Values", underlying: Type::Map(&Type::Any), methods: values::METHODS };

/// `engine.files`.
pub static FILES: Named = Named { name: "engine.files", underlying: Type::Map(Type::BYTES), methods: files::METHODS };

const VALUES_TYPE: &Type = &Type::Named(&VALUES);
const FILES_TYPE: &Type = &Type::Named(&FILES);

/// `.Values` (and `.Template`): the same entries as a `common.Values`.
pub fn values(map: &Map) -> Value {
    Value::Map(map.with_type(VALUES_TYPE))
}

/// `.Files`: path to content.
pub fn files<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Value {
    Value::Map(Map::from_entries(FILES_TYPE, files.into_iter().map(|(path, data)| (path, Value::Bytes(data.into())))))
}
