//! Strategic merge patches on one object by id or on all of a target (KB-PATCH-02 … KB-PATCH-04).

use ferroflux_yaml::Node;

use super::{Tools, Transformer};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::selector::Selector;
use crate::strategic_merge;
use crate::tree::text;

/// Applies the documents of one patch.
#[derive(Debug)]
pub(crate) struct PatchStrategicMerge {
    pub(crate) patches: Vec<Resource>,
    /// Without one each document finds its object by id.
    pub(crate) target: Option<Selector>,
    /// The deprecated field behaves a little differently, see [`PatchStrategicMerge::apply_by_id`].
    pub(crate) legacy: bool,
    pub(crate) place: Option<Place>,
    pub(crate) name: String,
}

impl Transformer for PatchStrategicMerge {
    fn transform(&self, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        let result = match &self.target {
            Some(target) => self.apply_to_target(target, resources, tools),
            None => self.patches.iter().try_for_each(|patch| self.apply_by_id(patch, resources, tools)),
        };
        result.map_err(|e| match &self.place {
            Some(place) => e.in_file(&place.file),
            None => e,
        })
    }
}

impl PatchStrategicMerge {
    fn apply_by_id(&self, patch: &Resource, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        let id = patch.original_id().to_owned();
        let at = resources.find_one(&id).map_err(|e| {
            let cause = if self.legacy {
                e.cause().to_owned()
            } else {
                format!("no resource matches strategic merge patch \"{id}\": {}", e.cause())
            };
            e.with_cause(cause).in_field(self.name.clone())
        })?;
        if self.legacy {
            // the deprecated field takes the way of patches with a target
            self.apply_copy(patch, at, resources, tools)?;
            resources.drop_gone();
            return resources.check_unique();
        }
        self.apply(patch.clone(), at, resources, tools)
    }

    fn apply_to_target(&self, target: &Selector, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        let [patch] = &self.patches[..] else {
            return Err(Error::new(
                ErrorKind::PatchInvalid,
                format!(
                    "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: {}",
                    self.name
                ),
            ));
        };
        let selected = target.select(resources);
        if selected.is_empty() {
            tools.warnings.push(self.place.clone(), format!("{}: its target ({}) matches nothing", self.name, target.describe()));
        }
        let changes_ids = patch.allow_name_change || patch.allow_kind_change;
        for at in selected {
            tools.cancel.check()?;
            self.apply_copy(patch, at, resources, tools)?;
        }
        resources.drop_gone();
        if changes_ids { resources.check_unique() } else { Ok(()) }
    }

    /// As the original prepares a patch for several objects: it gets their type, and its labels and annotations become
    /// texts, so that a null among them removes nothing (measured).
    fn apply_copy(&self, patch: &Resource, at: usize, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        let mut copy = patch.clone();
        for field in ["labels", "annotations"] {
            let texts = copy.texts(field);
            copy.set_texts(field, texts);
        }
        let (name, namespace) = (patch.name().to_owned(), patch.namespace().to_owned());
        copy.set_name(&name);
        copy.set_namespace(&namespace);
        copy.set_api_version(resources.get(at).api_version());
        copy.set_kind(patch.kind());
        self.apply(copy, at, resources, tools)
    }

    fn apply(&self, patch: Resource, at: usize, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        let mut notes = Vec::new();
        let id = resources.get(at).id().to_owned();
        resources
            .update(at, |resource| {
                if patch.allow_name_change || patch.allow_kind_change {
                    resource.remember_id();
                }
                let drops_state = drops_annotations(&patch.node);
                let alive = strategic_merge::merge(&mut resource.node, patch.node, tools.schema, &mut notes)?;
                if !alive {
                    resource.node = Node::null();
                    return Ok(());
                }
                if drops_state {
                    resource.forget_state();
                }
                if resource.is_gone() {
                    return Ok(());
                }
                if !patch.allow_kind_change {
                    resource.set_kind(&id.gvk.kind);
                }
                if !patch.allow_name_change {
                    resource.set_name(&id.name);
                }
                resource.set_namespace(&id.namespace);
                Ok(())
            })
            .map_err(|e: Error| e.on(&id))?;
        for note in notes {
            tools.warnings.push(self.place.clone(), format!("{}: {id}: {note}", self.name));
        }
        Ok(())
    }
}

/// Whether the patch removes all annotations, and with them what the original keeps there.
fn drops_annotations(patch: &Node) -> bool {
    let replaces = |node: &Node| node.get("$patch").is_some_and(|v| matches!(text(v), "replace" | "delete"));
    let metadata = patch.get("metadata");
    let annotations = metadata.and_then(|m| m.get("annotations"));
    metadata.is_some_and(replaces) || annotations.is_some_and(|a| a.is_null() || replaces(a))
}
