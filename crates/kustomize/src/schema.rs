//! What the renderer knows about types: which lists merge by key (KB-SMP-03, KB-SMP-07).

use crate::error::Result;

mod builtin;
mod openapi;

pub(crate) use builtin::Shape;
use openapi::{Definition, OpenApi};

/// The schema of one build.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    custom: Option<OpenApi>,
    without_builtin: bool,
}

impl Schema {
    /// Reads an OpenAPI file (swagger 2, JSON or YAML). With `keep_builtin` it adds to the built-in types, else it takes
    /// their place (KB-PROF-04).
    pub(crate) fn set_custom(&mut self, text: &str, keep_builtin: bool) -> Result<()> {
        self.custom = Some(OpenApi::parse(text)?);
        self.without_builtin = !keep_builtin;
        Ok(())
    }

    /// The type of an object; `None` for a kind that is not known.
    pub(crate) fn of(&self, api_version: &str, kind: &str) -> Option<Type<'_>> {
        let custom = self.custom.as_ref().and_then(|api| Some(Type::Custom(api, api.of(api_version, kind)?)));
        custom.or_else(|| if self.without_builtin { None } else { builtin::of(api_version, kind).map(Type::Builtin) })
    }
}

/// The type of a field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Type<'a> {
    /// From the table of built-in kinds.
    Builtin(&'static Shape),
    /// From a given OpenAPI file.
    Custom(&'a OpenApi, Definition<'a>),
}

impl<'a> Type<'a> {
    /// The type of a field of this type.
    pub(crate) fn field(self, name: &str) -> Option<Type<'a>> {
        match self {
            Self::Builtin(shape) => Some(Self::Builtin(shape.field(name))),
            Self::Custom(api, definition) => api.field(definition, name).map(|d| Self::Custom(api, d)),
        }
    }

    /// The type of the items of this list.
    pub(crate) fn items(self) -> Option<Type<'a>> {
        match self {
            Self::Builtin(shape) => Some(Self::Builtin(shape.items())),
            Self::Custom(api, definition) => api.items(definition).map(|d| Self::Custom(api, d)),
        }
    }

    /// The merge keys, if this is a list that merges. No keys at all: a set of scalars.
    pub(crate) fn merge_keys(self) -> Option<Vec<String>> {
        match self {
            Self::Builtin(shape) => shape.merge_keys.map(|keys| keys.iter().map(|k| (*k).to_owned()).collect()),
            Self::Custom(_, definition) => openapi::merge_keys(definition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(schema: &Schema, api_version: &str, kind: &str, path: &[&str]) -> Option<Vec<String>> {
        let mut at = schema.of(api_version, kind)?;
        for part in path {
            at = if *part == "[]" { at.items()? } else { at.field(part)? };
        }
        at.merge_keys()
    }

    /// KB-SMP-03
    #[test]
    fn built_in_merge_keys() {
        let schema = Schema::default();
        let pod = ["spec", "template", "spec", "containers"];
        assert_eq!(keys(&schema, "apps/v1", "Deployment", &pod).unwrap(), ["name"]);
        let ports = ["spec", "jobTemplate", "spec", "template", "spec", "initContainers", "[]", "ports"];
        assert_eq!(keys(&schema, "batch/v1", "CronJob", &ports).unwrap(), ["containerPort", "protocol"]);
        assert!(keys(&schema, "v1", "ConfigMap", &["metadata", "finalizers"]).unwrap().is_empty());
        assert_eq!(keys(&schema, "v1", "Pod", &["spec", "tolerations"]), None);
        assert_eq!(keys(&schema, "v1", "Pod", &["spec", "ephemeralContainers", "[]", "ports"]), None);
        assert_eq!(keys(&schema, "autoscaling/v2", "HorizontalPodAutoscaler", &["metadata", "finalizers"]), None);
        assert_eq!(keys(&schema, "apps/v1beta1", "Deployment", &pod), None);
    }

    /// KB-SMP-07, KB-PROF-04
    #[test]
    fn a_given_schema_names_keys() {
        let text = r##"{"definitions": {
            "a.Item": {"type": "object", "properties": {"n": {"type": "string"}}},
            "a.List": {"type": "array", "items": {"$ref": "#/definitions/a.Item"}, "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "n"},
            "a.Foo": {"type": "object", "properties": {"spec": {"type": "object", "properties": {"l": {"$ref": "#/definitions/a.List"}}}},
                "x-kubernetes-group-version-kind": [{"group": "x.io", "version": "v1", "kind": "Foo"}]}}}"##;
        let mut schema = Schema::default();
        schema.set_custom(text, false).unwrap();
        assert_eq!(keys(&schema, "x.io/v1", "Foo", &["spec", "l"]).unwrap(), ["n"]);
        assert!(schema.of("v1", "Pod").is_none());
        schema.set_custom(text, true).unwrap();
        assert!(schema.of("v1", "Pod").is_some());
        assert!(schema.set_custom("[]", false).is_err());
    }
}
