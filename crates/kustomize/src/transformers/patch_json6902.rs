//! JSON 6902 patches on the objects of a target (KB-JSON-01).

use super::{Tools, Transformer};
use crate::error::{Place, Result};
use crate::json_patch::JsonPatch;
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::selector::Selector;

/// Applies one JSON patch.
#[derive(Debug)]
pub(crate) struct PatchJson6902 {
    pub(crate) target: Selector,
    pub(crate) patch: JsonPatch,
    /// Whether the id before the patch is remembered: the entries of `patches` do so, those of `patchesJson6902` do not.
    pub(crate) remembers_id: bool,
    pub(crate) place: Option<Place>,
    pub(crate) name: String,
}

impl Transformer for PatchJson6902 {
    fn transform(&self, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        let selected = self.target.select(resources);
        if selected.is_empty() {
            tools.warnings.push(self.place.clone(), format!("{}: its target ({}) matches nothing", self.name, self.target.describe()));
        }
        for at in selected {
            tools.cancel.check()?;
            let id = resources.get(at).id().to_owned();
            resources.update(at, |resource| self.apply(resource)).map_err(|e| {
                let e = e.on(&id);
                match &self.place {
                    Some(place) => e.in_file(&place.file),
                    None => e,
                }
            })?;
        }
        Ok(())
    }
}

impl PatchJson6902 {
    fn apply(&self, resource: &mut Resource) -> Result<()> {
        if self.remembers_id {
            resource.remember_id();
        }
        let sees_state = self.patch.touches_annotations() && resource.has_state();
        if sees_state {
            resource.write_state();
        }
        let result = self.patch.apply(&mut resource.node);
        // annotations are written anew as texts, whatever the patch did
        let texts = resource.texts("annotations");
        resource.set_texts("annotations", texts);
        if sees_state {
            resource.unwrite_state();
        }
        result
    }
}
