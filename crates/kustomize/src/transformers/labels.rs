//! Labels and annotations: both put texts into the maps that field specs name (KB-LAB-01, KB-ANN-01).

use std::collections::BTreeMap;

use ferroflux_yaml::Node;

use super::{Tools, Transformer};
use crate::error::Result;
use crate::field_spec::{FieldSpec, FieldSpecs};
use crate::field_visitor::{Create, set_entry, visit};
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::tree::Twins;

/// Adds texts to maps.
#[derive(Debug)]
pub(crate) struct AddTexts {
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) fields: FieldSpecs,
}

impl Transformer for AddTexts {
    fn transform(&self, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        if self.texts.is_empty() {
            return Ok(());
        }
        for resource in resources.iter_mut() {
            tools.cancel.check()?;
            self.apply(resource)?;
        }
        Ok(())
    }
}

impl AddTexts {
    fn apply(&self, resource: &mut Resource) -> Result<()> {
        let gvk = resource.gvk();
        let fields: Vec<&FieldSpec> = self.fields.0.iter().filter(|f| f.applies_to(gvk)).collect();
        let mut twins = Twins::default();
        for (number, (key, value)) in self.texts.iter().enumerate() {
            let mut added = 0;
            let several = fields.len() > 1;
            // texts added by one run for one key are one node in the original, see `tree`
            let mark = if several { mark_for(resource, number) } else { String::new() };
            for field in &fields {
                let result = visit(&mut resource.node, field, Create::Mapping, &mut |target| {
                    let mut new = Node::string(value.as_str());
                    if several {
                        new.meta_mut().anchor = mark.as_str().into();
                    }
                    added += usize::from(set_entry(target, key, new, &mut twins)?);
                    Ok(())
                });
                result.map_err(|e| e.on(&resource.id().to_owned()))?;
            }
            if several && added > 0 {
                resource.twin_marks += 1;
            }
        }
        twins.settle(&mut resource.node);
        Ok(())
    }
}

fn mark_for(resource: &Resource, number: usize) -> String {
    format!("{}.{number}", resource.twin_marks)
}
