//! Telling strategic merge patches from JSON patches, and reading both (KB-PATCH-01).

use super::patch_json6902::PatchJson6902;
use super::patch_strategic_merge::PatchStrategicMerge;
use super::{Failing, Transformer};
use crate::documents::read_objects;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::json_patch::JsonPatch;
use crate::kustomization::fields::{PatchOptions, SelectorFields};
use crate::selector::Selector;

/// The text of a patch and where it comes from.
pub(crate) struct PatchText {
    pub(crate) text: String,
    /// The file, if it is one; for messages.
    pub(crate) path: Option<String>,
    pub(crate) place: Option<Place>,
}

impl PatchText {
    /// How messages name it.
    pub(crate) fn name(&self) -> String {
        match &self.path {
            Some(path) => format!("[path: {path:?}]"),
            None => {
                let mut start: String = self.text.chars().take(200).collect();
                if start.len() < self.text.len() {
                    start.push('…');
                }
                format!("[patch: {start:?}]")
            }
        }
    }
}

/// Makes the transformer of one entry of `patches`; `None` for a patch without content.
pub(crate) fn patch_transformer(
    patch: &PatchText,
    target: Option<&SelectorFields>,
    options: Option<&PatchOptions>,
) -> Result<Option<Box<dyn Transformer>>> {
    let objects = read_objects(&patch.text);
    let operations = JsonPatch::parse(&patch.text);
    let name = patch.name();
    match (objects, operations) {
        (Ok(mut patches), _) => {
            if patches.is_empty() {
                return Ok(None);
            }
            for loaded in &mut patches {
                loaded.allow_name_change |= options.is_some_and(|o| o.allow_name_change);
                loaded.allow_kind_change |= options.is_some_and(|o| o.allow_kind_change);
            }
            let target = match target.map(Selector::new).transpose() {
                Ok(target) => target,
                Err(e) => {
                    let cause = format!("unable to find patch target in `resources`: {}", e.cause());
                    return Ok(Some(Box::new(Failing(e.with_cause(cause).with_kind(ErrorKind::PatchNoMatch)))));
                }
            };
            Ok(Some(Box::new(PatchStrategicMerge { patches, target, legacy: false, place: patch.place.clone(), name })))
        }
        (Err(_), Ok(operations)) => {
            if operations.is_empty() {
                return Ok(None);
            }
            let Some(target) = target else {
                let error = Error::new(ErrorKind::Json6902, format!("must specify a target for JSON patch {name}"));
                return Ok(Some(Box::new(Failing(error))));
            };
            let target = match Selector::new(target) {
                Ok(target) => target,
                Err(e) => return Ok(Some(Box::new(Failing(e)))),
            };
            Ok(Some(Box::new(PatchJson6902 { target, patch: operations, remembers_id: true, place: patch.place.clone(), name })))
        }
        (Err(as_objects), Err(as_operations)) => {
            let looks_like_a_list = patch.text.trim_start().starts_with(['[', '-']);
            let why = if looks_like_a_list { as_operations } else { as_objects };
            let mut error = Error::new(ErrorKind::PatchInvalid, format!("unable to parse SM or JSON patch from {name}: {}", why.cause()));
            if let Some(place) = why.place() {
                error = error.at(place.line, place.column);
            }
            Err(error)
        }
    }
}
