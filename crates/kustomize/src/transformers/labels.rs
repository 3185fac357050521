//! Labels and annotations: both put texts into the maps that field specs name (KB-LAB-01, KB-ANN-01).

use std::borrow::Cow;
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
        let mut fields: Vec<Cow<'_, FieldSpec>> = self.fields.0.iter().filter(|f| f.applies_to(gvk)).map(Cow::Borrowed).collect();
        // the original keeps its state in annotations, which are then there for a spec that creates none (measured)
        if resource.has_state() {
            fields.iter_mut().filter(|f| !f.create && f.path == "metadata/annotations").for_each(|f| f.to_mut().create = true);
        }
        let mut twins = Twins::default();
        for (key, value) in &self.texts {
            let mut added = 0;
            // texts added by one run for one key are one node in the original, see `tree`
            let mark = if fields.len() > 1 { resource.twin_marks.checked_add(1).unwrap_or_default() } else { 0 };
            for field in &fields {
                let result = visit(&mut resource.node, field, Create::Mapping, &mut |target| {
                    let mut new = Node::string(value.as_str());
                    new.set_mark(mark);
                    added += usize::from(set_entry(target, key, new, &mut twins)?);
                    Ok(())
                });
                result.map_err(|e| e.on(&resource.id().to_owned()))?;
            }
            if mark != 0 && added > 0 {
                resource.twin_marks = mark;
            }
        }
        twins.settle(&mut resource.node);
        Ok(())
    }
}
