//! Where the references of a schema lead.
//!
//! Only what stands at a schema's place is a schema: a property may be called `default` or `enum`, and what stands below
//! an unknown keyword is data until a reference leads there. References are followed from the root on, each schema once;
//! what nothing refers to (a definition that is not used) may hold references that lead nowhere.

mod address;
mod places;

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value};

use super::documents::{Loaded, Unresolved};
use super::{Draft, SELF, meta};
use address::{is_permissive, join, percent_decoded};
use places::{Holds, Place, Places, keywords};

/// A schema document with its references resolved.
pub(super) struct Registry<'s> {
    /// The draft of the document.
    draft: Draft,
    /// The drafts of schemas that are written in another one, by the addresses of their objects in memory.
    others: HashMap<usize, Draft>,
    /// Where the schemas are that references lead to, by their addresses in memory.
    locations: HashMap<usize, String>,
    /// The target of each reference, by the address of the object that holds it and the keyword.
    targets: HashMap<(usize, &'static str), Target<'s>>,
    /// Whether a keyword anywhere needs to know what other keywords have evaluated.
    pub(super) tracks: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Target<'s> {
    Schema(&'s Value),
    /// An unknown `urn:`; everything is valid.
    Anything,
}

/// Why references could not be followed.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// The document at this address is needed.
    Missing(String),
    /// The schema is wrong.
    Fault(String),
}

/// A schema that is still to be looked at.
enum Step<'s> {
    /// Part of a schema that was looked at.
    Inside(&'s Value),
    /// What a reference leads to, in the document with this address.
    Referenced { value: Option<&'s Value>, document: String, pointer: String, base: String, draft: Draft },
}

impl<'s> Registry<'s> {
    /// Indexes a document with those that it has loaded, by their addresses, and resolves all references of the schemas
    /// that an instance could meet, also of those that none does.
    pub(super) fn new(document: &'s Value, loaded: &'s [Loaded], draft: Draft, unresolved: &Unresolved<'_>) -> Result<Self, Obstacle> {
        let mut places = Places::new();
        places.document(SELF, document, draft).map_err(Obstacle::Fault)?;
        for Loaded { address, document, draft } in loaded {
            places.document(address, document, *draft).map_err(Obstacle::Fault)?;
        }
        let locations = [(std::ptr::from_ref(document).addr(), format!("{SELF}#"))].into();
        let mut registry = Self { draft, others: HashMap::new(), locations, targets: HashMap::new(), tracks: false };
        let mut queue = VecDeque::from([Step::Inside(document)]);
        let mut seen = HashSet::new();
        while let Some(step) = queue.pop_front() {
            let value = match step {
                Step::Inside(value) => value,
                Step::Referenced { value: Some(value), document, pointer, base, draft } => {
                    if !places.is_known(value) {
                        meta::check_schema(&format!("{document}#{pointer}"), value, draft).map_err(Obstacle::Fault)?;
                        places.add(value, &base, &document, &pointer, draft).map_err(Obstacle::Fault)?;
                    }
                    value
                }
                Step::Referenced { value: None, document, pointer, .. } => {
                    return Err(Obstacle::Fault(format!("json-pointer in {:?} not found", format!("{document}#{pointer}"))));
                }
            };
            if let Value::Object(object) = value
                && seen.insert(std::ptr::from_ref(value).addr())
            {
                registry.follow(object, &places, &mut queue, unresolved)?;
            }
        }
        registry.tracks = places.tracks;
        registry.others = places.in_other_drafts(draft);
        Ok(registry)
    }

    /// The draft that decides how a schema is read.
    pub(super) fn draft_of(&self, schema: &Map<String, Value>) -> Draft {
        if self.others.is_empty() {
            return self.draft;
        }
        self.others.get(&std::ptr::from_ref(schema).addr()).copied().unwrap_or(self.draft)
    }

    /// Where a schema is that a reference leads to.
    pub(super) fn location(&self, schema: &Value) -> &str {
        self.locations.get(&std::ptr::from_ref(schema).addr()).map_or("", String::as_str)
    }

    pub(super) fn target(&self, holder: &Map<String, Value>, keyword: &'static str) -> Option<Target<'s>> {
        self.targets.get(&(std::ptr::from_ref(holder).addr(), keyword)).copied()
    }

    /// Resolves the references of one schema; what it holds and refers to goes into the queue.
    fn follow(
        &mut self,
        object: &'s Map<String, Value>,
        places: &Places<'s>,
        queue: &mut VecDeque<Step<'s>>,
        unresolved: &Unresolved<'_>,
    ) -> Result<(), Obstacle> {
        self.refer(object, "$ref", places, queue, unresolved)?;
        let draft = places.draft(object).unwrap_or(self.draft);
        if draft <= Draft::D7 && object.get("$ref").is_some_and(Value::is_string) {
            return Ok(());
        }
        let list = object.get("items").is_some_and(Value::is_array);
        for (keyword, holds) in keywords(draft) {
            let idle = match keyword {
                "then" | "else" => !object.contains_key("if"),
                "additionalItems" => !list,
                _ => holds == Holds::Definitions,
            };
            if !idle && let Some(value) = object.get(keyword) {
                holds.each(value, |_, inner| queue.push_back(Step::Inside(inner)));
            }
        }
        if draft >= Draft::D2019 {
            self.refer(object, "$recursiveRef", places, queue, unresolved)?;
        }
        if draft >= Draft::D2020 {
            self.refer(object, "$dynamicRef", places, queue, unresolved)?;
        }
        Ok(())
    }

    fn refer(
        &mut self,
        object: &'s Map<String, Value>,
        keyword: &'static str,
        places: &Places<'s>,
        queue: &mut VecDeque<Step<'s>>,
        unresolved: &Unresolved<'_>,
    ) -> Result<(), Obstacle> {
        let Some(reference) = object.get(keyword).and_then(Value::as_str) else { return Ok(()) };
        let full = join(places.base(object), reference);
        let (address, fragment) = full.split_once('#').unwrap_or((&full, ""));
        let holder = (std::ptr::from_ref(object).addr(), keyword);
        let Some(place) = places.at(address) else {
            if is_permissive(address) {
                if address.starts_with("urn:") {
                    unresolved.tell(address);
                }
                self.targets.insert(holder, Target::Anything);
                return Ok(());
            }
            return Err(Obstacle::Missing(address.to_owned()));
        };
        let fragment = percent_decoded(fragment);
        let (value, pointer) = if fragment.is_empty() || fragment.starts_with('/') {
            (place.value.pointer(&fragment), format!("{}{fragment}", place.pointer))
        } else {
            let Some(Place { value, pointer, .. }) = places.anchor(address, &fragment) else {
                let text = format!("anchor in {full:?} not found in schema {:?}", place.document);
                return Err(Obstacle::Fault(text));
            };
            (Some(*value), pointer.clone())
        };
        if let Some(value) = value {
            self.targets.insert(holder, Target::Schema(value));
            self.locations.entry(std::ptr::from_ref(value).addr()).or_insert_with(|| format!("{}#{pointer}", place.document));
        }
        queue.push_back(Step::Referenced {
            value,
            document: place.document.clone(),
            pointer,
            base: address.to_owned(),
            draft: place.draft,
        });
        Ok(())
    }
}
