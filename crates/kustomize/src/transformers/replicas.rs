//! `replicas` (KB-REPL-01).

use ferroflux_yaml::Node;

use super::{Tools, Transformer};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::field_spec::FieldSpecs;
use crate::field_visitor::{Create, set_scalar, visit};
use crate::resource_map::ResourceMap;
use crate::tree::Twins;

/// Sets the number of replicas of the workloads with one name.
#[derive(Debug)]
pub(crate) struct SetReplicas {
    pub(crate) name: String,
    pub(crate) count: i64,
    pub(crate) fields: FieldSpecs,
}

impl Transformer for SetReplicas {
    fn transform(&self, resources: &mut ResourceMap, _: &Tools<'_>) -> Result<()> {
        let mut found = false;
        for field in &self.fields.0 {
            for resource in resources.iter_mut() {
                if resource.is_gone() || !resource.all_ids().any(|id| id.name == self.name && id.gvk.is_selected(&field.gvk)) {
                    continue;
                }
                found = true;
                if field.applies_to(resource.gvk()) {
                    let mut twins = Twins::default();
                    visit(&mut resource.node, field, Create::Scalar, &mut |target| set_scalar(target, Node::int(self.count), &mut twins))
                        .map_err(|e| e.on(&resource.id().to_owned()))?;
                    twins.settle(&mut resource.node);
                }
            }
        }
        if found {
            return Ok(());
        }
        let kinds: Vec<String> = self.fields.0.iter().map(|f| f.gvk.to_string()).collect();
        let error = Error::new(
            ErrorKind::Replica,
            format!("resource with name {} does not match a config with the following GVK [{}]", self.name, kinds.join(" ")),
        );
        let names = resources.iter().filter(|r| self.fields.0.iter().any(|f| f.applies_to(r.gvk()))).map(|r| r.name());
        Err(match nearest(&self.name, names) {
            Some(near) => error.hint(format!("did you mean '{near}'?")),
            None => error,
        })
    }
}
