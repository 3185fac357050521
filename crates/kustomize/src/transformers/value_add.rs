//! The plug-in ValueAddTransformer: one value into many fields, or into a place of the paths that they hold (KB-PLUG-01).

use ferroflux_yaml::Node;

use super::namespace::{SetNamespace, Subjects};
use super::{Tools, Transformer};
use crate::error::{Error, ErrorKind, Result};
use crate::field_path;
use crate::field_spec::FieldSpecs;
use crate::field_visitor::{set_scalar, wrong_kind};
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::selector::Selector;
use crate::tree::{Twins, text, untagged};

/// Where a value goes.
#[derive(Debug)]
pub(crate) struct ValueTarget {
    pub(crate) selector: Option<Selector>,
    pub(crate) field_path: String,
    /// 0: the value replaces the field; else it becomes this part of the path in the field, counted from 1.
    pub(crate) position: usize,
}

/// Adds one value.
#[derive(Debug)]
pub(crate) struct ValueAdd {
    pub(crate) value: String,
    pub(crate) targets: Vec<ValueTarget>,
}

impl Transformer for ValueAdd {
    fn transform(&self, resources: &mut ResourceMap, _: &Tools<'_>) -> Result<()> {
        for target in &self.targets {
            let selected = target.selector.as_ref().map_or_else(|| (0..resources.len()).collect(), |s| s.select(resources));
            for at in selected {
                resources.update(at, |resource| self.apply(target, resource).map_err(|e| e.on(&resource.id().to_owned())))?;
            }
        }
        Ok(())
    }
}

impl ValueAdd {
    fn apply(&self, target: &ValueTarget, resource: &mut Resource) -> Result<()> {
        if target.field_path == "metadata/namespace" {
            let namespace = SetNamespace {
                namespace: self.value.clone(),
                fields: FieldSpecs::default(),
                unset_only: false,
                subjects: Subjects::DefaultOnly,
            };
            return namespace.apply(resource);
        }
        let mut twins = Twins::default();
        let mut at = &mut resource.node;
        let parts = field_path::split(&target.field_path, '/');
        for (number, part) in parts.iter().enumerate() {
            if !at.is_mapping() {
                return Err(wrong_kind("MappingNode", at).in_field(target.field_path.clone()));
            }
            let is_last = number + 1 == parts.len();
            at = at.get_or_insert_with(part, || if is_last { untagged("") } else { Node::mapping(Vec::new()) });
        }
        if !at.is_scalar() {
            return Err(wrong_kind("ScalarNode", at).in_field(target.field_path.clone()));
        }
        let new = if target.position == 0 { self.value.clone() } else { insert_part(text(at), target.position - 1, &self.value) };
        set_scalar(at, untagged(&new), &mut twins)?;
        twins.settle(&mut resource.node);
        Ok(())
    }
}

/// Puts a part into a path; past its end it becomes the last one. An absolute path stays absolute.
fn insert_part(path: &str, position: usize, part: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{}{}", if path.starts_with('/') { "/" } else { "" }, parts.join("/"))
}

impl ValueTarget {
    /// Checks what the original checks.
    pub(crate) fn new(selector: Option<Selector>, field_path: String, position: i64) -> Result<Self> {
        if field_path.is_empty() {
            return Err(Error::new(ErrorKind::Plugin, "fieldPath cannot be empty"));
        }
        let position = usize::try_from(position)
            .map_err(|_| Error::new(ErrorKind::Plugin, format!("value of FilePathPosition ({position}) cannot be negative")))?;
        Ok(Self { selector, field_path, position })
    }
}

#[cfg(test)]
mod tests {
    use super::insert_part;

    /// KB-PLUG-01
    #[test]
    fn parts_of_paths() {
        assert_eq!(insert_part("", 0, "x"), "x");
        assert_eq!(insert_part("/", 0, "x"), "/x");
        assert_eq!(insert_part("/a/b", 0, "x"), "/x/a/b");
        assert_eq!(insert_part("a/b", 9, "x"), "a/b/x");
    }
}
