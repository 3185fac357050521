//! `namePrefix` and `nameSuffix` (KB-NAME-01).

use super::{Tools, Transformer};
use crate::error::Result;
use crate::field_spec::FieldSpecs;
use crate::field_visitor::{Create, set_scalar, visit};
use crate::identity::GvkRef;
use crate::resource_map::ResourceMap;
use crate::tree::{Twins, text, untagged};

/// On which side of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Prefix,
    Suffix,
}

/// Adds a prefix or a suffix to names.
#[derive(Debug)]
pub(crate) struct NameAffix {
    pub(crate) side: Side,
    pub(crate) affix: String,
    pub(crate) fields: FieldSpecs,
}

/// Kinds whose names are fixed by what they stand for.
fn keeps_its_name(gvk: GvkRef<'_>) -> bool {
    matches!(gvk.kind, "CustomResourceDefinition" | "Namespace") || (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io")
}

impl Transformer for NameAffix {
    fn transform(&self, resources: &mut ResourceMap, _: &Tools<'_>) -> Result<()> {
        for at in 0..resources.len() {
            let original = resources.get(at).original_id().gvk.to_owned();
            if keeps_its_name(original.as_parts()) {
                continue;
            }
            for field in self.fields.0.iter().filter(|f| f.applies_to(original.as_parts())) {
                resources.update(at, |resource| {
                    if field.path == "metadata/name" && !self.affix.is_empty() {
                        let list = if self.side == Side::Prefix { &mut resource.prefixes } else { &mut resource.suffixes };
                        list.push(self.affix.clone());
                        resource.remember_id();
                    }
                    if !field.applies_to(resource.gvk()) {
                        return Ok(());
                    }
                    let mut twins = Twins::default();
                    visit(&mut resource.node, field, Create::Scalar, &mut |target| {
                        let old = text(target);
                        let new = if self.side == Side::Prefix { format!("{}{old}", self.affix) } else { format!("{old}{}", self.affix) };
                        set_scalar(target, untagged(&new), &mut twins)
                    })
                    .map_err(|e| e.on(&resource.id().to_owned()))?;
                    twins.settle(&mut resource.node);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
